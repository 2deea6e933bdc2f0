/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Times in microseconds. Realtime for what people read, boottime for deadlines (a clock jump moves no deadline).
 */

#include "spool/base/macro.h"

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX

/* CLOCK_REALTIME / CLOCK_BOOTTIME now, in microseconds. */
uint64_t time_now_realtime(void);
uint64_t time_now_boottime(void);

/* a + b and a - b, never wrapping around. */
static inline uint64_t time_add(uint64_t a, uint64_t b) {
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}
static inline uint64_t time_sub(uint64_t a, uint64_t b) {
        return a > b ? a - b : 0;
}

/* Enough for every string that the formatters below make. */
#define TIME_STRING_MAX 64u

/* RFC 3339 in UTC, "2026-11-23T06:17:22Z". Return: buffer. */
const char *time_format_utc(uint64_t usec, char buffer[static TIME_STRING_MAX]);

/* Local time with its zone, "2026-11-23 06:17:22 CET". Return: buffer. */
const char *time_format_local(uint64_t usec, char buffer[static TIME_STRING_MAX]);

/* A length for people, "2h 5min", "3.2s", "85ms". Return: buffer. */
const char *time_format_span(uint64_t usec, char buffer[static TIME_STRING_MAX]);
