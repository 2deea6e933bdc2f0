/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/evaluate/columns.h"

static CsvCell cell_of(const char *s) {
        return (CsvCell){ .data = s, .size = strlen(s) };
}

/* The header as if it had been read: cells of text separated by ','. */
static int find(const char *text, Columns *ret, Fault *fault) {
        CsvCell cells[16];
        CsvRecord record = { .cells = cells, .line = 1, .raw = text, .raw_size = strlen(text) };

        for (const char *p = text;;) {
                size_t n = strcspn(p, ",");

                cells[record.n_cells++] = (CsvCell){ .data = p, .size = n };
                if (p[n] == '\0')
                        return columns_find("output.csv", &record, ret, fault);
                p += n + 1;
        }
}

static void test_find(void **state _unused_) {
        Columns c;
        Fault fault = {};

        assert_int_equal(find("y_true,y_pred,y_score", &c, &fault), 0);
        assert_false(c.has_course);
        assert_int_equal(c.at[COLUMN_Y_SCORE], 2);
        assert_int_equal(c.n_cells, 3);
        assert_int_equal(find(",y_score , x,\tcourse,y_pred,y_true,x", &c, &fault), 0);
        assert_true(c.has_course);
        assert_int_equal(c.at[COLUMN_Y_TRUE], 5);
        assert_int_equal(c.at[COLUMN_Y_PRED], 4);
        assert_int_equal(c.at[COLUMN_Y_SCORE], 1);
        assert_int_equal(c.at[COLUMN_COURSE], 3);
        assert_int_equal(c.n_cells, 7);
}

static void test_find_refused(void **state _unused_) {
        static const struct {
                const char *header;
                FaultCode code;
                const char *message;
        } cases[] = {
                { "", FAULT_CSV_COLUMNS, "output.csv:1: the header lacks the column y_true" },
                { "y_true,y_pred", FAULT_CSV_COLUMNS, "output.csv:1: the header lacks the column y_score" },
                { "Y_TRUE,y_pred,y_score", FAULT_CSV_COLUMNS, "output.csv:1: the header lacks the column y_true" },
                { "y_true,y_pred,y_score,y_pred", FAULT_CSV_COLUMNS, "output.csv:1: the header names the column y_pred 2 times" },
                { "y_true,y_pred,y_score,course,course,course", FAULT_CSV_COLUMNS,
                  "output.csv:1: the header names the column course 3 times" },
                { "y_true,y_pred,y_score,\xe9t\xe9", FAULT_CSV_SYNTAX, "output.csv:1: the header is not UTF-8 text" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fault_ Fault fault = {};
                Columns c;

                assert_int_equal(find(cases[i].header, &c, &fault), -EBADMSG);
                assert_int_equal(fault.code, cases[i].code);
                assert_string_equal(fault.message, cases[i].message);
                assert_int_equal(fault.line, 1);
        }
}

static void test_labels(void **state _unused_) {
        static const char *const zeros[] = { "0", "0.0", "False", "FALSE", "false", " 0", "0\t", " 0.0 " };
        static const char *const ones[] = { "1", "1.0", "True", "TRUE", "true", "\t1 " };
        static const char *const refused[] = {
                "", " ", "2", "-1", "01", "1.", "1.00", "0.5", "yes", "nan", "TrUe", "1 1", "\"1\"", "\xef\xbc\x91",
        };
        bool v;

        for (size_t i = 0; i < ELEMENTSOF(zeros); i++) {
                v = true;
                assert_int_equal(column_parse_label(cell_of(zeros[i]), &v), 0);
                assert_false(v);
        }
        for (size_t i = 0; i < ELEMENTSOF(ones); i++) {
                v = false;
                assert_int_equal(column_parse_label(cell_of(ones[i]), &v), 0);
                assert_true(v);
        }
        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                assert_int_equal(column_parse_label(cell_of(refused[i]), &v), -EINVAL);
        assert_int_equal(column_parse_label((CsvCell){ .data = "0\0", .size = 2 }, &v), -EINVAL);
}

static void test_scores(void **state _unused_) {
        static const struct {
                const char *text;
                int r;
                double v;
        } cases[] = {
                { "0", 0, 0 },          { "1", 0, 1 },        { "-0.0", 0, 0 },         { " 0.25\t", 0, .25 },   { "1e-400", 0, 0 },
                { "1.0e0", 0, 1 },      { "", -EINVAL },      { "nan", -EINVAL },       { "inf", -EINVAL },      { "-inf", -EINVAL },
                { "0,5", -EINVAL },     { "=1", -EINVAL },    { "1.2", -ERANGE },       { "-0.1", -ERANGE },     { "1e999", -ERANGE },
                { "-1e-300", -ERANGE }, { "1.0000000000000002", -ERANGE },
                { "1.00000000000000001", 0, 1 }, /* the nearest double is 1 */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                double v = -1;

                assert_int_equal(column_parse_score(cell_of(cases[i].text), &v), cases[i].r);
                if (cases[i].r == 0)
                        assert_true(v == cases[i].v);
        }
}

static void test_complaints(void **state _unused_) {
        assert_string_equal(column_complaint(COLUMN_Y_TRUE, cell_of(" "), -EINVAL), "is empty");
        assert_string_equal(column_complaint(COLUMN_Y_PRED, cell_of("2"), -EINVAL), "is neither 0 nor 1");
        assert_string_equal(column_complaint(COLUMN_Y_SCORE, cell_of("x"), -EINVAL), "is not a number");
        assert_string_equal(column_complaint(COLUMN_Y_SCORE, cell_of("2"), -ERANGE), "is below 0 or above 1");
        assert_string_equal(column_complaint(COLUMN_COURSE, cell_of("../x"), -EINVAL), "is not a course name");
        for (Column c = 0; c < _COLUMN_MAX; c++)
                assert_int_equal(column_from_string(column_to_string(c)), c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find),   cmocka_unit_test(test_find_refused), cmocka_unit_test(test_labels),
                cmocka_unit_test(test_scores), cmocka_unit_test(test_complaints),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
