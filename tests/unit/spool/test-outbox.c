/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/outbox.h"
#include "spool/release.h"
#include "tests/unit/scratch.h"

#define JOB "01jd3k8x2m4qabcdefghjkmnpq"
#define KEEP (uid_t) -1, (gid_t) -1

static MailRequest sample(MailEvent event) {
        MailRequest m = MAIL_REQUEST_INIT;

        m.id = strdup(JOB);
        m.event = event;
        m.user = strdup("alice");
        m.job = strdup("weekly-dropout");
        m.created = 1795414642000000;
        assert_int_equal(strv_add(&m.to, "alice@example.org"), 0);
        return m;
}

static void test_round_trip(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = sample(MAIL_EVENT_FAILED), again = MAIL_REQUEST_INIT;
        _cleanup_free_ char *first = NULL, *second = NULL;

        m.drop = strdup("w\xc3\xb6" "chentlich\r\n.cfg");
        m.why = strdup("because");
        m.usage = (Usage){ .wall_usec = 1, .cpu_usec = 2, .memory_peak = 3, .memory_limit = 4, .output_bytes = 5, .oom_kills = 6 };
        (void) fault_set(&m.fault, FAULT_MEMORY, "job.cfg", 3, "too much");
        assert_int_equal(mail_request_attach(&m, "eval.csv", "a,b\n1,2\n", 8), 0);
        m.attempts = 3;
        m.next_try = 77;
        m.last_error = strdup("451 later");
        assert_int_equal(strv_add(&m.delivered, "alice@example.org"), 0);
        assert_int_equal(strv_add(&m.refused, "bob@example.org"), 0);

        assert_int_equal(json_record_format(&mail_request_table, &m, &first), 0);
        assert_int_equal(json_record_parse(&mail_request_table, first, strlen(first), &again, NULL), 0);
        assert_int_equal(json_record_format(&mail_request_table, &again, &second), 0);
        assert_string_equal(first, second);
        assert_int_equal(again.fault.code, FAULT_MEMORY);
        assert_int_equal(again.usage.memory_limit, 4);
        assert_string_equal(again.attachments.items[0].content, "a,b\n1,2\n");
}

static void test_events_round_trip(void **state _unused_) {
        for (MailEvent e = 0; e < _MAIL_EVENT_MAX; e++)
                assert_int_equal(mail_event_from_string(mail_event_to_string(e)), e);
        assert_int_equal(mail_event_from_string("nonsense"), _MAIL_EVENT_INVALID);
}

static void test_names(void **state _unused_) {
        static const struct {
                const char *name;
                int result;
        } cases[] = {
                { JOB "-01-accepted.json", 0 },
                { JOB "-99-notice.json", 0 },
                { JOB "-00-accepted.json", -EINVAL },
                { JOB "-1-accepted.json", -EINVAL },
                { JOB "-001-accepted.json", -EINVAL },
                { JOB "-+1-accepted.json", -EINVAL },
                { JOB "-01-nonsense.json", -EINVAL },
                { JOB "-01-.json", -EINVAL },
                { JOB "-01-acceptedacceptedaccepted.json", -EINVAL },
                { JOB "-01-accepted.jso", -EINVAL },
                { JOB "-01-accepted.json.json", -EINVAL },
                { "01jd3k8x2m4qabcdefghjkmnp-01-accepted.json", -EINVAL },
                { "01JD3K8X2M4QABCDEFGHJKMNPQ-01-accepted.json", -EINVAL },
                { "../d3k8x2m4qabcdefghjkmnpq-01-accepted.json", -EINVAL },
                { "sent", -EINVAL },
                { "", -EINVAL },
        };
        char buffer[OUTBOX_NAME_SIZE];
        OutboxName n;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(outbox_name_parse(cases[i].name, &n), cases[i].result);
                if (cases[i].result == 0)
                        assert_string_equal(outbox_name_format(&n, buffer), cases[i].name);
        }
}

