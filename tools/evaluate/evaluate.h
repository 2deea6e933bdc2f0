/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The evaluation of a table of predictions: y_true, y_pred and y_score in any order, other columns being ignored. With a
 * column "course" there is one result a course, else one over all rows. The table comes from a container and is not
 * trusted: it is read once, in bounded memory, and no byte of it but a valid course name gets into a result or a message.
 */

#include "spool/fault.h"
#include "spool/metrics.h"
#include "tools/evaluate/workflow.h"

/*
 * Evaluates the rest of fd. name: of the file, for messages. dirfd: where scores over memory_max bytes (0:
 * SCORES_MEMORY_MAX) are kept in a temporary file without a name.
 * Return: 0 and the metrics; -EBADMSG with a fault; another negative errno.
 */
int evaluate_table(int fd, const char *name, int dirfd, uint64_t memory_max, MetricsFile *ret, Fault *reterr);

/* Writes the metrics as eval.csv and, as the last act, metrics.json below dirfd. Return: 0 or a negative errno. */
int evaluate_publish(int dirfd, const MetricsFile *f);

/* Runs the whole helper on open directories. Return: as evaluate_table(). */
int evaluate_run(int in_dirfd, int out_dirfd, uint64_t memory_max, Fault *reterr);

/* The same for a workflow. Return: as workflow_evaluate(). */
int evaluate_run_workflow(const WorkflowOptions *o, int out_dirfd, Fault *reterr);

/* The name of the table in the input directory. */
#define EVALUATE_INPUT_FILE "output.csv"
