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

/* The share of the other label that sample i beats. */
static double placement(const Sample *samples, size_t n, size_t i) {
        double won = 0, others = 0;

        for (size_t j = 0; j < n; j++)
                if (samples[j].label != samples[i].label) {
                        others++;
                        won += samples[i].score > samples[j].score ? 1 : samples[i].score == samples[j].score ? .5 : 0;
                }
        return won / others;
}

/* By definition: sample variances of the placements of either label. */
static double se_by_definition(const Sample *samples, size_t n) {
        double v = 0;

        for (unsigned label = 0; label < 2; label++) {
                double sum = 0, square = 0, count = 0;

                for (size_t i = 0; i < n; i++)
                        if (samples[i].label == label) {
                                double share = placement(samples, n, i);

                                sum += share, square += share * share, count++;
                        }
                v += (square - sum * sum / count) / (count - 1) / count;
        }
        return sqrt(v);
}

/* memory_max: 0 for one that holds all. ret_se may be NULL. */
static double auc_and_se(const Sample *samples, size_t n, uint64_t memory_max, bool *ret_spilled, double *ret_se) {
        _cleanup_scratch_ Scratch s;
        ScoreSummary summary;
        ScoreList l = {};
        ScorePool p;

        scratch_init(&s);
        score_pool_init(&p, s.fd, memory_max);
        for (size_t i = 0; i < n; i++) {
                if (score_pool_is_full(&p))
                        assert_int_equal(score_list_spill(&p, &l), 0);
                assert_int_equal(score_list_add(&p, &l, samples[i].score, samples[i].label), 0);
        }
        assert_int_equal(score_list_summarise(&p, &l, &summary), 0);
        if (summary.curve.points) {
                const CurvePoint *last = &summary.curve.points[summary.curve.n_points - 1];

                assert_int_equal(last->n_n, l.labels[0]);
                assert_int_equal(last->n_p, l.labels[1]);
        }
        curve_done(&summary.curve);
        assert_int_equal(scratch_count(&s, "."), 0); /* the temporary file has no name */
        if (ret_spilled)
                *ret_spilled = l.n_runs > 0;
        score_list_done(&l);
        score_pool_done(&p);
        if (ret_se)
                *ret_se = summary.auc_se;
        return summary.auc;
}

static double auc(const Sample *samples, size_t n, uint64_t memory_max, bool *ret_spilled) {
        return auc_and_se(samples, n, memory_max, ret_spilled, NULL);
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
                double expected, expected_se;

                for (size_t i = 0; i < ELEMENTSOF(samples); i++)
                        samples[i] = (Sample){ (double) ((unsigned) rand() % ties) / ties, rand() % 3 == 0 };
                expected = auc_by_pairs(samples, ELEMENTSOF(samples));
                expected_se = ties == 1 ? 0 : se_by_definition(samples, ELEMENTSOF(samples));
                for (size_t i = 0; i < ELEMENTSOF(memory); i++) {
                        bool spilled;
                        double se, v = auc_and_se(samples, ELEMENTSOF(samples), memory[i], &spilled, &se);

                        assert_true(fabs(v - expected) < 1e-14);
                        assert_true(fabs(se - expected_se) < 1e-9);
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
        ScoreSummary v;
        ScorePool p;

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
        assert_int_equal(score_list_summarise(&p, &a, &v), 0);
        assert_true(a.n_runs > 1 && v.auc == 1 && v.auc_se == 0);
        curve_done(&v.curve);
        assert_int_equal(score_list_summarise(&p, &b, &v), 0);
        assert_true(v.auc == 0 && v.auc_se == 0);
        curve_done(&v.curve);
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
