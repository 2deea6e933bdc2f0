/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The columns of output.csv that count, wherever they stand, and the values of their cells. Spaces and tabs around a
 * value are ignored.
 */

#include "spool/csv.h"
#include "spool/fault.h"

typedef enum Column {
        COLUMN_Y_TRUE,
        COLUMN_Y_PRED,
        COLUMN_Y_SCORE,
        COLUMN_COURSE, /* optional */
        _COLUMN_MAX,
        _COLUMN_INVALID = -EINVAL,
} Column;

DECLARE_STRING_TABLE(column, Column);

typedef struct Columns {
        size_t at[_COLUMN_MAX]; /* index of the cell */
        bool has_course;
        size_t n_cells;         /* that every row must have */
} Columns;

/* Finds the columns in the header of the file called name. Return: 0; -EBADMSG with a fault; -ENOMEM. */
int columns_find(const char *name, const CsvRecord *header, Columns *ret, Fault *reterr);

/* 0 or 1: 0, 1, 0.0, 1.0, and true and false as Python, R and most others write them. Return: 0 or -EINVAL. */
int column_parse_label(CsvCell cell, bool *ret);

/* Return: 0; -EINVAL (no number, which nan and inf are not either); -ERANGE (below 0 or above 1). */
int column_parse_score(CsvCell cell, double *ret);

/* What is wrong with a cell, as the end of a sentence that begins with the column's name. error: what a parser returned. */
const char *column_complaint(Column column, CsvCell cell, int error);
