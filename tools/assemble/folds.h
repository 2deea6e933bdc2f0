/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Learners divided into k folds for cross-validation, by course or by session:
 *
 *         folds/<course>/<course>_<fold>_{train_features,test_features,train_labels}.csv              by course
 *         folds/<course>/<session>/<course>_<fold>_{train_features,test_features,train_labels}.csv    by session
 *         folds/<course>/<course>_<fold>_test_features.csv    by session: those of all its sessions, for the evaluation
 *
 * The features are those of the training and of the holdout sessions together, the labels those of both tables. A learner with
 * features and no label, or with a label and no features, is in no fold. Who is in several sessions of a course is one learner where folds are
 * made by course. Labels are in what a container trains on, never in what it tests on.
 *
 * The division is stratified: each fold has the same number of learners of each label, but for one. It is shuffled with a seed
 * made of the job's name, the course, the session and k, over the learners in the order of their ids; so that the same job gets the same
 * folds whatever the order of its rows.
 */

#include "tools/assemble/assemble.h"

/* Makes the folds of the phase, of all complete courses, anew. Return: 0; -EBADMSG with a fault; another negative errno. */
int folds_make(const Assemble *a, Fault *reterr);

/* Copies the three files of a step's fold to input_fd/<course>/. Return: 0; -ENOENT (its course has none); another negative errno. */
int folds_lay_out(const Assemble *a, const PlanStep *step, int input_fd);
