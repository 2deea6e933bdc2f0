/* SPDX-License-Identifier: MIT */
#include "spool/base/time.h"

#include <inttypes.h>
#include <time.h>

static uint64_t now(clockid_t clock) {
        struct timespec ts;

        if (clock_gettime(clock, &ts) < 0)
                abort();
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t time_now_realtime(void) {
        return now(CLOCK_REALTIME);
}

uint64_t time_now_boottime(void) {
        return now(CLOCK_BOOTTIME);
}

const char *time_format_utc(uint64_t usec, char buffer[static TIME_STRING_MAX]) {
        time_t t = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(buffer, TIME_STRING_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                strcpy(buffer, "?");
        return buffer;
}

const char *time_format_local(uint64_t usec, char buffer[static TIME_STRING_MAX]) {
        time_t t = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        if (!localtime_r(&t, &tm) || strftime(buffer, TIME_STRING_MAX, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                strcpy(buffer, "?");
        return buffer;
}

const char *time_format_span(uint64_t usec, char buffer[static TIME_STRING_MAX]) {
        uint64_t s = usec / USEC_PER_SEC;

        if (usec == USEC_INFINITY)
                strcpy(buffer, "unlimited");
        else if (usec < USEC_PER_SEC)
                snprintf(buffer, TIME_STRING_MAX, "%" PRIu64 "ms", usec / USEC_PER_MSEC);
        else if (s < 60)
                snprintf(buffer, TIME_STRING_MAX, "%" PRIu64 ".%" PRIu64 "s", s, usec / (USEC_PER_SEC / 10) % 10);
        else if (s < 3600)
                snprintf(buffer, TIME_STRING_MAX, "%" PRIu64 "min %" PRIu64 "s", s / 60, s % 60);
        else if (s < 86400)
                snprintf(buffer, TIME_STRING_MAX, "%" PRIu64 "h %" PRIu64 "min", s / 3600, s / 60 % 60);
        else
                snprintf(buffer, TIME_STRING_MAX, "%" PRIu64 "d %" PRIu64 "h", s / 86400, s / 3600 % 24);
        return buffer;
}
