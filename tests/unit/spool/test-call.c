/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/call.h"
#include "spool/limits.h"
#include "tests/unit/scratch.h"

static void names_round_trip(_unused_ void **state) {
        for (int i = 0; i < (int) _CALL_FUNCTION_MAX; i++)
                assert_int_equal(call_function_from_string(call_function_to_string(i)), i);
        for (int i = 0; i < (int) _PLAN_MODE_MAX; i++)
                assert_int_equal(plan_mode_from_string(plan_mode_to_string(i)), i);
        for (int i = 0; i < (int) _PLAN_LEVEL_MAX; i++)
                assert_int_equal(plan_level_from_string(plan_level_to_string(i)), i);
        for (int i = 0; i < (int) _PLAN_EVALUATION_MAX; i++)
                assert_int_equal(plan_evaluation_from_string(plan_evaluation_to_string(i)), i);
}

static int parse(const char *text, Calls *c) {
        return calls_parse(text, strlen(text), c, NULL);
}

static void reads(_unused_ void **state) {
        _cleanup_calls_ Calls c = {}, e = {};

        assert_int_equal(parse("{\"version\": 1, \"calls\": [{\"function\": \"extract_session\", \"line\": 3, \"labels\": false}, "
                               "{\"function\": \"create_course_folds\", \"label_type\": \"x\", \"k\": 7}]}", &c), 0);
        assert_int_equal(c.n, 2);
        assert_int_equal(c.items[0].line, 3);
        assert_string_equal(c.items[1].label_type, "x");
        assert_int_equal(c.items[1].k, 7);
        assert_null(c.error.kind);
        assert_int_equal(parse("{\"version\": 1, \"error\": {\"kind\": \"bad-argument\", \"text\": \"no\", \"line\": 0}}", &e), 0);
        assert_string_equal(e.error.kind, "bad-argument");
}

static void hostile(_unused_ void **state) {
        static const char *const bad[] = {
                "", "[]", "{}", "{\"version\":2}", "{\"version\":1,\"calls\":{}}", "{\"version\":1,\"calls\":[1]}", "{\"version\":1,\"calls\":[{}]}",
                "{\"version\":1,\"calls\":[{\"function\":\"rm\"}]}", "{\"version\":1,\"calls\":[{\"function\":\"train_all\",\"label_type\":\"a\\nb\"}]}",
                "{\"version\":1,\"calls\":[{\"function\":\"train_all\",\"label_type\":\"a\",\"more\":1}]}", "{\"version\":1,\"calls\":[{\"function\":\"train_all\",\"k\":-1}]}",
                "{\"version\":1,\"calls\":[{\"function\":\"train_all\",\"k\":1.5}]}", "{\"version\":1,\"error\":{}}",
                "{\"version\":1,\"error\":{\"kind\":\"a b\",\"text\":\"\"}}", "{\"version\":1,\"error\":{\"kind\":\"x\",\"text\":\"\\u001b[2J\"}}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_calls_ Calls c = {};

                if (parse(bad[i], &c) != -EBADMSG)
                        fail_msg("accepted: %s", bad[i]);
        }
}

static void counts_are_limited(_unused_ void **state) {
        for (size_t n = LIMIT_CALLS; n <= LIMIT_CALLS + 1; n++) {
                _cleanup_calls_ Calls c = { .version = CALLS_VERSION }, back = {};
                _cleanup_free_ char *text = NULL;

                for (size_t i = 0; i < n; i++) {
                        Call call = { .function = CALL_EXTRACT_ALL };

                        assert_int_equal(call_add(&c.items, &c.n, &call), 0);
                }
                assert_int_equal(json_record_format(&calls_table, &c, &text), 0);
                assert_int_equal(parse(text, &back), n > LIMIT_CALLS ? -EBADMSG : 0);
        }
}

static void entries_are_named(_unused_ void **state) {
        static const char text[] = "{\"version\":1,\"calls\":[{\"function\":\"extract_all\"},{\"function\":\"x\"}]}";
        _cleanup_free_ char *error = NULL;
        _cleanup_calls_ Calls c = {};

        assert_int_equal(calls_parse(text, strlen(text), &c, &error), -EBADMSG);
        assert_string_equal(error, "entry 2 of 'calls': key 'function' has an unknown value");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_round_trip), cmocka_unit_test(reads), cmocka_unit_test(hostile), cmocka_unit_test(counts_are_limited),
                cmocka_unit_test(entries_are_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
