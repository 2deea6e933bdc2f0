/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "spool/base/digest.h"
#include "tests/unit/scratch.h"
#include "tools/gate/table.h"

typedef struct Bench {
        Scratch scratch;
        int in, out;
        MetricsFile file;
} Bench;

static void bench_init(Bench *b) {
        *b = (Bench){};
        scratch_init(&b->scratch);
        b->in = scratch_dir(&b->scratch, "in");
        b->out = scratch_dir(&b->scratch, "out");
}

static void bench_done(Bench *b) {
        metrics_file_done(&b->file);
        fd_close(b->in);
        fd_close(b->out);
        scratch_done(&b->scratch);
}
#define _cleanup_bench_ _cleanup_(bench_done)

static void add(Bench *b, const char *course, uint64_t tp, uint64_t fp, uint64_t tn, uint64_t fn) {
        Metrics m;

        metrics_compute(tp, fp, tn, fn, 0.9309881086, 0.763262444, &m);
        assert_int_equal(metrics_file_add(&b->file, course, &m), 0);
        b->file.by_course = course != NULL;
}

static int run(Bench *b, const GatePolicy *p, Fault *fault) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(metrics_file_format(&b->file, &text), 0);
        scratch_write(&b->scratch, "in/metrics.json", text);
        return gate_run(b->in, b->out, p, fault);
}

#define HEADER "accuracy,cohen_kappa,N,N_n,N_p,auc,log_loss,precision,recall,f1_score,specificity,npv,specificity_morf2\n"

