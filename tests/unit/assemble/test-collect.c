/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/assemble/bench.h"

#define FILES_MAX 6u

typedef struct Output {
        unsigned step;
        const char *name; /* NULL: a directory that stays empty */
        const char *text;
} Output;

static void write_output(const Bench *b, const Output *o) {
        char path[256];

        snprintf(path, sizeof(path), "steps/%03u", o->step);
        fd_close(scratch_dir(&b->scratch, path));
        snprintf(path, sizeof(path), "steps/%03u/output", o->step);
        fd_close(scratch_dir(&b->scratch, path));
        if (!o->name)
                return;
        snprintf(path, sizeof(path), "steps/%03u/output/%s", o->step, o->name);
        scratch_write(&b->scratch, path, o->text);
}

/* What preparing would have written: keys of all steps, and no step is cached. */
static void write_record(const Bench *b) {
        _cleanup_phase_record_ PhaseRecord record = { .version = PHASE_RECORD_VERSION };
        const PlanStep *s;
        size_t i = 0;

        while ((s = assemble_next_step(&b->a, &i))) {
                char key[65];

                snprintf(key, sizeof(key), "%064u", s->number);
                assert_int_equal(phase_record_add_key(&record, s->number, key), 0);
        }
        assert_int_equal(phase_record_write_at(b->a.work_fd, 1, &record), 0);
}

static void prepare(Bench *b, CallFunction function, const Output outputs[static FILES_MAX]) {
        bench_init(b, function);
        write_record(b);
        for (size_t i = 0; i < FILES_MAX && outputs[i].step > 0; i++)
                write_output(b, &outputs[i]);
}

static const struct {
        CallFunction function;
        Output outputs[FILES_MAX];
        const char *table, *expected; /* NULL: there is no table */
} good[] = {
        /* Columns by name; course and session are ours, whatever the table says. */
        { CALL_EXTRACT_SESSION,
          { { 2, "a.csv", "userID,week_0\nu1,1\n" }, { 3, "b.csv", "week_1,userID,course\n5,u2,wrong\n" }, { 4, "c.csv", "userID,session,week_0\r\n\r\nu3,9,\"a,\"\"b\"\"\"" } },
          "work/extract.csv",
          "userID,week_0,week_1,course,session\nu1,1,,accounting,001\nu2,,5,poetry,001\nu3,\"a,\"\"b\"\"\",,poetry,002\n" },
        { CALL_EXTRACT_HOLDOUT_SESSION,
          { { 2, "a.csv", "userID\nu1\n" }, { 3, "a.csv", "userID\n" } },
          "work/extract-holdout.csv", "userID,course,session\nu1,accounting,002\n" },
        { CALL_EXTRACT_COURSE,
          { { 2, "a.csv", "userID,session\nu1,001\n" }, { 3, "a.csv", "session,userID,x\n002,u2,1\n 001 ,u2,2\n" } },
          "work/extract.csv", "userID,x,course,session\nu1,,accounting,001\nu2,1,poetry,002\nu2,2,poetry,001\n" },
        /* A holdout is one session: the table need not say which. */
        { CALL_EXTRACT_HOLDOUT_COURSE,
          { { 2, "a.csv", "userID\nu1\n" }, { 3, "a.csv", "userID\nu2\n" } },
          "work/extract-holdout.csv", "userID,course,session\nu1,accounting,002\nu2,poetry,003\n" },
        { CALL_EXTRACT_ALL,
          { { 2, "a.csv", "userID,course,session\nu1,poetry,002\nu2,unfinished,001\n" } },
          "work/extract.csv", "userID,course,session\nu1,poetry,002\nu2,unfinished,001\n" },
        { CALL_TEST_COURSE,
          { { 2, "a.csv", "userID,prob,pred\nu1,0.5,1\n" }, { 3, "a.csv", "pred,prob,userID\n0,x,u2\n" } },
          "work/test.csv", "userID,prob,pred,course,session\nu1,0.5,1,accounting,002\nu2,x,0,poetry,003\n" },
        { CALL_TEST_ALL,
          { { 2, "a.csv", "userID,prob,pred,course,session\nu1,0.5,1,poetry,lie\nu2,1,1,accounting,\n" } },
          "work/test.csv", "userID,prob,pred,course,session\nu1,0.5,1,poetry,003\nu2,1,1,accounting,002\n" },
        { CALL_CROSS_VALIDATE_COURSE,
          { { 2, "accounting_1_test.csv", "userID,prob,pred\nu1,0,0\n" }, { 3, "accounting_2_test.csv", "userID,prob,pred,fold\nu2,0,0,7\n" },
            { 4, "poetry_1_test.csv", "userID,prob,pred\nu3,0,0\n" }, { 5, "poetry_2_test.csv", "userID,prob,pred\nu4,0,0\n" }, { 5, "other.csv", "x" } },
          "work/cv.csv",
          "userID,prob,pred,course,session,fold\nu1,0,0,accounting,,1\nu2,0,0,accounting,,2\nu3,0,0,poetry,,1\nu4,0,0,poetry,,2\n" },
        { CALL_TRAIN_COURSE, { { 2, "model", "m" }, { 3, "model.csv", "not a table \"" } }, NULL, NULL },
        /* Hidden tables and what is no table do not count. */
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,prob,pred,course\n" }, { 2, ".b.csv", "x" }, { 2, "log.txt", "x" } },
          "work/test.csv", "userID,prob,pred,course,session\n" },
};

