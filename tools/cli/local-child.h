/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Children of a run at home: one at a time, in a process group of its own, ended when the caller is interrupted or the time is up.
 */

#include "spool/base/macro.h"

typedef enum LocalChildEnd {
        LOCAL_CHILD_ENDED,
        LOCAL_CHILD_TIMEOUT,     /* it had to be ended, as its time was up */
        LOCAL_CHILD_INTERRUPTED, /* or because SIGINT, SIGTERM or SIGHUP came */
} LocalChildEnd;

/* Called again and again, about twice a second, while a child that was told to end has not. */
typedef void (*LocalChildNudge)(void *userdata);

/* From now on signals that ask to end are only seen by local_child_run(). Return: 0 or a negative errno. */
int local_child_begin(void);

/* Whether one of them has come. */
bool local_child_interrupted(void);

/*
 * Runs argv, an absolute path first, to its end. output: descriptor for its standard output and error. timeout_usec: 0: none. nudge: may be NULL.
 * ret_status: exit status, 128 and the number for a signal.
 * Return: 0 or a negative errno.
 */
int local_child_run(char *const argv[], int output, uint64_t timeout_usec, LocalChildNudge nudge, void *userdata, LocalChildEnd *ret_end,
                    int *ret_status);

/* Runs argv to its end, whatever comes, and forgets what it prints and how it ends. */
void local_child_quiet(char *const argv[]);
