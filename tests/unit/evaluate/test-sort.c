/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/evaluate/sort.h"

static uint64_t next(uint64_t *state) {
        *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
        return *state;
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

static void test_like_qsort(void **state _unused_) {
        static const size_t sizes[] = { 0, 1, 2, 3, 63, 64, 65, 1000, 40000 };
        static const uint64_t masks[] = {
                UINT64_MAX, 0, 1, 0xff, 0x7ff, 0xffe, UINT64_C(0xff) << 56, UINT64_C(1) << 63, 0x00ff00ff00ff00ff,
        };
        uint64_t s = 1234567;

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                for (size_t j = 0; j < ELEMENTSOF(masks); j++) {
                        size_t n = sizes[i];
                        _cleanup_free_ uint64_t *a = malloc((n + 1) * sizeof(*a)), *b = malloc((n + 1) * sizeof(*b));

                        assert_true(a && b);
                        for (size_t k = 0; k < n; k++)
                                a[k] = b[k] = next(&s) & masks[j];
                        qsort(b, n, sizeof(*b), compare);
                        assert_int_equal(sort_keys(a, n), 0);
                        assert_memory_equal(a, b, n * sizeof(*a));
                }
}

static void test_orders(void **state _unused_) {
        uint64_t keys[200];

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                keys[i] = (ELEMENTSOF(keys) - i) << 40;
        assert_int_equal(sort_keys(keys, ELEMENTSOF(keys)), 0);
        assert_int_equal(sort_keys(keys, ELEMENTSOF(keys)), 0);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                assert_int_equal(keys[i], (i + 1) << 40);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_like_qsort), cmocka_unit_test(test_orders) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
