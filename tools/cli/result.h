/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The released evaluation of a job, eval.csv, as a table and as JSON.
 */

#include <jansson.h>

#include "tools/cli/jobs.h"
#include "tools/cli/term.h"

/*
 * Opens the released eval.csv of a job. Return: a descriptor; -ENOENT when nothing is released; another negative errno.
 */
int result_open(const Jobs *j, const char *id);

/*
 * Prints the table in fd; with one or two rows, or on a terminal too narrow for it, one metric a line.
 * Return: 0; -EBADMSG (not a table); another negative errno.
 */
int result_print(int fd, const Term *t);

/* The table as a list of objects, cells as strings. Return: a new reference; NULL when it cannot be read. */
json_t *result_to_json(int fd);