static void test_malformed(void **state _unused_) {
#define HEAD "{\"version\":1,\"id\":\"" JOB "\",\"event\":\"accepted\",\"user\":\"alice\",\"to\":[\"a@b\"],\"created\":1"
        static const struct {
                const char *text;
                int result;
        } cases[] = {
                { HEAD "}", 0 },
                { "", -EBADMSG },
                { "[]", -EBADMSG },
                { HEAD ",\"evnt\":1}", -EBADMSG },
                { HEAD ",\"created\":2}", -EBADMSG },
                { HEAD ",\"job\":\"../x\"}", -EBADMSG },
                { HEAD ",\"attempts\":-1}", -EBADMSG },
                { HEAD ",\"attachments\":[{\"name\":\"../eval.csv\",\"content\":\"\"}]}", -EBADMSG },
                { HEAD ",\"attachments\":[{\"name\":\"eval.csv\"}]}", -EBADMSG },
                { HEAD ",\"attachments\":{}}", -EBADMSG },
                { HEAD ",\"fault\":{\"code\":\"E_WHAT\",\"message\":\"\"}}", -EBADMSG },
                { HEAD ",\"delivered\":[\"no address\"]}", -EBADMSG },
                { "{\"version\":2,\"id\":\"" JOB "\",\"event\":\"accepted\",\"user\":\"alice\",\"to\":[\"a@b\"],\"created\":1}", -EBADMSG },
                { "{\"version\":1,\"id\":\"" JOB "\",\"event\":\"accepted\",\"user\":\"alice\",\"to\":[],\"created\":1}", -EBADMSG },
                { "{\"version\":1,\"id\":\"" JOB "\",\"event\":\"accepted\",\"user\":\"alice\",\"to\":[\"a@b\\r\\nBcc: c@d\"],\"created\":1}", -EBADMSG },
                { "{\"version\":1,\"id\":\"" JOB "\",\"event\":\"started\",\"user\":\"alice\",\"to\":[\"a@b\"],\"created\":1}", -EBADMSG },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
                _cleanup_free_ char *problem = NULL;
                _cleanup_scratch_ Scratch s;

                scratch_init(&s);
                scratch_write(&s, JOB "-01-accepted.json", cases[i].text);
                assert_int_equal(outbox_load_at(s.fd, JOB "-01-accepted.json", &m, &problem), cases[i].result);
                assert_true((problem != NULL) == (cases[i].result < 0));
        }
}

