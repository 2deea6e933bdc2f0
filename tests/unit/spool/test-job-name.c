/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/name.h"
#include "spool/job-name.h"

static void fits(_unused_ void **state) {
        char longest[NAME_MAX_LENGTH + 1], longer[200], other[200];
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL;

        memset(longest, 'x', sizeof(longest) - 1);
        longest[NAME_MAX_LENGTH] = '\0';
        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        memcpy(other, longer, sizeof(other));
        other[150] = 'y';
        assert_int_equal(job_name_fit(longest, &a), 0);
        assert_string_equal(a, longest);
        assert_int_equal(job_name_fit(longer, &b), 0);
        assert_true(name_is_valid(b) && strlen(b) == NAME_MAX_LENGTH);
        assert_int_equal(job_name_fit(other, &c), 0);
        assert_string_not_equal(b, c);
}

static void odd_characters_are_replaced(_unused_ void **state) {
        _cleanup_free_ char *a = NULL, *b = NULL;

        assert_int_equal(job_name_fit("a b/../c", &a), 0);
        assert_int_equal(job_name_fit("a-b/../c", &b), 0);
        assert_true(name_is_valid(a) && startswith(a, "a-b-..-c-"));
        assert_string_not_equal(a, b);
}

static void refuses(_unused_ void **state) {
        static const char *const bad[] = { "", "-x", ".x", "..", " a", "caf\xc3\xa9", "a\n" };
        char *name = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(job_name_fit(bad[i], &name), -EINVAL);
        assert_null(name);
}

static void arguments(_unused_ void **state) {
        ManifestArgument items[] = { { (char *) "week", (char *) "2" }, { (char *) "alpha", (char *) "0.1/x" } };
        const ManifestArguments args = { items, 2 }, none = {};
        _cleanup_free_ char *a = NULL, *b = NULL;

        assert_int_equal(job_name_of_arguments("job", &args, &a), 0);
        assert_string_equal(a, "jobalpha_01xweek_2");
        assert_int_equal(job_name_of_arguments("job", &none, &b), 0);
        assert_string_equal(b, "job");
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(fits), cmocka_unit_test(odd_characters_are_replaced), cmocka_unit_test(refuses), cmocka_unit_test(arguments) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
