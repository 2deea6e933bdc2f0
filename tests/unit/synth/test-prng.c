/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/synth/prng.h"

/* From the reference implementation of SplitMix64. */
static void test_known_answers(void **state _unused_) {
        static const struct {
                uint64_t seed, answers[4];
        } cases[] = {
                { 0, { 0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f, 0xf88bb8a8724c81ec } },
                { 1234567, { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Prng p = prng_make(cases[i].seed);

                for (size_t k = 0; k < ELEMENTSOF(cases[i].answers); k++)
                        assert_int_equal(prng_next(&p), cases[i].answers[k]);
        }
}

static void test_ranges(void **state _unused_) {
        unsigned seen[7] = {};
        Prng p = prng_make(42);

        assert_int_equal(prng_below(&p, 0), 0);
        assert_int_equal(prng_below(&p, 1), 0);
        for (unsigned i = 0; i < 7000; i++)
                seen[prng_below(&p, 7)]++;
        for (unsigned i = 0; i < 7; i++)
                assert_in_range(seen[i], 850, 1150);
        for (unsigned i = 0; i < 1000; i++) {
                int v = prng_between(&p, -3, 3);

                assert_true(v >= -3 && v <= 3);
        }
        assert_false(prng_chance(&p, 0));
        assert_true(prng_chance(&p, PRNG_ONE));
}

static void test_normal(void **state _unused_) {
        int64_t sum = 0, squares = 0, n = 20000;
        Prng p = prng_make(7);

        for (int64_t i = 0; i < n; i++) {
                int64_t v = prng_normal(&p);

                assert_true(v >= -6 * PRNG_ONE && v <= 6 * PRNG_ONE);
                sum += v;
                squares += v * v / PRNG_ONE;
        }
        assert_true(llabs(sum / n) < PRNG_ONE / 30);
        assert_in_range(squares / n, PRNG_ONE * 95 / 100, PRNG_ONE * 105 / 100);
}

/* Keys of different parts, and of the same part of different wholes, differ. */
static void test_keys(void **state _unused_) {
        assert_int_equal(prng_key(1, 2), prng_key(1, 2));
        assert_int_not_equal(prng_key(1, 2), prng_key(2, 1));
        assert_int_not_equal(prng_key(1, 0), prng_key(1, 1));
        assert_int_not_equal(prng_key(0, 0), 0);
        assert_int_not_equal(prng_key(prng_key(1, 2), 3), prng_key(prng_key(1, 3), 2));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_answers),
                cmocka_unit_test(test_ranges),
                cmocka_unit_test(test_normal),
                cmocka_unit_test(test_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
