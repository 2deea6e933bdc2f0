/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Scores with their labels, collected in any order for the AUC, exactly, whatever their number.
 *
 * A score in [0,1] and its label fit in 64 bits that sort as the scores do. Each course has a list of them; a pool counts
 * what all lists hold in memory. When that reaches the pool's limit, the lists are sorted and appended as runs to one
 * unlinked temporary file, and the AUC is computed in the end while merging the runs.
 */

#include <sys/types.h>

#include "spool/curve.h"

/* Memory for scores, including what sorting them takes. */
#define SCORES_MEMORY_MAX (UINT64_C(256) * 1024 * 1024)
/* Sorted runs of one list: with runs of 16 million scores more than any file that fits a disk. */
#define SCORES_RUNS_MAX 4096u

typedef struct ScoreRun {
        off_t offset; /* bytes */
        uint64_t n;   /* scores */
} ScoreRun;

/* Embedded: start with {}, end with score_list_done(). */
typedef struct ScoreList {
        uint64_t *keys;
        size_t n, allocated;
        ScoreRun *runs;
        size_t n_runs;
        uint64_t labels[2]; /* scores of either label, in all places */
} ScoreList;

/* What a list comes to. Embedded: release curve. */
typedef struct ScoreSummary {
        double auc;    /* NaN when a label has no score */
        double auc_se; /* its standard error, see spool/metrics.h; NaN with fewer than two scores of a label */
        Curve curve;
} ScoreSummary;

/* Embedded: score_pool_init(), score_pool_done(). */
typedef struct ScorePool {
        int dirfd;      /* where the temporary file is made; the caller's */
        int fd;         /* of the temporary file, or -EBADF */
        off_t size;     /* of it */
        size_t n, max;  /* scores in memory, and how many there may be */
} ScorePool;

/* memory_max: bytes, 0 for SCORES_MEMORY_MAX. */
void score_pool_init(ScorePool *p, int dirfd, uint64_t memory_max);
void score_pool_done(ScorePool *p);

/* Whether the lists of the pool must be spilled before the next score_list_add(). */
static inline bool score_pool_is_full(const ScorePool *p) {
        return p->n >= p->max;
}

/* Makes room for one more. Return: 0 or -ENOMEM. */
int score_list_grow(ScoreList *l);

/* Adds a score, from 0 to 1, with its label. Return: 0 or -ENOMEM. */
static inline int score_list_add(ScorePool *p, ScoreList *l, double score, bool label) {
        uint64_t bits;
        int r;

        if (l->n == l->allocated) {
                r = score_list_grow(l);
                if (r < 0)
                        return r;
        }
        score += 0.0; /* -0 and 0 are one score */
        memcpy(&bits, &score, sizeof(bits));
        l->keys[l->n++] = bits << 1 | label;
        l->labels[label]++;
        p->n++;
        return 0;
}

/* Moves what the list holds in memory to the temporary file. Return: 0, -EFBIG (SCORES_RUNS_MAX), or another negative errno. */
int score_list_spill(ScorePool *p, ScoreList *l);

/*
 * The Mann-Whitney statistic over the whole list, divided by the number of pairs, and what else follows from the order of scores. Sorts
 * the list; nothing may be added afterwards. Return: 0 or a negative errno.
 */
int score_list_summarise(ScorePool *p, ScoreList *l, ScoreSummary *ret);

void score_list_done(ScoreList *l);
