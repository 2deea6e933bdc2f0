/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Folds for cross-validation: of each complete course, the learners with features and a label are divided into k folds of about the same
 * size and the same share of each label. They are shuffled by a generator whose seed is a digest of the job's name, the course and k, so that
 * the same job has the same folds again. All rows of a learner are in one fold.
 *
 *         folds/COURSE/COURSE_K_train_features.csv, COURSE_K_train_labels.csv, COURSE_K_test_features.csv     K from 1
 */

#include "tools/assemble/assemble.h"

/* Return: 0; -EBADMSG with a fault; another negative errno. */
int folds_make(const Assemble *a, Fault *reterr);
