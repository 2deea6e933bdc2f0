/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The output of a build: kept in a file of bounded size, its beginning and its end, while the builder's own "Step k/n"
 * lines are followed. Containers print into the same stream, so a step only counts when it is the next one of the same
 * n; what else is in the text never leaves the machine.
 */

#include "spool/base/macro.h"

#define BUILD_LOG_LINE_MAX 64u

typedef struct BuildLog {
        int fd;             /* not owned; -EBADF: nothing is kept */
        uint64_t head_left; /* bytes that may still be written at once */
        char *tail;         /* ring of the last bytes */
        size_t tail_size;
        uint64_t tail_bytes; /* bytes that went to the ring in all */
        unsigned step;       /* the last that began, 0 for none */
        unsigned steps;      /* of so many */
        char line[BUILD_LOG_LINE_MAX];
        size_t line_length; /* BUILD_LOG_LINE_MAX: too long to be a step */
} BuildLog;

/* max: most bytes kept, half of them from the beginning. Return: 0 or -ENOMEM. */
int build_log_init(BuildLog *l, int fd, size_t max);
void build_log_done(BuildLog *l);

/* Takes output as it comes. Return: 0 or a negative errno of the file. */
int build_log_add(BuildLog *l, const char *data, size_t size);

/* Writes the end of the output. Return: 0 or a negative errno. */
int build_log_finish(BuildLog *l);
