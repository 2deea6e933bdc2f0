/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A file that keeps the beginning and the end of a stream of bytes and never more than so many of them. The beginning
 * goes to the file at once, so that one can follow it; the end is held in a ring and appended when the stream ends,
 * behind a line that says how much was left out between.
 */

#include "spool/base/macro.h"

#define OUTPUT_MAX_MIN UINT64_C(1024)
#define OUTPUT_MAX_MAX (UINT64_C(256) << 20) /* half of it is memory */

typedef struct Output {
        int fd;
        bool copy;           /* all of the stream goes to standard output as well */
        uint64_t head_left;  /* bytes that still go to the file directly */
        char *ring;
        size_t ring_size, ring_used, ring_at; /* ring_at: where the next byte goes */
        uint64_t left_out;
        int error; /* the first error of writing; nothing is written after it */
} Output;

#define OUTPUT_INIT ((Output){ .fd = -EBADF })

/*
 * Creates path (mode 0600) or empties it when it is a regular file. max: most bytes of the stream that are kept,
 * OUTPUT_MAX_MIN to OUTPUT_MAX_MAX. Return: 0; -EBADMSG (path is no regular file); or another negative errno.
 */
int output_open(const char *path, uint64_t max, Output *ret);
void output_done(Output *o);

/* Takes the next bytes of the stream. Return: nothing: a full disk must not stop the command; see o->error. */
void output_add(Output *o, const char *data, size_t size);

/* Writes what the ring holds and makes the file durable. Return: 0, or the first negative errno of all writing. */
int output_finish(Output *o);
