/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/limits.h"
#include "tests/unit/scratch.h"
#include "tools/plan/compile.h"

#define VERSION "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void add_session(PlanCourse *c, const char *name, bool holdout) {
        PlanSession s = { .name = strdup(name), .version = strdup(VERSION), .holdout = holdout };

        assert_int_equal(plan_add_session(c, &s), 0);
}

/* Course a with three sessions, b with two, c with its holdout only. */
static Plan campus(void) {
        Plan p = { .version = PLAN_VERSION };

        for (const char *name = "abc"; *name; name++) {
                PlanCourse c = { .complete = *name != 'c' };

                assert_true(asprintf(&c.name, "%c", *name) > 0);
                if (*name == 'a')
                        add_session(&c, "001", false);
                if (*name != 'c')
                        add_session(&c, "002", false);
                add_session(&c, "003", true);
                assert_int_equal(plan_add_course(&p, &c), 0);
        }
        return p;
}

#define CALL(f, ...) ((Call){ .function = CALL_##f, __VA_ARGS__ })
#define DROPOUT .label_type = (char *) "dropout"
#define END { .function = _CALL_FUNCTION_INVALID }

static size_t count(const Call *calls) {
        size_t n = 0;

        while (calls[n].function != _CALL_FUNCTION_INVALID)
                n++;
        return n;
}

static int compile(const Call *calls, bool labels_allowed, Plan *p, Fault *fault) {
        const CompileOptions o = { .file = "controller.py", .labels_allowed = labels_allowed };

        return compile_calls(&o, calls, count(calls), p, fault);
}

/* "1 prepare; 1 container a 001; …" */
static char *describe(const Plan *p) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (size_t i = 0; i < p->n_steps; i++) {
                const PlanStep *s = &p->steps[i];

                fprintf(f, "%s%u %s", i > 0 ? "; " : "", s->phase, plan_step_to_string(s->kind));
                if (s->kind == PLAN_STEP_CONTAINER)
                        fprintf(f, " %s %s", s->course ? s->course : "-", s->session ? s->session : "-");
                if (s->fold > 0)
                        fprintf(f, " %u", s->fold);
        }
        fclose(f);
        return text;
}

