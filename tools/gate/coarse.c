/* SPDX-License-Identifier: MIT */
#include "tools/gate/coarse.h"

#include <math.h>

static double hundredths(double v) {
        return round(v * 100) / 100;
}

void coarse_roc(const Curve *c, unsigned min_cell, CoarseCurve *ret) {
        const CurvePoint *last, *all;
        CurvePoint kept[COARSE_MAX];
        size_t n = 0;

        ret->n = 0;
        if (c->n_points < 2)
                return;
        all = &c->points[c->n_points - 1];
        kept[n++] = c->points[0];
        for (size_t i = 1; i < c->n_points; i++) {
                const CurvePoint *p = &c->points[i];

                last = &kept[n - 1];
                if (p->n_n - last->n_n + (p->n_p - last->n_p) >= min_cell)
                        kept[n++] = *p;
        }
        /* What is left over belongs to the last step. */
        if (kept[n - 1].n_n != all->n_n || kept[n - 1].n_p != all->n_p) {
                if (n > 1)
                        n--;
                kept[n++] = *all;
        }
        /* From the highest score to the lowest. */
        for (size_t i = n; i-- > 0;)
                ret->points[ret->n++] = (CoarsePoint){
                        hundredths(1 - (double) kept[i].n_n / (double) all->n_n), hundredths(1 - (double) kept[i].n_p / (double) all->n_p)
                };
}

static void add_bin(const CurveBin *b, CoarseCurve *ret) {
        double n = (double) (b->n_n + b->n_p);

        ret->points[ret->n++] = (CoarsePoint){ hundredths(b->sum / n), hundredths((double) b->n_p / n) };
}

void coarse_calibration(const Curve *c, unsigned min_cell, CoarseCurve *ret) {
        CurveBin groups[CURVE_BINS], sum = {};
        size_t n = 0;

        ret->n = 0;
        if (c->n_points < 2)
                return;
        for (size_t i = 0; i < CURVE_BINS; i++) {
                const CurveBin *b = &c->bins[i];

                sum.n_n += b->n_n;
                sum.n_p += b->n_p;
                sum.sum += b->sum;
                if (sum.n_n < min_cell || sum.n_p < min_cell || sum.n_n + sum.n_p == 0)
                        continue;
                groups[n++] = sum;
                sum = (CurveBin){};
        }
        /* What is left over belongs to the last group, and is not shown where there is none. */
        if (n > 0) {
                groups[n - 1].n_n += sum.n_n;
                groups[n - 1].n_p += sum.n_p;
                groups[n - 1].sum += sum.sum;
        }
        for (size_t i = 0; i < n; i++)
                add_bin(&groups[i], ret);
}

double coarse_height(const CoarseCurve *c, double x) {
        for (size_t i = c->n; i-- > 1;) {
                const CoarsePoint *a = &c->points[i - 1], *b = &c->points[i];

                if (a->x <= x && x <= b->x)
                        return b->x > a->x ? a->y + (b->y - a->y) * (x - a->x) / (b->x - a->x) : b->y;
        }
        return x;
}
