/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rows of one table spread over many files by a key, with a bounded number of files open at a time.
 */

#include "tools/assemble/table.h"

typedef struct SpreadFile {
        char *key;
        int dirfd; /* owned */
        char *name;
        TableFile file;
        bool begun; /* its header was written */
} SpreadFile;

/* Embedded: start with {}. */
typedef struct Spread {
        SpreadFile *files;
        size_t n;
        unsigned open;
        size_t last; /* where the last row went: rows of one key follow each other */
} Spread;

/* Adds a file for a key; dirfd is the spread's afterwards, also when it fails. Several files may have the same key. Return: 0 or -ENOMEM. */
int spread_add(Spread *s, const char *key, int dirfd, const char *name);

/* The index of the first file of a key at or behind from, or -1. */
ssize_t spread_find(Spread *s, const char *key, size_t key_size, size_t from);

/* The stream to write to. *ret_new: nothing was written to it before. Return: 0 or a negative errno. */
int spread_stream(Spread *s, size_t index, FILE **ret, bool *ret_new);

/* Publishes all files. Files that got no row are made with the header alone. header may be NULL. Return: 0 or a negative errno. */
int spread_publish(Spread *s, const char *header);

void spread_done(Spread *s);
#define _cleanup_spread_ _cleanup_(spread_done)
