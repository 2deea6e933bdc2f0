/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/name.h"

typedef struct Case {
        const char *text;
        bool good;
} Case;

static void check(const Case *cases, size_t n, bool (*judge)(const char *)) {
        for (size_t i = 0; i < n; i++)
                if (judge(cases[i].text) != cases[i].good)
                        fail_msg("'%s' should be %s", cases[i].text, cases[i].good ? "accepted" : "refused");
}

static void names(_unused_ void **state) {
        static const Case cases[] = {
                { "a", true }, { "accounting", true }, { "2012-001", true }, { "a.b_c-d", true },
                { "a234567890123456789012345678901234567890123456789012345678901234", true },
                { "a2345678901234567890123456789012345678901234567890123456789012345", false },
                { "", false }, { ".", false }, { "..", false }, { ".hidden", false }, { "-rf", false }, { "_a", false }, { "a/b", false },
                { "a b", false }, { "a\nb", false }, { "%n", false }, { "\xc3\xa9", false }, { "a;b", false },
        };

        check(cases, ELEMENTSOF(cases), name_is_valid);
}

static void users(_unused_ void **state) {
        static const Case cases[] = {
                { "alice", true }, { "a", true }, { "bob_2-x", true }, { "Alice", false }, { "2bob", false }, { "", false },
                { "a23456789012345678901234567890123", false }, { "a.b", false }, { "../x", false },
        };

        check(cases, ELEMENTSOF(cases), name_is_user);
}

static bool path_of_three(const char *s) {
        return name_is_relative_path(s, 3);
}

static void paths(_unused_ void **state) {
        static const Case cases[] = {
                { "a", true }, { "a/b/c", true }, { "a/b/c/d", false }, { "/a", false }, { "a/", false }, { "a//b", false },
                { "a/../b", false }, { "./a", false }, { "", false },
        };

        check(cases, ELEMENTSOF(cases), path_of_three);
}

static void argument_values(_unused_ void **state) {
        static const Case cases[] = {
                { "0.1", true }, { "a b", true }, { "", true }, { "-x", true }, { "a\nb", false }, { "\x7f", false }, { "\xc3\xa9", false },
        };

        check(cases, ELEMENTSOF(cases), name_is_argument_value);
}

static void mail_addresses(_unused_ void **state) {
        static const Case cases[] = {
                { "alice@example.org", true }, { "a+b@example.org", true }, { "j\xc3\xb6rg@example.org", true }, { "alice", false },
                { "@example.org", false }, { "alice@", false }, { "a@b@c", false }, { "a b@c.d", false }, { "a@b\r\nBcc: x", false },
                { "a@.b", false }, { "a@b.", false }, { "a@b..c", false }, { "<a@b.c>", false }, { "a,b@c.d", false }, { "-a@b.c", false },
                { "a@\xff.c", false },
        };

        check(cases, ELEMENTSOF(cases), name_is_mail_address);
}

static void utf8(_unused_ void **state) {
        static const Case cases[] = {
                { "plain", true }, { "\xc3\xa9", true }, { "\xe2\x82\xac", true }, { "\xf0\x9f\x98\x80", true }, { "\x80", false },
                { "\xc0\xaf", false }, { "\xe0\x80\xaf", false }, { "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false },
                { "\xc3", false }, { "\xf5\x80\x80\x80", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(name_is_utf8(cases[i].text, strlen(cases[i].text)), cases[i].good);
}

static void escape(_unused_ void **state) {
        static const struct {
                const char *text, *escaped;
                size_t max;
        } cases[] = {
                { "plain", "plain", 100 },
                { "a\nb", "a\\x0ab", 100 },
                { "\x1b[31m", "\\x1b[31m", 100 },
                { "caf\xc3\xa9", "caf\xc3\xa9", 100 },
                { "\xff", "\\xff", 100 },
                { "\xc2\x9b", "\\xc2\\x9b", 100 }, /* C1 control: CSI */
                { "abcdef", "abc...", 3 },
                { "ab\xc3\xa9", "ab...", 3 }, /* never half a character */
                { "", "", 10 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = name_escape(cases[i].text, strlen(cases[i].text), cases[i].max);

                assert_non_null(s);
                assert_string_equal(s, cases[i].escaped);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(names), cmocka_unit_test(users), cmocka_unit_test(paths), cmocka_unit_test(argument_values),
                cmocka_unit_test(mail_addresses), cmocka_unit_test(utf8), cmocka_unit_test(escape),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