static void steps_of_each_function(_unused_ void **state) {
        static const struct {
                Call calls[6];
                const char *steps;
        } cases[] = {
                { { CALL(EXTRACT_ALL), END }, "1 prepare; 1 container - -; 1 collect" },
                { { CALL(EXTRACT_COURSE), END }, "1 prepare; 1 container a -; 1 container b -; 1 collect" },
                { { CALL(EXTRACT_SESSION), END }, "1 prepare; 1 container a 001; 1 container a 002; 1 container b 002; 1 collect" },
                { { CALL(EXTRACT_HOLDOUT_ALL), END }, "1 prepare; 1 container - -; 1 collect" },
                { { CALL(EXTRACT_HOLDOUT_COURSE), END }, "1 prepare; 1 container a 003; 1 container b 003; 1 container c 003; 1 collect" },
                { { CALL(EXTRACT_HOLDOUT_SESSION), END }, "1 prepare; 1 container a 003; 1 container b 003; 1 container c 003; 1 collect" },
                { { CALL(FORK_FEATURES, .job_id = (char *) "week-1"), CALL(TRAIN_ALL, DROPOUT), CALL(TEST_ALL, DROPOUT), END },
                  "1 prepare; 2 prepare; 2 container - -; 2 collect; 3 prepare; 3 container - -; 3 collect" },
                { { CALL(FORK_FEATURES, .job_id = (char *) "week-1"), CALL(TRAIN_COURSE, DROPOUT), CALL(TEST_COURSE, DROPOUT), END },
                  "1 prepare; 2 prepare; 2 container a -; 2 container b -; 2 collect; 3 prepare; 3 container a -; 3 container b -; 3 collect" },
                { { CALL(FORK_FEATURES, .job_id = (char *) "week-1"), CALL(TRAIN_SESSION, DROPOUT), END },
                  "1 prepare; 2 prepare; 2 container a 001; 2 container a 002; 2 container b 002; 2 collect" },
                { { CALL(FORK_FEATURES, .job_id = (char *) "week-1"), CALL(CREATE_COURSE_FOLDS, DROPOUT, .k = 2), CALL(CROSS_VALIDATE_COURSE, DROPOUT, .k = 2), END },
                  "1 prepare; 2 prepare; 3 prepare; 3 container a - 1; 3 container a - 2; 3 container b - 1; 3 container b - 2; 3 collect" },
                /* A test is of the models before it, whose label type it has. */
                { { CALL(FORK_FEATURES, .job_id = (char *) "week-1"), CALL(TRAIN_ALL, DROPOUT), CALL(TEST_ALL), END },
                  "1 prepare; 2 prepare; 2 container - -; 2 collect; 3 prepare; 3 container - -; 3 collect" },
                /* Folds are made when there are none. */
                { { CALL(FORK_FEATURES, .job_id = (char *) "week-1"), CALL(CROSS_VALIDATE_COURSE, DROPOUT, .k = 2), END },
                  "1 prepare; 2 prepare; 3 prepare; 3 container a - 1; 3 container a - 2; 3 container b - 1; 3 container b - 2; 3 collect" },
                { { CALL(FORK_FEATURES, .job_id = (char *) "week-1"), CALL(CROSS_VALIDATE_SESSION, DROPOUT, .k = 2), END },
                  "1 prepare; 2 prepare; 3 prepare; 3 container a 001 1; 3 container a 001 2; 3 container a 002 1; 3 container a 002 2; "
                  "3 container a 003 1; 3 container a 003 2; 3 container b 002 1; 3 container b 002 2; 3 container b 003 1; 3 container b 003 2; 3 collect" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *steps = NULL, *error = NULL;
                _cleanup_fault_ Fault fault = {};
                _cleanup_plan_ Plan p = campus();

                if (compile(cases[i].calls, false, &p, &fault) < 0)
                        fail_msg("case %zu: %s", i, fault.message);
                if (plan_check(&p, &error) < 0)
                        fail_msg("case %zu: %s", i, error);
                steps = describe(&p);
                assert_string_equal(steps, cases[i].steps);
        }
}

#define FEATURES CALL(EXTRACT_SESSION, .line = 1), CALL(EXTRACT_HOLDOUT_SESSION, .line = 2)

static void what_is_wrong_is_said(_unused_ void **state) {
        static const struct {
                Call calls[8];
                FaultCode code;
                const char *message;
        } cases[] = {
                { { END }, FAULT_WORKFLOW, "controller.py: it calls no function of MORF" },
                { { CALL(TRAIN_COURSE, DROPOUT, .line = 7), END }, FAULT_WORKFLOW,
                  "controller.py:7: train_course needs features: call extract_session, extract_course, extract_all or fork_features before it" },
                { { FEATURES, CALL(TRAIN_COURSE, .line = 3), END }, FAULT_WORKFLOW,
                  "controller.py:3: train_course needs a label_type, \"dropout\" or \"dropout_current_week\"" },
                { { FEATURES, CALL(TRAIN_COURSE, .line = 3, .label_type = (char *) "Dropout"), END }, FAULT_WORKFLOW,
                  "controller.py:3: train_course: the label_type 'Dropout' is neither \"dropout\" nor \"dropout_current_week\"" },
                { { FEATURES, CALL(TEST_COURSE, DROPOUT, .line = 3), END }, FAULT_WORKFLOW,
                  "controller.py:3: test_course needs models: call train_course or train_session before it" },
                { { FEATURES, CALL(TEST_ALL, .line = 3), END }, FAULT_WORKFLOW, "controller.py:3: test_all needs models: call train_all before it" },
                { { FEATURES, CALL(TRAIN_ALL, DROPOUT), CALL(TEST_COURSE, DROPOUT, .line = 4), END }, FAULT_WORKFLOW,
                  "controller.py:4: test_course does not fit train_all, the last training before it: call test_all instead" },
                { { FEATURES, CALL(TRAIN_SESSION, DROPOUT), CALL(TEST_ALL, DROPOUT, .line = 4), END }, FAULT_WORKFLOW,
                  "controller.py:4: test_all does not fit train_session, the last training before it: call test_course instead" },
                { { CALL(EXTRACT_SESSION), CALL(TRAIN_COURSE, DROPOUT), CALL(TEST_COURSE, DROPOUT, .line = 3), END }, FAULT_WORKFLOW,
                  "controller.py:3: test_course needs features of the holdout sessions: call extract_holdout_session, extract_holdout_course, "
                  "extract_holdout_all or fork_features before it" },
                { { FEATURES, CALL(TRAIN_COURSE, DROPOUT), CALL(EVALUATE_COURSE, DROPOUT, .line = 4), END }, FAULT_WORKFLOW,
                  "controller.py:4: evaluate_course needs predictions: call test_course or test_all before it" },
                { { FEATURES, CALL(EVALUATE_ALL, .line = 4), END }, FAULT_WORKFLOW,
                  "controller.py:4: evaluate_all needs predictions: call test_course or test_all before it" },
                { { FEATURES, CALL(EVALUATE_CV_COURSE, DROPOUT, .line = 4), END }, FAULT_WORKFLOW,
                  "controller.py:4: evaluate_cv_course needs predictions: call cross_validate_course or cross_validate_session before it" },
                { { FEATURES, CALL(CREATE_COURSE_FOLDS, DROPOUT), CALL(CROSS_VALIDATE_COURSE, DROPOUT, .k = 10, .line = 4), END }, FAULT_WORKFLOW,
                  "controller.py:4: cross_validate_course has k=10, but create_course_folds before it made 5 folds" },
                { { FEATURES, CALL(CROSS_VALIDATE_COURSE, DROPOUT, .k = 10), CALL(EVALUATE_CV_COURSE, DROPOUT, .line = 4), END }, FAULT_WORKFLOW,
                  "controller.py:4: evaluate_cv_course has k=5, but cross_validate_course before it made 10 folds" },
                { { CALL(EXTRACT_SESSION), CALL(CREATE_COURSE_FOLDS, DROPOUT, .line = 2), END }, FAULT_WORKFLOW,
                  "controller.py:2: create_course_folds needs features of the holdout sessions: call extract_holdout_session, extract_holdout_course, "
                  "extract_holdout_all or fork_features before it" },
                { { FEATURES, CALL(CREATE_COURSE_FOLDS, DROPOUT, .k = 1, .line = 3), END }, FAULT_WORKFLOW,
                  "controller.py:3: create_course_folds: k is 1, but must be from 2 to 100" },
                { { FEATURES, CALL(CREATE_COURSE_FOLDS, DROPOUT, .k = 101, .line = 3), END }, FAULT_WORKFLOW,
                  "controller.py:3: create_course_folds: k is 101, but must be from 2 to 100" },
                { { CALL(EXTRACT_ALL, .k = 2, .line = 3), END }, FAULT_WORKFLOW, "controller.py:3: extract_all takes no k" },
                { { CALL(EXTRACT_ALL, DROPOUT, .line = 3), END }, FAULT_WORKFLOW, "controller.py:3: extract_all takes no label_type" },
                { { CALL(EXTRACT_ALL, .labels = true, .line = 3), END }, FAULT_WORKFLOW, "controller.py:3: extract_all takes no labels" },
                { { CALL(EXTRACT_ALL, .job_id = (char *) "x", .line = 3), END }, FAULT_WORKFLOW, "controller.py:3: extract_all takes no job_id" },
                { { CALL(FORK_FEATURES, .line = 3), END }, FAULT_WORKFLOW, "controller.py:3: fork_features needs the job_id of a job" },
                { { CALL(FORK_FEATURES, .job_id = (char *) "../x", .line = 3), END }, FAULT_WORKFLOW,
                  "controller.py:3: fork_features: '../x' cannot be the name of a job" },
                { { CALL(EXTRACT_SESSION, .labels = true, .line = 3), END }, FAULT_POLICY,
                  "controller.py:3: extract_session: labels=True makes a table of labels, which your account may not" },
                { { CALL(EVALUATE_PRULE_SESSION, .line = 9), END }, FAULT_POLICY,
                  "controller.py:9: evaluate_prule_session: production rules are evaluated by an image of the platform's own (prule_evaluate_image), and "
                  "this platform has none" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fault_ Fault fault = {};
                _cleanup_plan_ Plan p = campus();

                if (compile(cases[i].calls, false, &p, &fault) != -EBADMSG)
                        fail_msg("case %zu was taken", i);
                assert_string_equal(fault.message, cases[i].message);
                assert_int_equal(fault.code, cases[i].code);
        }
}

static void the_last_evaluation_counts(_unused_ void **state) {
        static const Call calls[] = { FEATURES, CALL(TRAIN_COURSE, DROPOUT), CALL(TEST_COURSE, .label_type = (char *) "dropout_current_week"),
                                      CALL(EVALUATE_COURSE, DROPOUT, .line = 5), CALL(EVALUATE_ALL, .line = 6), END };
        _cleanup_fault_ Fault fault = {};
        _cleanup_plan_ Plan p = campus();

        assert_int_equal(compile(calls, false, &p, &fault), 0);
        assert_int_equal(p.evaluation.kind, PLAN_EVALUATION_ALL);
        assert_int_equal(p.evaluation.line, 6);
        assert_string_equal(p.evaluation.label_type, "dropout_current_week");
        assert_int_equal(plan_check(&p, NULL), 0);
}

/* Labels are for the operator: they are no features. */
static void allowed_labels_are_no_features(_unused_ void **state) {
        static const Call calls[] = { CALL(EXTRACT_SESSION, .labels = true, .label_type = (char *) "labels-train"), CALL(TRAIN_COURSE, DROPOUT, .line = 2), END };
        _cleanup_fault_ Fault fault = {};
        _cleanup_plan_ Plan p = campus();

        assert_int_equal(compile(calls, true, &p, &fault), -EBADMSG);
        assert_int_equal(fault.line, 2);
        assert_true(p.phases[0].labels);
}

static void courses_may_be_too_few(_unused_ void **state) {
        static const Call calls[] = { CALL(EXTRACT_SESSION, .line = 4), END };
        PlanCourse c = { .name = strdup("c") };
        _cleanup_plan_ Plan p = { .version = PLAN_VERSION };
        _cleanup_fault_ Fault fault = {};

        assert_int_equal(compile(calls, false, &p, &fault), -EBADMSG);
        assert_string_equal(fault.message, "none of the courses that you may use has sessions");
        add_session(&c, "001", true);
        assert_int_equal(plan_add_course(&p, &c), 0);
        assert_int_equal(compile(calls, false, &p, &fault), -EBADMSG);
        assert_string_equal(fault.message, "controller.py:4: extract_session: none of the courses has a session besides its holdout session, the last one");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(steps_of_each_function), cmocka_unit_test(what_is_wrong_is_said), cmocka_unit_test(the_last_evaluation_counts),
                cmocka_unit_test(allowed_labels_are_no_features), cmocka_unit_test(courses_may_be_too_few),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
