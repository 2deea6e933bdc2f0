/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/state.h"

static void names_round_trip(_unused_ void **state) {
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                const char *name = job_state_to_string(s);

                assert_non_null(name);
                assert_ptr_equal(name, job_state_names[s]);
                assert_int_equal(job_state_from_string(name), s);
        }
        assert_null(job_state_to_string(_JOB_STATE_MAX));
        assert_null(job_state_to_string(_JOB_STATE_INVALID));
        assert_int_equal(job_state_from_string("paused"), _JOB_STATE_INVALID);
        assert_int_equal(job_state_from_string(""), _JOB_STATE_INVALID);
        assert_int_equal(job_state_from_string(NULL), _JOB_STATE_INVALID);
}

/* The table once more, drawn: a row for the state that a job leaves, a column for the one it enters. */
static void moves(_unused_ void **state) {
        static const char *const matrix[_JOB_STATE_MAX] = {
                /*                  i q p r p r c e g r   d f r c */
                [JOB_STATE_INTAKE] = "x x . . . . . . . .   . x x x",
                [JOB_STATE_QUEUED] = ". x x . . . . . . .   . x . x",
                [JOB_STATE_PREPARING] = ". . x x x . . . . .   . x . x",
                [JOB_STATE_RECORDING] = ". . . x x . . . . .   . x . x",
                [JOB_STATE_PLANNING] = ". . . . x x . . . .   . x . x",
                [JOB_STATE_RUNNING] = ". . . . . x x x x .   . x . x",
                [JOB_STATE_COLLECTING] = ". . . . . . x x . .   . x . x",
                [JOB_STATE_EVALUATING] = ". . . . . . . x x .   . x . x",
                [JOB_STATE_GATING] = ". . . . . . . . x x   . x . x",
                [JOB_STATE_RELEASING] = ". . . . . . . . . x   x x . x",
                [JOB_STATE_DONE] = ". . . . . . . . . .   . . . .",
                [JOB_STATE_FAILED] = ". x . . . . . . . .   . . . .",
                [JOB_STATE_REJECTED] = ". . . . . . . . . .   . . . .",
                [JOB_STATE_CANCELLED] = ". x . . . . . . . .   . . . .",
        };

        for (JobState from = 0; from < _JOB_STATE_MAX; from++) {
                JobState to = 0;

                for (const char *p = matrix[from]; *p; p++) {
                        if (*p == ' ')
                                continue;
                        if (job_state_may_follow(from, to) != (*p == 'x'))
                                fail_msg("%s -> %s should be %s", job_state_to_string(from), job_state_to_string(to), *p == 'x' ? "legal" : "illegal");
                        to++;
                }
                assert_int_equal(to, _JOB_STATE_MAX);
        }
}

static void ends_and_slots(_unused_ void **state) {
        static const struct {
                const char *name;
                bool is_final, holds_slot;
        } cases[] = {
                { "intake", false, false }, { "queued", false, false }, { "preparing", false, true }, { "recording", false, true },
                { "planning", false, true },
                { "running", false, true }, { "collecting", false, true }, { "evaluating", false, true }, { "gating", false, true },
                { "releasing", false, true }, { "done", true, false }, { "failed", true, false }, { "rejected", true, false },
                { "cancelled", true, false },
        };

        assert_int_equal(ELEMENTSOF(cases), _JOB_STATE_MAX);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                JobState s = job_state_from_string(cases[i].name);

                assert_int_equal(s, i);
                assert_int_equal(job_state_is_final(s), cases[i].is_final);
                assert_int_equal(job_state_holds_slot(s), cases[i].holds_slot);
        }
}

/*
 * From every state a job can still come to an end, and a working state leads to the next one; what a job has no need of is passed
 * over, but nothing is ever gone back to.
 */
static void every_way_leads_to_an_end(_unused_ void **state) {
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                unsigned forward = 0;

                if (job_state_is_final(s))
                        continue;
                assert_true(job_state_may_follow(s, JOB_STATE_FAILED) && job_state_may_follow(s, JOB_STATE_CANCELLED));
                assert_true(job_state_may_follow(s, s));
                for (JobState to = 0; to < s; to++)
                        assert_false(job_state_may_follow(s, to));
                for (JobState to = s + 1; to < JOB_STATE_DONE; to++)
                        forward += job_state_may_follow(s, to);
                assert_true(forward >= 1 || s == JOB_STATE_RELEASING);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_round_trip), cmocka_unit_test(moves), cmocka_unit_test(ends_and_slots),
                cmocka_unit_test(every_way_leads_to_an_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
