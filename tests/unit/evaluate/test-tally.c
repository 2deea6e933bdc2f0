/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "spool/limits.h"
#include "tests/unit/scratch.h"
#include "tools/evaluate/tally.h"

static CsvCell cell_of(const char *s) {
        return (CsvCell){ .data = s, .size = strlen(s) };
}

static Tally *get(TallySet *s, const char *course) {
        CsvCell cell = cell_of(strempty(course));
        Tally *t;

        assert_int_equal(tally_set_get(s, course ? &cell : NULL, &t), 0);
        return t;
}

static void test_courses(void **state _unused_) {
        static const char *const refused[] = { "", " ", "../x", "=cmd()", "a b", "\xc3\xa9" };
        _cleanup_(tally_set_freep) TallySet *s = NULL;
        _cleanup_metrics_file_ MetricsFile f = {};
        char name[16];
        Tally *t;

        assert_int_equal(tally_set_new(-EBADF, 0, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                assert_int_equal(tally_set_get(s, &(CsvCell){ .data = refused[i], .size = strlen(refused[i]) }, &t), -EINVAL);
        for (unsigned i = 0; i < LIMIT_COURSES; i++) {
                snprintf(name, sizeof(name), "c%u", i * 7919 % LIMIT_COURSES);
                t = get(s, name);
                assert_int_equal(tally_set_add(s, t, i % 2, true, .5), 0);
        }
        assert_int_equal(tally_set_get(s, &(CsvCell){ .data = "more", .size = 4 }, &t), -E2BIG);
        assert_ptr_equal(get(s, " c0\t"), get(s, "c0"));
        assert_int_equal(tally_set_add(s, get(s, "c7"), true, true, .5), 0);
        assert_int_equal(tally_set_finish(s, &f), 0);
        assert_true(f.by_course);
        assert_int_equal(f.n_rows, LIMIT_COURSES);
        assert_string_equal(f.rows[0].course, "c0");
        snprintf(name, sizeof(name), "c%u", 7919 % LIMIT_COURSES);
        assert_string_equal(f.rows[1].course, name);
}

static void test_loss(void **state _unused_) {
        static const struct {
                double score;
                bool label;
                double loss;
        } cases[] = {
                { .5, true, M_LN2 },
                { .25, false, 0.2876820724517809 },
                { 1, true, 0 },
                { 0, false, 0 },
                { 0, true, 34.53877639491069 },   /* -ln(1e-15) */
                { 1e-300, true, 34.53877639491069 },
                { 1, false, 34.53957599234088 },   /* -ln(1 - (1 - 1e-15)), as doubles have it */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(tally_set_freep) TallySet *s = NULL;
                Tally *t;

                assert_int_equal(tally_set_new(-EBADF, 0, &s), 0);
                t = get(s, NULL);
                assert_int_equal(tally_set_add(s, t, cases[i].label, true, cases[i].score), 0);
                assert_true(fabs(t->loss + t->loss_low - cases[i].loss) < 1e-14);
        }
}

/* A large sum loses nothing of many small ones. */
static void test_compensated(void **state _unused_) {
        _cleanup_(tally_set_freep) TallySet *s = NULL;
        const unsigned n = 1000000;
        Tally *t;

        assert_int_equal(tally_set_new(-EBADF, 0, &s), 0);
        t = get(s, NULL);
        t->loss = 1e9;
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(tally_set_add(s, t, true, true, .9), 0);
        assert_true(fabs((t->loss - 1e9) + t->loss_low - n * -log(.9)) < 1e-9 * n);
        assert_true(fabs(t->loss + t->loss_low - (1e9 + n * -log(.9))) < 1e-6);
}

static void test_spill_all(void **state _unused_) {
        _cleanup_scratch_ Scratch dir;
        _cleanup_(tally_set_freep) TallySet *s = NULL;
        _cleanup_metrics_file_ MetricsFile f = {};

        scratch_init(&dir);
        assert_int_equal(tally_set_new(dir.fd, 16 * 10, &s), 0);
        for (unsigned i = 0; i < 1000; i++)
                assert_int_equal(tally_set_add(s, get(s, i % 3 ? "a" : "b"), i % 2, i % 4 < 2, i / 1000.), 0);
        assert_int_equal(tally_set_finish(s, &f), 0);
        assert_int_equal(f.n_rows, 2);
        assert_string_equal(f.rows[0].course, "b");
        assert_int_equal(f.rows[0].metrics.n, 334);
        assert_int_equal(f.rows[1].metrics.n, 666);
        assert_true(fabs(f.rows[1].metrics.auc - .5) < .01);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_courses),
                cmocka_unit_test(test_loss),
                cmocka_unit_test(test_compensated),
                cmocka_unit_test(test_spill_all),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
