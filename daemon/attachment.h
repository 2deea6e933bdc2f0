/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Attachments: files and directories that a job file names and that lie beside it in the drop box, perhaps still being uploaded.
 */

#include "daemon/job.h"

/* Lets a job wait for these names, then looks for them at once. Return: STAGE_WAITS, or a negative errno. */
int attachment_wait(Job *j, char *const *needs);

/* Looks for what the job waits for in its drop box; when all is there, intake begins again. The job may be ended and freed. */
void attachment_look(Job *j);
