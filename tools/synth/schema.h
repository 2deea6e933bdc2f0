/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The tables of the export as data: one description drives both CREATE TABLE and the writer of rows.
 */

#include "spool/base/macro.h"

typedef struct Column {
        const char *name;
        const char *type;               /* SQL */
        const char *initial;            /* default value, NULL for none */
        bool nullable;
        bool automatic;                 /* AUTO_INCREMENT */
} Column;

typedef struct Table {
        const char *name;
        const char *charset;
        const Column *columns;
        size_t n_columns;
        const char *const *keys;        /* clauses of CREATE TABLE, ended by NULL; NULL for none */
} Table;

/* What kind of value a column takes, by its type. */
typedef enum ColumnKind {
        COLUMN_INTEGER,
        COLUMN_DECIMAL,
        COLUMN_TEXT,
        _COLUMN_KIND_MAX,
        _COLUMN_KIND_INVALID = -EINVAL,
} ColumnKind;

ColumnKind column_kind(const Column *c);

/* The table of this name, or NULL. */
const Table *schema_table(const char *name);

/* All tables in the order of the dumps; NULL past the last. */
const Table *schema_at(size_t i);

/* Parts of the schema, each ended by a table without a name; schema.c only. */
extern const Table schema_forum[];
extern const Table schema_general[];
extern const Table schema_peer[];

/* The notation of the parts. */
#define SQL_INT "int(11)"
#define SQL_TINY "tinyint(4)"
#define SQL_FLAG "tinyint(1)"
#define SQL_CHARS(n) "varchar(" #n ")"
#define AUTO(n) { n, SQL_INT, NULL, false, true }
#define COL(n, t) { n, t, NULL, false, false }
#define COL_D(n, t, d) { n, t, d, false, false }
#define COL_N(n, t) { n, t, NULL, true, false }
#define INT(n) COL(n, SQL_INT)
#define INT_D(n, d) COL_D(n, SQL_INT, d)
#define INT_N(n) COL_N(n, SQL_INT)
#define TINY(n) COL(n, SQL_TINY)
#define TINY_D(n, d) COL_D(n, SQL_TINY, d)
#define FLAG(n) COL(n, SQL_FLAG)
#define FLAG_D(n, d) COL_D(n, SQL_FLAG, d)
#define FLOAT(n) COL(n, "float")
#define FLOAT_N(n) COL_N(n, "float")
#define CHARS(n, size) COL(n, SQL_CHARS(size))
#define CHARS_N(n, size) COL_N(n, SQL_CHARS(size))
#define TEXT(n) COL(n, "text")
#define SESSION_USER CHARS("session_user_id", 160)
#define TABLE(n, cs, c, k) { n, cs, c, ELEMENTSOF(c), k }
#define KEYS (const char *const[])
#define UTF8 "utf8mb4"
#define LATIN1 "latin1"
