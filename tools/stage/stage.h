/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reduced copies of the tables that hold rows of all courses: a job is to see only those of the courses it was granted.
 *
 *   labels-train.csv, labels-test.csv                                   by course
 *   labels-train-with-underscore.csv, labels-test-with-underscore.csv   by session
 *   coursera_course_dates.csv, coursera_course_dates_with_underscore.csv   by session
 *
 * The rows kept are copied byte for byte, whatever their encoding, under the header of the first root; a byte order mark is
 * dropped, and a last row without a line end gets one. A row too short to have a course is left out. The tables of several
 * roots follow each other and must have the same header.
 */

#include "spool/base/macro.h"

#define STAGE_ROOTS_MAX 64u

typedef struct StageOptions {
        const int *roots;         /* directories with course data */
        const char *const *names; /* of the roots, for messages */
        size_t n_roots;
        char *const *courses;     /* granted ones, ended by NULL; NULL: all */
        bool test_labels;         /* labels-test too */
} StageOptions;

/*
 * Empties out_dirfd of an earlier attempt and writes the tables there, each published atomically with mode 0644. A table
 * that no root has is left out.
 * reterr: a fresh sentence when -EBADMSG says that a table cannot be used; may be NULL.
 * Return: 0; -EBADMSG; or another negative errno.
 */
int stage_run(const StageOptions *options, int out_dirfd, char **reterr);
