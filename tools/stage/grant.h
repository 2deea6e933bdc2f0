/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which rows of the platform's tables belong to the courses that a job was granted.
 */

#include "spool/csv.h"

/* What the column "course" of a table holds. */
typedef enum GrantKey {
        GRANT_KEY_COURSE,  /* "accounting" */
        GRANT_KEY_SESSION, /* "accounting-001", "accounting_001", "fantasysf-2012-001" */
} GrantKey;

/* Longest key that is remembered from row to row. */
#define GRANT_KEY_MAX 128u

/* Embedded: start with the first two members set. */
typedef struct Grant {
        char *const *courses; /* granted ones; NULL: all */
        GrantKey key;
        char last[GRANT_KEY_MAX]; /* rows of a course mostly stand together */
        size_t last_size;
        bool last_granted;
} Grant;

/*
 * Whether the row with this cell may be shown. A session is three digits, or four digits, '-' or '_', and three digits;
 * what stands before it and one '-' or '_' must be a granted course in full.
 */
bool grant_allows(Grant *g, const CsvCell *cell);
