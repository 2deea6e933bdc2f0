/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/assemble/fixture.h"

#define HEADER "userID,label_type,label_value,course,session\n"

/* Features of all sessions that are trained on, and labels of the platform for them: 0. */
static void write_tables(Fixture *f) {
        scratch_write(&f->s, "work/extract.csv", "course,userID,session,x\na,u1,001,1\na,u2,002,2\na-b,u3,001,3\n");
        scratch_write(&f->s, "root/labels-train.csv", HEADER "u1,dropout,0,a,001\nu2,dropout,0,a,002\nu3,dropout,0,a-b,001\n");
}

static void assert_trains_on(Fixture *f, const char *labels) {
        char path[64];
        unsigned step;

        fixture_phase(f, PLAN_MODE_TRAIN, PLAN_LEVEL_SESSION, 0);
        step = fixture_step(f, "a", "001", 0);
        if (assemble_prepare(&f->a, &f->fault) < 0)
                fail_msg("%s", strempty(f->fault.message));
        snprintf(path, sizeof(path), "work/input/%03u/a/001/a_001_labels.csv", step);
        scratch_assert_file(&f->s, path, labels);
}

/* A job trains on the labels that it has made, from then on. */
static void own_labels(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        fixture_init(&f);
        write_tables(&f);
        scratch_write(&f.s, "work/labels-train.csv", HEADER "u1,dropout,1,a,001\nu2,dropout, 1.0,a,002\nu1,dropout_current_week,0,a,001\nu3,dropout,1,a-b,001\n");
        assert_trains_on(&f, "userID,label_value\nu1,0\n");

        fixture_phase(&f, PLAN_MODE_EXTRACT_HOLDOUT, PLAN_LEVEL_SESSION, 0);
        f.a.plan.phases[1].labels = true;
        assert_trains_on(&f, "userID,label_value\nu1,0\n");

        fixture_phase(&f, PLAN_MODE_EXTRACT, PLAN_LEVEL_SESSION, 0);
        f.a.plan.phases[3].labels = true;
        assert_trains_on(&f, "userID,label_value\nu1,1\n");
}

/* Whoever makes labels is not judged by them, and not divided by them either. */
static void folds_have_the_platforms(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        fixture_init(&f);
        write_tables(&f);
        scratch_write(&f.s, "work/extract.csv", "course,userID,session,x\na,u1,001,1\na,u2,002,2\na-b,u3,001,3\na-b,u4,001,3\n");
        scratch_write(&f.s, "root/labels-train.csv", HEADER "u1,dropout,0,a,001\nu2,dropout,0,a,002\nu3,dropout,0,a-b,001\nu4,dropout,0,a-b,001\n");
        scratch_write(&f.s, "work/labels-train.csv", HEADER "u1,dropout,1,a,001\nu2,dropout,1,a,002\n");
        fixture_phase(&f, PLAN_MODE_EXTRACT, PLAN_LEVEL_SESSION, 0);
        f.a.plan.phases[0].labels = true;
        fixture_phase(&f, PLAN_MODE_FOLDS, PLAN_LEVEL_COURSE, 2);
        if (assemble_prepare(&f.a, &f.fault) < 0)
                fail_msg("%s", strempty(f.fault.message));
        scratch_assert_file(&f.s, "work/folds/a-b/a-b_1_train_labels.csv", "userID,label_value\nu4,0\n");
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(own_labels), cmocka_unit_test(folds_have_the_platforms) };

        return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
