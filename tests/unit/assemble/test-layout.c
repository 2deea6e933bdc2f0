/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/assemble/fixture.h"

#define FEATURES "course,userID,session,f 1,note\n"
#define MANY 3000u
#define LABELS "userID,label_type,label_value,course,session\n"

static void assert_fault(Fixture *f, FaultCode code) {
        assert_int_equal(assemble_prepare(&f->a, &f->fault), -EBADMSG);
        assert_int_equal(f->fault.code, code);
        assert_int_equal(faccessat(f->a.work_fd, "phase-1.json", F_OK, 0), -1);
}

static void write_training(Fixture *f) {
        scratch_write(&f->s, "work/extract.csv", "\xef\xbb\xbf" FEATURES "a,u1,001,1,\"x, \"\"y\"\"\"\r\na,u2,002,2,z\na-b,u3,001,3,\na,u4,001,4,last");
        scratch_write(&f->s, "root/labels-train.csv", LABELS "u1,dropout,1,a,001\nu2,dropout,0,a,002\nu3,dropout,1,a-b,001\nu1,dropout_current_week,0,a,001\n"
                      "u9,dropout,0,a,001\nu5,dropout,1,a,003\nu5,dropout,1,other,001\n");
        scratch_write(&f->s, "root/labels-test.csv", LABELS "u5,dropout,1,a,003\nu1,dropout,0,a,001\n");
}

static void train_by_course(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        struct stat st;

        fixture_init(&f);
        write_training(&f);
        fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_COURSE, 0);
        (void) fixture_step(&f, "a", NULL, 0);
        (void) fixture_step(&f, "a-b", NULL, 0);
        for (unsigned again = 0; again < 2; again++) {
                assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
                scratch_assert_file(&f.s, "work/input/001/a/001/a_001_features.csv", "userID,f 1,note\nu1,1,\"x, \"\"y\"\"\"\nu4,4,last\n");
                scratch_assert_file(&f.s, "work/input/001/a/001/a_001_labels.csv", "userID,label_value\nu1,1\nu9,0\n");
                scratch_assert_file(&f.s, "work/input/001/a/002/a_002_features.csv", "userID,f 1,note\nu2,2,z\n");
                scratch_assert_file(&f.s, "work/input/002/a-b/001/a-b_001_labels.csv", "userID,label_value\nu3,1\n");
                assert_int_equal(scratch_count(&f.s, "work/input/001"), 1);
                assert_int_equal(scratch_count(&f.s, "work/input/001/a"), 2); /* no holdout */
                assert_int_equal(scratch_count(&f.s, "work/input/002/a-b"), 1);
                assert_int_equal(fstatat(f.s.fd, "work/input/001/a/001/a_001_labels.csv", &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, 0644);
                assert_int_equal(faccessat(f.a.work_fd, "phase-1.json", F_OK, 0), 0);
                /* What a killed run has left makes no difference. */
                scratch_write(&f.s, "work/input/001/a/001/a_001_features.csv", "half");
                scratch_write(&f.s, "work/input/002/rubbish", "");
        }
}

static void train_by_session_and_all(_unused_ void **state) {
        _cleanup_fixture_ Fixture f, g;

        fixture_init(&f);
        write_training(&f);
        assert_int_equal(unlinkat(f.root, "labels-train.csv", 0), 0);
        scratch_write(&f.s, "root/labels-train-with-underscore.csv", "course,userID,label_value,label_type\r\na_001,u1,1,dropout\r\na-b_001,u3,0,dropout\r\na_002,u2,0,dropout\r\n");
        fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_SESSION, 0);
        (void) fixture_step(&f, "a", "001", 0);
        (void) fixture_step(&f, "a", "002", 0);
        (void) fixture_step(&f, "a-b", "001", 0);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_int_equal(scratch_count(&f.s, "work/input/002/a"), 1);
        scratch_assert_file(&f.s, "work/input/002/a/002/a_002_labels.csv", "userID,label_value\nu2,0\n");
        scratch_assert_file(&f.s, "work/input/003/a-b/001/a-b_001_labels.csv", "userID,label_value\nu3,0\n");

        fixture_init(&g);
        write_training(&g);
        fixture_phase(&g, PLAN_MODE_TRAIN, PLAN_LEVEL_ALL, 0);
        (void) fixture_step(&g, NULL, NULL, 0);
        assert_int_equal(assemble_prepare(&g.a, &g.fault), 0);
        assert_int_equal(scratch_count(&g.s, "work/input/001"), 2);
}

