/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "spool/base/digest.h"
#include "tests/unit/scratch.h"
#include "tools/evaluate/evaluate.h"

typedef struct Bench {
        Scratch scratch;
        int work, root, out;
        Plan plan;
        WorkflowOptions options;
        MetricsFile file;
        Fault fault;
} Bench;

static void add_course(Plan *p, const char *name, unsigned sessions) {
        PlanCourse c = { .name = strdup(name), .complete = sessions > 1 };

        for (unsigned i = 1; i <= sessions; i++) {
                PlanSession s = { .holdout = i == sessions };

                assert_true(asprintf(&s.name, "%03u", i) > 0);
                assert_int_equal(plan_add_session(&c, &s), 0);
        }
        assert_int_equal(plan_add_course(p, &c), 0);
}

static void bench_init(Bench *b, PlanEvaluationKind kind) {
        *b = (Bench){};
        scratch_init(&b->scratch);
        b->work = scratch_dir(&b->scratch, "work");
        b->root = scratch_dir(&b->scratch, "root");
        b->out = scratch_dir(&b->scratch, "out");
        add_course(&b->plan, "a", 2);
        add_course(&b->plan, "b", 3);
        add_course(&b->plan, "lonely", 1);
        b->plan.evaluation = (PlanEvaluation){ .kind = kind, .label_type = strdup("dropout"), .k = kind == PLAN_EVALUATION_CV ? 2 : 0 };
        b->options = (WorkflowOptions){ .plan = &b->plan, .work_dirfd = b->work, .roots = &b->root, .n_roots = 1 };
}

static void bench_done(Bench *b) {
        plan_done(&b->plan);
        metrics_file_done(&b->file);
        fault_done(&b->fault);
        fd_close(b->work);
        fd_close(b->root);
        fd_close(b->out);
        scratch_done(&b->scratch);
}
#define _cleanup_bench_ _cleanup_(bench_done)

static int run(Bench *b) {
        metrics_file_done(&b->file);
        fault_done(&b->fault);
        return workflow_evaluate(&b->options, b->out, &b->file, &b->fault);
}

static void assert_fault(Bench *b, FaultCode code, const char *message) {
        assert_int_equal(run(b), -EBADMSG);
        assert_string_equal(b->fault.message, message);
        assert_int_equal(b->fault.code, code);
}

/* Holdouts: a/002 has u1 to u4, b/003 has v1 and v2. Of other sessions, types and courses nothing counts. */
static const char labels[] = "course,session,userID,label_type,label_value\n"
                             "a,002,u1,dropout,1\n"
                             "a,002,u2,dropout,0\n"
                             "a,002,u2,dropout_current_week,1\n"
                             "a,001,old,dropout,1\n"
                             "b,003,v1,dropout,0\n"
                             "b,003,v2,dropout,1.0\n"
                             "a,002,u3,dropout,1\n"
                             "a,002,u4,dropout,0\n"
                             "lonely,001,x,dropout,0\n"
                             "other,001,x,dropout,0\n";

static const char predictions[] = "course,session,userID,prob,pred\n"
                                  "a,002,u1,0.9,1\n"
                                  "a,002,u2,0.2,0\n"
                                  "a,002,u3,0.4,0\n"
                                  "a,002,u4,0.6,1\n"
                                  "a,002,nobody,nan,7\n"
                                  "b,003,v1,0.1,0\n"
                                  "b,003,v2,0.8,1\n"
                                  "other,001,x,0.5,1\n";

static void test_course(void **state _unused_) {
        _cleanup_bench_ Bench b;
        const Metrics *m;

        bench_init(&b, PLAN_EVALUATION_COURSE);
        scratch_write(&b.scratch, "root/labels-test.csv", labels);
        scratch_write(&b.scratch, "work/test.csv", predictions);
        assert_int_equal(run(&b), 0);
        assert_int_equal(b.file.kind, METRICS_KIND_COURSE);
        assert_int_equal(b.file.n_rows, 2);
        assert_string_equal(b.file.rows[0].course, "a");
        m = &b.file.rows[0].metrics;
        assert_true(m->tp == 1 && m->fp == 1 && m->tn == 1 && m->fn == 1);
        assert_true(m->auc == .75);
        assert_string_equal(b.file.rows[1].course, "b");
        assert_true(b.file.rows[1].metrics.auc == 1);
        assert_true(digest_is_valid(b.file.labels));

        assert_int_equal(evaluate_run_workflow(&b.options, b.out, &b.fault), 0);
        scratch_assert_file(&b.scratch, "out/eval.csv",
                            "course,N,N_n,N_p,accuracy,auc,cohen_kappa_score,f1_score,log_loss,precision,recall,specificity,npv,specificity_morf2\n"
                            "a,4,2,2,0.5,0.75,0.0,0.5,0.5402713826800865,0.5,0.5,0.5,0.5,0.5\n"
                            "b,2,1,1,1.0,1.0,1.0,1.0,0.164252033486018,1.0,1.0,1.0,1.0,1.0\n");
}

