/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The end of a job: record, mail, directory, in this order, so that after a crash at any point the rest can be done again.
 */

#include "daemon/job.h"

/*
 * Ends a job: its record is saved with the final state, the mail put into the outbox, the directory moved to done/ or failed/, and
 * j freed. Where something of it fails (a full disk), the job stays and it is tried again by its timer.
 * fault: copied; NULL for JOB_STATE_DONE.
 */
void job_end(Job *j, JobState state, const Fault *fault);

/* What remains to be done of the end of a job whose record has a final state already; j is freed, or tried again later. */
void job_finish_end(Job *j);

/* Shorthand for job_end(JOB_STATE_CANCELLED). */
void job_end_cancelled(Job *j);
