/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What goes into an exit record.
 */

#include "spool/exit-record.h"

/* The words that systemd hands over; any may be NULL or not fit for a record, which makes them unknown. */
void mark_ending(ExitRecord *record, const char *result, const char *code, const char *status);

/* What the control group at path (see cgroup_read_usage()) has used. Call it after mark_ending(). */
void mark_account(ExitRecord *record, int rootfd, const char *path);
