/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Job ids: 128 bits, made by the daemon, never reused. 48 bits of milliseconds since 1970 and 80 random bits, written as
 * 26 lower-case Crockford base32 digits (the layout known as ULID), so that ids sort by time and hold no '-', which unit
 * names use as a separator.
 */

#include "spool/base/macro.h"

#define ID_LENGTH 26u
/* Digits shown to people: all of the time and ten random bits. */
#define ID_SHORT_LENGTH 12u

typedef struct Id {
        char text[ID_LENGTH + 1];
} Id;

/* Makes an id that sorts after every id made before it in this process. Return: 0 or a negative errno. */
int id_new(Id *ret);

/* Whether s is a complete id. */
bool id_is_valid(const char *s);

/* Whether s could be the beginning of an id: 4 to 26 of its digits. */
bool id_is_prefix(const char *s);
