/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Acceptance: what morf-intake understood of a drop, held against the operator's policy. Here a job gets its name and its
 * demands, or its rejection.
 */

#include "daemon/job.h"
#include "spool/conf.h"

/* The limits of a job: what it asked for, else the defaults. */
ManifestLimits accept_limits(const Conf *c, const ManifestLimits *wanted);

/*
 * Judges the manifest of a job whose intake has ended well.
 * Return: 0 (it may be queued); STAGE_WAITS (an attachment is still to come); -EBADMSG with a fault; another negative errno.
 */
int accept_job(Job *j, Fault *reterr);

/* Fills in what the scheduler needs to know of a job, from its manifest; for jobs found at start. Return: 0 or a negative errno. */
int accept_remember(Job *j);
