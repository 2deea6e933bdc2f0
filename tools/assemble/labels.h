/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The labels of the platform as containers see them: "userID,label_value" of one type, a file for each course and session. They come from
 * labels-train.csv (course, session, userID, label_type, label_value in any order) or, where a data root has not the one, from
 * labels-train-with-underscore.csv, whose column "course" holds both. Labels of the holdout sessions are divided for folds only.
 *
 * Where an earlier phase of the job has made labels of the training sessions (labels=True), its later trainings see these instead. Folds,
 * as evaluation, have those of the platform.
 *
 * A label without features is laid out, as is a learner without a label: joining them is the container's. A session that has
 * features and no label at all is a fault, see prepare.c.
 */

#include "tools/assemble/assemble.h"
#include "tools/assemble/division.h"

#define LABELS_HEADER "userID,label_value"
/* In work/: what a phase with labels has made. */
#define LABELS_OWN_TRAIN "labels-train.csv"
#define LABELS_OWN_TEST "labels-test.csv"

/* The value of a label. Return: 0, 1 or -EINVAL. */
int labels_parse_value(const CsvCell *cell);

/*
 * Divides the tables "labels-KIND" of all roots. features: a division with the same parts; what has no features gets no labels.
 * Return: 0; -EUCLEAN (a table is damaged, logged); another negative errno.
 */
int labels_divide(const Assemble *a, const char *kind, const char *label_type, const Division *features, Division *d);
