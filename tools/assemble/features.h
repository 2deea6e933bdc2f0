/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The features that extractions left, divided by course and session. The columns "course" and "session" say where a row belongs and
 * are not in what a container sees, as in MORF 2.0: whatever else stands beside userID is a feature to a model. All other columns
 * keep their order and their text.
 */

#include "tools/assemble/assemble.h"
#include "tools/assemble/division.h"

#define FEATURES_FILE "extract.csv"
#define FEATURES_HOLDOUT_FILE "extract-holdout.csv"

/*
 * Divides the tables work/NAME. Rows of courses and sessions that have no part are passed over, a table that is not there is an empty one. The
 * parts have the columns of all tables by name, in the order in which they come first; a cell that a table lacks is empty.
 * Return: 0; -EBADMSG with a fault; another negative errno.
 */
int features_divide(const Assemble *a, const char *const *names, size_t n, Division *d, Fault *reterr);
