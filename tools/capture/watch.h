/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Limits on what a command may fill: directories that it writes to, and a filesystem that others need, too.
 */

#include "spool/base/macro.h"

#define WATCH_DIRS_MAX 8u

typedef struct Watch {
        int dirs[WATCH_DIRS_MAX];
        size_t n_dirs;
        uint64_t max_bytes, max_entries; /* of all directories together; UINT64_MAX: any */
        int free_fd;                     /* some file or directory of the filesystem, or -EBADF */
        uint64_t min_free;               /* bytes that must stay free on it */
} Watch;

/* Inodes that must stay free where free space is watched. */
#define WATCH_INODES_MIN 256u

#define WATCH_INIT ((Watch){ .max_bytes = UINT64_MAX, .max_entries = UINT64_MAX, .free_fd = -EBADF })

typedef enum WatchResult {
        WATCH_FINE,
        WATCH_FULL, /* the directories hold more than they may */
        WATCH_LOW,  /* too little is free */
} WatchResult;

/* Adds a directory. Return: 0, -E2BIG, or another negative errno. */
int watch_add(Watch *w, const char *path);

/* Return: 0 or a negative errno. */
int watch_set_free(Watch *w, const char *path, uint64_t min_free);

void watch_done(Watch *w);

/* Whether there is something to look at. */
bool watch_is_needed(const Watch *w);

/*
 * Looks at all of it. ret_bytes, ret_entries: what the directories hold, as far as it was counted.
 * Return: a WatchResult, or a negative errno.
 */
int watch_check(const Watch *w, uint64_t *ret_bytes, uint64_t *ret_entries);
