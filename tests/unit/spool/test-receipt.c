/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/receipt.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define JOB "01jd3k8x2m4qabcdefghjkmnpq"

static char *receipt_of(const char *key) {
        Receipt r = RECEIPT_INIT;
        ReceiptFile file = { (char *) "eval.csv", 12, (char *) HEX };
        char *text;

        r.job = (char *) JOB;
        r.user = (char *) "alice";
        r.name = (char *) "weekly";
        r.mode = (char *) "workflow";
        r.image = (char *) "sha256:" HEX;
        r.plan = (char *) HEX;
        r.usage.wall_usec = 5;
        r.files = &file;
        r.n_files = 1;
        assert_int_equal(receipt_format(&r, key, &text), 0);
        return text;
}

static void test_signature(void **state _unused_) {
        _cleanup_free_ char *plain = receipt_of(NULL), *text = receipt_of("key");

        assert_int_equal(receipt_verify(text, strlen(text), "key"), 0);
        assert_int_equal(receipt_verify(text, strlen(text), "other"), RECEIPT_E_OTHER_KEY);
        assert_int_equal(receipt_verify(plain, strlen(plain), "key"), RECEIPT_E_UNSIGNED);
        assert_int_equal(receipt_verify("{}", 2, "key"), -EBADMSG);
}

/* Whatever is changed in a receipt breaks it; how it is laid out does not. */
static void test_changed(void **state _unused_) {
        static const char *const edits[][2] = {
                { "alice", "alicf" }, { "weekly", "weeklx" }, { "workflow", "run" }, { "\"bytes\": 12", "\"bytes\": 13" },
                { "\"wall_usec\": 5", "\"wall_usec\": 6" }, { "eval.csv", "evil.csv" },
        };
        _cleanup_free_ char *text = receipt_of("key"), *compact = NULL;
        json_t *value = json_loads(text, 0, NULL);

        for (size_t i = 0; i < ELEMENTSOF(edits); i++) {
                char *place = strstr(text, edits[i][0]);
                _cleanup_free_ char *edited = NULL;

                assert_non_null(place);
                assert_true(asprintf(&edited, "%.*s%s%s", (int) (place - text), text, edits[i][1], place + strlen(edits[i][0])) > 0);
                assert_int_equal(receipt_verify(edited, strlen(edited), "key"), RECEIPT_E_FORGED);
        }
        compact = json_dumps(value, JSON_COMPACT);
        json_decref(value);
        assert_int_equal(receipt_verify(compact, strlen(compact), "key"), 0);
}

static void test_read(void **state _unused_) {
        _cleanup_free_ char *text = receipt_of("key");
        _cleanup_receipt_ Receipt r = {};

        assert_int_equal(receipt_parse(text, strlen(text), &r, NULL), 0);
        assert_string_equal(r.job, JOB);
        assert_int_equal(r.n_files, 1);
        assert_int_equal(r.files[0].bytes, 12);
        assert_string_equal(r.signature.method, RECEIPT_METHOD);
        assert_null(r.controller);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_signature), cmocka_unit_test(test_changed), cmocka_unit_test(test_read) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
