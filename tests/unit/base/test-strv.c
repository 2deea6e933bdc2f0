/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/strv.h"

static void lists(_unused_ void **state) {
        _cleanup_strv_ char **l = NULL, **copy = NULL;

        assert_int_equal(strv_length(l), 0);
        assert_false(strv_contains(l, "a"));
        assert_int_equal(strv_add(&l, "a"), 0);
        assert_int_equal(strv_addf(&l, "%d-%s", 7, "b"), 0);
        assert_int_equal(strv_add_many(&l, "c", "d", NULL), 0);
        assert_int_equal(strv_length(l), 4);
        assert_true(strv_contains(l, "7-b"));
        assert_false(strv_contains(l, "e"));
        assert_int_equal(strv_copy(l, &copy), 0);
        assert_int_equal(strv_length(copy), 4);
        assert_string_equal(copy[3], "d");
        assert_ptr_not_equal(copy[3], l[3]);
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(lists) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
