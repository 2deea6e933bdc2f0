/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/assemble/fixture.h"
#include "tools/assemble/learners.h"

#define LABELS "userID,label_type,label_value,course,session\n"
#define K 3u

static void fill(Learners *l, unsigned n, bool backwards) {
        for (unsigned i = 0; i < n; i++) {
                char user[16];
                CsvCell cell = { .data = user };
                unsigned which = backwards ? n - 1 - i : i;

                cell.size = (size_t) snprintf(user, sizeof(user), "u%u", which);
                assert_int_equal(learners_add(l, &cell, which % 4 == 0), 0);
        }
        learners_sort(l);
        for (size_t i = 0; i < l->n; i++)
                l->items[i].featured = true;
}

static void division_is_stratified_and_the_same_each_time(_unused_ void **state) {
        Learners x = {}, y = {}, z = {};
        unsigned count[6] = {}, positive[6] = {}, moved = 0;

        fill(&x, 103, false);
        fill(&y, 103, true);
        fill(&z, 103, false);
        assert_int_equal(learners_divide(&x, 5, "one"), 103);
        assert_int_equal(learners_divide(&y, 5, "one"), 103);
        assert_int_equal(learners_divide(&z, 5, "two"), 103);
        for (size_t i = 0; i < x.n; i++) {
                count[x.items[i].fold]++;
                positive[x.items[i].fold] += x.items[i].value;
                assert_int_equal(x.items[i].fold, y.items[i].fold);
                moved += x.items[i].fold != z.items[i].fold;
        }
        assert_int_equal(count[0], 0);
        for (unsigned fold = 1; fold <= 5; fold++) {
                assert_in_range(count[fold], 20, 21);
                assert_in_range(positive[fold], 5, 6);
        }
        assert_true(moved > 50);
        learners_done(&x);
        learners_done(&y);
        learners_done(&z);
}

static void the_same_learner_twice(_unused_ void **state) {
        static const CsvCell user = { .data = "u\0x", .size = 3 }, prefix = { .data = "u", .size = 1 };
        Learners l = {};

        assert_int_equal(learners_add(&l, &user, true), 0);
        assert_int_equal(learners_add(&l, &user, false), 0);
        assert_int_equal(learners_add(&l, &prefix, true), 0);
        learners_sort(&l);
        assert_int_equal(l.n, 2);
        assert_false(learners_find(&l, &user)->value);
        assert_true(learners_find(&l, &prefix)->value);
        learners_done(&l);
}

