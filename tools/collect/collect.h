/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Collecting the output of the container of a run: what is wanted of it is sealed in sealed/, which later stages read.
 */

#include "spool/seal.h"

#define COLLECT_FILE "collect.json"
#define COLLECT_SEALED "sealed"

/* collect.json */
typedef struct CollectReport {
        unsigned version;
        SealReport seal; /* .copied: files in sealed/ */
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
