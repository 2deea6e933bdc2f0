/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "tools/mail/queue.h"

#define A "01jd3k8x2m4qabcdefghjkmn0a"
#define B "01jd3k8x2m4qabcdefghjkmn0b"

static int put(MailQueue *q, const char *name, unsigned attempts) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;

        m.attempts = attempts;
        assert_int_equal(strv_add(&m.to, "a@b"), 0);
        return mail_queue_put(q, name, &m);
}

static void assert_heads(const MailQueue *q, ...) {
        const char *expected;
        size_t position = 0;
        va_list ap;

        va_start(ap, q);
        while ((expected = va_arg(ap, const char *))) {
                const MailEntry *e = mail_queue_next_head(q, &position);

                assert_non_null(e);
                assert_string_equal(e->name, expected);
        }
        va_end(ap);
        assert_null(mail_queue_next_head(q, &position));
}

/* Oldest job first, within a job one after the other, notices on their own. */
static void test_order(void **state _unused_) {
        MailQueue q = {};

        assert_heads(&q, NULL);
        assert_int_equal(put(&q, B "-02-finished.json", 0), 0);
        assert_int_equal(put(&q, B "-01-accepted.json", 0), 0);
        assert_int_equal(put(&q, A "-03-failed.json", 0), 0);
        assert_int_equal(put(&q, A "-02-notice.json", 0), 0);
        assert_int_equal(put(&q, A "-02-started.json", 0), 0);
        assert_heads(&q, A "-02-notice.json", A "-02-started.json", B "-01-accepted.json", NULL);

        mail_queue_remove(&q, A "-02-started.json");
        assert_heads(&q, A "-02-notice.json", A "-03-failed.json", B "-01-accepted.json", NULL);
        mail_queue_remove(&q, B "-01-accepted.json");
        mail_queue_remove(&q, B "-01-accepted.json");
        assert_heads(&q, A "-02-notice.json", A "-03-failed.json", B "-02-finished.json", NULL);
        mail_queue_done(&q);
}

static void test_renew(void **state _unused_) {
        MailQueue q = {};
        MailEntry *e;

        assert_int_equal(put(&q, A "-01-accepted.json", 1), 0);
        e = mail_queue_find(&q, A "-01-accepted.json");
        e->running = true;
        assert_int_equal(put(&q, A "-01-accepted.json", 2), 0);
        assert_int_equal(q.n, 1);
        assert_ptr_equal(mail_queue_find(&q, A "-01-accepted.json"), e);
        assert_int_equal(e->attempts, 2);
        assert_true(e->running);
        assert_int_equal(put(&q, "nonsense", 0), -EINVAL);
        assert_null(mail_queue_find(&q, "nonsense"));
        mail_queue_done(&q);
}

static void test_full(void **state _unused_) {
        char name[OUTBOX_NAME_SIZE];
        MailQueue q = {};

        for (unsigned i = 0; i < MAIL_QUEUE_MAX; i++) {
                snprintf(name, sizeof(name), "01jd3k8x2m4qabcdefghj%05u-01-accepted.json", i);
                assert_int_equal(put(&q, name, 0), 0);
        }
        assert_false(q.overflowed);
        assert_int_equal(put(&q, B "-01-accepted.json", 0), -ENOBUFS);
        assert_true(q.overflowed);
        assert_int_equal(q.n, MAIL_QUEUE_MAX);
        mail_queue_done(&q);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_renew),
                cmocka_unit_test(test_full),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
