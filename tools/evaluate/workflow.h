/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The evaluation of a workflow: what its plan says, of the predictions that its containers left, with the labels of the platform.
 *
 *   course  one row for each complete course, of the labels of its holdout session
 *   all     one row over the holdout sessions of all complete courses
 *   cv      for each complete course, one row for each fold and one over all folds, of the labels of all its sessions, as
 *           far as the learners are in the folds (work/folds/COURSE/COURSE_K_test_features.csv)
 *
 * A course without labels, with labels that contradict each other, with learners without a prediction or with several, or with values
 * that are none ends the job with a fault, or, where partial results are wanted, is left out and named in metrics.json. How many
 * learners that are is said as the release policy lets it be said.
 */

#include "spool/fault.h"
#include "spool/metrics.h"
#include "spool/plan.h"

typedef struct WorkflowOptions {
        const Plan *plan;
        int work_dirfd;
        const int *roots; /* of course data */
        size_t n_roots;
        bool partial;
        unsigned min_cell, round_counts; /* of the release policy, for what faults say */
        uint64_t memory_max;             /* for scores, 0: SCORES_MEMORY_MAX */
} WorkflowOptions;

/*
 * Evaluates. dirfd: where scores beyond the memory go.
 * Return: 0 and the metrics; -EBADMSG with a fault, or without one (the platform's tables are damaged; logged); or another negative errno.
 */
int workflow_evaluate(const WorkflowOptions *o, int dirfd, MetricsFile *ret, Fault *reterr);

/* "fewer than 10", "about 120" or "7": a number of learners as the policy lets it be said. Return: buffer. */
#define WORKFLOW_COUNT_MAX 40u
const char *workflow_count(const WorkflowOptions *o, uint64_t n, char buffer[static WORKFLOW_COUNT_MAX]);
