/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tables in mails: cells out of a CSV text, and their layout in columns.
 */

#include "spool/base/macro.h"

/*
 * Reads a released table. One with few rows is turned, so that its many columns become lines and it fits a mail: the first
 * row and the first column are headings either way. Cells are cleaned of control characters.
 * ret_cells: rows * columns strings, to be released with strv_free(); ret_left_out: rows that were not taken.
 * Return: 0; -EBADMSG (not a table, or too wide); or another negative errno.
 */
int table_from_csv(const char *text, char ***ret_cells, size_t *ret_rows, size_t *ret_columns, size_t *ret_left_out);

/* Width of UTF-8 text on a terminal, roughly: the number of its characters. */
size_t table_width(const char *s);

/* Whether a cell is a number, to be aligned at the right. */
bool table_is_number(const char *s);