/* Twelve learners of each session; in 001, one without a label and a label without a learner. */
static void prepare_folds(Fixture *f) {
        FILE *extract, *holdout, *train, *test;

        fixture_init(f);
        extract = fdopen(openat(f->a.work_fd, "extract.csv", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "w");
        holdout = fdopen(openat(f->a.work_fd, "extract-holdout.csv", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "w");
        train = fdopen(openat(f->root, "labels-train.csv", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "w");
        test = fdopen(openat(f->root, "labels-test.csv", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "w");
        fprintf(extract, "userID,x,course,session\nstray,0,a,001\n");
        fprintf(holdout, "userID,x,course,session\n");
        fprintf(train, LABELS "absent,dropout,1,a,001\n");
        fprintf(test, LABELS);
        for (size_t c = 0; c < f->a.plan.n_courses; c++)
                for (size_t s = 0; s < f->a.plan.courses[c].n_sessions; s++)
                        for (unsigned i = 0; i < 12; i++) {
                                const PlanCourse *course = &f->a.plan.courses[c];
                                const PlanSession *session = &course->sessions[s];

                                fprintf(session->holdout ? holdout : extract, "u%zu%u,%u,%s,%s\n", s, i, i, course->name, session->name);
                                fprintf(session->holdout ? test : train, "u%zu%u,dropout,%u,%s,%s\n", s, i, i % 2, course->name, session->name);
                        }
        fclose(extract);
        fclose(holdout);
        fclose(train);
        fclose(test);
}

static unsigned count_lines(const Fixture *f, const char *path) {
        _cleanup_free_ char *text = scratch_read(&f->s, path);
        unsigned n = 0;

        assert_non_null(text);
        assert_null(strstr(text, "stray"));
        assert_null(strstr(text, "absent"));
        for (const char *s = text; (s = strchr(s, '\n')); s++)
                n++;
        return n - 1;
}

static void folds_by_course(_unused_ void **state) {
        _cleanup_free_ char *before = NULL;
        _cleanup_fixture_ Fixture f;

        prepare_folds(&f);
        fixture_phase(&f, PLAN_MODE_FOLDS, PLAN_LEVEL_COURSE, K);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_int_equal(scratch_count(&f.s, "work/folds/a"), 3 * K);
        for (unsigned fold = 1; fold <= K; fold++) {
                char path[64];

                snprintf(path, sizeof(path), "work/folds/a/a_%u_test_features.csv", fold);
                assert_int_equal(count_lines(&f, path), 12);
                snprintf(path, sizeof(path), "work/folds/a/a_%u_train_features.csv", fold);
                assert_int_equal(count_lines(&f, path), 24);
                snprintf(path, sizeof(path), "work/folds/a/a_%u_train_labels.csv", fold);
                assert_int_equal(count_lines(&f, path), 24);
        }
        assert_int_equal(scratch_count(&f.s, "work/folds/a-b"), 3 * K);
        before = scratch_read(&f.s, "work/folds/a/a_1_test_features.csv");
        assert_ptr_equal(strstr(before, "userID,x\n"), before);
        /* Cross-validation makes the same ones, and shows each container its own. */
        scratch_write(&f.s, "work/folds/a/a_1_test_features.csv", "half");
        fd_close(scratch_dir(&f.s, "work/.#folds"));
        fixture_phase(&f, PLAN_MODE_CV, PLAN_LEVEL_COURSE, K);
        (void) fixture_step(&f, "a", NULL, 1);
        (void) fixture_step(&f, "a", NULL, 2);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        scratch_assert_file(&f.s, "work/folds/a/a_1_test_features.csv", before);
        scratch_assert_file(&f.s, "work/input/001/a/a_1_test_features.csv", before);
        assert_int_equal(scratch_count(&f.s, "work/input/001/a"), 3);
        assert_int_equal(count_lines(&f, "work/input/002/a/a_2_train_labels.csv"), 24);
        assert_int_equal(faccessat(f.a.work_fd, ".#folds", F_OK, 0), -1);
}

static void folds_by_session(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        prepare_folds(&f);
        fixture_phase(&f, PLAN_MODE_CV, PLAN_LEVEL_SESSION, K);
        (void) fixture_step(&f, "a", "001", 1);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_int_equal(count_lines(&f, "work/folds/a/002/a_3_test_features.csv"), 4);
        assert_int_equal(count_lines(&f, "work/folds/a/a_3_test_features.csv"), 12);
        assert_int_equal(count_lines(&f, "work/input/001/a/a_1_train_features.csv"), 8);
}

static void fold_faults(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        prepare_folds(&f);
        fixture_phase(&f, PLAN_MODE_FOLDS, PLAN_LEVEL_COURSE, 100);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), -EBADMSG);
        assert_int_equal(f.fault.code, FAULT_FEATURES);
        scratch_write(&f.s, "work/extract-holdout.csv", "userID,other,course\n");
        assert_int_equal(assemble_prepare(&f.a, &f.fault), -EBADMSG);
        assert_int_equal(f.fault.code, FAULT_CSV_COLUMNS);
        assert_int_equal(unlinkat(f.a.work_fd, "extract-holdout.csv", 0), 0);
        assert_int_equal(unlinkat(f.root, "labels-train.csv", 0), 0);
        assert_int_equal(unlinkat(f.root, "labels-test.csv", 0), 0);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), -EBADMSG);
        assert_int_equal(f.fault.code, FAULT_LABELS);
}

/* Cells go by the names of their columns, whatever their order in the two tables. */
static void tables_with_other_columns(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        _cleanup_free_ char *text = NULL;

        fixture_init(&f);
        f.a.manifest.partial = true;
        scratch_write(&f.s, "work/extract.csv", "userID,x,course,session\nu1,1,a,001\nu2,2,a,002\n");
        scratch_write(&f.s, "work/extract-holdout.csv", "session,y,course,x,userID\n003,5,a,3,u3\n");
        scratch_write(&f.s, "root/labels-train.csv", LABELS "u1,dropout,0.0,a,001\nu2,dropout,1.0,a,002\n");
        scratch_write(&f.s, "root/labels-test.csv", LABELS "u3,dropout,True,a,003\n");
        fixture_phase(&f, PLAN_MODE_FOLDS, PLAN_LEVEL_COURSE, 3);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        for (unsigned fold = 1; fold <= 3; fold++) {
                char path[64];

                snprintf(path, sizeof(path), "work/folds/a/a_%u_test_features.csv", fold);
                free(text);
                text = scratch_read(&f.s, path);
                if (strstr(text, "u3"))
                        assert_string_equal(text, "userID,x,y\nu3,3,5\n");
                else
                        assert_non_null(strstr(text, ",\n"));
                snprintf(path, sizeof(path), "work/folds/a/a_%u_train_labels.csv", fold);
                assert_int_equal(count_lines(&f, path), 2);
        }
}

static void partial_job_that_lost_a_course(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        prepare_folds(&f);
        fixture_course(&f, "lost", 2);
        f.a.manifest.partial = true;
        fixture_phase(&f, PLAN_MODE_FOLDS, PLAN_LEVEL_COURSE, K);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_int_equal(scratch_count(&f.s, "work/folds/a"), 3 * K);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(division_is_stratified_and_the_same_each_time), cmocka_unit_test(the_same_learner_twice), cmocka_unit_test(folds_by_course),
                cmocka_unit_test(folds_by_session), cmocka_unit_test(fold_faults), cmocka_unit_test(partial_job_that_lost_a_course),
                cmocka_unit_test(tables_with_other_columns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
