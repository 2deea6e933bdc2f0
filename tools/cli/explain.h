/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The one reason why a job is where it is, in one or two sentences.
 */

#include "spool/record.h"
#include "tools/cli/term.h"

/*
 * now: realtime, usec. daemon_down: the daemon is known not to run.
 * Return: a fresh text, or NULL when out of memory.
 */
char *explain_why(const Record *r, const Term *t, uint64_t now, bool daemon_down);

/* The short form for a table: the fault's code and sentence, or the reason. Return: a fresh text, or NULL. */
char *explain_short(const Record *r);

/* What a state looks like in a table. */
TermColour explain_colour(const Record *r);

/* "queued", or "held" for a queued job on hold. */
const char *explain_state(const Record *r);
