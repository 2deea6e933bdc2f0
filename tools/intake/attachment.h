/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The image archive or Dockerfile directory that a job file names, and the controller of a workflow.
 */

#include "tools/intake/drop.h"
#include "tools/intake/intake.h"
#include "tools/intake/job-file.h"

/*
 * For the client.config of a directory, whose URLs may name other files than those that lie there: where a file is not there, the only one
 * of its kind takes its place. Without an image archive the directory's own Dockerfile does; a directory that docker_url names has one.
 * Return: 0 with a changed; -EBADMSG with *f set (E_ATTACHMENT); or another negative errno.
 */
int attachment_settle(const Drop *drop, JobAttachment *a, Fault *f);

/*
 * Finds, judges and (a directory) copies it, and fills m->image and m->controller; where one is not there and may come later, fills
 * m->needs.
 * Return: 0; -EBADMSG with *f set (E_ATTACHMENT, E_IMAGE, E_TOO_BIG); or another negative errno.
 */
int attachment_take(const IntakeRequest *request, const Drop *drop, const JobAttachment *a, Manifest *m, Fault *f);
