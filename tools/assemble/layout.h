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
 *
 * No container starts without what it needs: a session without features, a training session without labels, a test without a model
 * and a course that could not be divided into folds are faults. In a job that wants partial results each of them costs its course, and a container
 * of all courses sees those sessions that have what they need.
 */

#include "tools/assemble/assemble.h"

/* Makes the inputs of the phase's steps anew; what cannot be is in record. Return: 0; -EBADMSG with a fault; another negative errno. */
int layout_make(const Assemble *a, PhaseRecord *record, Fault *reterr);
