/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/outbox.h"
#include "tools/mail/result.h"

static void test_round_trip(void **state _unused_) {
        _cleanup_mail_result_ MailResult r = { .outcome = MAIL_OUTCOME_RETRY, .code = 451 }, again = {};
        _cleanup_free_ char *text = NULL;

        assert_int_equal(mail_result_set_text(&r, "451 a\x1b\r\n", 8), 0);
        assert_string_equal(r.text, "451 a\\x1b");
        assert_int_equal(strv_add(&r.delivered, "a@b"), 0);
        assert_int_equal(json_record_format(&mail_result_table, &r, &text), 0);
        assert_int_equal(json_record_parse(&mail_result_table, text, strlen(text), &again, NULL), 0);
        assert_int_equal(again.outcome, MAIL_OUTCOME_RETRY);
        assert_int_equal(again.code, 451);
        assert_string_equal(again.delivered[0], "a@b");
        assert_null(again.refused);
}

static void test_outcomes(void **state _unused_) {
        for (MailOutcome o = 0; o < _MAIL_OUTCOME_MAX; o++)
                assert_int_equal(mail_outcome_from_string(mail_outcome_to_string(o)), o);
}

/* Whatever a server says fits the record and is text. */
static void test_hostile_text(void **state _unused_) {
        _cleanup_mail_result_ MailResult r = {};
        char bytes[5000];

        for (int fill = 0; fill < 256; fill += 5) {
                _cleanup_mail_result_ MailResult again = {};
                _cleanup_free_ char *text = NULL;

                memset(bytes, fill, sizeof(bytes));
                assert_int_equal(mail_result_set_text(&r, bytes, sizeof(bytes)), 0);
                assert_true(strlen(r.text) <= OUTBOX_TEXT_MAX);
                assert_int_equal(json_record_format(&mail_result_table, &r, &text), 0);
                assert_int_equal(json_record_parse(&mail_result_table, text, strlen(text), &again, NULL), 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_outcomes),
                cmocka_unit_test(test_hostile_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
