/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The metrics of a binary classification, and metrics.json, the file in which the evaluator leaves them for the gate.
 *
 * With the confusion counts tp, fp, tn, fn, N = tp+fp+tn+fn, N_n = tn+fp (label 0) and N_p = tp+fn (label 1):
 *
 *   accuracy           (tp+tn) / N
 *   cohen_kappa        (po-pe) / (1-pe); undefined when pe = 1
 *   auc                Mann-Whitney: the share of pairs of a label 1 and a label 0 in which the 1 has the higher score,
 *                      pairs with equal scores counting one half
 *   log_loss           the mean of -ln(s) over label 1 and -ln(1-s) over label 0, s being the score clipped to
 *                      [1e-15, 1-1e-15]; natural logarithm. One certain and wrong row costs 34.5.
 *   precision          tp / (tp+fp); 0 when nothing was predicted 1
 *   recall             tp / (tp+fn)
 *   f1_score           2 tp / (2 tp + fp + fn)
 *   specificity        tn / (tn+fp), the share of label 0 that was predicted 0
 *   npv                tn / (tn+fn), the share of predictions 0 that were right; undefined when nothing was predicted 0
 *   specificity_morf2  the same as npv: what MORF 2.0 and the job-zip backend printed under the name "specificity",
 *                      kept so that results compare with published ones
 *
 * auc_se, the standard error of auc, is the one of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), "Comparing the
 * areas under two or more correlated receiver operating characteristic curves: a nonparametric approach", Biometrics 44(3),
 * 837-845: sqrt(S10/N_p + S01/N_n), S10 and S01 being the sample variances of the shares of rows of the other label that a row
 * ranks above (label 1) or below (label 0), ties counting one half. Undefined with fewer than two rows of a label.
 *
 * When all labels are the same, auc, log_loss, precision, recall and f1_score are undefined, and so is specificity when
 * there is no label 0. An undefined metric is NaN here, null in metrics.json and an empty cell in a table.
 */

#include "spool/curve.h"
#include "spool/base/string-table.h"

#define METRICS_FILE "metrics.json"
#define METRICS_TABLE_FILE "eval.csv"
/* Room for the largest metrics.json: LIMIT_METRICS_ROWS rows with their curves. */
#define METRICS_FILE_MAX (32u * 1024u * 1024u)
/* The clip of log_loss. */
#define METRICS_CLIP 1e-15
/* Enough for every number that metrics_format() writes. */
#define METRICS_NUMBER_MAX 40u
/* Digits that tell any two doubles apart. */
#define METRICS_DIGITS_MAX 17u

typedef struct Metrics {
        uint64_t tp, fp, tn, fn;
        uint64_t n, n_n, n_p;
        double accuracy, cohen_kappa, auc, log_loss, precision, recall, f1_score, specificity, npv, specificity_morf2;
        double auc_se; /* in metrics.json only */
} Metrics;

/* What was evaluated. */
typedef enum MetricsKind {
        METRICS_KIND_RUN,    /* the table of a run job */
        METRICS_KIND_COURSE, /* a workflow: the holdout session of each course */
        METRICS_KIND_ALL,    /* a workflow: those of all courses as one */
        METRICS_KIND_CV,     /* a workflow: the folds of each course */
        _METRICS_KIND_MAX,
        _METRICS_KIND_INVALID = -EINVAL,
} MetricsKind;
DECLARE_STRING_TABLE(metrics_kind, MetricsKind);

/* One row of metrics.json: a course, one fold of it, or everything (course is NULL). */
typedef struct MetricsRow {
        char *course;
        unsigned fold; /* METRICS_KIND_CV: 1, 2, ..., or 0 for all folds of the course as one; else 0 */
        Metrics metrics;
        Curve curve;
} MetricsRow;

/* A course that could not be evaluated, of a job that wants partial results. */
typedef struct MetricsLeftOut {
        char *course;
        char *code; /* of the fault that it would have been */
} MetricsLeftOut;

/* Embedded: start with {}, end with metrics_file_done(). */
typedef struct MetricsFile {
        MetricsRow *rows; /* by_course: one a course, in order of first appearance; else exactly one */
        size_t n_rows;
        bool by_course;
        MetricsKind kind;
        MetricsLeftOut *left_out;
        size_t n_left_out;
        char *labels; /* of a workflow: digest of the labels that were joined; or NULL */
} MetricsFile;

/* A column of eval.csv, in its order. */
typedef struct MetricsColumn {
        const char *name;
        size_t offset;    /* in Metrics */
        bool count;       /* uint64_t, else double */
} MetricsColumn;

#define METRICS_COLUMNS 13u
extern const MetricsColumn metrics_columns[METRICS_COLUMNS];
/* The same for workflows, whose columns MORF 2.0 had in another order and, one of them, under another name. */
extern const MetricsColumn metrics_workflow_columns[METRICS_COLUMNS];

static inline const MetricsColumn *metrics_columns_of(MetricsKind kind) {
        return kind == METRICS_KIND_RUN ? metrics_columns : metrics_workflow_columns;
}

/*
 * Everything that follows from the counts and from auc and log_loss, which are dropped (NaN) where undefined.
 */
void metrics_compute(uint64_t tp, uint64_t fp, uint64_t tn, uint64_t fn, double auc, double log_loss, Metrics *ret);

/*
 * Writes v for a table, in the C locale: at most digits significant ones; 0: as many as tell v from every other number. A
 * whole number ends in ".0", as published tables have it. NaN is the empty string. Return: buffer.
 */
const char *metrics_format(double v, unsigned digits, char buffer[static METRICS_NUMBER_MAX]);

/* Appends a row. course may be NULL and is copied. Return: 0 or -ENOMEM. */
int metrics_file_add(MetricsFile *f, const char *course, const Metrics *metrics);

/* Appends a course that was left out, and why. Return: 0 or -ENOMEM. */
int metrics_file_leave_out(MetricsFile *f, const char *course, const char *code);

/* metrics.json as text, which the caller frees; doubles at full precision. Return: 0 or -ENOMEM. */
int metrics_file_format(const MetricsFile *f, char **ret);

/*
 * Reads metrics.json strictly: what the evaluator would not write is refused, counts that do not add up too.
 * Return: 0; -EBADMSG; -ENOMEM.
 */
int metrics_file_parse(const char *text, size_t size, MetricsFile *ret);

void metrics_file_done(MetricsFile *f);
#define _cleanup_metrics_file_ _cleanup_(metrics_file_done)