static void training_faults(_unused_ void **state) {
        static const struct {
                const char *features, *labels;
                FaultCode code;
        } cases[] = {
                { NULL, LABELS, FAULT_FEATURES },
                { "", LABELS, FAULT_CSV_EMPTY },
                { FEATURES "a,u1,003,1,\n", LABELS "u1,dropout,1,a,001\n", FAULT_FEATURES },
                { "userID,session\nu1,001\n", LABELS, FAULT_CSV_COLUMNS },
                { FEATURES "a,u1,001,1\n", LABELS, FAULT_CSV_LINE },
                { FEATURES "a,\"u1,001,1,\n", LABELS, FAULT_CSV_SYNTAX },
                { FEATURES "a,u1,001,1,\n", LABELS "u1,dropout,1,a,002\n", FAULT_LABELS },
                { FEATURES "a,u1,001,1,\n", NULL, FAULT_LABELS },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;

                fixture_init(&f);
                if (cases[i].features)
                        scratch_write(&f.s, "work/extract.csv", cases[i].features);
                if (cases[i].labels)
                        scratch_write(&f.s, "root/labels-train.csv", cases[i].labels);
                fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_COURSE, 0);
                (void) fixture_step(&f, "a", NULL, 0);
                assert_fault(&f, cases[i].code);
        }
}

static void a_line_that_is_too_long(_unused_ void **state) {
        static char table[3 * 1024 * 1024];
        _cleanup_fixture_ Fixture f;

        fixture_init(&f);
        memset(table, 'x', sizeof(table) - 1);
        memcpy(table, FEATURES "a,u1,001,", strlen(FEATURES "a,u1,001,"));
        scratch_write(&f.s, "work/extract.csv", table);
        fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_COURSE, 0);
        (void) fixture_step(&f, "a", NULL, 0);
        assert_fault(&f, FAULT_CSV_SYNTAX);
}

static void labels_that_are_damaged(_unused_ void **state) {
        static const char *const cases[] = { "userID,label_value\n", LABELS "u1,dropout,2,a,001\n", LABELS "u1,dropout\n", LABELS "\"u1" };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;

                fixture_init(&f);
                write_training(&f);
                scratch_write(&f.s, "root/labels-train.csv", cases[i]);
                fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_COURSE, 0);
                (void) fixture_step(&f, "a", NULL, 0);
                assert_int_equal(assemble_prepare(&f.a, &f.fault), -EUCLEAN); /* the platform's trouble */
        }
}

/* Reads the record of the phase. Return: the fault of a step that is broken, or NULL. */
static const Fault *broken(const Fixture *f, unsigned step, PhaseRecord *record) {
        phase_record_done(record);
        assert_int_equal(phase_record_read_at(f->a.work_fd, f->a.phase_number, record, NULL), 0);
        for (size_t i = 0; i < record->n_broken; i++)
                if (record->broken[i].step == step)
                        return &record->broken[i].fault;
        return NULL;
}

static void partial_jobs_go_on(_unused_ void **state) {
        static const char *const lost[] = { "a" };
        _cleanup_phase_record_ PhaseRecord record = {};
        _cleanup_fixture_ Fixture f;

        fixture_init(&f);
        f.a.manifest.partial = true;
        scratch_write(&f.s, "work/extract.csv", FEATURES "a,u1,001,1,\na,u1,002,1,\n");
        scratch_write(&f.s, "root/labels-train.csv", LABELS "u1,dropout,1,a,001\nu1,dropout,1,a,002\n");
        fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_COURSE, 0);
        (void) fixture_step(&f, "a", NULL, 0);
        (void) fixture_step(&f, "a-b", NULL, 0);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_null(broken(&f, 1, &record));
        assert_int_equal(broken(&f, 2, &record)->code, FAULT_FEATURES);
        assert_non_null(strstr(broken(&f, 2, &record)->message, "course 'a-b', session '001'"));
        assert_int_equal(record.n_keys, 1);
        assert_int_equal(scratch_count(&f.s, "work/input/002"), 0);
        /* One session without labels costs the course as well. */
        scratch_write(&f.s, "work/extract.csv", FEATURES "a,u1,001,1,\na,u1,002,1,\na-b,u1,001,1,\n");
        scratch_write(&f.s, "root/labels-train.csv", LABELS "u1,dropout,1,a,001\nu1,dropout,1,a-b,001\n");
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_int_equal(broken(&f, 1, &record)->code, FAULT_LABELS);
        assert_non_null(strstr(broken(&f, 1, &record)->message, "'dropout' for course 'a', session '002'"));
        assert_int_equal(record.n_broken, 1);
        /* What is lost already is not looked at, and nobody sees it. */
        f.a.lost = lost;
        f.a.n_lost = 1;
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_null(broken(&f, 1, &record));
        assert_int_equal(scratch_count(&f.s, "work/input/001"), 0);
        /* Nothing is left. */
        scratch_write(&f.s, "work/extract.csv", FEATURES "a,u1,001,1,\n");
        assert_int_equal(assemble_prepare(&f.a, &f.fault), -EBADMSG);
        assert_int_equal(f.fault.code, FAULT_FEATURES);
}

