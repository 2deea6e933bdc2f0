/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What containers that train or test find at /input, in work/input/NNN:
 *
 *         COURSE/SESSION/COURSE_SESSION_features.csv   rows of the collected features, without the columns course and session
 *         COURSE/SESSION/COURSE_SESSION_labels.csv     userID,label_value, of the training sessions alone
 *         …                                            when testing: what the models' containers left, at the root
 *
 * and those that cross-validate: COURSE/COURSE_K_train_features.csv, _test_features.csv and _train_labels.csv.
 */

#include "spool/csv.h"
#include "tools/assemble/assemble.h"

/* Makes the inputs of the phase's steps anew. Return: 0; -EBADMSG with a fault; another negative errno. */
int layout_make(const Assemble *a, Fault *reterr);

/*
 * Calls a function with each label of the course tables "labels-KIND.csv" of the roots, or of their form with underscores: course,
 * session, user and value, which are not NUL-terminated. Return: 0; what the function returns when negative; or another negative errno.
 */
typedef int (*LayoutLabel)(void *userdata, CsvCell course, CsvCell session, CsvCell user, CsvCell value);
int layout_read_labels(const Assemble *a, const char *kind, LayoutLabel f, void *userdata);
