/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * All jobs that have not ended, sorted by id, which is their order of arrival. The table owns them.
 */

#include "daemon/job.h"

typedef struct JobTable {
        Job **jobs;
        size_t n, allocated;
} JobTable;

void job_table_done(JobTable *t);

/* Takes the job over. Return: 0; -EEXIST when there is one with its id; -ENOMEM. On error the caller keeps the job. */
int job_table_add(JobTable *t, Job *j);

/* Gives the job back to the caller. */
void job_table_remove(JobTable *t, Job *j);

/* Return: the job with this complete id, or NULL. */
Job *job_table_find(const JobTable *t, const char *id);