static void partial_jobs_with_one_container(_unused_ void **state) {
        _cleanup_phase_record_ PhaseRecord record = {};
        _cleanup_fixture_ Fixture f;

        fixture_init(&f);
        f.a.manifest.partial = true;
        scratch_write(&f.s, "work/extract.csv", FEATURES "a,u1,001,1,\n");
        scratch_write(&f.s, "root/labels-train.csv", LABELS "u1,dropout,1,a,001\n");
        fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_ALL, 0);
        (void) fixture_step(&f, NULL, NULL, 0);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_null(broken(&f, 1, &record));
        assert_int_equal(scratch_count(&f.s, "work/input/001"), 1);
        assert_int_equal(scratch_count(&f.s, "work/input/001/a"), 1);
        assert_int_equal(scratch_count(&f.s, "work/input/001/a/001"), 2);
}

/* The phase before: a training by session. */
static void prepare_models(Fixture *f) {
        static const char *const dirs[] = { "work/sealed", "work/sealed/001", "work/sealed/002", "work/sealed/003", "work/sealed/001/more", NULL };

        fixture_init(f);
        fixture_phase(f, PLAN_MODE_TRAIN, PLAN_LEVEL_SESSION, 0);
        (void) fixture_step(f, "a", "001", 0);
        (void) fixture_step(f, "a", "002", 0);
        (void) fixture_step(f, "a-b", "001", 0);
        for (const char *const *d = dirs; *d; d++)
                fd_close(scratch_dir(&f->s, *d));
        scratch_write(&f->s, "work/sealed/001/model.rds", "a1");
        scratch_write(&f->s, "work/sealed/001/more/deep", "deep");
        scratch_write(&f->s, "work/sealed/002/model.rds", "a2");
        scratch_write(&f->s, "work/sealed/003/model.rds", "b1");
        scratch_write(&f->s, "work/sealed/003/a-b", "named as the course");
        scratch_write(&f->s, "work/extract-holdout.csv", FEATURES "a,u5,003,5,\na-b,u6,002,6,\n");
        scratch_write(&f->s, "root/labels-test.csv", LABELS "u5,dropout,1,a,003\n");
        scratch_write(&f->s, "root/labels-train.csv", LABELS "u5,dropout,1,a,003\n");
        fixture_phase(f, PLAN_MODE_TEST, PLAN_LEVEL_COURSE, 0);
        (void) fixture_step(f, "a", NULL, 0);
        (void) fixture_step(f, "a-b", NULL, 0);
}

