/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/synth/fixed.h"

static void test_exp2(void **state _unused_) {
        static const struct {
                int32_t x;
                int64_t expected;
        } cases[] = {
                { 0, FIXED_ONE },
                { FIXED_ONE, 2 * FIXED_ONE },
                { -FIXED_ONE, FIXED_ONE / 2 },
                { FIXED(0.5), 92681 },
                { FIXED(-0.5), 46340 },
                { FIXED(3.25), 623486 },
                { FIXED(-3.25), 6888 },
                { 14 * FIXED_ONE, INT64_C(1) << 30 },
                { 15 * FIXED_ONE, INT64_C(1) << 30 },
                { -16 * FIXED_ONE, 1 },
                { INT32_MIN, 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_true(llabs(fixed_exp2(cases[i].x) - cases[i].expected) <= cases[i].expected / 30000);
}

static void test_products(void **state _unused_) {
        assert_int_equal(fixed_mul(FIXED(1.5), FIXED(2.0)), FIXED(3.0));
        assert_int_equal(fixed_mul(FIXED(-1.5), FIXED(2.0)), FIXED(-3.0));
        assert_int_equal(fixed_mul(-1, 1), -1);
        assert_int_equal(fixed_chance(FIXED(0.25), FIXED(1.0), FIXED(0.9)), FIXED(0.5));
        assert_int_equal(fixed_chance(FIXED(0.25), FIXED(5.0), FIXED(0.9)), FIXED(0.9));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exp2),
                cmocka_unit_test(test_products),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
