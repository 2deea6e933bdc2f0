/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/synth/schema.h"

static void test_tables(void **state _unused_) {
        const Table *t;
        size_t n;

        for (n = 0; (t = schema_at(n)); n++) {
                assert_ptr_equal(schema_table(t->name), t);
                assert_true(t->n_columns > 0);
                for (size_t i = 0; i < t->n_columns; i++) {
                        assert_non_null(t->columns[i].name);
                        /* Only the first column counts by itself, and a default is not NULL. */
                        assert_true(!t->columns[i].automatic || i == 0);
                        assert_true(!t->columns[i].nullable || !t->columns[i].initial);
                        for (size_t k = 0; k < i; k++)
                                assert_string_not_equal(t->columns[i].name, t->columns[k].name);
                }
        }
        assert_int_equal(n, 49);
        assert_null(schema_table("nothing"));
        assert_int_equal(schema_table("users")->n_columns, 13);
        assert_int_equal(schema_table("forum_threads")->n_columns, 22);
}

static void test_kinds(void **state _unused_) {
        static const struct {
                const char *type;
                ColumnKind kind;
        } cases[] = {
                { "int(11)", COLUMN_INTEGER },
                { "tinyint(3) unsigned", COLUMN_INTEGER },
                { "bigint(20)", COLUMN_INTEGER },
                { "float", COLUMN_DECIMAL },
                { "varchar(255)", COLUMN_TEXT },
                { "enum('a','b')", COLUMN_TEXT },
                { "mediumblob", COLUMN_TEXT },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(column_kind(&(Column) { .type = cases[i].type }), cases[i].kind);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
