/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tables on their way: CSV files with a header, read record by record, and written to files that are published when they are whole.
 */

#include "spool/csv.h"
#include "spool/fault.h"

/* A table that is read. Embedded: start with {}. */
typedef struct Table {
        CsvReader *reader;
        char **columns; /* names without spaces around them */
        size_t n_columns;
        const char *title; /* what faults call it; the caller's */
} Table;

/*
 * Reads the header of the table at fd. title: "the CSV file of course 'x'".
 * Return: 0; -EBADMSG with a fault (FAULT_CSV_EMPTY, _SYNTAX, _COLUMNS); another negative errno.
 */
int table_open(Table *t, int fd, const char *title, Fault *reterr);

/*
 * The next row that is not blank; it has as many cells as there are columns.
 * Return: 1; 0 at the end; -EBADMSG with a fault (FAULT_CSV_SYNTAX, _LINE); another negative errno.
 */
int table_next(Table *t, CsvRecord *ret, Fault *reterr);

/* The index of a column, or -1. */
ssize_t table_column(const Table *t, const char *name);

void table_done(Table *t);
#define _cleanup_table_ _cleanup_(table_done)

/* Writes a cell, quoted where it must be, behind a comma unless it is the first. Errors stay in the stream. */
void table_put(FILE *f, bool first, const char *data, size_t size);

/*
 * A file that gets its name when it is whole. Embedded: start with {}. table_file_done() without a publication removes it.
 */
typedef struct TableFile {
        int dirfd; /* the caller's */
        char name[256], partial[260];
        FILE *f;
} TableFile;

/* Return: 0 or a negative errno. */
int table_file_open(TableFile *t, int dirfd, const char *name);
/* Makes it durable under its name, with mode 0644. Return: 0 or a negative errno. */
int table_file_publish(TableFile *t);
void table_file_done(TableFile *t);
#define _cleanup_table_file_ _cleanup_(table_file_done)
