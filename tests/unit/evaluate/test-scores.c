/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/scratch.h"
#include "tools/evaluate/scores.h"

typedef struct Sample {
        double score;
        bool label;
} Sample;

/* By definition, pair by pair. */
static double auc_by_pairs(const Sample *samples, size_t n) {
        double won = 0, pairs = 0;

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++)
                        if (samples[i].label && !samples[j].label) {
                                pairs++;
                                won += samples[i].score > samples[j].score ? 1 : samples[i].score == samples[j].score ? .5 : 0;
                        }
        return pairs > 0 ? won / pairs : NAN;
}

/* memory_max: 0 for one that holds all. */
static double auc(const Sample *samples, size_t n, uint64_t memory_max, bool *ret_spilled) {
        _cleanup_scratch_ Scratch s;
        ScoreList l = {};
        ScorePool p;
        double v;

        scratch_init(&s);
        score_pool_init(&p, s.fd, memory_max);
        for (size_t i = 0; i < n; i++) {
                if (score_pool_is_full(&p))
                        assert_int_equal(score_list_spill(&p, &l), 0);
                assert_int_equal(score_list_add(&p, &l, samples[i].score, samples[i].label), 0);
        }
        assert_int_equal(score_list_auc(&p, &l, &v), 0);
        assert_int_equal(scratch_count(&s, "."), 0); /* the temporary file has no name */
        if (ret_spilled)
                *ret_spilled = l.n_runs > 0;
        score_list_done(&l);
        score_pool_done(&p);
        return v;
}

static void test_small(void **state _unused_) {
        static const Sample ordered[] = { { .1, false }, { .2, false }, { .3, true }, { .4, true } };
        static const Sample reversed[] = { { .4, false }, { .3, false }, { .2, true }, { .1, true } };
        static const Sample tied[] = { { .5, false }, { .5, true }, { .5, true } };
        static const Sample half_tied[] = { { 0, false }, { 1, false }, { 1, true } };
        static const Sample zeros[] = { { -0.0, true }, { 0.0, false } };
        static const Sample one_class[] = { { .1, true }, { .2, true } };

        assert_true(auc(ordered, 4, 0, NULL) == 1);
        assert_true(auc(reversed, 4, 0, NULL) == 0);
        assert_true(auc(tied, 3, 0, NULL) == .5);
        assert_true(auc(half_tied, 3, 0, NULL) == .75);
        assert_true(auc(zeros, 2, 0, NULL) == .5);
        assert_true(isnan(auc(one_class, 2, 0, NULL)));
        assert_true(isnan(auc(one_class, 0, 0, NULL)));
}

/* In memory, in a few runs and in as many runs as scores, the result is the same to the last bit. */
static void test_spilled(void **state _unused_) {
        static const uint64_t memory[] = { 1, 16 * 3, 16 * 100, 16 * 999, 16 * 1000, 16 * 5000 };
        Sample samples[1000];

        srand(7);
        for (unsigned ties = 1; ties <= 100000; ties *= 100) {
                double expected;

                for (size_t i = 0; i < ELEMENTSOF(samples); i++)
                        samples[i] = (Sample){ (double) ((unsigned) rand() % ties) / ties, rand() % 3 == 0 };
                expected = auc_by_pairs(samples, ELEMENTSOF(samples));
                for (size_t i = 0; i < ELEMENTSOF(memory); i++) {
                        bool spilled;
                        double v = auc(samples, ELEMENTSOF(samples), memory[i], &spilled);

                        assert_true(fabs(v - expected) < 1e-14);
                        assert_int_equal(spilled, memory[i] < 16 * 1000);
                        assert_true(v == auc(samples, ELEMENTSOF(samples), 0, NULL));
                }
        }
}

/* Two lists in one pool: their runs share the file and stay apart. Runs longer than the merge buffer are read in pieces. */
static void test_two_lists(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        ScoreList a = {}, b = {};
        const unsigned n = 30000;
        ScorePool p;
        double v;

        scratch_init(&s);
        score_pool_init(&p, s.fd, 16 * 20000);
        for (unsigned i = 0; i < n; i++) {
                if (score_pool_is_full(&p)) {
                        assert_int_equal(score_list_spill(&p, &a), 0);
                        assert_int_equal(score_list_spill(&p, &b), 0);
                        assert_int_equal(p.n, 0);
                }
                /* a: perfect; b: the wrong way round */
                assert_int_equal(score_list_add(&p, &a, (double) i / n, i >= n / 2), 0);
                assert_int_equal(score_list_add(&p, &b, (double) i / n, i < n / 2), 0);
        }
        assert_int_equal(score_list_auc(&p, &a, &v), 0);
        assert_true(a.n_runs > 1 && v == 1);
        assert_int_equal(score_list_auc(&p, &b, &v), 0);
        assert_true(v == 0);
        score_list_done(&a);
        score_list_done(&b);
        score_pool_done(&p);
}

static void test_no_place_to_spill(void **state _unused_) {
        ScoreList l = {};
        ScorePool p;

        score_pool_init(&p, -EBADF, 1);
        assert_int_equal(score_list_add(&p, &l, .5, true), 0);
        assert_true(score_pool_is_full(&p));
        assert_int_equal(score_list_spill(&p, &l), -EBADF);
        score_list_done(&l);
        score_pool_done(&p);
}

static void test_too_many_runs(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        ScoreList l = {};
        ScorePool p;

        scratch_init(&s);
        score_pool_init(&p, s.fd, 1);
        for (unsigned i = 0; i < SCORES_RUNS_MAX; i++) {
                assert_int_equal(score_list_add(&p, &l, .5, true), 0);
                assert_int_equal(score_list_spill(&p, &l), 0);
        }
        assert_int_equal(score_list_add(&p, &l, .5, true), 0);
        assert_int_equal(score_list_spill(&p, &l), -EFBIG);
        score_list_done(&l);
        score_pool_done(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_small),     cmocka_unit_test(test_spilled),           cmocka_unit_test(test_two_lists),
                cmocka_unit_test(test_no_place_to_spill), cmocka_unit_test(test_too_many_runs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
