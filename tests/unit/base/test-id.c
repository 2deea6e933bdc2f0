/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/id.h"

static void sorted_and_unique(_unused_ void **state) {
        Id last, id;

        assert_int_equal(id_new(&last), 0);
        for (int i = 0; i < 10000; i++) {
                assert_int_equal(id_new(&id), 0);
                assert_true(id_is_valid(id.text));
                assert_true(strcmp(last.text, id.text) < 0);
                last = id;
        }
}

static void validity(_unused_ void **state) {
        assert_true(id_is_valid("01m83m05g7cvg4zv1wd4b513g6"));
        assert_false(id_is_valid("01m83m05g7cvg4zv1wd4b513g"));   /* short */
        assert_false(id_is_valid("01m83m05g7cvg4zv1wd4b513g66")); /* long */
        assert_false(id_is_valid("01M83M05G7CVG4ZV1WD4B513G6"));  /* upper case */
        assert_false(id_is_valid("01l83m05g7cvg4zv1wd4b513g6"));  /* l is no digit */
        assert_false(id_is_valid("81m83m05g7cvg4zv1wd4b513g6"));  /* more than 128 bits */
        assert_false(id_is_valid("01m83m05g7cvg4zv1wd4b513-6"));
        assert_true(id_is_prefix("01m8"));
        assert_false(id_is_prefix("01m"));
        assert_false(id_is_prefix("01m8/"));
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(sorted_and_unique), cmocka_unit_test(validity) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
