/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a spool holds: whose jobs, in which states.
 */

#include "spool/layout.h"
#include "spool/record.h"

/*
 * Whether all that lies in the spool was made by this program for this user: jobs in whatever state, uploads, and what is
 * corrupt. reterr: a sentence that names the first other thing.
 * Return: 1, 0 with reterr, or a negative errno.
 */
int inventory_is_ours(const Spool *spool, const char *user, char **reterr);

/* One job, as found. */
typedef struct Found {
        SpoolDir place; /* SPOOL_ACTIVE, SPOOL_DONE or SPOOL_FAILED */
        Record record;
} Found;

typedef struct Inventory {
        Found *items;
        size_t n;
} Inventory;

/* All jobs whose drop has a name that begins with prefix. Return: 0 or a negative errno. */
int inventory_take(const Spool *spool, const char *prefix, Inventory *ret);
void inventory_done(Inventory *i);
#define _cleanup_inventory_ _cleanup_(inventory_done)

/* Entries below a directory whose names do not begin with a dot, or all. Return: their number, or a negative errno. */
int inventory_count(int dirfd, const char *name, bool hidden_too);
