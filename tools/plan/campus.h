/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The courses below the data roots as a plan sees them: their sessions, which of them is the holdout, and a version of each that
 * changes with its files. Only names and what stat() says are read, never data.
 */

#include "spool/plan.h"

/* How many levels of directories a session may have. */
#define CAMPUS_DEPTH 8u
/* How many files a session may have. */
#define CAMPUS_ENTRIES 20000u

/*
 * Adds the courses named, sorted, to a plan. A course is taken from the first of the roots that has it, as everywhere; a name that
 * is no course (has no sessions) is left out.
 * roots: n open directories. Return: 0; -E2BIG (more than LIMIT_SESSIONS or CAMPUS_ENTRIES); another negative errno.
 */
int campus_list(const int *roots, size_t n, char *const *courses, Plan *p);

/* Which of the names is the holdout: the last when sorted by their last three characters, then by all. n > 0. */
size_t campus_holdout(const PlanSession *sessions, size_t n);
