/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/engine-input.h"

static Course course_items[] = { { .root = "/srv/one", .name = (char *) "accounting" }, { .root = "/srv/two", .name = (char *) "biology" } };
static const Courses courses = { .items = course_items, .n = ELEMENTSOF(course_items) };

static void a_run_sees_courses_and_tables(_unused_ void **state) {
        char *tables[] = { (char *) "labels-train.csv", NULL };
        _cleanup_engine_mounts_ EngineMounts m = {};
        _cleanup_strv_ char **layers = NULL;

        assert_int_equal(engine_input_run("/job", "steps/001", &courses, tables, &m, &layers), 0);
        assert_int_equal(m.n, 5);
        assert_string_equal(m.items[0].source, "/srv/one/accounting");
        assert_string_equal(m.items[0].destination, "/morf-data/accounting");
        assert_true(m.items[0].readonly);
        assert_string_equal(m.items[1].destination, "/input/accounting");
        assert_string_equal(m.items[1].upper, "/job/steps/001/input/upper/accounting");
        assert_string_equal(m.items[1].work, "/job/steps/001/input/work/accounting");
        assert_string_equal(m.items[3].source, "/srv/two/biology");
        assert_string_equal(m.items[4].source, "/job/data/labels-train.csv");
        assert_true(m.items[4].readonly);
        assert_int_equal(strv_length(layers), 2);
        assert_string_equal(layers[1], "biology");
}

static char version[] = "0123456789abcdef";
static PlanSession sessions[] = { { .name = (char *) "001", .version = version }, { .name = (char *) "002", .holdout = true, .version = version } };
static PlanCourse plan_courses[] = { { .name = (char *) "accounting", .complete = true, .sessions = sessions, .n_sessions = 2 } };
static PlanPhase phases[] = {
        { .function = CALL_EXTRACT_SESSION, .mode = PLAN_MODE_EXTRACT, .level = PLAN_LEVEL_SESSION },
        { .function = CALL_TRAIN_COURSE, .mode = PLAN_MODE_TRAIN, .level = PLAN_LEVEL_COURSE },
};
static PlanStep steps[] = {
        { .number = 1, .phase = 1, .kind = PLAN_STEP_CONTAINER, .course = (char *) "accounting", .session = (char *) "001" },
        { .number = 2, .phase = 2, .kind = PLAN_STEP_CONTAINER, .course = (char *) "accounting", .fold = 3 },
};
static const Plan plan = {
        .courses = plan_courses, .n_courses = 1, .phases = phases, .n_phases = 2, .steps = steps, .n_steps = 2,
};

static void an_extraction_sees_its_session(_unused_ void **state) {
        _cleanup_engine_mounts_ EngineMounts m = {};
        _cleanup_strv_ char **layers = NULL;
        _cleanup_fault_ Fault fault = {};
        Courses none = {};

        assert_int_equal(engine_input_step("/job", "steps/001", "/raw", &plan, &steps[0], &courses, &m, &layers, &fault), 0);
        assert_int_equal(m.n, 1);
        assert_string_equal(m.items[0].source, "/raw/0123456789abcdef:/srv/one/accounting/001");
        assert_string_equal(m.items[0].destination, "/input/accounting/001");
        assert_string_equal(m.items[0].upper, "/job/steps/001/input/upper/0");
        assert_string_equal(layers[0], "0");
        assert_int_equal(engine_input_step("/job", "steps/001", "/raw", &plan, &steps[0], &none, &m, &layers, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_GRANT);
}

static void other_steps_see_what_was_laid_out(_unused_ void **state) {
        _cleanup_engine_mounts_ EngineMounts m = {};
        _cleanup_strv_ char **layers = NULL;
        _cleanup_fault_ Fault fault = {};

        assert_int_equal(engine_input_step("/job", "steps/002", "/raw", &plan, &steps[1], &courses, &m, &layers, &fault), 0);
        assert_int_equal(m.n, 1);
        assert_string_equal(m.items[0].source, "/job/work/input/002");
        assert_string_equal(m.items[0].destination, "/input");
        assert_string_equal(layers[0], "all");
}

static void check(char *const *l, const char *const *expected) {
        size_t i;

        for (i = 0; expected[i]; i++) {
                assert_non_null(l[i]);
                assert_string_equal(l[i], expected[i]);
        }
        assert_null(l[i]);
}

static void arguments_are_those_of_the_contract(_unused_ void **state) {
        ManifestArgument items[] = { { .name = (char *) "alpha", .value = (char *) "0.1" } };
        Manifest m = { .name = (char *) "clicks", .args = { .items = items, .n = 1 } };
        _cleanup_strv_ char **run = NULL, **step = NULL, **record = NULL;

        assert_int_equal(engine_input_run_arguments(&m, &run), 0);
        check(run, (const char *const[]){ "--alpha", "0.1", NULL });
        assert_int_equal(engine_input_step_arguments(&plan, &steps[1], &m, &step), 0);
        check(step, (const char *const[]){ "--course", "accounting", "--session", "None", "--mode", "train", "--fold_num", "3", "--alpha", "0.1", NULL });
        assert_int_equal(engine_input_record_arguments("alice", &m, &record), 0);
        check(record, (const char *const[]){ "-B", "-s", "/morf/recorder/record.py", "--user", "alice", "--job", "clicks", "--arg=alpha=0.1", "--",
                                             "/morf/controller.py", "/output", NULL });
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_run_sees_courses_and_tables),
                cmocka_unit_test(an_extraction_sees_its_session),
                cmocka_unit_test(other_steps_see_what_was_laid_out),
                cmocka_unit_test(arguments_are_those_of_the_contract),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
