/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What lies in a drop box, in order of arrival, and which of it was renamed into place since the last look: a rename is how a
 * sender says that an upload is complete.
 */

#include <sys/stat.h>

#include "spool/base/macro.h"

typedef struct BoxEntry {
        char *name;
        struct stat st;
        bool renamed; /* it was seen, or an event told of it, under another name before */
} BoxEntry;

/* An entry as the last look found it. */
typedef struct BoxSeen {
        ino_t inode;
        uint64_t name; /* hash */
        bool renamed;
} BoxSeen;

/* All zero is an empty one. */
typedef struct BoxScan {
        BoxEntry *entries; /* what the last look found */
        size_t n_entries, next;
        BoxSeen *seen; /* sorted by inode */
        size_t n_seen;
        uint64_t *moved; /* hashes of names that were renamed into the box since the last look */
        size_t n_moved;
} BoxScan;

void box_scan_done(BoxScan *s);

/* An event told that name was renamed into the box. */
void box_scan_note_moved(BoxScan *s, const char *name);

/* Looks at the directory fd. Return: 0 or a negative errno, with what was found so far. */
int box_scan_look(BoxScan *s, int fd);

/* The next entry in order of arrival, valid until the next call of any function here; NULL when all were given out. */
const BoxEntry *box_scan_next(BoxScan *s);

/* Whether entries are left. */
bool box_scan_has_more(const BoxScan *s);

/* Forgets the entries that are left, not what was seen. */
void box_scan_drop_rest(BoxScan *s);
