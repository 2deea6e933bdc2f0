/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The clickstream export: one JSON object a line, keys in the order of the real export, a few lines spoiled.
 *
 * A spoiled line is always a second copy of a good one, so that readers that repair it and readers that skip it see
 * every learner active in the same weeks.
 */

#include "tools/synth/forum.h"

/* In last_week: not seen in the log. */
#define CLICKSTREAM_UNSEEN 0xffu

typedef struct ClickstreamStats {
        uint64_t lines, spoiled, bytes;
} ClickstreamStats;

/*
 * Writes the log of a session to name below dirfd (gzip). last_week: one byte a learner, set to the last course week
 * with an event (0 for learners seen only before the start).
 * Return: 0 or a negative errno.
 */
int clickstream_write(
                int dirfd, const char *name, const Session *s, const Syllabus *y, const Forum *f,
                uint8_t *last_week, ClickstreamStats *ret_stats);
