/* SPDX-License-Identifier: MIT */
#include "spool/curve.h"

#include <math.h>

#define ROC "roc"
#define BINS "bins"
/* Numbers a bin is written as. */
#define BIN_NUMBERS 3u

static int add_point(Curve *c, uint64_t n_n, uint64_t n_p) {
        if (!c->points) {
                c->points = calloc(CURVE_POINTS_MAX, sizeof(*c->points));
                if (!c->points)
                        return -ENOMEM;
                c->n_points = 1; /* the origin */
        }
        if (c->n_points == CURVE_POINTS_MAX)
                return -ENOBUFS;
        c->points[c->n_points++] = (CurvePoint){ n_n, n_p };
        return 0;
}

static uint64_t step_of(uint64_t part, uint64_t all) {
        return (uint64_t) ((unsigned __int128) part * CURVE_STEPS / all);
}

int curve_add(Curve *c, uint64_t n_n, uint64_t n_p, double score, uint64_t add_n, uint64_t add_p) {
        size_t bin = score >= 1 ? CURVE_BINS - 1 : score > 0 ? (size_t) (score * CURVE_BINS) : 0;
        uint64_t sum_n = 0, sum_p = 0;
        CurvePoint last = c->n_points > 0 ? c->points[c->n_points - 1] : (CurvePoint){};

        c->bins[bin].n_n += add_n;
        c->bins[bin].n_p += add_p;
        c->bins[bin].sum += score * (double) (add_n + add_p);
        if (n_n == 0 || n_p == 0)
                return 0;
        for (size_t i = 0; i <= bin; i++) {
                sum_n += c->bins[i].n_n;
                sum_p += c->bins[i].n_p;
        }
        if (step_of(sum_n, n_n) == step_of(last.n_n, n_n) && step_of(sum_p, n_p) == step_of(last.n_p, n_p))
                return 0;
        return add_point(c, sum_n, sum_p);
}

static int append(json_t *array, json_t *value) {
        return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

int curve_to_json(const Curve *c, json_t *object) {
        json_t *roc = json_array(), *bins = json_array();
        int r = 0;

        if (json_object_set_new(object, ROC, roc) < 0 || json_object_set_new(object, BINS, bins) < 0)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < c->n_points; i++) {
                r = append(roc, json_integer((json_int_t) c->points[i].n_n));
                if (r >= 0)
                        r = append(roc, json_integer((json_int_t) c->points[i].n_p));
        }
        for (size_t i = 0; r >= 0 && c->points && i < CURVE_BINS; i++) {
                r = append(bins, json_integer((json_int_t) c->bins[i].n_n));
                if (r >= 0)
                        r = append(bins, json_integer((json_int_t) c->bins[i].n_p));
                if (r >= 0)
                        r = append(bins, json_real(c->bins[i].sum));
        }
        return r;
}

/* A count at place i of an array. Return: 0 or -EBADMSG. */
static int get_count(const json_t *array, size_t i, uint64_t max, uint64_t *ret) {
        const json_t *value = json_array_get(array, i);

        if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t) json_integer_value(value) > max)
                return -EBADMSG;
        *ret = (uint64_t) json_integer_value(value);
        return 0;
}

static int read_points(const json_t *roc, uint64_t n_n, uint64_t n_p, Curve *c) {
        size_t n = json_array_size(roc) / 2;

        if (!json_is_array(roc) || json_array_size(roc) % 2 != 0 || n > CURVE_POINTS_MAX || n == 1)
                return -EBADMSG;
        if (n == 0)
                return 0;
        c->points = calloc(n, sizeof(*c->points));
        if (!c->points)
                return -ENOMEM;
        c->n_points = n;
        for (size_t i = 0; i < n; i++) {
                CurvePoint *p = &c->points[i];

                if (get_count(roc, 2 * i, n_n, &p->n_n) < 0 || get_count(roc, 2 * i + 1, n_p, &p->n_p) < 0)
                        return -EBADMSG;
                if (i == 0 ? p->n_n > 0 || p->n_p > 0 : p->n_n < p[-1].n_n || p->n_p < p[-1].n_p)
                        return -EBADMSG;
        }
        return c->points[n - 1].n_n == n_n && c->points[n - 1].n_p == n_p ? 0 : -EBADMSG;
}

static int read_bins(const json_t *bins, uint64_t n_n, uint64_t n_p, Curve *c) {
        uint64_t sum_n = 0, sum_p = 0;

        if (!json_is_array(bins) || json_array_size(bins) != (c->points ? BIN_NUMBERS * CURVE_BINS : 0))
                return -EBADMSG;
        if (!c->points)
                return 0;
        for (size_t i = 0; i < CURVE_BINS; i++) {
                const json_t *sum = json_array_get(bins, BIN_NUMBERS * i + 2);
                CurveBin *b = &c->bins[i];

                if (get_count(bins, BIN_NUMBERS * i, n_n - sum_n, &b->n_n) < 0 || get_count(bins, BIN_NUMBERS * i + 1, n_p - sum_p, &b->n_p) < 0)
                        return -EBADMSG;
                if (!json_is_real(sum) || !(json_real_value(sum) >= 0))
                        return -EBADMSG;
                b->sum = json_real_value(sum);
                sum_n += b->n_n;
                sum_p += b->n_p;
        }
        return sum_n == n_n && sum_p == n_p ? 0 : -EBADMSG;
}

int curve_from_json(const json_t *object, uint64_t n_n, uint64_t n_p, Curve *ret) {
        _cleanup_curve_ Curve c = {};
        int r;

        r = read_points(json_object_get(object, ROC), n_n, n_p, &c);
        if (r >= 0)
                r = read_bins(json_object_get(object, BINS), n_n, n_p, &c);
        if (r < 0)
                return r;
        *ret = c;
        c = (Curve){};
        return 0;
}

void curve_done(Curve *c) {
        free(c->points);
        *c = (Curve){};
}