static void test_published(void **state _unused_) {
        static const struct {
                GatePolicy policy;
                const char *table;
        } cases[] = {
                { { .digits = 3, .min_cell = 10, .round_counts = 5 },
                  HEADER "0.876,0.751,6000,2990,3015,0.931,0.763,0.825,0.955,0.885,0.795,0.946,0.946\n" },
                { { .digits = 1, .round_counts = 1000 }, HEADER "0.9,0.8,6000,3000,3000,0.9,0.8,0.8,1.0,0.9,0.8,0.9,0.9\n" },
                { { .digits = 10, .min_cell = 135, .round_counts = 1 },
                  HEADER "0.8755414862,0.7509067872,6002,2988,3014,0.9309881086,0.763262444,0.8246920653,0.9552090246,0.8851652575,"
                         "0.7951807229,0.9462365591,0.9462365591\n" },
                { {},
                  HEADER "0.8755414861712763,0.7509067871782743,6002,2988,3014,0.9309881086,0.763262444,0.8246920653107992,"
                         "0.9552090245520902,0.8851652574942352,0.7951807228915663,0.946236559139785,0.946236559139785\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fault_ Fault fault = {};
                _cleanup_bench_ Bench b;

                bench_init(&b);
                add(&b, NULL, 2879, 612, 2376, 135);
                assert_int_equal(run(&b, &cases[i].policy, &fault), 0);
                scratch_assert_file(&b.scratch, "out/eval.csv", cases[i].table);
        }
}

static void test_judge(void **state _unused_) {
        static const struct {
                uint64_t tp, fp, tn, fn;
                unsigned min_cell;
                GateReason reason;
        } cases[] = {
                { 10, 10, 10, 10, 10, GATE_REASON_NONE },  { 1, 1, 1, 1, 10, GATE_REASON_ROWS },   { 9, 10, 10, 10, 10, GATE_REASON_CELL },
                { 10, 9, 10, 10, 10, GATE_REASON_CELL },   { 10, 10, 9, 10, 10, GATE_REASON_CELL }, { 10, 10, 10, 9, 10, GATE_REASON_CELL },
                { 50, 5, 4, 50, 10, GATE_REASON_CLASS },   { 5, 50, 50, 4, 10, GATE_REASON_CLASS }, { 100, 0, 0, 0, 10, GATE_REASON_CLASS },
                { 100, 0, 100, 0, 10, GATE_REASON_CELL },  { 100, 0, 100, 0, 1, GATE_REASON_CELL }, { 100, 0, 100, 0, 0, GATE_REASON_NONE },
                { 1, 0, 0, 0, 0, GATE_REASON_NONE },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                GatePolicy p = { .min_cell = cases[i].min_cell };
                MetricsRow row = {};

                metrics_compute(cases[i].tp, cases[i].fp, cases[i].tn, cases[i].fn, .5, .5, &row.metrics);
                assert_int_equal(gate_judge(&p, &row), cases[i].reason);
        }
        for (GateReason r = 0; r < _GATE_REASON_MAX; r++)
                assert_int_equal(gate_reason_from_string(gate_reason_to_string(r)), r);
}

static void test_round(void **state _unused_) {
        static const struct {
                uint64_t n;
                unsigned round;
                uint64_t rounded;
        } cases[] = {
                { 7, 0, 7 }, { 7, 1, 7 }, { 7, 5, 5 },    { 8, 5, 10 },   { 0, 5, 0 },
                { 2, 5, 0 }, { 3, 5, 5 }, { 15, 10, 20 }, { 14, 10, 10 }, { 5, 10, 10 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(gate_round(cases[i].n, cases[i].round), cases[i].rounded);
}

/* Known courses by name, others not at all; their names appear nowhere. */
static void test_courses(void **state _unused_) {
        char *courses[] = { (char *) "small", (char *) "big", NULL };
        const GatePolicy policy = { .digits = 3, .min_cell = 10, .round_counts = 5, .courses = courses };
        _cleanup_free_ char *release = NULL;
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        bench_init(&b);
        add(&b, "secret-7", 100, 100, 100, 100);
        add(&b, "big", 100, 100, 100, 102);
        add(&b, "small", 3, 3, 3, 3);
        assert_int_equal(run(&b, &policy, &fault), 0);
        scratch_assert_file(&b.scratch, "out/eval.csv",
                            "course," HEADER "big,0.498,-0.00495,400,200,200,0.931,0.763,0.5,0.495,0.498,0.5,0.495,0.495\n");
        release = scratch_read(&b.scratch, "out/release.json");
        assert_non_null(release);
        assert_null(strstr(release, "secret"));
        assert_non_null(strstr(release, "\"course\": \"course-1\",\n   \"reason\": \"course\""));
        assert_non_null(strstr(release, "\"course\": \"small\",\n   \"reason\": \"class\""));
        assert_non_null(strstr(release, "\"released\": 1,"));
}

static void test_courses_unknown(void **state _unused_) {
        const GatePolicy policy = { .digits = 1, .min_cell = 10 };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        bench_init(&b);
        add(&b, "secret-1", 3, 3, 3, 3);
        add(&b, "secret-2", 100, 100, 100, 100);
        assert_int_equal(run(&b, &policy, &fault), 0);
        scratch_assert_file(&b.scratch, "out/eval.csv", "course," HEADER "course-2,0.5,0.0,400,200,200,0.9,0.8,0.5,0.5,0.5,0.5,0.5,0.5\n");
}

static void test_nothing_left(void **state _unused_) {
        char *courses[] = { (char *) "known", NULL };
        const GatePolicy policy = { .digits = 3, .min_cell = 10, .courses = courses };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b, c;

        bench_init(&b);
        add(&b, NULL, 100, 9, 100, 100);
        scratch_write(&b.scratch, "out/eval.csv", "of an earlier attempt");
        assert_int_equal(run(&b, &policy, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_RELEASE_SUPPRESSED);
        assert_non_null(strstr(fault.message, "fewer than 10"));
        assert_int_equal(scratch_count(&b.scratch, "out"), 0);

        bench_init(&c);
        add(&c, "secret", 100, 100, 100, 100);
        assert_int_equal(run(&c, &policy, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_RELEASE_SUPPRESSED);
        assert_null(strstr(fault.message, "secret"));
        assert_null(strstr(fault.message, "fewer"));
}

static void test_release(void **state _unused_) {
        const GatePolicy policy = { .digits = 3, .min_cell = 10, .round_counts = 5 };
        _cleanup_free_ char *release = NULL;
        _cleanup_fault_ Fault fault = {};
        _cleanup_fd_ int fd = -EBADF;
        char digest[DIGEST_LENGTH + 1];
        _cleanup_bench_ Bench b;

        bench_init(&b);
        add(&b, NULL, 100, 100, 100, 100);
        scratch_write(&b.scratch, "out/fault.json", "{}");
        assert_int_equal(run(&b, &policy, &fault), 0);
        assert_int_equal(scratch_count(&b.scratch, "out"), 3);
        fd = openat(b.out, "eval.csv", O_RDONLY | O_CLOEXEC);
        assert_int_equal(digest_fd(fd, digest), 0);
        release = scratch_read(&b.scratch, "out/release.json");
        assert_non_null(strstr(release, digest));
        assert_non_null(strstr(release, "\"digits\": 3,"));
        assert_non_null(strstr(release, "\"suppressed\": [],"));
}

/* Not what the evaluator wrote: the platform's trouble, no fault, no result. */
static void test_bad_input(void **state _unused_) {
        const GatePolicy policy = { .digits = 3 };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        bench_init(&b);
        assert_int_equal(gate_run(b.in, b.out, &policy, &fault), -ENOENT);
        scratch_write(&b.scratch, "in/metrics.json", "{}");
        assert_int_equal(gate_run(b.in, b.out, &policy, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_NONE);
        assert_int_equal(unlinkat(b.in, "metrics.json", 0), 0);
        assert_int_equal(symlinkat("/etc/passwd", b.in, "metrics.json"), 0);
        assert_int_equal(gate_run(b.in, b.out, &policy, &fault), -ELOOP);
        assert_int_equal(scratch_count(&b.scratch, "out"), 0);
}

/* ---- workflows ---- */

#define WORKFLOW_HEADER "N,N_n,N_p,accuracy,auc,cohen_kappa_score,f1_score,log_loss,precision,recall,specificity,npv,specificity_morf2\n"
/* A row of 400 of which all is one half. */
#define HALF "400,200,200,0.5,0.931,0.0,0.5,0.763,0.5,0.5,0.5,0.5,0.5\n"

static char *known[] = { (char *) "a", (char *) "b", (char *) "c", NULL };

/* By pseudonym, in their order; the real names are nowhere in what is released. */
static void test_pseudonyms(void **state _unused_) {
        const Pseudonyms pseudonyms = { .on = true, .user = "alice", .secret = (char *) "key" };
        const GatePolicy policy = { .digits = 3, .min_cell = 10, .round_counts = 5, .courses = known, .pseudonyms = &pseudonyms };
        _cleanup_free_ char *table = NULL, *note = NULL;
        char *second, name[PSEUDONYM_LENGTH + 1], before[PSEUDONYM_LENGTH + 1] = "";
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        bench_init(&b);
        b.file.kind = METRICS_KIND_COURSE;
        for (size_t i = 0; known[i]; i++)
                add(&b, known[i], 100, 100, 100, 100);
        assert_int_equal(metrics_file_leave_out(&b.file, "d", "E_LABELS"), 0);
        assert_int_equal(run(&b, &policy, &fault), 0);
        table = scratch_read(&b.scratch, "out/eval.csv");
        assert_non_null(startswith(table, "course," WORKFLOW_HEADER));
        second = table + strlen("course," WORKFLOW_HEADER);
        for (unsigned i = 0; i < 3; i++, second = strchr(second, '\n') + 1) {
                assert_non_null(startswith(second + PSEUDONYM_LENGTH, "," HALF));
                assert_true(strncmp(before, second, PSEUDONYM_LENGTH) < 0);
                snprintf(before, sizeof(before), "%.*s", (int) PSEUDONYM_LENGTH, second);
        }
        for (size_t i = 0; known[i]; i++) {
                assert_int_equal(pseudonym_make(&pseudonyms, known[i], name), 0);
                assert_non_null(strstr(table, name));
        }
        note = scratch_read(&b.scratch, "out/note.txt");
        assert_string_equal(note, "These courses could not be evaluated and were left out: d.");
}

static void test_all(void **state _unused_) {
        const GatePolicy policy = { .digits = 3, .min_cell = 10, .round_counts = 5, .courses = known };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        bench_init(&b);
        b.file.kind = METRICS_KIND_ALL;
        add(&b, NULL, 100, 100, 100, 100);
        assert_int_equal(run(&b, &policy, &fault), 0);
        scratch_assert_file(&b.scratch, "out/eval.csv", "course," WORKFLOW_HEADER "all," HALF);
}

static void add_fold(Bench *b, const char *course, unsigned fold, uint64_t each, double auc) {
        add(b, course, each, each, each, each);
        b->file.rows[b->file.n_rows - 1].fold = fold;
        b->file.rows[b->file.n_rows - 1].metrics.auc = auc;
}

/* Means over folds; folds and deviations only where each fold is large enough. */
static void test_folds(void **state _unused_) {
        const GatePolicy policy = { .digits = 3, .min_cell = 10, .round_counts = 5, .courses = known };
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        bench_init(&b);
        b.file.kind = METRICS_KIND_CV;
        add_fold(&b, "a", 0, 100, .8);
        add_fold(&b, "a", 1, 40, .6);
        add_fold(&b, "a", 2, 60, .9);
        add_fold(&b, "b", 0, 19, .7);
        add_fold(&b, "b", 1, 9, .7);
        add_fold(&b, "b", 2, 10, .8);
        add_fold(&b, "c", 0, 9, .8);
        add_fold(&b, "c", 1, 9, .8);
        assert_int_equal(run(&b, &policy, &fault), 0);
        scratch_assert_file(&b.scratch, "out/eval.csv",
                            "course," WORKFLOW_HEADER "a,200,100,100,0.5,0.75,0.0,0.5,0.763,0.5,0.5,0.5,0.5,0.5\n"
                            "b,40,20,20,0.5,0.75,0.0,0.5,0.763,0.5,0.5,0.5,0.5,0.5\n");
        scratch_assert_file(&b.scratch, "out/folds.csv",
                            "course,fold," WORKFLOW_HEADER "a,1,160,80,80,0.5,0.6,0.0,0.5,0.763,0.5,0.5,0.5,0.5,0.5\n"
                            "a,2,240,120,120,0.5,0.9,0.0,0.5,0.763,0.5,0.5,0.5,0.5,0.5\n"
                            "a,mean,200,100,100,0.5,0.75,0.0,0.5,0.763,0.5,0.5,0.5,0.5,0.5\n"
                            "a,sd,56.6,28.3,28.3,0.0,0.212,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0\n");
        scratch_assert_file(&b.scratch, "out/note.txt", "1 result was too small to be released.");
}

/* Examples of Wilson's interval that can be checked by hand, and that it stays between 0 and 1. */
static void test_intervals(void **state _unused_) {
        const GatePolicy policy = { .digits = 3, .courses = known };
        _cleanup_free_ char *table = NULL;
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        double low, high;

        table_wilson(0.5, 100, &low, &high);
        assert_true(fabs(low - 0.403832) < 1e-6 && fabs(high - 0.596168) < 1e-6);
        table_wilson(0, 10, &low, &high);
        assert_true(fabs(low) < 1e-12 && fabs(high - 0.277533) < 1e-6);
        table_wilson(1, 10, &low, &high);
        assert_true(fabs(low - 0.722467) < 1e-6 && fabs(high - 1) < 1e-12);

        bench_init(&b);
        add(&b, "a", 100, 100, 100, 100);
        b.file.rows[0].metrics.auc_se = .05;
        assert_int_equal(run(&b, &policy, &fault), 0);
        table = scratch_read(&b.scratch, "out/ci.csv");
        assert_non_null(startswith(table, "course,metric,estimate,low,high,method\na,auc,0.931,0.833,1.0,DeLong\na,accuracy,0.5,0.451,0.549,Wilson\n"));
}

/* A workflow without evaluation: a receipt, and nothing of the container's. */
static void test_no_evaluation(void **state _unused_) {
        Receipt receipt = RECEIPT_INIT;
        const GatePolicy policy = { .digits = 3, .no_evaluation = true, .receipt = &receipt, .receipt_key = "key" };
        _cleanup_free_ char *text = NULL;
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        receipt.job = strdup("01jd3k8x2m4qabcdefghjkmnpq");
        receipt.user = strdup("alice");
        receipt.name = strdup("weekly");
        receipt.mode = strdup("workflow");
        bench_init(&b);
        assert_int_equal(gate_run(-EBADF, b.out, &policy, &fault), 0);
        assert_int_equal(scratch_count(&b.scratch, "out"), 2);
        text = scratch_read(&b.scratch, "out/receipt.json");
        assert_int_equal(receipt_verify(text, strlen(text), "key"), 0);
        receipt_done(&receipt);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published),       cmocka_unit_test(test_judge),        cmocka_unit_test(test_round),
                cmocka_unit_test(test_courses),         cmocka_unit_test(test_courses_unknown), cmocka_unit_test(test_nothing_left),
                cmocka_unit_test(test_release),         cmocka_unit_test(test_bad_input),
                cmocka_unit_test(test_pseudonyms),      cmocka_unit_test(test_all),          cmocka_unit_test(test_folds),
                cmocka_unit_test(test_intervals),       cmocka_unit_test(test_no_evaluation),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
