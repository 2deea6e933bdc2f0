/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Collecting the output of a container that is gone: its directory is walked and counted, and what is wanted of it is
 * copied to sealed/, which later stages read. What is not a regular file with one link is ignored and counted by kind.
 */

#include "spool/fault.h"

#define COLLECT_FILE "collect.json"
#define COLLECT_SEALED "sealed"

typedef enum IgnoredKind {
        IGNORED_SYMLINK,
        IGNORED_HARD_LINK, /* a regular file with more than one name */
        IGNORED_FIFO,
        IGNORED_SOCKET,
        IGNORED_DEVICE,
        IGNORED_MOUNT,     /* a directory on another filesystem */
        IGNORED_LONG_NAME, /* over LIMIT_PATH_COMPONENT_BYTES */
        _IGNORED_MAX,
        _IGNORED_INVALID = -EINVAL,
} IgnoredKind;

DECLARE_STRING_TABLE(ignored, IgnoredKind);

/* collect.json */
typedef struct CollectReport {
        unsigned version;
        uint64_t files;  /* regular files met */
        uint64_t bytes;  /* the sum of their sizes; a sparse file counts in full */
        uint64_t copied; /* files in sealed/ */
        uint64_t ignored[_IGNORED_MAX];
} CollectReport;

extern const JsonTable collect_report_table;

typedef struct CollectOptions {
        uint64_t max_bytes;
        uint64_t max_files; /* of files, directories and all else together */
        const char *expect; /* a file that must be there, or NULL; a valid name */
        bool all;           /* copy everything, not only the expected file */
} CollectOptions;

/*
 * Empties out_dirfd of an earlier attempt, then collects from output_dirfd: sealed/ first, collect.json as the last act.
 * Return: 0; -EBADMSG with a fault; or another negative errno.
 */
int collect_run(int output_dirfd, int out_dirfd, const CollectOptions *options, Fault *reterr);
