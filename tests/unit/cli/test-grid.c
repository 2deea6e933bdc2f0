/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/fixture.h"

#include <locale.h>

#include "tools/cli/grid.h"

static const Term ascii = {}, utf8 = { .utf8 = true };

static void test_safe(void **state) {
        static const struct {
                const char *text, *in_utf8, *in_ascii;
        } cases[] = {
                { "plain", "plain", "plain" },
                { NULL, "", "" },
                { "a\033[31mred\n", "a\\x1b[31mred\\x0a", "a\\x1b[31mred\\x0a" },
                { "d\xc3\xa9j\xc3\xa0", "d\xc3\xa9j\xc3\xa0", "d?j?" },
                { "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", "??" },
                { "broken \xff", "broken \\xff", "broken \\xff" },
                { "\xc2\x9b" "31m", "\\xc2\\x9b31m", "\\xc2\\x9b31m" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *u = term_safe(&utf8, cases[i].text), *a = term_safe(&ascii, cases[i].text);

                assert_string_equal(u, cases[i].in_utf8);
                assert_string_equal(a, cases[i].in_ascii);
        }
}

static void test_width_and_cut(void **state) {
        static const struct {
                const char *text;
                size_t width, columns;
                const char *cut;
        } cases[] = {
                { "abcdef", 6, 6, "abcdef" },
                { "abcdef", 6, 4, "abc\xe2\x80\xa6" },
                { "abcdef", 6, 0, "abcdef" },
                { "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 6, 4, "\xe6\x97\xa5\xe2\x80\xa6" },
                { "e\xcc\x81t\xc3\xa9", 3, 3, "e\xcc\x81t\xc3\xa9" },
        };
        _cleanup_free_ char *cut = term_cut(&ascii, "abcdef", 5);

        (void) state;
        assert_string_equal(cut, "ab...");
        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                skip();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *c = term_cut(&utf8, cases[i].text, cases[i].columns);

                assert_int_equal(term_width(&utf8, cases[i].text), cases[i].width);
                assert_string_equal(c, cases[i].cut);
        }
        setlocale(LC_CTYPE, "C");
}

static char *print(const Grid *g) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        assert_int_equal(grid_print(g, f), 0);
        fclose(f);
        return text;
}

static void fill(Grid *g, const Term *t) {
        grid_init(g, t);
        grid_column(g, "NAME", GRID_FLEXIBLE);
        grid_column(g, "N", GRID_RIGHT);
        grid_column(g, "WHY", GRID_FLEXIBLE);
        grid_cell(g, TERM_PLAIN, "d\xc3\xa9j\xc3\xa0-vu");
        grid_cellf(g, TERM_PLAIN, "%d", 7);
        grid_cell(g, TERM_RED, "because it is so");
        grid_cell(g, TERM_PLAIN, "x");
        grid_cellf(g, TERM_PLAIN, "%d", 1234);
        grid_cell(g, TERM_PLAIN, NULL);
}

static void test_print(void **state) {
        static const Term narrow = { .utf8 = true, .columns = 25 }, coloured = { .utf8 = true, .colour = true };
        _cleanup_grid_ Grid a = {}, b = {}, c = {};
        _cleanup_free_ char *wide = NULL, *cut = NULL, *colour = NULL;

        (void) state;
        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                skip();
        fill(&a, &utf8);
        assert_int_equal(grid_rows(&a), 2);
        assert_int_equal(grid_width(&a), 7 + 2 + 4 + 2 + 16);
        wide = print(&a);
        assert_string_equal(wide,
                            "NAME        N  WHY\nd\xc3\xa9j\xc3\xa0-vu     7  because it is so\nx        1234  \n");
        fill(&b, &narrow);
        cut = print(&b);
        assert_string_equal(
                        cut,
                        "NAME        N  WHY\nd\xc3\xa9j\xc3\xa0-vu     7  because i\xe2\x80\xa6\nx        1234  \n");
        fill(&c, &coloured);
        colour = print(&c);
        assert_non_null(strstr(colour, "\033[31mbecause it is so\033[0m"));
        setlocale(LC_CTYPE, "C");
}

static void test_times(void **state) {
        static const Term utc = { .utc = true };
        char b[TIME_STRING_MAX];

        (void) state;
        assert_string_equal(term_time(&utc, FIXTURE_TIME, b), "2026-11-23T06:17:22Z");
        assert_string_equal(term_time(&utc, 0, b), "-");
        assert_string_equal(term_span(0, b), "-");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_safe),
                cmocka_unit_test(test_width_and_cut),
                cmocka_unit_test(test_print),
                cmocka_unit_test(test_times),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
