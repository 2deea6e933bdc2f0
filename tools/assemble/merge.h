/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The tables that the steps of a phase left, as one: columns by name, in the order in which they come first, an absent one being empty (the
 * extractors of published jobs write as many columns as a session has weeks); and the columns course, session and fold, set by us where the
 * step is for one course, session or fold, and else checked.
 */

#include "tools/assemble/assemble.h"

/*
 * Whether a table is one that can be merged: its columns, its lines, the courses and sessions it names. The file is read to its end; the
 * caller rewinds it. Return: 0; -EBADMSG with a fault; another negative errno.
 */
int merge_check(const Assemble *a, const PlanStep *s, int fd, Fault *reterr);

/* Opens the table of a step, which merge_tables() closes. Return: a descriptor or a negative errno. */
typedef int (*MergeOpen)(void *userdata, const PlanStep *s);

/*
 * Merges the checked tables of steps into work/NAME. There may be thousands: one is open at a time.
 * Return: 0 or a negative errno.
 */
int merge_tables(const Assemble *a, const PlanStep *const *steps, size_t n, MergeOpen opener, void *userdata, const char *name);
