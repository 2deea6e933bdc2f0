/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A file being written, plain or gzip, through one large buffer. Errors stick: writers need not check,
 * outfile_close() tells. The gzip header carries neither name nor time, so equal content is equal bytes (for one
 * version of zlib).
 */

#include "spool/base/macro.h"

typedef enum OutfileKind {
        OUTFILE_PLAIN,
        OUTFILE_GZIP,
        _OUTFILE_KIND_MAX,
        _OUTFILE_KIND_INVALID = -EINVAL,
} OutfileKind;

/* The most that outfile_reserve() grants. */
#define OUTFILE_RESERVE_MAX 65536u

typedef struct Outfile Outfile;

/*
 * Creates or truncates name below dirfd (mode 0644, never following a link).
 * Return: 0 and a file that outfile_close() or outfile_free() releases, or a negative errno.
 */
int outfile_open(int dirfd, const char *name, OutfileKind kind, Outfile **ret);

/* Releases without finishing; for error paths. Return: NULL. */
Outfile *outfile_free(Outfile *o);
DEFINE_CLEANUP(Outfile *, outfile_free);

/* Finishes and releases. Return: 0, or the first negative errno met since outfile_open(). */
int outfile_close(Outfile *o);

void outfile_write(Outfile *o, const void *data, size_t size);
void outfile_puts(Outfile *o, const char *s);
void outfile_printf(Outfile *o, const char *format, ...) _printf_(2, 3);

/* Room for size (at most OUTFILE_RESERVE_MAX) bytes in the buffer, valid until the next call. Never NULL. */
char *outfile_reserve(Outfile *o, size_t size);

/* Takes the first size bytes that were written to the place outfile_reserve() returned. */
void outfile_commit(Outfile *o, size_t size);

/* The last size bytes, which outfile_commit() took just before. */
const char *outfile_last(const Outfile *o, size_t size);

/* Bytes written so far, before compression. */
uint64_t outfile_size(const Outfile *o);
