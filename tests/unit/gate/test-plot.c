/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tools/gate/plot.h"

/* Scores 1/n to n/n, label 1 for every third. */
static void fill(Curve *c, unsigned n) {
        uint64_t n_p = n / 3, n_n = n - n_p;

        for (unsigned i = 1; i <= n; i++)
                assert_int_equal(curve_add(c, n_n, n_p, (double) i / n, i % 3 != 0, i % 3 == 0), 0);
}

static bool is_hundredth(double v) {
        return fabs(v * 100 - round(v * 100)) < 1e-9;
}

static void test_roc(void **state _unused_) {
        static const unsigned min_cells[] = { 0, 10, 50, 1000 };

        for (size_t i = 0; i < ELEMENTSOF(min_cells); i++) {
                _cleanup_curve_ Curve c = {};
                CoarseCurve coarse;

                fill(&c, 300);
                coarse_roc(&c, min_cells[i], &coarse);
                assert_true(coarse.n >= 2);
                /* A step stands for min_cell rows, so that there are few. */
                if (min_cells[i] > 0)
                        assert_true(coarse.n <= 300 / min_cells[i] + 2);
                assert_true(coarse.points[0].x == 0 && coarse.points[0].y == 0);
                assert_true(coarse.points[coarse.n - 1].x == 1 && coarse.points[coarse.n - 1].y == 1);
                for (size_t k = 1; k < coarse.n; k++) {
                        assert_true(coarse.points[k].x >= coarse.points[k - 1].x && coarse.points[k].y >= coarse.points[k - 1].y);
                        assert_true(is_hundredth(coarse.points[k].x) && is_hundredth(coarse.points[k].y));
                }
                assert_true(fabs(coarse_height(&coarse, .5) - .5) < .1);
        }
}

static void test_calibration(void **state _unused_) {
        _cleanup_curve_ Curve c = {}, empty = {};
        CoarseCurve coarse;

        fill(&c, 300);
        coarse_calibration(&c, 0, &coarse);
        assert_int_equal(coarse.n, CURVE_BINS);
        coarse_calibration(&c, 10, &coarse);
        assert_true(coarse.n >= 9 && coarse.n <= 10);
        for (size_t i = 0; i < coarse.n; i++)
                assert_true(fabs(coarse.points[i].y - 1. / 3) < .05 && is_hundredth(coarse.points[i].x));
        /* Not as many of either label as one point needs. */
        coarse_calibration(&c, 101, &coarse);
        assert_int_equal(coarse.n, 0);
        coarse_calibration(&empty, 0, &coarse);
        assert_int_equal(coarse.n, 0);
        coarse_roc(&empty, 0, &coarse);
        assert_int_equal(coarse.n, 0);
}

/* One, some and many series become a PNG within its limit, or nothing. */
static void test_draw(void **state _unused_) {
        static const size_t counts[] = { 1, PLOT_LEGEND_MAX, PLOT_LEGEND_MAX + 5 };
        _cleanup_free_ PlotSeries *series = calloc(PLOT_LEGEND_MAX + 5, sizeof(*series));
        _cleanup_curve_ Curve c = {};

        assert_non_null(series);
        fill(&c, 600);
        for (size_t i = 0; i < PLOT_LEGEND_MAX + 5; i++) {
                series[i].label = "0123456789abcdef0123456789abcdef01234567";
                strcpy(series[i].note, "AUC 0.5");
                coarse_roc(&c, 10, &series[i].curve);
        }
        for (size_t i = 0; i < ELEMENTSOF(counts); i++)
                for (PlotKind kind = 0; kind < _PLOT_KIND_MAX; kind++) {
                        _cleanup_free_ char *data = NULL;
                        size_t size;
                        int r = plot_draw(kind, series, counts[i], 1 << 20, &data, &size);

                        if (r == -ENOENT)
                                skip(); /* no font */
                        assert_int_equal(r, 0);
                        assert_true(size > 1000);
                        assert_memory_equal(data, "\x89PNG", 4);
                }
        assert_int_equal(plot_draw(PLOT_ROC, series, 1, 100, &(char *){ NULL }, &(size_t){ 0 }), -EFBIG);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_roc), cmocka_unit_test(test_calibration), cmocka_unit_test(test_draw) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
