/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * When to try again, and how many mails an address may get.
 */

#include "spool/base/macro.h"
#include "spool/base/time.h"

#define PACE_BACKOFF_MIN USEC_PER_MINUTE
#define PACE_BACKOFF_MAX (4 * USEC_PER_HOUR)
/* A next_try further ahead than this was written under another clock. */
#define PACE_HORIZON (PACE_BACKOFF_MAX + PACE_BACKOFF_MAX / 4)

/*
 * The wait after a number of failed attempts (1 or more): one minute, doubling up to four hours, and up to a quarter more by
 * random (any number), so that mails that failed together are not tried together.
 */
uint64_t pace_backoff(unsigned attempts, uint64_t random);

/* When a mail is due, given its next_try: never beyond the horizon. */
uint64_t pace_due(uint64_t next_try, uint64_t now);

/* Times of the mails of the last hour, per address. Embedded: start with {}. */
typedef struct PaceAddress {
        char *address;
        uint64_t *times;
        size_t n;
} PaceAddress;

typedef struct Pace {
        PaceAddress *addresses;
        size_t n;
} Pace;

/*
 * Whether a mail to these addresses may go now. per_hour: the limit.
 * Return: 0 when it may, else the time when it may.
 */
uint64_t pace_check(Pace *r, char *const *to, unsigned per_hour, uint64_t now);

/* Counts a mail. Return: 0 or -ENOMEM (not counted for all). */
int pace_count(Pace *r, char *const *to, uint64_t now);

void pace_done(Pace *r);
