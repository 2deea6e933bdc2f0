/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>

#include "spool/metrics.h"

#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* The published result of one run of the job zip's example, with the confusion table that it implies. */
static void test_published_job_zip(void **state _unused_) {
        Metrics m;

        metrics_compute(2879, 612, 2376, 135, 0.9309881086, 0.763262444, &m);
        assert_int_equal(m.n, 6002);
        assert_int_equal(m.n_n, 2988);
        assert_int_equal(m.n_p, 3014);
        assert_near(m.accuracy, 0.8755414862, 5e-11);
        assert_near(m.cohen_kappa, 0.7509067872, 5e-11);
        assert_near(m.precision, 0.8246920653, 5e-11);
        assert_near(m.recall, 0.9552090246, 5e-11);
        assert_near(m.f1_score, 0.8851652575, 5e-11);
        assert_near(m.specificity, 0.7952, 5e-5);
        /* What was printed as "specificity" is the negative predictive value. */
        assert_near(m.specificity_morf2, 0.9462365591, 5e-11);
        assert_true(m.npv == m.specificity_morf2);
        assert_true(m.auc == 0.9309881086 && m.log_loss == 0.763262444);
}

/* The first row of MORF 2.0's published sample, as far as it is known. */
static void test_published_morf2(void **state _unused_) {
        Metrics m;

        metrics_compute(3456, 2514, 128, 16, 0.5, 1, &m);
        assert_int_equal(m.n, 6114);
        assert_near(m.recall, 0.9954, 5e-5);
        assert_near(m.precision, 0.5789, 5e-5);
        assert_near(m.specificity_morf2, 0.8889, 5e-5);
        assert_near(m.specificity, 0.0484, 5e-5);
}

typedef struct Case {
        uint64_t tp, fp, tn, fn;
        double accuracy, kappa, auc, precision, recall, f1, specificity, npv;
} Case;

static void assert_same(double a, double b) {
        assert_true(isnan(a) == isnan(b));
        if (!isnan(b))
                assert_near(a, b, 1e-15);
}

