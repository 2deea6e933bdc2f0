/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Waiting for something in the spool to change. Events are hints only: whoever waits looks again, also after a timeout.
 */

#include "spool/base/macro.h"

typedef struct Watch {
        int fd;
} Watch;

#define WATCH_EMPTY { .fd = -EBADF }

/* Return: 0 or a negative errno. */
int watch_open(Watch *w);
void watch_close(Watch *w);
#define _cleanup_watch_ _cleanup_(watch_close)

/* Adds the directory or file behind a descriptor; one that cannot be watched is left to the timeout. */
void watch_add(Watch *w, int fd);

/* Waits until something changed or the time is over. Return: 0, or -EINTR when a signal came. */
int watch_wait(Watch *w, uint64_t timeout_usec);
