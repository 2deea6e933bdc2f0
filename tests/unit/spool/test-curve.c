/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "spool/curve.h"

/* However many scores there are, the points are few, ascending, and end with all rows; what was written is read again. */
static void test_many(void **state _unused_) {
        const uint64_t n_n = 70000, n_p = 30000;
        _cleanup_curve_ Curve c = {}, back = {};
        _cleanup_json_ json_t *object = json_object();
        uint64_t done_n = 0, done_p = 0, bins = 0;

        for (unsigned i = 0; i < 10000; i++) {
                uint64_t add_n = 7 - (i % 3 - 1), add_p = 3 + (i % 3 - 1);

                if (i == 9999)
                        add_n = n_n - done_n, add_p = n_p - done_p;
                assert_int_equal(curve_add(&c, n_n, n_p, (double) i / 9999, add_n, add_p), 0);
                done_n += add_n, done_p += add_p;
        }
        assert_true(c.n_points > 100 && c.n_points <= CURVE_POINTS_MAX);
        for (size_t i = 1; i < c.n_points; i++)
                assert_true(c.points[i].n_n >= c.points[i - 1].n_n && c.points[i].n_p >= c.points[i - 1].n_p);
        assert_int_equal(c.points[0].n_n + c.points[0].n_p, 0);
        assert_int_equal(c.points[c.n_points - 1].n_n, n_n);
        assert_int_equal(c.points[c.n_points - 1].n_p, n_p);
        for (size_t i = 0; i < CURVE_BINS; i++)
                bins += c.bins[i].n_n + c.bins[i].n_p;
        assert_int_equal(bins, n_n + n_p);

        assert_int_equal(curve_to_json(&c, object), 0);
        assert_int_equal(curve_from_json(object, n_n, n_p, &back), 0);
        assert_int_equal(back.n_points, c.n_points);
        assert_memory_equal(back.points, c.points, c.n_points * sizeof(*c.points));
        assert_int_equal(curve_from_json(object, n_n + 1, n_p, &back), -EBADMSG);
        assert_int_equal(curve_from_json(object, n_n, n_p - 1, &back), -EBADMSG);
}

static void test_edges(void **state _unused_) {
        _cleanup_curve_ Curve c = {}, one = {};

        assert_int_equal(curve_add(&c, 1, 1, 0, 1, 0), 0);
        assert_int_equal(curve_add(&c, 1, 1, 1, 0, 1), 0);
        assert_int_equal(c.n_points, 3);
        assert_int_equal(c.bins[0].n_n, 1);
        assert_int_equal(c.bins[CURVE_BINS - 1].n_p, 1);
        /* One label: nothing to draw. */
        assert_int_equal(curve_add(&one, 5, 0, .5, 5, 0), 0);
        assert_null(one.points);
}

static void test_refused(void **state _unused_) {
        static const char *const texts[] = {
                "{}", "{'roc':[],'bins':[1]}", "{'roc':[0,0],'bins':[]}", "{'roc':[0,0,1],'bins':[]}", "{'roc':[0,0,1,1],'bins':[]}",
                "{'roc':[1,0,1,1],'bins':[]}", "{'roc':[0,0,-1,1,1,1],'bins':[]}", "{'roc':[0,0,0.5,1],'bins':[]}", "{'roc':0,'bins':[]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_free_ char *text = strdup(texts[i]);
                _cleanup_json_ json_t *object = NULL;
                Curve c = {};

                for (char *p = text; *p; p++)
                        if (*p == '\'')
                                *p = '"';
                object = json_loads(text, 0, NULL);
                assert_non_null(object);
                assert_int_equal(curve_from_json(object, 1, 1, &c), -EBADMSG);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_edges),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
