/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sealing the output of a container that is gone: its directory, which is hostile, is walked and counted, and what is wanted of
 * it is copied to a directory of ours, which is all that anybody reads from then on. What is not a regular file with one link is
 * ignored and counted by kind.
 */

#include "spool/fault.h"

typedef enum SealIgnored {
        SEAL_IGNORED_SYMLINK,
        SEAL_IGNORED_HARD_LINK, /* a regular file with more than one name */
        SEAL_IGNORED_FIFO,
        SEAL_IGNORED_SOCKET,
        SEAL_IGNORED_DEVICE,
        SEAL_IGNORED_MOUNT,     /* a directory on another filesystem */
        SEAL_IGNORED_LONG_NAME, /* over LIMIT_PATH_COMPONENT_BYTES */
        _SEAL_IGNORED_MAX,
        _SEAL_IGNORED_INVALID = -EINVAL,
} SealIgnored;

DECLARE_STRING_TABLE(seal_ignored, SealIgnored);

typedef struct SealReport {
        uint64_t files;  /* regular files met */
        uint64_t bytes;  /* the sum of their sizes; a sparse file counts in full */
        uint64_t copied;
        uint64_t ignored[_SEAL_IGNORED_MAX];
} SealReport;

/* Of the member "ignored" of a report: an object with a number for each kind. */
extern const JsonTable seal_ignored_table;

typedef struct SealOptions {
        uint64_t max_bytes;
        uint64_t max_files; /* of files, directories and all else together */
        const char *who;    /* subject of the sentence of a fault: "the job" */
} SealOptions;

/*
 * Counts everything below from_dirfd and, with to_dirfd (else -EBADF), copies it there: directories with mode 0750, files as
 * beneath_copy() makes them, all of it synced. *report must be {}.
 * Return: 0; -EBADMSG with a fault (over a limit); or another negative errno.
 */
int seal_walk(int from_dirfd, int to_dirfd, const SealOptions *options, SealReport *report, Fault *reterr);

/*
 * Copies one file directly below from_dirfd and counts it as copied.
 * Return: 0; -ELOOP, -EMLINK, -EBADMSG (without a fault), -ENOENT, ... as beneath_open_file(); -EFBIG (over max_bytes).
 */
int seal_file(int from_dirfd, const char *name, int to_dirfd, const SealOptions *options, SealReport *report);