static void test_by_course(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        struct stat st;

        prepare_models(&f);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        scratch_assert_file(&f.s, "work/input/004/a/003/a_003_features.csv", "userID,f 1,note\nu5,5,\n");
        assert_int_equal(scratch_count(&f.s, "work/input/004/a/003"), 1); /* no labels */
        scratch_assert_file(&f.s, "work/input/004/model.rds", "a1");
        scratch_assert_file(&f.s, "work/input/004/a_002_model.rds", "a2");
        scratch_assert_file(&f.s, "work/input/004/more/deep", "deep");
        assert_int_equal(scratch_count(&f.s, "work/input/004"), 4);
        scratch_assert_file(&f.s, "work/input/005/model.rds", "b1");
        scratch_assert_file(&f.s, "work/input/005/a-b_001_a-b", "named as the course");
        assert_int_equal(fstatat(f.s.fd, "work/input/004/more/deep", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        assert_int_equal(fstatat(f.s.fd, "work/input/004/more", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
}

static void a_test_without_a_model(_unused_ void **state) {
        _cleanup_phase_record_ PhaseRecord record = {};
        _cleanup_fixture_ Fixture f;

        prepare_models(&f);
        assert_int_equal(fd_remove_tree_at(f.a.work_fd, "sealed/003"), 0);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), -EBADMSG);
        assert_int_equal(f.fault.code, FAULT_MODELS);
        assert_non_null(strstr(f.fault.message, "course 'a-b' has no model"));
        f.a.manifest.partial = true;
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_int_equal(broken(&f, 5, &record)->code, FAULT_MODELS);
        assert_int_equal(record.n_broken, 1);
}

static void fork_features(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        fixture_init(&f);
        fixture_phase(&f, PLAN_MODE_FORK, PLAN_LEVEL_ALL, 0);
        assert_fault(&f, FAULT_WORKFLOW);
        fd_close(scratch_dir(&f.s, "kept/before"));
        assert_fault(&f, FAULT_WORKFLOW);
        scratch_write(&f.s, "kept/before/extract.csv", "one");
        scratch_write(&f.s, "work/extract.csv", "old");
        scratch_write(&f.s, "work/.#extract.csv", "of a run that was killed");
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        scratch_assert_file(&f.s, "work/extract.csv", "one");
        scratch_write(&f.s, "kept/before/extract-holdout.csv", "two");
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        scratch_assert_file(&f.s, "work/extract-holdout.csv", "two");
}

/* The longer name is taken, too. */
static void names_that_are_taken(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        prepare_models(&f);
        scratch_write(&f.s, "work/sealed/002/a_002_model.rds", "a2, longer");
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        scratch_assert_file(&f.s, "work/input/004/model.rds", "a1");
        scratch_assert_file(&f.s, "work/input/004/a_002_model.rds", "a2, longer");
        scratch_assert_file(&f.s, "work/input/004/a_002_a_002_model.rds", "a2");
}

/* A course that was lost in extraction is in no fold, and one with too few learners is lost here. */
static void partial_folds(_unused_ void **state) {
        static const char *const lost[] = { "a" };
        _cleanup_phase_record_ PhaseRecord record = {};
        _cleanup_fixture_ Fixture f;

        fixture_init(&f);
        fixture_course(&f, "b", 2);
        f.a.manifest.partial = true;
        f.a.lost = lost;
        f.a.n_lost = 1;
        scratch_write(&f.s, "work/extract.csv", FEATURES "a,u0,001,1,\nb,u1,001,1,\nb,u2,001,1,\na-b,u1,001,1,\n");
        scratch_write(&f.s, "root/labels-train.csv", LABELS "u0,dropout,1,a,001\nu1,dropout,1,b,001\nu2,dropout,0,b,001\nu1,dropout,1,a-b,001\n");
        fixture_phase(&f, PLAN_MODE_CV, PLAN_LEVEL_COURSE, 2);
        for (unsigned fold = 1; fold <= 2; fold++) {
                (void) fixture_step(&f, "a", NULL, fold);
                (void) fixture_step(&f, "a-b", NULL, fold);
                (void) fixture_step(&f, "b", NULL, fold);
        }
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_null(broken(&f, 1, &record));
        assert_int_equal(broken(&f, 2, &record)->code, FAULT_FEATURES);
        assert_null(broken(&f, 3, &record));
        assert_int_equal(faccessat(f.a.work_fd, "folds/a", F_OK, 0), -1);
        assert_int_equal(scratch_count(&f.s, "work/input/003/b"), 3);
        assert_int_equal(scratch_count(&f.s, "work/input/006/b"), 3);
}

/* More courses than files may be open. */
static void many_courses(_unused_ void **state) {
        _cleanup_free_ char *features = NULL, *labels = NULL;
        _cleanup_fixture_ Fixture f;
        size_t size;
        FILE *x, *y;

        fixture_init(&f);
        f.a.manifest.partial = true; /* "a" has no features */
        x = open_memstream(&features, &size);
        y = open_memstream(&labels, &size);
        fprintf(x, FEATURES);
        fprintf(y, LABELS);
        for (unsigned i = 0; i < MANY; i++) {
                char name[16];

                snprintf(name, sizeof(name), "c%04u", i);
                fixture_course(&f, name, 2);
        }
        for (unsigned round = 0; round < 3; round++)
                for (unsigned i = 0; i < MANY; i++) {
                        fprintf(x, "c%04u,u%u,001,1,\n", i, round);
                        fprintf(y, "u%u,dropout,1,c%04u,001\n", round, i);
                }
        fclose(x);
        fclose(y);
        scratch_write(&f.s, "work/extract.csv", features);
        scratch_write(&f.s, "root/labels-train.csv", labels);
        fixture_phase(&f, PLAN_MODE_TRAIN, PLAN_LEVEL_ALL, 0);
        (void) fixture_step(&f, NULL, NULL, 0);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        scratch_assert_file(&f.s, "work/input/001/c0000/001/c0000_001_features.csv", "userID,f 1,note\nu0,1,\nu1,1,\nu2,1,\n");
        scratch_assert_file(&f.s, "work/input/001/c2999/001/c2999_001_labels.csv", "userID,label_value\nu0,1\nu1,1\nu2,1\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(train_by_course),         cmocka_unit_test(train_by_session_and_all), cmocka_unit_test(training_faults),
                cmocka_unit_test(a_line_that_is_too_long), cmocka_unit_test(labels_that_are_damaged),  cmocka_unit_test(partial_jobs_go_on),
                cmocka_unit_test(test_by_course),          cmocka_unit_test(a_test_without_a_model),   cmocka_unit_test(fork_features),
                cmocka_unit_test(many_courses),            cmocka_unit_test(partial_jobs_with_one_container), cmocka_unit_test(partial_folds),
                cmocka_unit_test(names_that_are_taken),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