static void test_degenerate(void **state _unused_) {
        static const Case cases[] = {
                /* one class: auc, log_loss, precision, recall and f1 are undefined */
                { 4, 0, 0, 0, 1, NAN, NAN, NAN, NAN, NAN, NAN, NAN },
                { 0, 0, 4, 0, 1, NAN, NAN, NAN, NAN, NAN, 1, 1 },
                { 3, 0, 0, 1, .75, 0, NAN, NAN, NAN, NAN, NAN, 0 },
                { 0, 1, 3, 0, .75, 0, NAN, NAN, NAN, NAN, .75, 1 },
                /* nothing predicted 1, nothing predicted 0, nothing right */
                { 0, 0, 2, 2, .5, 0, .25, 0, 0, 0, 1, .5 },
                { 2, 2, 0, 0, .5, 0, .25, .5, 1, 2. / 3, 0, NAN },
                { 0, 2, 0, 2, 0, -1, .25, 0, 0, 0, 0, 0 },
                { 2, 0, 2, 0, 1, 1, .25, 1, 1, 1, 1, 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Case *c = &cases[i];
                Metrics m;

                metrics_compute(c->tp, c->fp, c->tn, c->fn, .25, .25, &m);
                assert_same(m.accuracy, c->accuracy);
                assert_same(m.cohen_kappa, c->kappa);
                assert_same(m.auc, c->auc);
                assert_same(m.log_loss, c->auc);
                assert_same(m.precision, c->precision);
                assert_same(m.recall, c->recall);
                assert_same(m.f1_score, c->f1);
                assert_same(m.specificity, c->specificity);
                assert_same(m.npv, c->npv);
                assert_same(m.specificity_morf2, c->npv);
        }
}

static void test_format(void **state _unused_) {
        static const struct {
                double v;
                unsigned digits;
                const char *text;
        } cases[] = {
                { 0.1, 0, "0.1" },         { 1.0 / 3, 0, "0.3333333333333333" }, { 1, 0, "1.0" },       { 0, 0, "0.0" },
                { -0.0, 3, "0.0" },        { -1, 2, "-1.0" },                    { NAN, 0, "" },        { NAN, 3, "" },
                { 0.87554, 3, "0.876" },   { 0.9999, 3, "1.0" },                 { 34.538, 3, "34.5" }, { 0.00001234, 3, "1.23e-05" },
                { 0.1 + 0.2, 0, "0.30000000000000004" }, { 0.1 + 0.2, 17, "0.30000000000000004" }, { 0.5, 1, "0.5" },
        };
        char buffer[METRICS_NUMBER_MAX];

        /* Whatever the locale of the process; where de_DE is not installed, this changes nothing. */
        setlocale(LC_ALL, "de_DE.UTF-8");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(metrics_format(cases[i].v, cases[i].digits, buffer), cases[i].text);
        setlocale(LC_ALL, "C");
}

static void test_columns(void **state _unused_) {
        static const char *const names[METRICS_COLUMNS] = { "accuracy", "cohen_kappa", "N", "N_n", "N_p", "auc", "log_loss", "precision",
                                                            "recall", "f1_score", "specificity", "npv", "specificity_morf2" };

        for (size_t i = 0; i < METRICS_COLUMNS; i++)
                assert_string_equal(metrics_columns[i].name, names[i]);
}

static void test_file(void **state _unused_) {
        _cleanup_metrics_file_ MetricsFile f = { .by_course = true }, back = {};
        _cleanup_free_ char *text = NULL, *again = NULL;
        Metrics a, b;

        metrics_compute(2879, 612, 2376, 135, 1.0 / 3, 1, &a);
        metrics_compute(3, 0, 0, 1, 0, 0, &b);
        assert_int_equal(metrics_file_add(&f, "accounting", &a), 0);
        assert_int_equal(metrics_file_add(&f, "one-class", &b), 0);
        assert_int_equal(metrics_file_format(&f, &text), 0);
        assert_int_equal(metrics_file_parse(text, strlen(text), &back), 0);
        assert_int_equal(back.n_rows, 2);
        assert_string_equal(back.rows[1].course, "one-class");
        assert_true(back.rows[0].metrics.auc == 1.0 / 3);
        assert_true(isnan(back.rows[1].metrics.auc));
        assert_int_equal(metrics_file_format(&back, &again), 0);
        assert_string_equal(text, again);
}

/* Folds and courses that were left out, of a workflow. */
static void test_file_workflow(void **state _unused_) {
        _cleanup_metrics_file_ MetricsFile f = { .by_course = true, .kind = METRICS_KIND_CV }, back = {};
        _cleanup_free_ char *text = NULL, *again = NULL;
        Metrics m;

        metrics_compute(3, 2, 1, 4, .5, 1, &m);
        m.auc_se = .125;
        for (unsigned fold = 0; fold <= 2; fold++) {
                assert_int_equal(metrics_file_add(&f, "c", &m), 0);
                f.rows[fold].fold = fold;
        }
        assert_int_equal(metrics_file_leave_out(&f, "d", "E_LABELS"), 0);
        f.labels = strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        assert_int_equal(metrics_file_format(&f, &text), 0);
        assert_int_equal(metrics_file_parse(text, strlen(text), &back), 0);
        assert_int_equal(back.kind, METRICS_KIND_CV);
        assert_int_equal(back.rows[2].fold, 2);
        assert_true(back.rows[0].metrics.auc_se == .125);
        assert_string_equal(back.left_out[0].code, "E_LABELS");
        assert_int_equal(metrics_file_format(&back, &again), 0);
        assert_string_equal(text, again);
}

/* The order that MORF 2.0 documents, and what we have beyond it at the end. */
static void test_workflow_columns(void **state _unused_) {
        static const char *const names[METRICS_COLUMNS] = {
                "N", "N_n", "N_p", "accuracy", "auc", "cohen_kappa_score", "f1_score", "log_loss", "precision", "recall", "specificity",
                "npv", "specificity_morf2",
        };

        for (size_t i = 0; i < METRICS_COLUMNS; i++)
                assert_string_equal(metrics_columns_of(METRICS_KIND_COURSE)[i].name, names[i]);
        assert_ptr_equal(metrics_columns_of(METRICS_KIND_RUN), metrics_columns);
}

/* A text in which one piece of a valid file is replaced is refused. */
static void test_file_refused(void **state _unused_) {
        static const char *const edits[][2] = {
                { "\"version\": 2", "\"version\": 1" },
                { "\"kind\": \"run\"", "\"kind\": \"walk\"" },
                { "\"kind\": \"run\"", "\"kind\": 0" },
                { "\"auc_se\": null", "\"auc_se\": null, \"fold\": 1" },
                { "\"roc\": []", "\"roc\": [0, 0]" },
                { "\"left_out\": []", "\"left_out\": [{\"course\": \"=c()\", \"code\": \"E_LABELS\"}]" },
                { "\"left_out\": []", "\"left_out\": [7]" },
                { "\"left_out\": []", "\"left_out\": [], \"labels\": \"abc\"" },
                { "\"by_course\": true", "\"by_course\": false" },
                { "\"by_course\": true", "\"by_course\": 1" },
                { "\"course\": \"c\"", "\"course\": \"=c()\"" },
                { "\"course\": \"c\"", "\"course\": 7" },
                { "\"course\": \"c\"", "\"course\": \"c\\u0000d\"" },
                { "\"tp\": 2", "\"tp\": -2" },
                { "\"tp\": 2", "\"tp\": 3" },
                { "\"tp\": 2", "\"tp\": 2.0" },
                { "\"tp\": 2", "\"tp\": 2, \"tp\": 2" },
                { "\"tp\": 2", "\"tp\": 2, \"more\": 2" },
                { "\"N\": 8", "\"N\": 9" },
                { "\"auc\": 0.5", "\"auc\": \"0.5\"" },
                { "\"auc\": 0.5", "\"auk\": 0.5" },
                { "\"auc\": 0.5", "\"auc\": NaN" },
                { "{\n", "[\n" },
        };
        _cleanup_metrics_file_ MetricsFile f = { .by_course = true };
        _cleanup_free_ char *text = NULL;
        Metrics m;

        metrics_compute(2, 2, 2, 2, .5, .5, &m);
        assert_int_equal(metrics_file_add(&f, "c", &m), 0);
        assert_int_equal(metrics_file_format(&f, &text), 0);
        for (size_t i = 0; i < ELEMENTSOF(edits); i++) {
                _cleanup_metrics_file_ MetricsFile back = {};
                _cleanup_free_ char *edited = NULL;
                char *place = strstr(text, edits[i][0]);

                assert_non_null(place);
                assert_true(asprintf(&edited, "%.*s%s%s", (int) (place - text), text, edits[i][1], place + strlen(edits[i][0])) > 0);
                assert_int_equal(metrics_file_parse(edited, strlen(edited), &back), -EBADMSG);
        }
}

static void test_file_no_rows(void **state _unused_) {
        static const char text[] = "{\"version\":2,\"kind\":\"run\",\"by_course\":true,\"rows\":[],\"left_out\":[]}";
        _cleanup_metrics_file_ MetricsFile f = {};

        assert_int_equal(metrics_file_parse(text, strlen(text), &f), -EBADMSG);
        assert_int_equal(metrics_file_parse("", 0, &f), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published_job_zip), cmocka_unit_test(test_published_morf2), cmocka_unit_test(test_degenerate),
                cmocka_unit_test(test_format),            cmocka_unit_test(test_columns),         cmocka_unit_test(test_file),
                cmocka_unit_test(test_file_refused),      cmocka_unit_test(test_file_no_rows),
                cmocka_unit_test(test_file_workflow),     cmocka_unit_test(test_workflow_columns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
