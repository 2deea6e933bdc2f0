/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/stage/grant.h"

static bool allows(Grant *g, const char *s) {
        return grant_allows(g, &(CsvCell){ .data = s, .size = strlen(s) });
}

static void test_courses(void **state _unused_) {
        static const char *const refused[] = {
                "", "finance", "account", "accounting2", "accounting-001", "Accounting", "introaccounting", "art ",
        };
        char *courses[] = { (char *) "accounting", (char *) "art", NULL };
        Grant g = { .courses = courses, .key = GRANT_KEY_COURSE };

        for (unsigned twice = 0; twice < 2; twice++) {
                assert_true(allows(&g, "accounting"));
                assert_true(allows(&g, "accounting"));
                assert_true(allows(&g, "art"));
                for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                        assert_false(allows(&g, refused[i]));
        }
}

static void test_sessions(void **state _unused_) {
        static const char *const granted[] = {
                "math-001", "math_001", "math-012", "math-2012-001", "math_2012_001", "math_2012-001", "a-b-002",
        };
        static const char *const refused[] = {
                "",         "math",  "math-",     "math-1",    "math-01",      "math-0001",  "math001",            "math-2-001",
                "math-00a", "-001",  "maths-001", "xmath-001", "math-101-001", "math-x-001", "math-2012-2012-001", "001",
                "b-002",    "a-002", "math.001",  "math-001 ", "math--001",    "math-001-002-003",
        };
        char *courses[] = { (char *) "math", (char *) "a-b", NULL };
        Grant g = { .courses = courses, .key = GRANT_KEY_SESSION };

        for (size_t i = 0; i < ELEMENTSOF(granted); i++)
                assert_true(allows(&g, granted[i]));
        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                assert_false(allows(&g, refused[i]));
}

static void test_all(void **state _unused_) {
        Grant g = { .key = GRANT_KEY_SESSION };

        assert_true(allows(&g, ""));
        assert_true(allows(&g, "anything at all"));
}

static void test_long(void **state _unused_) {
        char *courses[] = { (char *) "math", NULL };
        Grant g = { .courses = courses, .key = GRANT_KEY_COURSE };
        char key[GRANT_KEY_MAX + 1];

        memset(key, 'x', sizeof(key));
        assert_false(grant_allows(&g, &(CsvCell){ .data = key, .size = sizeof(key) }));
        assert_false(grant_allows(&g, &(CsvCell){ .data = key, .size = sizeof(key) - 1 }));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_courses),
                cmocka_unit_test(test_sessions),
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
