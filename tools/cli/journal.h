/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which journal entries are believed, and how their sender is called.
 */

#include "spool/base/macro.h"

/*
 * Whether an entry that claims to be about a job is: its trusted fields, which journald and not the sender fills in,
 * say that it came from root or from one of our own services. uid: _UID; unit: _SYSTEMD_UNIT; either may be NULL.
 */
bool journal_is_trusted(const char *uid, const char *unit);

/* "running 2" for unit morf-ID-running-2.service, else the unit without its suffix. Return: a fresh string, or NULL. */
char *journal_label(const char *unit);