/* The other generation of tables, found below a second root, gives the same labels. */
static void test_underscore(void **state _unused_) {
        _cleanup_bench_ Bench b, c;
        int empty, roots[2];

        bench_init(&b, PLAN_EVALUATION_ALL);
        scratch_write(&b.scratch, "root/labels-test.csv", labels);
        scratch_write(&b.scratch, "work/test.csv", predictions);
        assert_int_equal(run(&b), 0);
        assert_int_equal(b.file.n_rows, 1);
        assert_null(b.file.rows[0].course);
        assert_int_equal(b.file.rows[0].metrics.n, 6);

        bench_init(&c, PLAN_EVALUATION_ALL);
        scratch_write(&c.scratch, "root/labels-test-with-underscore.csv",
                      "userID,label_type,label_value,course\n"
                      "u1,dropout,1,a_002\nu2,dropout,0,a_002\nold,dropout,1,a_001\nv1,dropout,0,b_003\nv2,dropout,1,b_003\n"
                      "u3,dropout,1,a_002\nu4,dropout,0,a_002\n");
        scratch_write(&c.scratch, "work/test.csv", predictions);
        empty = scratch_dir(&c.scratch, "empty");
        roots[0] = empty, roots[1] = c.root;
        c.options.roots = roots;
        c.options.n_roots = 2;
        assert_int_equal(run(&c), 0);
        assert_int_equal(c.file.rows[0].metrics.n, 6);
        assert_true(c.file.rows[0].metrics.auc == b.file.rows[0].metrics.auc);
        assert_string_equal(c.file.labels, b.file.labels);
        fd_close(empty);
}

