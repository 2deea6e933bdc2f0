/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/mail/smtp-dialogue.h"

static void say(SmtpDialogue *d, bool client, const char *text) {
        smtp_dialogue_add(d, client, text, strlen(text));
}

static void test_passwords_are_not_shown(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        SmtpDialogue d = {};
        size_t size;

        d.transcript = open_memstream(&text, &size);
        say(&d, false, "220 mx\r\n");
        say(&d, true, "EHLO us\r\n");
        say(&d, false, "250-mx\r\n250 AUTH PLAIN LOGIN\r\n");
        say(&d, true, "AUTH PLAIN AGFsaWNlAGh1c2g=\r\n");
        say(&d, false, "535 5.7.8 no\r\n");
        assert_string_equal(d.denied, "535 5.7.8 no");
        say(&d, true, "auth login\r\n");
        say(&d, false, "334 VXNlcm5hbWU6\r\n");
        say(&d, true, "YWxpY2U=\r\n");
        say(&d, false, "334 UGFzc3dvcmQ6\r\n");
        say(&d, true, "aHVzaA==\r\n");
        say(&d, false, "235 yes\r\n");
        assert_true(d.authenticated);
        say(&d, true, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
        say(&d, false, "250 \x1b[31mok\r\n");
        assert_int_equal(fclose(d.transcript), 0);
        assert_string_equal(text,
                            "< 220 mx\n"
                            "> EHLO us\n"
                            "< 250-mx\n"
                            "< 250 AUTH PLAIN LOGIN\n"
                            "> AUTH PLAIN (credentials not shown)\n"
                            "< 535 5.7.8 no\n"
                            "> AUTH login (credentials not shown)\n"
                            "< 334 VXNlcm5hbWU6\n"
                            "> (credentials not shown)\n"
                            "< 334 UGFzc3dvcmQ6\n"
                            "> (credentials not shown)\n"
                            "< 235 yes\n"
                            "> MAIL FROM:<a@b>\n"
                            "> RCPT TO:<c@d>\n"
                            "< 250 \\x1b[31mok\n");
}

static void test_last_answer(void **state _unused_) {
        SmtpDialogue d = {};
        char line[2000];

        say(&d, false, "250-a\r\n451 later\r\n");
        assert_int_equal(d.code, 451);
        assert_string_equal(d.line, "451 later");
        /* Not an answer. */
        say(&d, false, "hello\r\n\r\n4");
        assert_int_equal(d.code, 451);

        memset(line, '5', sizeof(line) - 1);
        line[sizeof(line) - 1] = '\0';
        say(&d, false, line);
        assert_int_equal(d.code, 555);
        assert_int_equal(strlen(d.line), SMTP_LINE_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_passwords_are_not_shown),
                cmocka_unit_test(test_last_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
