/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/record.h"
#include "tests/unit/scratch.h"

#define JOB "01jd3k8x2m4qabcdefghjkmnpq"

/* Everything set, each member to a value of its own. */
static Record sample(void) {
        Record r = {
                .version = RECORD_VERSION,
                .id = strdup(JOB),
                .user = strdup("alice"),
                .name = strdup("weekly-dropout"),
                .drop = strdup("w\xc3\xb6" "chentlich\\x0a.cfg"),
                .box = strdup("sftp"),
                .form = strdup("native"),
                .state = JOB_STATE_FAILED,
                .why = strdup("because"),
                .created = 101,
                .changed = 102,
                .finished = 103,
                .attempt = 104,
                .unit = strdup("morf-" JOB "-run-104.service"),
                .faults = 105,
                .kills = 117,
                .retry_at = 106,
                .started = 107,
                .deadline = 108,
                .hold = true,
                .cancel = true,
                .step = 109,
                .steps = 110,
                .usage = { 111, 112, 113, 114, 115, 116 },
        };

        assert_int_equal(strv_add_many(&r.needs, "secret-attachment.tar", NULL), 0);
        assert_int_equal(strv_add_many(&r.events, "accepted", "started", "failed", NULL), 0);
        (void) fault_set(&r.fault, FAULT_MEMORY, "job.cfg", 117, "too much");
        return r;
}

static int publish(const Scratch *s, const Record *r) {
        return json_record_publish_at(&record_table, r, s->fd, RECORD_FILE, 0640, (uid_t) -1, (gid_t) -1);
}

static void round_trip(_unused_ void **state) {
        _cleanup_record_ Record r = sample(), back = {};
        _cleanup_free_ char *first = NULL, *second = NULL, *error = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(publish(&s, &r), 0);
        if (record_read_at(s.fd, &back, &error) < 0)
                fail_msg("%s", error);
        assert_int_equal(json_record_format(&record_table, &r, &first), 0);
        assert_int_equal(json_record_format(&record_table, &back, &second), 0);
        assert_string_equal(first, second);
        assert_int_equal(back.state, JOB_STATE_FAILED);
        assert_int_equal(back.attempt, 104);
        assert_int_equal(back.usage.oom_kills, 116);
        assert_int_equal(back.fault.line, 117);
        assert_true(back.hold && back.cancel);
        assert_string_equal(back.events[2], "failed");
}

/* Every member is saved: one that the table forgot would be lost in a crash. */
static void every_member_is_in_the_table(_unused_ void **state) {
        static const char *const keys[] = {
                "version", "id", "user", "name", "drop", "box", "form", "state", "why", "created", "changed", "finished", "attempt", "unit",
                "faults", "kills", "retry_at", "started", "deadline", "hold", "cancel", "needs", "events", "step", "steps", "usage", "fault",
        };
        _cleanup_record_ Record r = sample();
        _cleanup_json_ json_t *object = json_record_to_value(&record_table, &r);

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (!json_object_get(object, keys[i]))
                        fail_msg("'%s' is not saved", keys[i]);
        assert_int_equal(json_object_size(object), ELEMENTSOF(keys));
        assert_int_equal(json_object_size(json_object_get(object, "usage")), 6);
}

static void new_job(_unused_ void **state) {
        _cleanup_record_ Record r = { .version = RECORD_VERSION, .id = strdup(JOB), .user = strdup("alice"), .name = strdup("x"),
                                      .drop = strdup("x.cfg"), .box = strdup("incoming") },
                                back = {};
        _cleanup_free_ char *text = NULL;

        assert_int_equal(json_record_format(&record_table, &r, &text), 0);
        assert_string_equal(text, "{\"version\":1,\"id\":\"" JOB "\",\"user\":\"alice\",\"name\":\"x\",\"drop\":\"x.cfg\",\"state\":\"intake\","
                                  "\"created\":0,\"changed\":0,\"box\":\"incoming\"}\n");
        assert_int_equal(json_record_parse(&record_table, text, strlen(text), &back, NULL), 0);
        assert_int_equal(back.fault.code, FAULT_NONE);
        assert_null(back.unit);
}

/* What the researcher sees is a closed list; nothing of the machine is in it. */
static void status_holds_the_agreed_keys_only(_unused_ void **state) {
        static const char *const agreed[] = {
                "version", "id", "user", "name", "drop", "form", "state", "why", "created", "changed", "finished", "hold", "step", "steps",
                "usage", "fault",
        };
        static const char *const secrets[] = { "attachment", "morf-", "104", "105", "106", "107", "108", "sftp", "accepted" };
        _cleanup_record_ Record r = sample();
        _cleanup_json_ json_t *object = json_record_to_value(&status_table, &r);
        _cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);

        for (size_t i = 0; i < ELEMENTSOF(agreed); i++)
                if (!json_object_get(object, agreed[i]))
                        fail_msg("'%s' is missing", agreed[i]);
        assert_int_equal(json_object_size(object), ELEMENTSOF(agreed));
        for (size_t i = 0; i < ELEMENTSOF(secrets); i++)
                if (strstr(text, secrets[i]))
                        fail_msg("'%s' leaks: %s", secrets[i], text);
}

