/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Following a job from its drop to its end: "morf submit --wait".
 */

#include "tools/cli/cli.h"

typedef struct Follow {
        const char *drop; /* name of the drop as it was put there */
        const char *user; /* whose it is */
        uint64_t since;   /* realtime: the job was made no earlier */
        uint64_t until;   /* boottime: give up then; USEC_INFINITY: never */
} Follow;

/*
 * Waits until the job exists and has ended, printing its states. Nothing is printed with --json.
 * jobs: where to look; ret: the final record, or the last one seen (id NULL when the job never appeared).
 * Return: 0; -ETIMEDOUT; or another negative errno.
 */
int follow_job(const Cli *cli, const Jobs *jobs, const Follow *f, Record *ret);