/* Twice: what was killed is run again, over what is there, and finds all of it in its place. */
static void test_good(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_bench_ Bench b;

                prepare(&b, good[i].function, good[i].outputs);
                scratch_write(&b.scratch, "work/.#test.csv", "left by a run that was killed");
                fd_close(scratch_dir(&b.scratch, "work/sealed"));
                fd_close(scratch_dir(&b.scratch, "work/sealed/.#002"));
                scratch_write(&b.scratch, "work/sealed/.#002/half.csv", "x");
                for (unsigned k = 0; k < 2; k++) {
                        _cleanup_fault_ Fault fault = {};
                        int r = assemble_collect(&b.a, &fault);

                        if (r < 0)
                                print_message("case %zu: %s\n", i, strempty(fault.message));
                        assert_int_equal(r, 0);
                        if (good[i].table)
                                scratch_assert_file(&b.scratch, good[i].table, good[i].expected);
                }
                assert_int_equal(scratch_count(&b.scratch, "cache"), plan_count_steps(&b.a.plan, 1, PLAN_STEP_CONTAINER));
                assert_int_equal(scratch_count(&b.scratch, "work/sealed"), plan_count_steps(&b.a.plan, 1, PLAN_STEP_CONTAINER));
        }
}

static const struct {
        CallFunction function;
        Output outputs[FILES_MAX];
        FaultCode code;
        const char *message;
} bad[] = {
        { CALL_TEST_ALL, { { 2, NULL, NULL } }, FAULT_OUTPUT_MISSING, "all courses: the container left no CSV file in /output" },
        { CALL_TEST_ALL, { { 2, "a.csv", "x" }, { 2, "b.csv", "x" } }, FAULT_OUTPUT_KIND,
          "all courses: the container left 2 CSV files in /output instead of one" },
        { CALL_TEST_ALL, { { 2, "a.csv", "" } }, FAULT_CSV_EMPTY, "the CSV file of all courses is empty" },
        { CALL_TEST_ALL, { { 2, "a.csv", "user,prob\n" } }, FAULT_CSV_COLUMNS, "the CSV file of all courses lacks the column 'userID'" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,pred\n" } }, FAULT_CSV_COLUMNS, "the CSV file of all courses lacks the column 'prob'" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,prob\n" } }, FAULT_CSV_COLUMNS, "the CSV file of all courses lacks the column 'pred'" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,prob,pred\n" } }, FAULT_CSV_COLUMNS, "the CSV file of all courses lacks the column 'course'" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,userID\n" } }, FAULT_CSV_COLUMNS,
          "the CSV file of all courses: column 2 has the name of another column" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,prob,pred,course\nu1,0,0,poetry\nu2,0,0,physics\n" } }, FAULT_CSV_COURSE,
          "the CSV file of all courses: line 3 names a course that was not seen" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,prob,pred,course\nu1,0,0,unfinished\n" } }, FAULT_CSV_COURSE,
          "the CSV file of all courses: line 2 names a course that was not seen" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,prob,pred,course\nu1,0,0\n" } }, FAULT_CSV_LINE,
          "the CSV file of all courses: line 2 has 3 cells, but the header has 4" },
        { CALL_TEST_ALL, { { 2, "a.csv", "userID,prob,pred,course\n\"u1,0,0,poetry\n" } }, FAULT_CSV_SYNTAX,
          "the CSV file of all courses: line 2 has a double quote that is never closed" },
        /* The holdout was not there to be seen. */
        { CALL_EXTRACT_ALL, { { 2, "a.csv", "userID,course,session\nu1,poetry,003\n" } }, FAULT_CSV_COURSE,
          "the CSV file of all courses: line 2 names a session that was not seen" },
        { CALL_EXTRACT_HOLDOUT_ALL, { { 2, "a.csv", "userID,course,session\nu1,poetry,001\n" } }, FAULT_CSV_COURSE,
          "the CSV file of all courses: line 2 names a session that was not seen" },
        { CALL_EXTRACT_COURSE, { { 2, "a.csv", "userID,session\n" }, { 3, "a.csv", "userID\n" } }, FAULT_CSV_COLUMNS,
          "the CSV file of course 'poetry' lacks the column 'session'" },
        { CALL_TRAIN_COURSE, { { 2, "model", "m" }, { 3, NULL, NULL } }, FAULT_OUTPUT_MISSING,
          "course 'poetry': the container left no model in /output" },
        { CALL_CROSS_VALIDATE_COURSE,
          { { 2, "accounting_1_test.csv", "userID,prob,pred\n" }, { 3, "accounting_1_test.csv", "userID,prob,pred\n" },
            { 4, "poetry_1_test.csv", "userID,prob,pred\n" }, { 5, "poetry_2_test.csv", "userID,prob,pred\n" } },
          FAULT_OUTPUT_MISSING, "course 'accounting', fold 2: the container left no file accounting_2_test.csv in /output" },
        /* All of a phase's at once. */
        { CALL_EXTRACT_SESSION, { { 2, NULL, NULL }, { 3, "a.csv", "userID\n" }, { 4, "a.csv", "" } }, FAULT_OUTPUT_MISSING,
          "2 of 3 containers of extract_session left no output that can be used: course 'accounting', session '001': the container left no CSV "
          "file in /output; the CSV file of course 'poetry', session '002' is empty" },
        { CALL_CROSS_VALIDATE_COURSE, { { 2, NULL, NULL }, { 3, NULL, NULL }, { 4, NULL, NULL }, { 5, NULL, NULL } }, FAULT_OUTPUT_MISSING,
          "4 of 4 containers of cross_validate_course left no output that can be used: course 'accounting', fold 1: the container left no file "
          "accounting_1_test.csv in /output; course 'accounting', fold 2: the container left no file accounting_2_test.csv in /output; course "
          "'poetry', fold 1: the container left no file poetry_1_test.csv in /output; …" },
};

