/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/config-text.h"

/* libconfig 1.5 itself loses the strings of a text that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libconfig.so\n";
}

static void big_numbers_are_found(_unused_ void **state) {
        static const struct {
                const char *text;
                unsigned line;
        } cases[] = {
                { "", 0 },
                { "a = 2147483647;", 0 },
                { "a = 2147483648;", 1 },
                { "a = -5000000000;", 1 },
                { "\n\na = [1, 99999999999999999999];", 3 },
                { "a = 4294967296L;", 0 },
                { "a = 4294967296LL;", 0 },
                { "a = 0x7fffffff;", 0 },
                { "a = 0xffffffff;", 1 },
                { "a = 0X1FFFFFFFFL;", 0 },
                { "a = 1.55555555555555;", 0 },
                { "a = .55555555555555;", 0 },
                { "a = 5000000000.0;", 0 },
                { "a = 5e5000000000;", 0 },
                { "a5000000000 = 1;", 0 },
                { "a-5000000000 = 1;", 0 },
                { "a = \"5000000000\";", 0 },
                { "a = \"\\\"5000000000\";", 0 },
                { "a = \"x\\\\\"; b = 5000000000;", 1 },
                { "# 5000000000\na = 5000000000;", 2 },
                { "// 5000000000\n", 0 },
                { "/* 5000000000\n*/ a = 5000000000;", 2 },
                { "/* 5000000000", 0 },
                { "a = \"5000000000", 0 },
                { "a = \"b\nc\"; d = 5000000000", 2 },
                { "a=5000000000;b=1", 1 },
                { "/", 0 },
                { "\\", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (config_text_find_big_number(cases[i].text) != cases[i].line)
                        fail_msg("'%s' should give line %u", cases[i].text, cases[i].line);
}

/* That libconfig reads as it is written what is not complained about. */
static void the_rest_is_read_in_full(_unused_ void **state) {
        static const struct {
                const char *text;
                long long value;
        } cases[] = {
                { "a = 2147483647;", 2147483647 }, { "a = 4294967296L;", 4294967296 }, { "a = 0x7fffffff", 0x7fffffff }, { "a = 7; # last", 7 },
                { "a = 7; // last", 7 }, { "a = 7; /* last */", 7 }, { "# first\na = 7", 7 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                config_t config;

                config_init(&config);
                assert_int_equal(config_text_find_big_number(cases[i].text), 0);
                assert_int_equal(config_text_read(&config, cases[i].text), 0);
                assert_int_equal(config_setting_get_int64(config_lookup(&config, "a")), cases[i].value);
                config_destroy(&config);
        }
}

static void syntax_errors_keep_their_line(_unused_ void **state) {
        static const struct {
                const char *text;
                int line;
        } cases[] = { { "a = ;", 1 }, { "a = 1;\nb = ; # x", 2 }, { "a: {\nb = 1;", 2 } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                config_t config;

                config_init(&config);
                assert_int_equal(config_text_read(&config, cases[i].text), -EBADMSG);
                assert_int_equal(config_error_line(&config), cases[i].line);
                config_destroy(&config);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(big_numbers_are_found), cmocka_unit_test(the_rest_is_read_in_full),
                cmocka_unit_test(syntax_errors_keep_their_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
