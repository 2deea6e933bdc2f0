/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/fixture.h"

#include "tools/cli/explain.h"
#include "tools/cli/journal.h"

#define ID "01m2n3p4q5r6s7t8v9w0x1y2z3"

static const Term utc = { .utc = true };
#define NOW (FIXTURE_TIME + 4 * USEC_PER_MINUTE)

static void expect(const Record *r, bool down, const char *text) {
        _cleanup_free_ char *why = explain_why(r, &utc, NOW, down);

        assert_non_null(why);
        assert_string_equal(why, text);
}

static void test_why_going(void **state) {
        Record r = fixture_record(ID, JOB_STATE_QUEUED);

        (void) state;
        expect(&r, false, "Queued since 2026-11-23T06:19:22Z (2min 0s): waiting for 2 of 4 GiB.");
        expect(&r, true,
               "The daemon (morfd) is not running, so nothing moves on; the job is queued since 2026-11-23T06:19:22Z. "
               "The operator starts it with 'systemctl start morfd'.");
        r.hold = true;
        expect(&r, false, "Held in the queue since 2026-11-23T06:19:22Z; 'morf release 01m2n3p4q5r6' lets it start.");

        r = fixture_record(ID, JOB_STATE_RUNNING);
        r.why = (char *) (uintptr_t) "the container runs.";
        r.deadline = NOW + USEC_PER_HOUR;
        expect(&r, false,
               "Running since 2026-11-23T06:19:22Z (2min 0s): the container runs. It has until 2026-11-23T07:21:22Z.");
        r.deadline = NOW - 1;
        expect(&r, false,
               "Running since 2026-11-23T06:19:22Z: the container runs. It should have ended by 2026-11-23T06:21:21Z; "
               "the daemon ends or retries what is past its time.");
        r.retry_at = NOW + 90 * USEC_PER_SEC;
        expect(&r, false,
               "Running since 2026-11-23T06:19:22Z: the container runs. The platform, not the job, is at fault; "
               "the next try is at 2026-11-23T06:22:52Z (in 1min 30s).");
        r.cancel = true;
        r.why = NULL;
        expect(&r, false, "Being cancelled while running (since 2026-11-23T06:19:22Z).");
}

static void test_why_ended(void **state) {
        Record r = fixture_record(ID, JOB_STATE_DONE);

        (void) state;
        expect(&r, true,
               "Done since 2026-11-23T07:17:22Z: the result was released; 'morf show 01m2n3p4q5r6' prints it.");
        r = fixture_record(ID, JOB_STATE_FAILED);
        r.fault = (Fault){ .code = FAULT_TIME, .message = (char *) (uintptr_t) "its time limit of 2 h passed",
                           .hint = (char *) (uintptr_t) "Make it faster." };
        expect(&r, false, "Failed at 2026-11-23T07:17:22Z, E_TIME: its time limit of 2 h passed. Make it faster.");
        r = fixture_record(ID, JOB_STATE_CANCELLED);
        r.why = (char *) (uintptr_t) "asked for by alice";
        expect(&r, false, "Cancelled at 2026-11-23T07:17:22Z: asked for by alice.");
}

/* Every state has a sentence, whatever is missing in the record. */
static void test_every_state(void **state) {
        (void) state;
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                Record r = fixture_record(ID, s);
                _cleanup_free_ char *with = explain_why(&r, &utc, NOW, false), *without = NULL, *shortly = NULL;

                assert_non_null(with);
                r.why = NULL;
                r.changed = r.finished = 0;
                without = explain_why(&r, &utc, NOW, false);
                assert_non_null(without);
                assert_true(without[0] >= 'A' && without[0] <= 'Z');
                shortly = explain_short(&r);
                assert_string_equal(shortly, "");
                assert_non_null(explain_state(&r));
        }
}

static void test_journal(void **state) {
        static const struct {
                const char *uid, *unit;
                bool trusted;
                const char *label;
        } cases[] = {
                { "0", NULL, true, "-" },
                { "995", "morfd.service", true, "morfd" },
                { "995", "morf-" ID "-running-2.service", true, "running 2" },
                { "995", "morf-mail.service", true, "morf-mail" },
                { "1000", "user@1000.service", false, "user@1000" },
                { "1000", "session-3.scope", false, "session-3.scope" },
                { "1000", "morf-evil.scope", false, "morf-evil.scope" },
                { NULL, NULL, false, "-" },
                { "1000", "xmorfd.service", false, "xmorfd" },
                { "00", NULL, false, "-" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *label = journal_label(cases[i].unit);

                assert_int_equal(journal_is_trusted(cases[i].uid, cases[i].unit), cases[i].trusted);
                assert_string_equal(label, cases[i].label);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_why_going),
                cmocka_unit_test(test_why_ended),
                cmocka_unit_test(test_every_state),
                cmocka_unit_test(test_journal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
