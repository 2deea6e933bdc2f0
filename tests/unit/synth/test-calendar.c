/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/synth/calendar.h"

static void test_dates(void **state _unused_) {
        static const struct {
                int year;
                unsigned month, day;
                int64_t days;
                const char *text;
        } cases[] = {
                { 1970, 1, 1, 0, "1/1/70" },
                { 1969, 12, 31, -1, "12/31/69" },
                { 2000, 2, 29, 11016, "2/29/00" },
                { 2012, 9, 3, 15586, "9/3/12" },
                { 2015, 2, 2, 16468, "2/2/15" },
                { 2016, 3, 1, 16861, "3/1/16" },
                { 2038, 1, 19, 24855, "1/19/38" },
        };
        char text[CALENDAR_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                unsigned month, day;
                int year;

                assert_int_equal(calendar_days(cases[i].year, cases[i].month, cases[i].day), cases[i].days);
                calendar_civil(cases[i].days, &year, &month, &day);
                assert_int_equal(year, cases[i].year);
                assert_int_equal(month, cases[i].month);
                assert_int_equal(day, cases[i].day);
                assert_string_equal(calendar_format_mdy(cases[i].days, text), cases[i].text);
        }
        assert_string_equal(calendar_format_time(1371779557, text), "2013-06-21 01:52:37");
        assert_string_equal(calendar_format_time(-1, text), "1969-12-31 23:59:59");
}

static void test_weeks(void **state _unused_) {
        enum { START = 1346630400 };
        static const struct {
                unsigned weeks;
                int64_t since_ms;
                int expected;
        } cases[] = {
                { 4, -1, -1 },
                { 4, 0, -1 },                                   /* exactly at the start: none */
                { 4, 1, 0 },
                { 4, CALENDAR_WEEK_MS - 1, 0 },
                { 4, CALENDAR_WEEK_MS, 0 },                     /* a boundary belongs to the week before */
                { 4, CALENDAR_WEEK_MS + 1, 1 },
                { 4, 2 * CALENDAR_WEEK_MS, 1 },
                { 4, 4 * CALENDAR_WEEK_MS, 3 },
                { 4, 4 * CALENDAR_WEEK_MS + 1, 3 },             /* after the end: the last week */
                { 4, 100 * CALENDAR_WEEK_MS, 3 },
                { 1, 5 * CALENDAR_WEEK_MS, 0 },
        };
        static const unsigned lengths[][2] = { { 1, 1 }, { 7, 1 }, { 8, 2 }, { 22, 4 }, { 63, 9 }, { 64, 10 },
                { 70, 10 }, { 71, 11 } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(calendar_week(START, cases[i].weeks, START * INT64_C(1000) + cases[i].since_ms),
                        cases[i].expected);
        for (size_t i = 0; i < ELEMENTSOF(lengths); i++)
                assert_int_equal(calendar_weeks(lengths[i][0]), lengths[i][1]);
}

static void test_boundary_is_avoided(void **state _unused_) {
        enum { START = 1346630400 };
        static const int64_t offsets[] = { -CALENDAR_WEEK_MS, -1, 0, 1, 999, 1000, 1500, CALENDAR_WEEK_MS,
                CALENDAR_WEEK_MS + 999 };

        for (size_t i = 0; i < ELEMENTSOF(offsets); i++) {
                int64_t t = START * INT64_C(1000) + offsets[i], moved = calendar_avoid_boundary(START, t);

                assert_true(moved >= t && moved <= t + 2000);
                /* Rounding to seconds does not change the week any more. */
                assert_int_equal(calendar_week(START, 9, moved), calendar_week(START, 9, moved / 1000 * 1000));
        }
        assert_int_equal(calendar_avoid_boundary(START, START * INT64_C(1000) + 1000), START * INT64_C(1000) + 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_dates),
                cmocka_unit_test(test_weeks),
                cmocka_unit_test(test_boundary_is_avoided),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