static void test_faults(void **state _unused_) {
        static const struct {
                const char *labels, *predictions;
                FaultCode code;
                const char *message;
        } cases[] = {
                { "course,session,userID,label_type,label_value\na,002,u1,dropout,1\n", predictions, FAULT_LABELS,
                  "the platform has no labels 'dropout' for the course 'b'" },
                { "course,session,userID,label_type,label_value\na,002,u1,dropout,1\na,002,u1,dropout,0\nb,003,v1,dropout,1\n", predictions,
                  FAULT_LABELS, "the labels 'dropout' of the course 'a' contradict each other for 1 learners" },
                { labels, "course,userID,prob,pred\na,u1,.1,1\na,u2,.1,0\na,u3,.1,0\nb,v1,.1,0\nb,v2,.1,0\n", FAULT_PREDICTIONS_MISSING,
                  "the course 'a' has no prediction for 1 of 4 learners" },
                { labels, "course,userID,prob,pred\na,u1,.1,1\n", FAULT_PREDICTIONS_MISSING,
                  "the course 'a' has no prediction for 3 of 4 learners; 1 more course cannot be evaluated either" },
                { labels, "course,userID,prob,pred\na,u1,.1,1\na,u1,.1,0\na,u2,.1,0\na,u3,.1,0\na,u4,.1,0\nb,v1,.1,0\nb,v2,.1,0\n",
                  FAULT_PREDICTIONS_DUPLICATE, "the course 'a' has 1 predictions more than learners whom they are for" },
                { labels, "course,userID,prob,pred\na,u1,nan,1\na,u2,1.5,0\na,u3,.1,0\na,u4,.1,0\nb,v1,.1,0\nb,v2,.1,0\n",
                  FAULT_PREDICTIONS_VALUE, "the course 'a' has 2 predictions that cannot be used: prob is not a number" },
                { labels, "course,userID,prob,pred\na,u1,.1,2\na,u2,.5,0\na,u3,.1,0\na,u4,.1,0\nb,v1,.1,0\nb,v2,.1,0\n",
                  FAULT_PREDICTIONS_VALUE, "the course 'a' has 1 predictions that cannot be used: pred is neither 0 nor 1" },
                { labels, "course,userID,prob\n", FAULT_CSV_COLUMNS, "test.csv: the predictions lack the column pred" },
                { labels, "", FAULT_CSV_EMPTY, "test.csv: there are no predictions" },
                { labels, "course,userID,prob,pred\na,u1\n", FAULT_CSV_SYNTAX, "test.csv:2: the row has 2 cells, the header has 4" },
                { labels, NULL, FAULT_OUTPUT_MISSING, "there are no predictions to evaluate" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_bench_ Bench b;

                bench_init(&b, PLAN_EVALUATION_COURSE);
                scratch_write(&b.scratch, "root/labels-test.csv", cases[i].labels);
                if (cases[i].predictions)
                        scratch_write(&b.scratch, "work/test.csv", cases[i].predictions);
                assert_fault(&b, cases[i].code, cases[i].message);
        }
}

/* What faults say of numbers of learners follows the release policy. */
static void test_policy(void **state _unused_) {
        _cleanup_bench_ Bench b;
        char text[WORKFLOW_COUNT_MAX];

        bench_init(&b, PLAN_EVALUATION_COURSE);
        b.options.min_cell = 10;
        b.options.round_counts = 5;
        scratch_write(&b.scratch, "root/labels-test.csv", labels);
        scratch_write(&b.scratch, "work/test.csv", "course,userID,prob,pred\nb,v1,.1,0\nb,v2,.1,0\n");
        assert_fault(&b, FAULT_PREDICTIONS_MISSING, "the course 'a' has no prediction for fewer than 10 of fewer than 10 learners");
        assert_string_equal(workflow_count(&b.options, 9, text), "fewer than 10");
        assert_string_equal(workflow_count(&b.options, 12, text), "about 10");
        assert_string_equal(workflow_count(&b.options, 13, text), "about 15");
        b.options.min_cell = b.options.round_counts = 0;
        assert_string_equal(workflow_count(&b.options, 13, text), "13");
}

static void test_partial(void **state _unused_) {
        _cleanup_bench_ Bench b;

        bench_init(&b, PLAN_EVALUATION_COURSE);
        b.options.partial = true;
        scratch_write(&b.scratch, "root/labels-test.csv", labels);
        scratch_write(&b.scratch, "work/test.csv", "course,userID,prob,pred\nb,v1,.1,0\nb,v2,.1,0\na,u1,.1,1\n");
        assert_int_equal(run(&b), 0);
        assert_int_equal(b.file.n_rows, 1);
        assert_string_equal(b.file.rows[0].course, "b");
        assert_int_equal(b.file.n_left_out, 1);
        assert_string_equal(b.file.left_out[0].course, "a");
        assert_string_equal(b.file.left_out[0].code, "E_PREDICTIONS_MISSING");
        /* Nothing left is a fault all the same. */
        scratch_write(&b.scratch, "work/test.csv", "course,userID,prob,pred\n");
        assert_fault(&b, FAULT_PREDICTIONS_MISSING,
                     "the course 'a' has no prediction for 4 of 4 learners; 1 more course cannot be evaluated either");
}

static void test_cv(void **state _unused_) {
        _cleanup_bench_ Bench b;

        bench_init(&b, PLAN_EVALUATION_CV);
        scratch_write(&b.scratch, "root/labels-test.csv", labels);
        scratch_write(&b.scratch, "root/labels-train.csv",
                      "course,session,userID,label_type,label_value\na,001,t1,dropout,1\na,001,t2,dropout,0\nb,001,w1,dropout,1\nb,002,w2,dropout,0\n");
        fd_close(scratch_dir(&b.scratch, "work/folds"));
        fd_close(scratch_dir(&b.scratch, "work/folds/a"));
        fd_close(scratch_dir(&b.scratch, "work/folds/b"));
        scratch_write(&b.scratch, "work/folds/a/a_1_test_features.csv", "userID,x\nu1,1\nu2,2\nt1,0\n");
        /* u4 has a label and no features; stranger has features and no label. */
        scratch_write(&b.scratch, "work/folds/a/a_2_test_features.csv", "x,userID\n1,u3\n2,t2\n0,stranger\n");
        scratch_write(&b.scratch, "work/folds/b/b_1_test_features.csv", "userID,x\nv1,1\nw1,2\n");
        scratch_write(&b.scratch, "work/folds/b/b_2_test_features.csv", "userID,x\nv2,1\nw2,2\n");
        scratch_write(&b.scratch, "work/cv.csv",
                      "course,fold,userID,prob,pred\na,1,u1,.9,1\na,1,u2,.1,0\na,1,t1,.8,1\na,2,u3,.3,1\na,2,t2,.6,0\na,2,stranger,,\na,1,u4,x,x\n"
                      "b,1,v1,.2,0\nb,1,w1,.7,1\nb,2,v2,.7,1\nb,2.0,w2,.1,0\n");
        assert_int_equal(run(&b), 0);
        assert_int_equal(b.file.kind, METRICS_KIND_CV);
        assert_int_equal(b.file.n_rows, 6);
        assert_int_equal(b.file.rows[0].fold, 0);
        assert_int_equal(b.file.rows[0].metrics.n, 5);
        assert_int_equal(b.file.rows[1].fold, 1);
        assert_int_equal(b.file.rows[1].metrics.n, 3);
        assert_true(b.file.rows[1].metrics.auc == 1 && b.file.rows[2].metrics.auc == 0);
        assert_null(b.file.rows[1].curve.points);
        assert_non_null(b.file.rows[0].curve.points);

        scratch_write(&b.scratch, "work/cv.csv", "course,fold,userID,prob,pred\na,2,u1,.9,1\n");
        assert_fault(&b, FAULT_PREDICTIONS_MISSING,
                     "the course 'a' has 1 predictions in a fold that the learner is not in; 1 more course cannot be evaluated either");
}

static void add_cv_phase(Plan *p, CallFunction function) {
        const CallSignature *s = call_signature(function);
        PlanPhase phase = { .function = function, .line = 1, .mode = s->mode, .level = s->level, .label_type = strdup("dropout"), .k = 2 };

        assert_int_equal(plan_add_phase(p, &phase), 0);
}

/* Folds by session: "both" is in two sessions, drops out of one of them, and has a prediction in each. */
static void test_cv_session(void **state _unused_) {
        static const char *const dirs[] = { "work/folds", "work/folds/a", "work/folds/a/001", "work/folds/a/002" };
        static const char header[] = "course,session,userID,prob,pred,fold\n";
        _cleanup_free_ char *text = NULL;
        _cleanup_bench_ Bench b;

        bench_init(&b, PLAN_EVALUATION_CV);
        b.plan.courses[1].complete = false;
        add_cv_phase(&b.plan, CALL_CROSS_VALIDATE_COURSE);
        add_cv_phase(&b.plan, CALL_CROSS_VALIDATE_SESSION);
        scratch_write(&b.scratch, "root/labels-train.csv",
                      "course,session,userID,label_type,label_value\na,001,t1,dropout,1\na,001,both,dropout,0\na,001,t3,dropout,0\n");
        scratch_write(&b.scratch, "root/labels-test-with-underscore.csv", "course,userID,label_type,label_value\na_002,both,dropout,1\na_002,u2,dropout,0\n");
        for (size_t i = 0; i < ELEMENTSOF(dirs); i++)
                fd_close(scratch_dir(&b.scratch, dirs[i]));
        scratch_write(&b.scratch, "work/folds/a/001/a_1_test_features.csv", "userID,x\nt1,1\nboth,2\n");
        scratch_write(&b.scratch, "work/folds/a/001/a_2_test_features.csv", "userID,x\nt3,1\n");
        scratch_write(&b.scratch, "work/folds/a/002/a_1_test_features.csv", "userID,x\nu2,1\n");
        scratch_write(&b.scratch, "work/folds/a/002/a_2_test_features.csv", "userID,x\nboth,1\n");
        assert_true(asprintf(&text, "%sa,001,t1,.9,1,1\na,001,both,.1,0,1\na,001,t3,.2,0,2\na,002,u2,.3,1,1\na,002,both,.8,1,2\na,003,both,x,x,1\n", header) > 0);
        scratch_write(&b.scratch, "work/cv.csv", text);
        if (run(&b) < 0)
                fail_msg("%s", strempty(b.fault.message));
        assert_int_equal(b.file.n_rows, 3);
        assert_int_equal(b.file.rows[0].metrics.n, 5);
        assert_int_equal(b.file.rows[0].metrics.n_p, 2);
        assert_int_equal(b.file.rows[0].metrics.fp, 1);
        assert_int_equal(b.file.rows[1].metrics.n, 3);
        assert_true(b.file.rows[2].metrics.auc == 1);

        /* Each session must have its own. */
        free(text);
        assert_true(asprintf(&text, "%sa,001,t1,.9,1,1\na,001,both,.1,0,1\na,001,t3,.2,0,2\na,002,u2,.3,1,1\na,001,both,.8,1,1\n", header) > 0);
        scratch_write(&b.scratch, "work/cv.csv", text);
        assert_fault(&b, FAULT_PREDICTIONS_DUPLICATE, "the course 'a' has 1 predictions more than learners whom they are for");
        scratch_write(&b.scratch, "work/cv.csv", "course,userID,prob,pred,fold\n");
        assert_fault(&b, FAULT_CSV_COLUMNS, "cv.csv: the predictions lack the column session");
}

/* The operator's own tables are not the researcher's fault. */
static void test_damaged_labels(void **state _unused_) {
        static const char *const damaged[] = {
                "course,session,userID,label_type\n", "course,session,userID,label_type,label_value\na,002,u1,dropout,maybe\n",
                "course,session,userID,label_type,label_value\na,002\n", "course,session,userID,label_type,label_value\na,002,,dropout,1\n",
        };
        _cleanup_bench_ Bench b;

        bench_init(&b, PLAN_EVALUATION_COURSE);
        scratch_write(&b.scratch, "work/test.csv", predictions);
        for (size_t i = 0; i < ELEMENTSOF(damaged); i++) {
                scratch_write(&b.scratch, "root/labels-test.csv", damaged[i]);
                assert_int_equal(run(&b), -EUCLEAN);
                assert_int_equal(b.fault.code, FAULT_NONE);
        }
}

static void test_not_done(void **state _unused_) {
        _cleanup_bench_ Bench b;

        bench_init(&b, PLAN_EVALUATION_PRULE);
        assert_int_equal(run(&b), -EBADMSG);
        assert_int_equal(b.fault.code, FAULT_EVALUATION);
        b.plan.evaluation.kind = PLAN_EVALUATION_NONE;
        assert_fault(&b, FAULT_EVALUATION, "the workflow has no evaluation");
        b.plan.evaluation.kind = PLAN_EVALUATION_COURSE;
        b.plan.courses[0].complete = b.plan.courses[1].complete = false;
        assert_fault(&b, FAULT_EVALUATION, "none of the courses has a session to test on beside one to train on");
}

/* So many that the tables of learners grow often, in an order of their own. */
static void test_many(void **state _unused_) {
        const unsigned n = 20000;
        _cleanup_free_ char *l = NULL, *p = NULL;
        size_t l_size, p_size;
        FILE *fl = open_memstream(&l, &l_size), *fp = open_memstream(&p, &p_size);
        _cleanup_bench_ Bench b;

        fputs("course,session,userID,label_type,label_value\n", fl);
        fputs("course,userID,prob,pred\n", fp);
        for (unsigned i = 0; i < n; i++) {
                unsigned other = (unsigned) ((uint64_t) i * 7919 % n);

                fprintf(fl, "a,002,user%u,dropout,%u\nb,003,user%u,dropout,%u\n", i, i % 2, i, i % 2);
                fprintf(fp, "a,user%u,%u.5e-1,%u\nb,user%u,0.5,1\n", other, other % 2 * 5, other % 2, other);
        }
        fclose(fl);
        fclose(fp);
        bench_init(&b, PLAN_EVALUATION_COURSE);
        b.options.memory_max = 16 * 1000;
        scratch_write(&b.scratch, "root/labels-test.csv", l);
        scratch_write(&b.scratch, "work/test.csv", p);
        assert_int_equal(run(&b), 0);
        assert_int_equal(b.file.rows[0].metrics.n, n);
        assert_true(b.file.rows[0].metrics.auc == 1 && b.file.rows[0].metrics.accuracy == 1);
        assert_true(b.file.rows[1].metrics.auc == .5 && b.file.rows[1].metrics.accuracy == .5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_course),  cmocka_unit_test(test_underscore), cmocka_unit_test(test_faults),
                cmocka_unit_test(test_policy),  cmocka_unit_test(test_partial),    cmocka_unit_test(test_cv),
                cmocka_unit_test(test_cv_session), cmocka_unit_test(test_damaged_labels), cmocka_unit_test(test_not_done), cmocka_unit_test(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