static void test_bad(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_fault_ Fault fault = {};
                _cleanup_bench_ Bench b;

                prepare(&b, bad[i].function, bad[i].outputs);
                assert_int_equal(assemble_collect(&b.a, &fault), -EBADMSG);
                assert_string_equal(fault.message, bad[i].message);
                assert_string_equal(fault_to_string(fault.code), fault_to_string(bad[i].code));
                assert_null(strstr(fault.hint, "y_true"));
                assert_true(faccessat(b.scratch.fd, "work/test.csv", F_OK, 0) < 0 && errno == ENOENT);
        }
}

static void test_limits(void **state _unused_) {
        static const Output outputs[FILES_MAX] = { { 2, "model", "12345" }, { 3, "model", "1" }, { 3, "more", "1" } };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        prepare(&b, CALL_TRAIN_COURSE, outputs);
        b.a.max_bytes = 4;
        b.a.max_files = 1;
        assert_int_equal(assemble_collect(&b.a, &fault), -EBADMSG);
        assert_string_equal(fault.message, "2 of 2 containers of train_course left no output that can be used: course 'accounting' left more than 4 B in "
                                           "/output; course 'poetry' left more than 1 files in /output");
        assert_int_equal(scratch_count(&b.scratch, "cache"), 0);
}

/* Without --salvage, a step that failed leaves the others' tables; with it, there is no table, and what is good is kept. */
static void test_failed(void **state _unused_) {
        static const Output outputs[FILES_MAX] = { { 2, "a.csv", "userID\nu1\n" }, { 4, "a.csv", "x" } };
        static const unsigned failed[] = { 3 };

        for (unsigned i = 0; i < 2; i++) {
                _cleanup_fault_ Fault fault = {};
                _cleanup_bench_ Bench b;

                prepare(&b, CALL_EXTRACT_SESSION, outputs);
                b.a.failed = failed;
                b.a.n_failed = 1;
                b.a.manifest.partial = true;
                b.a.salvage = i == 1;
                assert_int_equal(assemble_collect(&b.a, &fault), 0);
                assert_int_equal(scratch_count(&b.scratch, "cache"), 1);
                if (b.a.salvage)
                        assert_int_equal(scratch_count(&b.scratch, "features"), 0);
                else
                        scratch_assert_file(&b.scratch, "features/job/extract.csv", "userID,course,session\nu1,accounting,001\n");
        }
}

static void read_record(const Bench *b, PhaseRecord *record) {
        phase_record_done(record);
        assert_int_equal(phase_record_read_at(b->a.work_fd, 1, record, NULL), 0);
}

