/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/name.h"
#include "tools/synth/names.h"
#include "tools/synth/prng.h"

static void test_courses(void **state _unused_) {
        enum { COURSES = 100 };
        char slugs[COURSES][NAMES_SLUG_MAX], title[NAMES_TITLE_MAX];
        bool quote = false, ampersand = false, colon = false, bracket = false, foreign = false;

        for (unsigned i = 0; i < COURSES; i++) {
                names_slug(i, slugs[i]);
                assert_int_equal(strspn(slugs[i], "abcdefghijklmnopqrstuvwxyz0123456789"), strlen(slugs[i]));
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(slugs[i], slugs[k]);
                names_title(i, title);
                assert_null(strchr(title, ','));
                quote |= strchr(title, '"') != NULL;
                ampersand |= strchr(title, '&') != NULL;
                colon |= strchr(title, ':') != NULL;
                bracket |= strchr(title, '(') != NULL;
                for (const char *p = title; *p; p++)
                        foreign |= (unsigned char) *p > 127;
                names_file_title(i, title);
                assert_null(strpbrk(title, "\"':;$`<>|*?\\/"));
                for (const char *p = title; *p; p++)
                        assert_in_range(*p, ' ', '~');
        }
        assert_true(quote && ampersand && colon && bracket && foreign);
        names_slug(0, slugs[0]);
        assert_string_equal(slugs[0], "accounting");
}

static void test_latin1(void **state _unused_) {
        static const char *const cases[][2] = {
                { "abc", "abc" },
                { "\xc3\x89t\xc3\xa9", "\xc9t\xe9" },
                { "\xc2\xa9 1", "\xa9 1" },
                { "\xe2\x80\x94!", "?!" },
                { "", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[32];

                strcpy(text, cases[i][0]);
                assert_string_equal(names_to_latin1(text), cases[i][1]);
        }
}

static void test_prose(void **state _unused_) {
        static const size_t lengths[] = { 0, 1, 12, 300, 4000, 11500, 100000 };
        char text[NAMES_TEXT_MAX], again[NAMES_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(lengths); i++)
                for (uint64_t key = 0; key < 50; key++) {
                        size_t n = names_prose(key, lengths[i], text);

                        assert_int_equal(n, strlen(text));
                        assert_true(name_is_utf8(text, n));
                        assert_null(strstr(text, "),("));
                        assert_true(n >= lengths[i] || n > NAMES_TEXT_MAX - 100);
                        assert_int_equal(names_prose(key, lengths[i], again), n);
                        assert_string_equal(text, again);
                }
        assert_non_null(strstr(names_phrase(3, 5, text, sizeof(text)), " "));
        assert_true(strlen(names_phrase(3, 5, text, 8)) < 8);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_courses),
                cmocka_unit_test(test_latin1),
                cmocka_unit_test(test_prose),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
