/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The gate: what of an evaluation may leave the machine. It reads metrics.json and writes release/, the only directory
 * that a researcher is ever shown or mailed:
 *
 *   - a row with fewer than min_cell rows, with fewer of one class, or with fewer in one cell of its confusion table is
 *     left out (an empty cell counts as fewer, so a perfect or one-sided prediction is left out, too);
 *   - a course that is not among the known ones is left out. Where no course is known at all, rows are numbered instead
 *     ("course-1"): the names in a table of predictions were written by the container and could carry anything;
 *   - counts are rounded to the nearest multiple of round_counts, halves up, and metrics to digits significant digits. The
 *     metrics are those of the exact counts: with few digits that is the policy, with many they give the counts away.
 *
 *   - courses of workflows are named by pseudonyms, in whose order they stand;
 *   - plots are drawn of the curves that the evaluator left, made coarser first, see tools/gate/coarse.h.
 *
 * All cells but the course and some constant words are numbers or empty, so that no spreadsheet takes one for a formula. What is in
 * the release is told, with digests, by a signed receipt (spool/receipt.h).
 */

#include "spool/fault.h"
#include "spool/metrics.h"
#include "spool/receipt.h"
#include "tools/gate/pseudonym.h"

#define GATE_RELEASE_FILE "release.json"

/* Bounds of the policy. */
#define GATE_MIN_CELL_MAX 1000000u
#define GATE_ROUND_MAX 1000000u

typedef enum GateReason {
        GATE_REASON_NONE,
        GATE_REASON_ROWS,   /* N is below min_cell */
        GATE_REASON_CLASS,  /* N_n or N_p is */
        GATE_REASON_CELL,   /* one of tp, fp, tn, fn is */
        GATE_REASON_COURSE, /* not a known course */
        _GATE_REASON_MAX,
        _GATE_REASON_INVALID = -EINVAL,
} GateReason;

DECLARE_STRING_TABLE(gate_reason, GateReason);

typedef struct GatePolicy {
        unsigned digits;       /* significant ones; 0: all there are */
        unsigned min_cell;     /* 0: nothing is suppressed */
        unsigned round_counts; /* 0 or 1: counts as they are */
        char *const *courses;  /* known courses, ended by NULL, or NULL */
        const Pseudonyms *pseudonyms; /* of workflows; or NULL */
        bool no_evaluation;    /* the workflow asked for none: nothing but a receipt is released */
        Receipt *receipt;      /* what is known of the job, or NULL: no receipt */
        const char *receipt_key; /* or NULL: it is not signed */
        bool plots;
} GatePolicy;

/* A result, judged. */
typedef struct GateRow {
        const MetricsRow *row;
        GateReason reason;
        char *label; /* the name under which it is released; NULL: everything */
} GateRow;

/* Embedded: start with {}. */
typedef struct GateResults {
        MetricsFile file;
        GateRow *rows; /* in the order in which they are released */
        size_t n;
} GateResults;

/* Whether the tables have a column "course". */
static inline bool gate_has_labels(const GateResults *g) {
        return g->n > 0 && g->rows[0].label;
}

/* Why a row must not be released, or GATE_REASON_NONE. */
GateReason gate_judge(const GatePolicy *p, const MetricsRow *row);

/* n rounded to the nearest multiple of round, halves up; round 0 or 1: n. */
uint64_t gate_round(uint64_t n, unsigned round);

/* Judges and orders the rows of g->file. Return: 0 or a negative errno. */
int gate_judge_all(const GatePolicy *p, GateResults *g);

void gate_results_done(GateResults *g);
#define _cleanup_gate_results_ _cleanup_(gate_results_done)

/*
 * Empties out_dirfd of an earlier attempt, then releases: eval.csv first, receipt.json and release.json last.
 * Return: 0; -EBADMSG with a fault (FAULT_RELEASE_SUPPRESSED: nothing is left), or without one (metrics.json is not what
 * the evaluator writes); or another negative errno.
 */
int gate_run(int in_dirfd, int out_dirfd, const GatePolicy *p, Fault *reterr);
