/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/parse.h"
#include "spool/base/time.h"

static void numbers(_unused_ void **state) {
        static const struct {
                const char *text;
                int error;
                uint64_t value;
        } cases[] = {
                { "0", 0, 0 }, { "10", 0, 10 }, { "11", -ERANGE, 0 }, { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
                { " 1", -EINVAL, 0 }, { "1x", -EINVAL, 0 }, { "0x1", -EINVAL, 0 }, { "99999999999999999999", -ERANGE, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value = 0;

                assert_int_equal(parse_u64(cases[i].text, 0, 10, &value), cases[i].error);
                assert_int_equal(value, cases[i].value);
        }
}

static void sizes(_unused_ void **state) {
        static const struct {
                const char *text;
                int error;
                uint64_t value;
        } cases[] = {
                { "512", 0, 512 }, { "1K", 0, 1024 }, { "512M", 0, UINT64_C(512) << 20 }, { "2G", 0, UINT64_C(2) << 30 }, { "1T", 0, UINT64_C(1) << 40 },
                { "1k", -EINVAL, 0 }, { "1.5G", -EINVAL, 0 }, { "G", -EINVAL, 0 }, { "99999999999T", -ERANGE, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value = 0;

                assert_int_equal(parse_size(cases[i].text, &value), cases[i].error);
                if (cases[i].error == 0)
                        assert_int_equal(value, cases[i].value);
        }
}

static void spans(_unused_ void **state) {
        static const struct {
                const char *text;
                int error;
                uint64_t value;
        } cases[] = {
                { "5", 0, 5 * USEC_PER_SEC }, { "250ms", 0, 250 * USEC_PER_MSEC }, { "90m", 0, 90 * USEC_PER_MINUTE },
                { "2min", 0, 2 * USEC_PER_MINUTE }, { "2h", 0, 2 * USEC_PER_HOUR }, { "1d", 0, USEC_PER_DAY }, { "1w", -EINVAL, 0 }, { "", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value = 0;

                assert_int_equal(parse_span(cases[i].text, &value), cases[i].error);
                if (cases[i].error == 0)
                        assert_int_equal(value, cases[i].value);
        }
}

static void sizes_for_people(_unused_ void **state) {
        char b[FORMAT_SIZE_MAX];

        assert_string_equal(format_size(0, b), "0 B");
        assert_string_equal(format_size(1023, b), "1023 B");
        assert_string_equal(format_size(2048, b), "2 KiB");
        assert_string_equal(format_size(1536, b), "1.5 KiB");
        assert_string_equal(format_size(UINT64_C(4) << 30, b), "4 GiB");
        assert_string_equal(format_size(UINT64_C(5) << 50, b), "5120 TiB");
}

static void nearest(_unused_ void **state) {
        static const char *const keys[] = { "image", "limits", "courses", "notify" };

        assert_string_equal(parse_nearest("imgae", keys, 4), "image");
        assert_string_equal(parse_nearest("limit", keys, 4), "limits");
        assert_string_equal(parse_nearest("cuorses", keys, 4), "courses");
        assert_null(parse_nearest("something", keys, 4));
        assert_null(parse_nearest("x", keys, 0));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers), cmocka_unit_test(sizes), cmocka_unit_test(spans), cmocka_unit_test(sizes_for_people),
                cmocka_unit_test(nearest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
