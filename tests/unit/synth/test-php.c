/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/synth/php.h"

static void test_values(void **state _unused_) {
        Php p;

        php_clear(&p);
        php_array(&p, 3);
        php_int(&p, 7);
        php_int(&p, -1371779557);
        php_string(&p, "_all");
        php_string(&p, "say \"hi\"; it's\n");
        php_string(&p, "caf\xc3\xa9");
        php_array(&p, 0);
        php_end(&p);
        php_end(&p);
        assert_string_equal(
                p.text, "a:3:{i:7;i:-1371779557;s:4:\"_all\";s:15:\"say \"hi\"; it's\n\";s:5:\"caf\xc3\xa9\";a:0:{}}");
        assert_int_equal(p.used, strlen(p.text));
        assert_false(p.overflow);
        php_clear(&p);
        assert_string_equal(p.text, "");
}

static void test_overflow(void **state _unused_) {
        static char big[PHP_MAX];
        Php p;

        memset(big, 'x', sizeof(big) - 1);
        php_clear(&p);
        php_int(&p, 1);
        php_string(&p, big);
        assert_true(p.overflow);
        assert_string_equal(p.text, "i:1;");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_overflow),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
