/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "units/plan.h"

static UnitPlan *good_plan(void) {
        UnitPlan *p = unit_plan_new("morf-x.service", "x", SANDBOX_HELPER);

        assert_non_null(p);
        assert_int_equal(unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/true", NULL }), 0);
        assert_int_equal(unit_plan_check(p), 0);
        return p;
}

static void first_error_sticks(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = good_plan();

        assert_int_equal(unit_plan_add_bind(p, "relative", "/x", false), -EINVAL);
        assert_int_equal(unit_plan_add_bind(p, "/a", "/b", false), -EINVAL);
        assert_int_equal(unit_plan_set_times(p, 1, 1), -EINVAL);
        assert_int_equal(unit_plan_check(p), -EINVAL);
}

/* Each function spoils a good plan. */
#define SPOILER(name, call) \
        static void name(UnitPlan *p) { (void) (call); }
SPOILER(two_starts, unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/x", NULL }))
SPOILER(relative_program, unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, 0, (const char *const[]){ "x", NULL }))
SPOILER(privileged_start,
        unit_plan_add_exec(p, UNIT_EXEC_START, UNIT_EXEC_PRIVILEGED, (const char *const[]){ "/bin/x", NULL }))
SPOILER(empty_argv, unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, 0, (const char *const[]){ NULL }))
SPOILER(newline, unit_plan_add_argument(p, "a\nb"))
SPOILER(not_utf8, unit_plan_add_argument(p, "\xff"))
SPOILER(dot_dot, unit_plan_add_bind(p, "/a/../b", "/x", true))
SPOILER(dot, unit_plan_add_hidden(p, "/a/./b"))
SPOILER(double_slash, unit_plan_add_hidden(p, "/a//b"))
SPOILER(trailing_slash, unit_plan_add_hidden(p, "/a/"))
SPOILER(no_slice, unit_plan_set_slice(p, "morf"))
SPOILER(slice_with_slash, unit_plan_set_aux_slice(p, "a/b.slice", &UNIT_LIMITS_NONE))
SPOILER(no_memory_at_all, unit_plan_set_limits(p, &(UnitLimits){ 0, 1, 1 }))
SPOILER(no_time_at_all, unit_plan_set_times(p, 0, 1))
SPOILER(field_lower_case, unit_plan_add_log_field(p, "morf_job", "x"))
SPOILER(field_of_journal, unit_plan_add_log_field(p, "_PID", "1"))
SPOILER(field_injection, unit_plan_add_log_field(p, "MORF_JOB", "x\nPRIORITY=0"))
SPOILER(variable_with_equals, unit_plan_add_environment(p, "A=B", "x"))
SPOILER(variable_digit, unit_plan_add_environment(p, "1A", "x"))
SPOILER(file_without_path, unit_plan_set_output(p, UNIT_OUTPUT_FILE, NULL))
SPOILER(path_without_file, unit_plan_set_output(p, UNIT_OUTPUT_JOURNAL, "/x"))
SPOILER(credential_id, unit_plan_add_credential(p, "a/b", "/x"))
SPOILER(empty_user, unit_plan_set_user(p, "", NULL))
SPOILER(no_capability, unit_plan_add_capability(p, 64))

static void refuses(_unused_ void **state) {
        static void (*const spoilers[])(UnitPlan *) = {
                two_starts,
                relative_program,
                privileged_start,
                empty_argv,
                newline,
                not_utf8,
                dot_dot,
                dot,
                double_slash,
                trailing_slash,
                no_slice,
                slice_with_slash,
                no_memory_at_all,
                no_time_at_all,
                field_lower_case,
                field_of_journal,
                field_injection,
                variable_with_equals,
                variable_digit,
                file_without_path,
                path_without_file,
                credential_id,
                empty_user,
                no_capability,
        };

        for (size_t i = 0; i < ELEMENTSOF(spoilers); i++) {
                _cleanup_(unit_plan_freep) UnitPlan *p = good_plan();

                spoilers[i](p);
                if (unit_plan_check(p) != -EINVAL)
                        fail_msg("spoiler %zu did not spoil the plan", i);
        }
}

static void refuses_names(_unused_ void **state) {
        static const char *const names[] = { "x.service", "morf-x.slice", "morf-x", "morf-/x.service", "" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(unit_plan_freep) UnitPlan *p = unit_plan_new(names[i], "x", SANDBOX_HELPER);

                unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/true", NULL });
                assert_int_equal(unit_plan_check(p), -EINVAL);
        }
}

static void needs_a_start(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = unit_plan_new("morf-x.service", "x", SANDBOX_HELPER);

        assert_int_equal(unit_plan_check(p), -EINVAL);
        assert_int_equal(unit_plan_add_argument(p, "x"), -EINVAL);
}

static void lists_are_bounded(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = good_plan(), *q = good_plan(), *long_one = good_plan();
        _cleanup_free_ char *big = NULL;

        for (unsigned i = 1; i < UNIT_PLAN_ARGV_MAX; i++)
                assert_int_equal(unit_plan_add_argumentf(p, "%u", i), 0);
        assert_int_equal(unit_plan_add_argument(p, "x"), -E2BIG);
        for (unsigned i = 0; i < UNIT_PLAN_LIST_MAX; i++)
                assert_int_equal(unit_plan_add_bind(q, "/a", "/b", i % 2), 0);
        assert_int_equal(unit_plan_add_bind(q, "/a", "/b", false), -E2BIG);

        assert_true(asprintf(&big, "%0*d", (int) UNIT_PLAN_ARG_SIZE_MAX + 1, 0) > 0);
        assert_int_equal(unit_plan_add_argument(long_one, big), -EINVAL);
}

static void owns_its_strings(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = good_plan();
        char text[] = "first";

        assert_int_equal(unit_plan_add_argument(p, text), 0);
        assert_int_equal(unit_plan_set_user(p, "one", NULL), 0);
        assert_int_equal(unit_plan_set_user(p, "two", "three"), 0);
        strcpy(text, "other");
        assert_string_equal(p->execs[0].argv[1], "first");
        assert_int_equal(strv_length(p->execs[0].argv), 2);
        assert_string_equal(p->user, "two");
        assert_string_equal(p->group, "three");
        assert_int_equal(unit_plan_check(p), 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_error_sticks),
                cmocka_unit_test(refuses),
                cmocka_unit_test(refuses_names),
                cmocka_unit_test(needs_a_start),
                cmocka_unit_test(lists_are_bounded),
                cmocka_unit_test(owns_its_strings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
