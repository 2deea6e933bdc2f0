/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Waiting for something in the spool to change. Events are hints only: whoever waits looks again, also after a timeout.
 */

#include "spool/base/macro.h"

typedef struct Lookout {
        int fd;
} Lookout;

#define LOOKOUT_EMPTY { .fd = -EBADF }

/* Return: 0 or a negative errno. */
int lookout_open(Lookout *w);
void lookout_close(Lookout *w);
#define _cleanup_lookout_ _cleanup_(lookout_close)

/* Adds the directory or file behind a descriptor; one that cannot be watched is left to the timeout. */
void lookout_add(Lookout *w, int fd);

/* Waits until something changed or the time is over. Return: 0, or -EINTR when a signal came. */
int lookout_wait(Lookout *w, uint64_t timeout_usec);
