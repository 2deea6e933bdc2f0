/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A table of all courses on its way into one file for each course and session. Rows pass one by one; of the files, only
 * some are open at a time, and one that gets no row is not made.
 */

#include "spool/csv.h"

/* Files open at a time, well below what a process may have. */
#define DIVISION_OPEN_MAX 64u

typedef struct DivisionPart {
        const char *course, *session; /* the caller's */
        char *path;                   /* below the division's directory */
        unsigned step;                /* whose input it is, or 0 */
        uint64_t rows;
        FILE *f; /* while it is open */
} DivisionPart;

/* Embedded: start with {}, end with division_done(). */
typedef struct Division {
        int dirfd;           /* the caller's */
        char *header;        /* first line of each file, without its end */
        DivisionPart *parts; /* sorted by course and session once division_sort() was called */
        size_t n, allocated;
        size_t last; /* where the last row went: tables are mostly sorted */
        size_t open[DIVISION_OPEN_MAX], n_open, turn;
} Division;

/* Adds a part; path is the division's afterwards, also on failure, and NULL is taken for a failed allocation. Return: 0 or -ENOMEM. */
int division_add(Division *d, const char *course, const char *session, char *path, unsigned step);
void division_sort(Division *d);

/* Return: the part of a course and session, or of both in one cell joined by '_' or '-'; NULL where there is none. */
DivisionPart *division_find(Division *d, const CsvCell *course, const CsvCell *session);
DivisionPart *division_find_joined(Division *d, const CsvCell *cell);

/* Counts one row and opens the file that it is to be written to, valid until the next call. Return: 0 or a negative errno. */
int division_row(Division *d, DivisionPart *p, FILE **ret);

/* Closes all files. Return: 0 or a negative errno. */
int division_finish(Division *d);

void division_done(Division *d);
#define _cleanup_division_ _cleanup_(division_done)
