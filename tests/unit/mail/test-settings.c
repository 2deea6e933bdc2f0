/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tools/mail/settings.h"

static void test_from_conf(void **state _unused_) {
        _cleanup_mail_settings_ MailSettings s = {}, again = {};
        _cleanup_free_ char *text = NULL, *second = NULL;
        Conf c = {
                .spool = (char[]){ "/spool" },
                .mail = {
                        .from = (char[]){ "morf@example.org" },
                        .operator_address = (char[]){ "" },
                        .smtp_port = 587,
                        .smtp_tls = CONF_TLS_REQUIRED,
                        .smtp_host = (char[]){ "mx.example.org" },
                        .per_hour = 60,
                },
        };

        assert_int_equal(mail_settings_from_conf(&c, &s), 0);
        assert_string_equal(s.maildir, "/spool/mail");
        assert_null(s.operator_address);
        assert_null(s.smtp_user);
        assert_non_null(s.domain);

        /* As the sending process gets it. */
        assert_int_equal(json_record_format(&mail_settings_table, &s, &text), 0);
        assert_int_equal(json_record_parse(&mail_settings_table, text, strlen(text), &again, NULL), 0);
        assert_int_equal(json_record_format(&mail_settings_table, &again, &second), 0);
        assert_string_equal(text, second);
        assert_int_equal(again.smtp_tls, CONF_TLS_REQUIRED);
        assert_null(again.operator_address);
}

static void test_password(void **state _unused_) {
        char credentials[96], file[96];
        MailSettings s = { .smtp_password_file = file };
        _cleanup_scratch_ Scratch scratch;
        _cleanup_free_ char *password = NULL, *empty = NULL, *own = NULL;

        scratch_init(&scratch);
        snprintf(file, sizeof(file), "%s/file", scratch.path);
        snprintf(credentials, sizeof(credentials), "%s/credentials", scratch.path);
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        assert_int_equal(mail_settings_password(&s, &password), -ENOENT);
        scratch_write(&scratch, "file", "from file \r\n");
        assert_int_equal(mail_settings_password(&s, &own), 0);
        assert_string_equal(own, "from file ");

        /* The credential wins, unless it is the empty stand-in of the unit. */
        fd_close(scratch_dir(&scratch, "credentials"));
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", credentials, 1), 0);
        scratch_write(&scratch, "credentials/smtp-password", "");
        assert_int_equal(mail_settings_password(&s, &empty), 0);
        assert_string_equal(empty, "from file ");
        scratch_write(&scratch, "credentials/smtp-password", "hush\n");
        assert_int_equal(mail_settings_password(&s, &password), 0);
        assert_string_equal(password, "hush");
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_from_conf),
                cmocka_unit_test(test_password),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
