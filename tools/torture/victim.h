/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who may be killed, how the next one is chosen, and the killing itself.
 */

#include "spool/base/string-table.h"
#include "tools/torture/random.h"

typedef enum VictimKind {
        VICTIM_MORFD,
        VICTIM_MAIL,
        VICTIM_HELPERS, /* any program of a stage */
        VICTIM_DOCKERD,
        _VICTIM_MAX,
        _VICTIM_INVALID = -EINVAL,
} VictimKind;

DECLARE_STRING_TABLE(victim, VictimKind);

/* "morfd,mail" as a set of bits, 1 << VictimKind. Return: 0 or -EINVAL. */
int victim_parse_set(const char *list, unsigned *ret);

/* One decision: after which wait whom to kill. It depends on the seed alone, not on what runs. */
typedef struct Strike {
        uint64_t delay_usec;
        VictimKind kind;
        uint32_t pick; /* which of those that run, modulo their number */
} Strike;

/* set: of victim_parse_set(), not empty. mean_usec: the waits are between a fifth of it and almost twice of it. */
Strike strike_next(Random *random, unsigned set, uint64_t mean_usec);

/*
 * Whether a program file (the target of /proc/PID/exe) is one of this kind. An upgrade leaves " (deleted)" behind it.
 */
bool victim_matches(VictimKind kind, const char *exe);

/* Kills (SIGKILL) one process of the kind. Return: 1; 0 where none runs; or a negative errno. */
int strike_do(const Strike *s);