/* A mail is written once, whatever became of it since. */
static void test_publish_once(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = sample(MAIL_EVENT_ACCEPTED), again = MAIL_REQUEST_INIT;
        static const char name[] = JOB "-01-accepted.json";
        _cleanup_scratch_ Scratch s;
        OutboxPlace place;
        OutboxName n;
        struct stat st;

        scratch_init(&s);
        fd_close(scratch_dir(&s, OUTBOX_SENT));
        assert_int_equal(outbox_name_parse(name, &n), 0);
        assert_int_equal(outbox_find(s.fd, &n, &place), 0);
        assert_int_equal(place, OUTBOX_PLACE_NONE);

        assert_int_equal(outbox_publish(s.fd, &m, 1, KEEP), 0);
        assert_int_equal(fstatat(s.fd, name, &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        m.attempts = 9;
        assert_int_equal(outbox_publish(s.fd, &m, 1, KEEP), 0);
        assert_int_equal(outbox_load_at(s.fd, name, &again, NULL), 0);
        assert_int_equal(again.attempts, 0);
        assert_int_equal(outbox_postpone(s.fd, name, &m), 0);
        mail_request_done(&again);
        assert_int_equal(outbox_load_at(s.fd, name, &again, NULL), 0);
        assert_int_equal(again.attempts, 9);

        assert_int_equal(outbox_mark_sent(s.fd, name), 0);
        assert_int_equal(outbox_publish(s.fd, &m, 1, KEEP), 0);
        assert_int_equal(outbox_find(s.fd, &n, &place), 0);
        assert_int_equal(place, OUTBOX_PLACE_SENT);
        assert_int_equal(scratch_count(&s, "."), 1);
        assert_int_equal(outbox_mark_sent(s.fd, name), -ENOENT);

        fd_close(scratch_dir(&s, OUTBOX_UNDELIVERABLE));
        assert_int_equal(outbox_publish(s.fd, &m, 2, KEEP), 0);
        assert_int_equal(outbox_mark_undeliverable(s.fd, JOB "-02-accepted.json"), 0);
        assert_int_equal(outbox_publish(s.fd, &m, 2, KEEP), 0);
        assert_int_equal(scratch_count(&s, "."), 2);
}

static void test_publish_refuses(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = sample(MAIL_EVENT_ACCEPTED);
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(outbox_publish(s.fd, &m, 0, KEEP), -EINVAL);
        assert_int_equal(outbox_publish(s.fd, &m, 100, KEEP), -EINVAL);
        free(m.job);
        m.job = strdup("a\nb");
        assert_int_equal(outbox_publish(s.fd, &m, 1, KEEP), -EINVAL);
        free(m.job);
        m.job = NULL;
        m.to = strv_free(m.to);
        assert_int_equal(outbox_publish(s.fd, &m, 1, KEEP), -EINVAL);
        assert_int_equal(scratch_count(&s, "."), 0);

        assert_int_equal(mail_request_attach(&m, "a/b", "", 0), -EINVAL);
        assert_int_equal(mail_request_attach(&m, "a.csv", "\0", 1), -EINVAL);
        assert_int_equal(mail_request_attach(&m, "a.csv", "\xff", 1), -EINVAL);
        for (size_t i = 0; i < OUTBOX_ATTACHMENTS_MAX; i++)
                assert_int_equal(mail_request_attach(&m, "a.csv", "x", 1), 0);
        assert_int_equal(mail_request_attach(&m, "a.csv", "x", 1), -EINVAL);
}

static void test_first(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = sample(MAIL_EVENT_STARTED);
        _cleanup_scratch_ Scratch s;
        MailEvent event;

        scratch_init(&s);
        fd_close(scratch_dir(&s, OUTBOX_SENT));
        assert_int_equal(outbox_find_first(s.fd, JOB, &event), -ENOENT);
        assert_int_equal(outbox_find_first(s.fd, "../x", &event), -ENOENT);
        assert_int_equal(outbox_publish(s.fd, &m, 1, KEEP), 0);
        assert_int_equal(outbox_find_first(s.fd, JOB, &event), 0);
        assert_int_equal(event, MAIL_EVENT_STARTED);
        assert_int_equal(outbox_mark_sent(s.fd, JOB "-01-started.json"), 0);
        assert_int_equal(outbox_find_first(s.fd, JOB, &event), 0);
        assert_int_equal(event, MAIL_EVENT_STARTED);
}

static void test_purge(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = sample(MAIL_EVENT_STARTED);
        _cleanup_scratch_ Scratch s;
        unsigned removed;

        scratch_init(&s);
        fd_close(scratch_dir(&s, OUTBOX_SENT));
        assert_int_equal(outbox_publish(s.fd, &m, 1, KEEP), 0);
        assert_int_equal(outbox_mark_sent(s.fd, JOB "-01-started.json"), 0);
        scratch_write(&s, OUTBOX_SENT "/something-else", "");
        assert_int_equal(outbox_purge_sent(s.fd, time_now_realtime() - USEC_PER_HOUR, &removed), 0);
        assert_int_equal(removed, 0);
        assert_int_equal(outbox_purge_sent(s.fd, time_now_realtime() + USEC_PER_HOUR, &removed), 0);
        assert_int_equal(removed, 1);
        assert_int_equal(scratch_count(&s, OUTBOX_SENT), 1);
}

/* The examples of RFC 4648, section 10; a picture is told by its name. */
static void pictures(void **state _unused_) {
        static const char *const cases[][2] = {
                { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
        };
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(mail_request_attach_picture(&m, "roc.png", cases[i][0], strlen(cases[i][0])), 0);
                assert_string_equal(m.attachments.items[i].content, cases[i][1]);
                assert_true(mail_attachment_is_picture(&m.attachments.items[i]));
        }
        assert_int_equal(mail_request_attach_picture(&m, "roc.csv", "x", 1), -EINVAL);
        assert_int_equal(mail_request_attach_picture(&m, "roc.png", "x", RELEASE_PLOT_MAX + 1), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pictures),
                cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_events_round_trip),
                cmocka_unit_test(test_names),        cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_publish_once), cmocka_unit_test(test_publish_refuses),
                cmocka_unit_test(test_first),        cmocka_unit_test(test_purge),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
