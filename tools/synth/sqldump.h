/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writes an SQL dump in the shape of mysqldump: gzip, one INSERT a line without a list of columns, all values of a
 * table in the order of its description. A row is written by naming its columns in that order; columns passed over
 * get their default. Naming a column that does not exist, or a value that it cannot hold, is a bug and aborts.
 */

#include "tools/synth/schema.h"

typedef struct Sqldump Sqldump;

/*
 * database: named in the header. when: time that the dump claims to be of, seconds.
 * Return: 0 and a dump that sqldump_close() or sqldump_free() releases, or a negative errno.
 */
int sqldump_open(int dirfd, const char *name, const char *database, int64_t when, Sqldump **ret);
Sqldump *sqldump_free(Sqldump *d);
DEFINE_CLEANUP(Sqldump *, sqldump_free);

/* Finishes and releases. Return: 0, or the first negative errno met since sqldump_open(). */
int sqldump_close(Sqldump *d);

/* Begins a table, after ending the one before. next_id: AUTO_INCREMENT clause, 0 for none. */
void sqldump_table(Sqldump *d, const char *table, uint64_t next_id);

/* Begins a row, after ending the one before. */
void sqldump_row(Sqldump *d);

void sqldump_int(Sqldump *d, const char *column, int64_t v);
void sqldump_text(Sqldump *d, const char *column, const char *s);
void sqldump_bytes(Sqldump *d, const char *column, const char *s, size_t size);
/* v thousandths. */
void sqldump_thousandths(Sqldump *d, const char *column, int64_t v);

/* Escapes as mysqldump does. ret: room for 2 * size bytes. Return: the length. */
size_t sqldump_escape(const char *s, size_t size, char *ret);
