/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is kept of the rows read so far: per course the confusion counts, the sum for the log loss and the scores. Memory is
 * bounded by the number of courses and the pool's limit.
 */

#include "spool/csv.h"
#include "spool/metrics.h"
#include "tools/evaluate/scores.h"

typedef struct Tally {
        char *course; /* NULL: everything */
        unsigned fold; /* of METRICS_KIND_CV, or 0 */
        uint64_t counts[2][2]; /* [y_true][y_pred] */
        double loss, loss_low; /* the sum and what rounding took from it */
        ScoreList scores;
} Tally;

typedef struct TallySet TallySet;

/*
 * dirfd: where scores are spilled; memory_max: bytes for them, 0 for SCORES_MEMORY_MAX.
 * Return: 0 and a set that tally_set_free() releases, or -ENOMEM.
 */
int tally_set_new(int dirfd, uint64_t memory_max, TallySet **ret);
TallySet *tally_set_free(TallySet *s);
DEFINE_CLEANUP(TallySet *, tally_set_free);

/*
 * The tally of a course, made when it is new; course NULL: the tally of everything.
 * Return: 0; -EINVAL (no course name); -E2BIG (over LIMIT_COURSES); -ENOMEM.
 */
int tally_set_get(TallySet *s, const CsvCell *course, Tally **ret);

/*
 * A tally more, without looking for one of that name. course may be NULL; valid names only.
 * Return: 0; -E2BIG (over LIMIT_METRICS_ROWS); -ENOMEM.
 */
int tally_set_append(TallySet *s, const char *course, unsigned fold, Tally **ret);

/* Counts one row. Return: 0 or a negative errno. */
int tally_set_add(TallySet *s, Tally *t, bool y_true, bool y_pred, double y_score);

/* One row a tally, in order of first appearance. Nothing may be added afterwards. Return: 0 or a negative errno. */
int tally_set_finish(TallySet *s, MetricsFile *ret);
