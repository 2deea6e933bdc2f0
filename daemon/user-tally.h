/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A few numbers about each user who has jobs on their way, for one look at the queue: found by name in constant time, so that a
 * look takes time in proportion to the jobs, however many users they have.
 */

#include "daemon/job-table.h"

typedef struct UserTally {
        const char *user; /* of a job's record: valid while the table of jobs does not change */
        unsigned running; /* jobs that hold a slot */
        bool passed;      /* for the caller: their first job was looked at */
} UserTally;

/* Embedded, released by user_tallies_done(). */
typedef struct UserTallies {
        UserTally *entries;
        size_t n; /* a power of two, more than there are users */
} UserTallies;

/* Counts. Return: 0 or -ENOMEM. */
int user_tallies_init(UserTallies *t, const JobTable *jobs);
void user_tallies_done(UserTallies *t);
#define _cleanup_user_tallies_ _cleanup_(user_tallies_done)

/* The tally of a user who has a job in the table that was counted. */
UserTally *user_tallies_find(UserTallies *t, const char *user);