#define HEAD "{\"version\":1,\"id\":\"" JOB "\",\"user\":\"alice\",\"name\":\"x\",\"drop\":\"x\",\"box\":\"sftp\",\"created\":1,\"changed\":2"

static void malformed(_unused_ void **state) {
        static const char *const cases[] = {
                "", "{}", "[]", HEAD, HEAD "}", /* no state */
                HEAD ",\"state\":\"paused\"}", HEAD ",\"state\":3}", HEAD ",\"state\":\"done\",\"more\":1}", HEAD ",\"state\":\"done\",\"id\":\"x\"}",
                HEAD ",\"state\":\"done\",\"created\":-1}", HEAD ",\"state\":\"done\",\"hold\":1}", HEAD ",\"state\":\"done\",\"attempt\":4294967296}",
                HEAD ",\"state\":\"done\",\"needs\":[\"../x\"]}", HEAD ",\"state\":\"done\",\"events\":[\"a b\"]}",
                HEAD ",\"state\":\"done\",\"usage\":{\"wall_usec\":-1}}", HEAD ",\"state\":\"done\",\"usage\":{\"more\":1}}",
                HEAD ",\"state\":\"done\",\"fault\":{\"code\":\"E_ZIP\"}}", HEAD ",\"state\":\"done\",\"fault\":null}",
                "{\"version\":2,\"id\":\"" JOB "\",\"user\":\"alice\",\"name\":\"x\",\"drop\":\"x\",\"box\":\"sftp\",\"created\":1,\"changed\":2,\"state\":\"done\"}",
                "{\"version\":1,\"id\":\"x\",\"user\":\"alice\",\"name\":\"x\",\"drop\":\"x\",\"box\":\"sftp\",\"created\":1,\"changed\":2,\"state\":\"done\"}",
                "{\"version\":1,\"id\":\"" JOB "\",\"user\":\"../bob\",\"name\":\"x\",\"drop\":\"x\",\"box\":\"sftp\",\"created\":1,\"changed\":2,\"state\":\"done\"}",
                "{\"version\":1,\"id\":\"" JOB "\",\"user\":\"bob\",\"name\":\"x\",\"drop\":\"x\",\"box\":\"..\",\"created\":1,\"changed\":2,\"state\":\"done\"}",
        };
        _cleanup_record_ Record good = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        scratch_write(&s, RECORD_FILE, HEAD ",\"state\":\"done\"}");
        assert_int_equal(record_read_at(s.fd, &good, NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                Record r = { .step = 77 };

                scratch_write(&s, RECORD_FILE, cases[i]);
                if (record_read_at(s.fd, &r, &error) != -EBADMSG)
                        fail_msg("accepted: %s", cases[i]);
                assert_non_null(error);
                assert_int_equal(r.step, 77);
        }
        assert_int_equal(unlinkat(s.fd, RECORD_FILE, 0), 0);
        assert_int_equal(record_read_at(s.fd, &(Record){}, NULL), -ENOENT);
}

/* The daemon must be able to read whatever it wrote: the longest texts, the most events, times that mean "never". */
static void extremes_can_be_read_again(_unused_ void **state) {
        char name[RECORD_NAME_MAX + 1] = "", why[RECORD_WHY_MAX + 1] = "";
        _cleanup_record_ Record r = sample(), back = {};
        _cleanup_free_ char *error = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        memset(name, 'n', RECORD_NAME_MAX);
        memset(why, 'w', RECORD_WHY_MAX);
        free(r.name);
        free(r.drop);
        free(r.why);
        r.name = strdup(name);
        r.drop = strdup(name);
        r.why = strdup(why);
        r.retry_at = r.deadline = r.usage.memory_peak = UINT64_MAX;
        r.attempt = UINT32_MAX;
        while (strv_length(r.events) < RECORD_EVENTS_MAX)
                assert_int_equal(strv_add(&r.events, "cancelled"), 0);
        assert_int_equal(publish(&s, &r), 0);
        if (record_read_at(s.fd, &back, &error) < 0)
                fail_msg("%s", error);
        assert_int_equal(back.deadline, INT64_MAX);
}

static void done_twice(_unused_ void **state) {
        Record r = sample();

        record_done(&r);
        assert_null(r.id);
        record_done(&r);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(round_trip), cmocka_unit_test(every_member_is_in_the_table), cmocka_unit_test(new_job),
                cmocka_unit_test(status_holds_the_agreed_keys_only), cmocka_unit_test(malformed),
                cmocka_unit_test(extremes_can_be_read_again), cmocka_unit_test(done_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
