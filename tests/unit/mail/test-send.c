/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/file.h>

#include "tests/unit/mail/request.h"
#include "tests/unit/scratch.h"
#include "tools/mail/send.h"

#define FIRST REQUEST_JOB "-01-accepted.json"
#define SECOND REQUEST_JOB "-02-finished.json"
#define KEEP (uid_t) -1, (gid_t) -1

/* An outbox with two mails of a job, and a Maildir beside it. */
static void prepare(Scratch *s, MailSettings *settings, char path[static 96], int *ret_outbox) {
        _cleanup_mail_request_ MailRequest first = request_sample(MAIL_EVENT_ACCEPTED), second = request_sample(MAIL_EVENT_FINISHED);

        scratch_init(s);
        snprintf(path, 96, "%s/mail", s->path);
        *settings = request_settings();
        settings->maildir = path;
        *ret_outbox = scratch_dir(s, "outbox");
        fd_close(scratch_dir(s, "outbox/sent"));
        assert_int_equal(outbox_publish(*ret_outbox, &first, 1, KEEP), 0);
        assert_int_equal(outbox_publish(*ret_outbox, &second, 2, KEEP), 0);
}

static void test_into_maildir(void **state _unused_) {
        _cleanup_free_ char *mail = NULL;
        _cleanup_fd_ int outbox = -EBADF;
        _cleanup_scratch_ Scratch s;
        MailSettings settings;
        char path[96];

        prepare(&s, &settings, path, &outbox);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_mail_result_ MailResult r = {};

                assert_int_equal(send_mail(&settings, outbox, i == 0 ? FIRST : SECOND, &r), 0);
                assert_int_equal(r.outcome, MAIL_OUTCOME_SENT);
                assert_int_equal(strv_length(r.delivered), 1);
        }
        assert_int_equal(scratch_count(&s, "outbox"), 1);
        assert_int_equal(scratch_count(&s, "outbox/sent"), 2);
        assert_int_equal(scratch_count(&s, "mail/new"), 2);
        mail = scratch_read(&s, "mail/new/1795414642." REQUEST_JOB "-02-finished.example.org");
        assert_non_null(mail);
        assert_non_null(strstr(mail, "In-Reply-To: <" REQUEST_JOB ".01.accepted@example.org>\n"));
}

/* Killed between delivery and marker: the same mail once more is the same file. */
static void test_again(void **state _unused_) {
        _cleanup_fd_ int outbox = -EBADF;
        _cleanup_scratch_ Scratch s;
        MailSettings settings;
        char path[96];

        prepare(&s, &settings, path, &outbox);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_mail_result_ MailResult r = {};

                assert_int_equal(send_mail(&settings, outbox, FIRST, &r), 0);
                assert_int_equal(r.outcome, MAIL_OUTCOME_SENT);
                assert_int_equal(renameat(s.fd, "outbox/sent/" FIRST, s.fd, "outbox/" FIRST), 0);
        }
        assert_int_equal(scratch_count(&s, "mail/new"), 1);
}

static void test_not_waiting(void **state _unused_) {
        _cleanup_mail_result_ MailResult gone = {}, busy = {}, invalid = {};
        _cleanup_fd_ int outbox = -EBADF, lock = -EBADF;
        _cleanup_scratch_ Scratch s;
        MailSettings settings;
        char path[96];

        prepare(&s, &settings, path, &outbox);
        assert_int_equal(send_mail(&settings, outbox, REQUEST_JOB "-03-failed.json", &gone), 0);
        assert_int_equal(gone.outcome, MAIL_OUTCOME_GONE);

        lock = openat(outbox, FIRST, O_RDONLY | O_CLOEXEC);
        assert_int_equal(flock(lock, LOCK_EX), 0);
        assert_int_equal(send_mail(&settings, outbox, FIRST, &busy), 0);
        assert_int_equal(busy.outcome, MAIL_OUTCOME_BUSY);
        assert_int_equal(faccessat(s.fd, "mail", F_OK, 0), -1);

        scratch_write(&s, "outbox/" SECOND, "{}");
        assert_int_equal(send_mail(&settings, outbox, SECOND, &invalid), 0);
        assert_int_equal(invalid.outcome, MAIL_OUTCOME_INVALID);
        assert_non_null(invalid.text);
        assert_int_equal(scratch_count(&s, "outbox"), 3);
}

static void test_served_addresses_are_left_out(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_ACCEPTED);
        _cleanup_mail_result_ MailResult r = {};
        _cleanup_fd_ int outbox = -EBADF;
        _cleanup_scratch_ Scratch s;
        MailSettings settings;
        char path[96];

        prepare(&s, &settings, path, &outbox);
        assert_int_equal(strv_add(&m.to, "bob@example.org"), 0);
        assert_int_equal(strv_add(&m.refused, "alice@example.org"), 0);
        assert_int_equal(outbox_postpone(outbox, FIRST, &m), 0);
        assert_int_equal(send_mail(&settings, outbox, FIRST, &r), 0);
        assert_int_equal(r.outcome, MAIL_OUTCOME_SENT);
        assert_int_equal(strv_length(r.delivered), 1);
        assert_string_equal(r.delivered[0], "bob@example.org");
        /* Somebody was refused: where the mail goes is for the service to say. */
        assert_int_equal(faccessat(outbox, FIRST, F_OK, 0), 0);
}

/* A Maildir that cannot be written is a reason to wait. */
static void test_no_maildir(void **state _unused_) {
        _cleanup_mail_result_ MailResult r = {};
        _cleanup_fd_ int outbox = -EBADF;
        _cleanup_scratch_ Scratch s;
        MailSettings settings;
        char path[96];

        prepare(&s, &settings, path, &outbox);
        scratch_write(&s, "mail", "a file");
        assert_int_equal(send_mail(&settings, outbox, FIRST, &r), 0);
        assert_int_equal(r.outcome, MAIL_OUTCOME_RETRY);
        assert_non_null(strstr(r.text, "Not a directory"));
        assert_int_equal(faccessat(outbox, FIRST, F_OK, 0), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_into_maildir), cmocka_unit_test(test_again), cmocka_unit_test(test_not_waiting),
                cmocka_unit_test(test_served_addresses_are_left_out), cmocka_unit_test(test_no_maildir),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
