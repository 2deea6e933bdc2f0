/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Dates in UTC without the C library's time zones, and the week arithmetic by which course weeks are counted.
 */

#include "spool/base/macro.h"

#define CALENDAR_DAY INT64_C(86400)
#define CALENDAR_WEEK (7 * CALENDAR_DAY)
#define CALENDAR_WEEK_MS (CALENDAR_WEEK * 1000)
#define CALENDAR_TEXT_MAX 32u

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
int64_t calendar_days(int year, unsigned month, unsigned day);

/* The reverse of calendar_days(). */
void calendar_civil(int64_t days, int *ret_year, unsigned *ret_month, unsigned *ret_day);

/* "2/2/15": month, day and year without padding, as the dates file has it. Return: buffer. */
const char *calendar_format_mdy(int64_t days, char buffer[static CALENDAR_TEXT_MAX]);

/* "2013-04-29 07:05:09", t in seconds since 1970. Return: buffer. */
const char *calendar_format_time(int64_t t, char buffer[static CALENDAR_TEXT_MAX]);

/* Weeks of a course of so many days: a begun week counts. */
static inline unsigned calendar_weeks(unsigned days) {
        return (days + 6) / 7;
}

/*
 * The course week (from 0) of a moment. start: first midnight, in seconds; t_ms: the moment, in milliseconds. A
 * moment exactly on a boundary belongs to the week before it; everything after the end belongs to the last week.
 * Return: the week, or -1 for a moment not after the start.
 */
int calendar_week(int64_t start, unsigned weeks, int64_t t_ms);

/*
 * Moves a moment out of the second that begins a course week, where readers that round milliseconds away and readers
 * that do not would disagree about the week. Return: t_ms, or up to two seconds more.
 */
int64_t calendar_avoid_boundary(int64_t start, int64_t t_ms);
