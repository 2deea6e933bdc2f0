/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "spool/base/time.h"

static void formats(_unused_ void **state) {
        char b[TIME_STRING_MAX];

        assert_string_equal(time_format_utc(UINT64_C(1795417970183973), b), "2026-11-23T07:12:50Z");
        setenv("TZ", "CET-1", 1);
        tzset();
        assert_string_equal(time_format_local(UINT64_C(1795417970183973), b), "2026-11-23 08:12:50 CET");
        assert_string_equal(time_format_span(85 * USEC_PER_MSEC, b), "85ms");
        assert_string_equal(time_format_span(3250 * USEC_PER_MSEC, b), "3.2s");
        assert_string_equal(time_format_span(125 * USEC_PER_SEC, b), "2min 5s");
        assert_string_equal(time_format_span(2 * USEC_PER_HOUR + 5 * USEC_PER_MINUTE, b), "2h 5min");
        assert_string_equal(time_format_span(49 * USEC_PER_HOUR, b), "2d 1h");
        assert_string_equal(time_format_span(USEC_INFINITY, b), "unlimited");
}

static void never_wraps(_unused_ void **state) {
        assert_int_equal(time_add(5, 6), 11);
        assert_true(time_add(UINT64_MAX - 1, 6) == UINT64_MAX);
        assert_int_equal(time_sub(6, 5), 1);
        assert_int_equal(time_sub(5, 6), 0);
}

static void clocks_run(_unused_ void **state) {
        uint64_t a = time_now_boottime(), b = time_now_boottime();

        assert_true(a > 0 && b >= a);
        assert_true(time_now_realtime() > UINT64_C(1700000000) * USEC_PER_SEC);
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(formats), cmocka_unit_test(never_wraps), cmocka_unit_test(clocks_run) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