/* A step that breaks the contract costs its course: what other steps of it left is kept for another try, and in no table. */
static void test_lost(void **state _unused_) {
        static const Output outputs[FILES_MAX] = { { 2, "a.csv", "userID\nu1\n" }, { 3, "a.csv", "userID\nu2\n" }, { 4, "a.csv", "x\n" } };
        static const char *const lost[] = { "poetry", "accounting" };
        static const unsigned failed[] = { 4 };
        _cleanup_phase_record_ PhaseRecord record = {};
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        prepare(&b, CALL_EXTRACT_SESSION, outputs);
        b.a.manifest.partial = true;
        b.a.failed = failed;
        b.a.lost = lost;
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(assemble_collect(&b.a, &fault), 0);
                scratch_assert_file(&b.scratch, "work/extract.csv", "userID,course,session\nu1,accounting,001\n");
                read_record(&b, &record);
                assert_int_equal(record.n_broken, 1);
                assert_int_equal(record.broken[0].step, 4);
                assert_int_equal(record.broken[0].fault.code, FAULT_CSV_COLUMNS);
                assert_non_null(strstr(record.broken[0].fault.message, "course 'poetry', session '002'"));
                assert_int_equal(scratch_count(&b.scratch, "cache"), 2);
                /* Once more, after the daemon knows. */
                b.a.n_failed = b.a.n_lost = 1;
        }
        /* Where no other course is left, the job fails; and so does one that wants all. */
        b.a.n_lost = 2;
        assert_int_equal(assemble_collect(&b.a, &fault), -EBADMSG);
        b.a.n_lost = b.a.n_failed = 0;
        b.a.manifest.partial = false;
        assert_int_equal(assemble_collect(&b.a, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_CSV_COLUMNS);
}

static void test_nothing_left(void **state _unused_) {
        static const Output outputs[FILES_MAX] = {};
        static const unsigned failed[] = { 2, 3 };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        prepare(&b, CALL_TRAIN_COURSE, outputs);
        b.a.failed = failed;
        b.a.n_failed = ELEMENTSOF(failed);
        b.a.manifest.partial = true;
        assert_int_equal(assemble_collect(&b.a, &fault), -EBADMSG);
        assert_string_equal(fault.message, "none of the containers of train_course left an output");
}

/* Labels are for the operator: no features for later phases or jobs. */
static void test_labels(void **state _unused_) {
        static const Output outputs[FILES_MAX] = {
                { 2, "a.csv", "userID,label_type,label_value\nu1,dropout, 1\n" },
                { 3, "a.csv", "userID,label_type,label_value\n" }, { 4, "a.csv", "label_value,label_type,userID\n0.0,dropout,u2\n" },
        };
        static const struct {
                Output outputs[FILES_MAX];
                const char *message;
        } wrong[] = {
                { { { 2, "a.csv", "userID,label_type\nu1,dropout\n" } }, "the CSV file of course 'accounting', session '002' lacks the column 'label_value'" },
                { { { 2, "a.csv", "userID,label_value\nu1,1\n" } }, "the CSV file of course 'accounting', session '002' lacks the column 'label_type'" },
                { { { 2, "a.csv", "userID,label_type,label_value\nu1,dropout,1\nu2,dropout,yes\n" } },
                  "the CSV file of course 'accounting', session '002': line 3 has a label_value that is neither 0 nor 1" },
        };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                _cleanup_fault_ Fault f = {};
                _cleanup_bench_ Bench c;

                prepare(&c, CALL_EXTRACT_HOLDOUT_SESSION, wrong[i].outputs);
                write_output(&c, &(Output){ 3, "a.csv", "userID,label_type,label_value\n" });
                c.a.plan.phases[0].labels = true;
                assert_int_equal(assemble_collect(&c.a, &f), -EBADMSG);
                assert_string_equal(f.message, wrong[i].message);
        }
        prepare(&b, CALL_EXTRACT_SESSION, outputs);
        b.a.plan.phases[0].labels = true;
        assert_int_equal(assemble_collect(&b.a, &fault), 0);
        scratch_assert_file(&b.scratch, "work/labels-train.csv",
                            "userID,label_type,label_value,course,session\nu1,dropout, 1,accounting,001\nu2,dropout,0.0,poetry,002\n");
        assert_true(faccessat(b.scratch.fd, "work/extract.csv", F_OK, 0) < 0);
        assert_int_equal(scratch_count(&b.scratch, "features"), 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),   cmocka_unit_test(test_bad),          cmocka_unit_test(test_limits),
                cmocka_unit_test(test_failed), cmocka_unit_test(test_nothing_left), cmocka_unit_test(test_labels),
                cmocka_unit_test(test_lost),
        };

        return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
