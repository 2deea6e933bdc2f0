/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/mail/pace.h"

static void test_backoff(void **state _unused_) {
        static const struct {
                unsigned attempts;
                uint64_t minutes;
        } cases[] = {
                { 1, 1 }, { 2, 2 }, { 3, 4 }, { 4, 8 }, { 8, 128 }, { 9, 240 }, { 10, 240 }, { 1000, 240 }, { UINT32_MAX, 240 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t base = cases[i].minutes * USEC_PER_MINUTE;

                assert_int_equal(pace_backoff(cases[i].attempts, 0), base);
                for (uint64_t random = 1; random < 1000; random += 7) {
                        uint64_t wait = pace_backoff(cases[i].attempts, random * UINT64_C(0x9e3779b97f4a7c15));

                        assert_true(wait >= base && wait <= base + base / 4);
                        assert_true(wait <= PACE_HORIZON);
                }
        }
        assert_int_not_equal(pace_backoff(1, 1), pace_backoff(1, 2));
}

static void test_due(void **state _unused_) {
        uint64_t now = 1000 * USEC_PER_DAY;

        assert_int_equal(pace_due(0, now), 0);
        assert_int_equal(pace_due(now + USEC_PER_HOUR, now), now + USEC_PER_HOUR);
        /* Written before the clock was set back by a year. */
        assert_int_equal(pace_due(now + 365 * USEC_PER_DAY, now), now);
        assert_int_equal(pace_due(UINT64_MAX, now), now);
}

static void test_rate(void **state _unused_) {
        char *alice[] = { (char[]){ "alice@example.org" }, NULL };
        char *both[] = { (char[]){ "bob@example.org" }, (char[]){ "Alice@Example.ORG" }, NULL };
        uint64_t now = 1000 * USEC_PER_DAY;
        Pace p = {};

        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(pace_check(&p, alice, 3, now + i), 0);
                assert_int_equal(pace_count(&p, alice, now + i), 0);
        }
        assert_int_equal(pace_check(&p, alice, 3, now + 3), now + USEC_PER_HOUR);
        assert_int_equal(pace_check(&p, both, 3, now + 3), now + USEC_PER_HOUR);
        assert_int_equal(pace_check(&p, alice, 4, now + 3), 0);
        /* A limit that was lowered since. */
        assert_int_equal(pace_check(&p, alice, 1, now + 3), now + 2 + USEC_PER_HOUR);
        assert_int_equal(pace_check(&p, alice, 3, now + USEC_PER_HOUR), 0);
        assert_int_equal(p.addresses[0].n, 2);
        /* The clock was set back: nobody waits for the old time to come again. */
        assert_int_equal(pace_check(&p, alice, 1, now - USEC_PER_DAY), 0);
        assert_int_equal(p.n, 0);
        pace_done(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_backoff),
                cmocka_unit_test(test_due),
                cmocka_unit_test(test_rate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
