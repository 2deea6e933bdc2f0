/* SPDX-License-Identifier: MIT */

#include "tools/synth/calendar.h"

/* Years are counted from March here, so that the leap day is the last day of a year; an era is 400 years. */
#define ERA_DAYS 146097
#define EPOCH_SHIFT 719468

int64_t calendar_days(int year, unsigned month, unsigned day) {
        int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
        unsigned yoe = (unsigned) (y - era * 400);
        unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

        return era * ERA_DAYS + (int64_t) (yoe * 365 + yoe / 4 - yoe / 100 + doy) - EPOCH_SHIFT;
}

void calendar_civil(int64_t days, int *ret_year, unsigned *ret_month, unsigned *ret_day) {
        int64_t z = days + EPOCH_SHIFT, era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
        unsigned doe = (unsigned) (z - era * ERA_DAYS);
        unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        unsigned mp = (5 * doy + 2) / 153;

        *ret_month = mp < 10 ? mp + 3 : mp - 9;
        *ret_day = doy - (153 * mp + 2) / 5 + 1;
        *ret_year = (int) (yoe + era * 400) + (*ret_month <= 2);
}

const char *calendar_format_mdy(int64_t days, char buffer[static CALENDAR_TEXT_MAX]) {
        unsigned month, day;
        int year;

        calendar_civil(days, &year, &month, &day);
        (void) snprintf(buffer, CALENDAR_TEXT_MAX, "%u/%u/%02d", month, day, year % 100);
        return buffer;
}

const char *calendar_format_time(int64_t t, char buffer[static CALENDAR_TEXT_MAX]) {
        int64_t days = t >= 0 ? t / CALENDAR_DAY : -((-t + CALENDAR_DAY - 1) / CALENDAR_DAY);
        unsigned second = (unsigned) (t - days * CALENDAR_DAY), month, day;
        int year;

        calendar_civil(days, &year, &month, &day);
        (void) snprintf(
                        buffer, CALENDAR_TEXT_MAX, "%04d-%02u-%02u %02u:%02u:%02u",
                        year, month, day, second / 3600, second / 60 % 60, second % 60);
        return buffer;
}

int calendar_week(int64_t start, unsigned weeks, int64_t t_ms) {
        int64_t since = t_ms - start * 1000, week;

        if (since <= 0)
                return -1;
        week = (since - 1) / CALENDAR_WEEK_MS;
        return week < (int64_t) weeks ? (int) week : (int) weeks - 1;
}

int64_t calendar_avoid_boundary(int64_t start, int64_t t_ms) {
        int64_t into = (t_ms - start * 1000) % CALENDAR_WEEK_MS;

        if (into < 0)
                into += CALENDAR_WEEK_MS;
        return into < 1000 ? t_ms + 2000 - into : t_ms;
}
