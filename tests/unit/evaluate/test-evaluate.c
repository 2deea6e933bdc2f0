/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "tests/unit/scratch.h"
#include "tools/evaluate/evaluate.h"

typedef struct Bench {
        Scratch scratch;
        int in, out;
} Bench;

static void bench_init(Bench *b) {
        scratch_init(&b->scratch);
        b->in = scratch_dir(&b->scratch, "in");
        b->out = scratch_dir(&b->scratch, "out");
}

static void bench_done(Bench *b) {
        fd_close(b->in);
        fd_close(b->out);
        scratch_done(&b->scratch);
}
#define _cleanup_bench_ _cleanup_(bench_done)

static int run(const Bench *b, const void *table, size_t size, uint64_t memory_max, Fault *fault) {
        scratch_write_bytes(&b->scratch, "in/output.csv", table, size);
        return evaluate_run(b->in, b->out, memory_max, fault);
}

#define HEADER "y_true,y_pred,y_score\n"
#define EVAL_HEADER "accuracy,cohen_kappa,N,N_n,N_p,auc,log_loss,precision,recall,f1_score,specificity,npv,specificity_morf2\n"

/* Tables and the whole of eval.csv. */
static void test_results(void **state _unused_) {
        /* Two of each kind; the scores are halves and powers of two, so that the results are exact. */
        static const char rows[] = "1,1,0.5\n0,1,0.5\n0,0,0.5\n1,0,0.5\n";
        static const char even[] = EVAL_HEADER "0.5,0.0,4,2,2,0.5,0.6931471805599453,0.5,0.5,0.5,0.5,0.5,0.5\n";
        static const char one[] = EVAL_HEADER "1.0,,1,0,1,,,,,,,,\n";
        static const char zero[] = EVAL_HEADER "1.0,,1,1,0,,,,,,1.0,1.0,1.0\n";
        static const char sure[] = EVAL_HEADER "1.0,1.0,2,1,1,0.5,0.6931471805599453,1.0,1.0,1.0,1.0,1.0,1.0\n";
        static const struct {
                const char *before, *rows;
                const char *expected;
        } cases[] = {
                { HEADER, rows, even },
                { "\xef\xbb\xbf" HEADER, rows, even },
                { HEADER, "1,1,.5\r\n0,1,5e-1\r\n0,0,0.50\r\n1,0,+0.5", even },
                { HEADER, "\n1,1,0.5\n\n0,1,0.5\n0,0,0.5\n\r\n1,0,0.5\n\n", even },
                { "\n" HEADER, rows, even },
                { HEADER, "\"1\",\"1\",\"0.5\"\n0,1,0.5\n0,0,0.5\n1,0,0.5\n", even },
                { HEADER, "True,1.0,0.5\nFalse,1,0.5\nFalse,False,0.5\n 1 ,\t0, 0.5 \n", even },
                { "y_score,x,y_pred,y_true\n", "0.5,\"a,\n\"\"b\"\"\",1,1\n0.5,,1,0\n0.5,\xff,0,0\n0.5,=cmd(),0,1\n", even },
                { HEADER, "1,1,0.9\n", one },
                { HEADER, "0,0,0.9\n", zero },
                { HEADER, "1,1,0.5\n0,0,0.5\n", sure },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_bench_ Bench b;
                _cleanup_fault_ Fault fault = {};
                _cleanup_free_ char *table = NULL;

                bench_init(&b);
                assert_true(asprintf(&table, "%s%s", cases[i].before, cases[i].rows) > 0);
                assert_int_equal(run(&b, table, strlen(table), 0, &fault), 0);
                scratch_assert_file(&b.scratch, "out/eval.csv", cases[i].expected);
                assert_int_equal(scratch_count(&b.scratch, "out"), 2);
        }
}

/* Every refusal has a code, a line and a message without a byte of the table. */
static void test_refused(void **state _unused_) {
#define R(rows) HEADER rows, sizeof(HEADER rows) - 1
        static const struct {
                const char *table;
                size_t size;
                FaultCode code;
                const char *message;
        } cases[] = {
                { "", 0, FAULT_CSV_EMPTY, "output.csv: the file is empty" },
                { "\n\r\n\n", 4, FAULT_CSV_EMPTY, "output.csv: the file is empty" },
                { "\xef\xbb\xbf", 3, FAULT_CSV_EMPTY, "output.csv: the file is empty" },
                { R(""), FAULT_CSV_EMPTY, "output.csv: the file has a header and no rows" },
                { "y_true,y_pred,y_score", 21, FAULT_CSV_EMPTY, "output.csv: the file has a header and no rows" },
                { "1,0,0.5\n", 8, FAULT_CSV_COLUMNS, "output.csv:1: the header lacks the column y_true" },
                { "y_true;y_pred;y_score\n", 22, FAULT_CSV_COLUMNS, "output.csv:1: the header lacks the column y_true" },
                { "y_true,y_true,y_pred,y_score\n", 29, FAULT_CSV_COLUMNS, "output.csv:1: the header names the column y_true 2 times" },
                { "y_true,y_pred,y_score,\xe9\n", 24, FAULT_CSV_SYNTAX, "output.csv:1: the header is not UTF-8 text" },
                { "\xff\xfey\0_\0", 6, FAULT_CSV_SYNTAX, "output.csv:1: the row that begins here has a NUL byte" },
                { R("0,0,0.5\n1,1\n"), FAULT_CSV_SYNTAX, "output.csv:3: the row has 2 cells, the header has 3" },
                { R("0,0,0.5\n1,1,0.5,\n"), FAULT_CSV_SYNTAX, "output.csv:3: the row has 4 cells, the header has 3" },
                { R("0,0,0.5\n1,1,\"0.5\n"), FAULT_CSV_SYNTAX,
                  "output.csv:3: the row that begins here has a double quote that is never closed" },
                { R("0,0,0.5\n1,1,0\"5\n"), FAULT_CSV_SYNTAX,
                  "output.csv:3: the row that begins here has a double quote in the wrong place" },
                { R("0,0,0.5\r1,1,0.5\r"), FAULT_CSV_SYNTAX,
                  "output.csv:2: the row that begins here has a carriage return without a line feed" },
                { R("0,0,0.5\n\0\n"), FAULT_CSV_SYNTAX, "output.csv:3: the row that begins here has a NUL byte" },
                { R("2,0,0.5\n"), FAULT_CSV_Y_TRUE, "output.csv:2: y_true is neither 0 nor 1" },
                { R(",0,0.5\n"), FAULT_CSV_Y_TRUE, "output.csv:2: y_true is empty" },
                { R("nan,0,0.5\n"), FAULT_CSV_Y_TRUE, "output.csv:2: y_true is neither 0 nor 1" },
                { R("0,0.5,0.5\n"), FAULT_CSV_Y_PRED, "output.csv:2: y_pred is neither 0 nor 1" },
                { R("0,,0.5\n"), FAULT_CSV_Y_PRED, "output.csv:2: y_pred is empty" },
                { R("0,0,\n"), FAULT_CSV_Y_SCORE, "output.csv:2: y_score is empty" },
                { R("0,0,nan\n"), FAULT_CSV_Y_SCORE, "output.csv:2: y_score is not a number" },
                { R("0,0,inf\n"), FAULT_CSV_Y_SCORE, "output.csv:2: y_score is not a number" },
                { R("0,0,1.2\n"), FAULT_CSV_Y_SCORE, "output.csv:2: y_score is below 0 or above 1" },
                { R("0,0,-0.1\n"), FAULT_CSV_Y_SCORE, "output.csv:2: y_score is below 0 or above 1" },
                { R("0,0,0.5\n\"0\",0,\"\n\n\"\n"), FAULT_CSV_Y_SCORE, "output.csv:3: y_score is not a number" },
                { R("0,0,\"0.5\"\n\n\n0,0,secret\n"), FAULT_CSV_Y_SCORE, "output.csv:5: y_score is not a number" },
                { "course,y_true,y_pred,y_score\n../x,0,0,0.5\n", 42, FAULT_CSV_COURSE, "output.csv:2: course is not a course name" },
                { "course,y_true,y_pred,y_score\n,0,0,0.5\n", 38, FAULT_CSV_COURSE, "output.csv:2: course is empty" },
        };
#undef R

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_bench_ Bench b;
                _cleanup_fault_ Fault fault = {};

                bench_init(&b);
                assert_int_equal(run(&b, cases[i].table, cases[i].size, 0, &fault), -EBADMSG);
                assert_string_equal(fault.message, cases[i].message);
                assert_int_equal(fault.code, cases[i].code);
                assert_int_equal(scratch_count(&b.scratch, "out"), 0);
        }
}

static void test_long_lines(void **state _unused_) {
        static const char fillers[] = { '1', ',', '"', ' ' };

        for (size_t i = 0; i < sizeof(fillers); i++) {
                _cleanup_bench_ Bench b;
                _cleanup_fault_ Fault fault = {};
                const size_t size = 1000000;
                _cleanup_free_ char *table = malloc(size);

                assert_non_null(table);
                memset(table, fillers[i], size);
                memcpy(table, HEADER, strlen(HEADER));
                bench_init(&b);
                assert_int_equal(run(&b, table, size, 0, &fault), -EBADMSG);
                assert_int_equal(fault.code, FAULT_CSV_LINE);
                assert_int_equal(fault.line, 2);
        }
}

static void test_too_many_courses(void **state _unused_) {
        _cleanup_bench_ Bench b;
        _cleanup_fault_ Fault fault = {};
        _cleanup_free_ char *table = NULL;
        size_t size;
        FILE *f = open_memstream(&table, &size);

        fputs("course," HEADER, f);
        for (unsigned i = 0; i <= 1024; i++)
                fprintf(f, "c%u,0,0,0.5\n", i);
        fclose(f);
        bench_init(&b);
        assert_int_equal(run(&b, table, size, 0, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_CSV_COURSE);
        assert_string_equal(fault.message, "output.csv:1026: there are more than 1024 courses");
}

static void test_by_course(void **state _unused_) {
        static const char table[] = "course," HEADER "b,1,1,0.5\na,0,0,0.5\nb,0,0,0.5\n b ,0,1,0.5\na,1,1,0.5\n";
        static const char expected[] = "course," EVAL_HEADER
                                       "b,0.6666666666666666,0.4,3,2,1,0.5,0.6931471805599453,0.5,1.0,0.6666666666666666,0.5,1.0,1.0\n"
                                       "a,1.0,1.0,2,1,1,0.5,0.6931471805599453,1.0,1.0,1.0,1.0,1.0,1.0\n";
        static const uint64_t memory[] = { 0, 16, 32 };

        for (size_t i = 0; i < ELEMENTSOF(memory); i++) {
                _cleanup_bench_ Bench b;
                _cleanup_fault_ Fault fault = {};

                bench_init(&b);
                assert_int_equal(run(&b, table, strlen(table), memory[i], &fault), 0);
                scratch_assert_file(&b.scratch, "out/eval.csv", expected);
        }
}

/* The published confusion table, as a table of predictions. */
static void test_published(void **state _unused_) {
        static const struct {
                unsigned n;
                const char *row;
        } cells[] = { { 2879, "1,1,0.9\n" }, { 135, "1,0,0.2\n" }, { 612, "0,1,0.8\n" }, { 2376, "0,0,0.1\n" } };
        _cleanup_metrics_file_ MetricsFile f = {};
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        _cleanup_free_ char *table = NULL, *json = NULL;
        size_t size;
        FILE *out = open_memstream(&table, &size);

        fputs(HEADER, out);
        for (size_t i = 0; i < ELEMENTSOF(cells); i++)
                for (unsigned k = 0; k < cells[i].n; k++)
                        fputs(cells[i].row, out);
        fclose(out);
        bench_init(&b);
        assert_int_equal(run(&b, table, size, 16 * 1000, &fault), 0);
        json = scratch_read(&b.scratch, "out/metrics.json");
        assert_non_null(json);
        assert_int_equal(metrics_file_parse(json, strlen(json), &f), 0);
        assert_true(fabs(f.rows[0].metrics.accuracy - 0.8755414862) < 5e-11);
        assert_true(fabs(f.rows[0].metrics.cohen_kappa - 0.7509067872) < 5e-11);
        assert_true(fabs(f.rows[0].metrics.npv - 0.9462365591) < 5e-11);
        assert_int_equal(f.rows[0].metrics.tn, 2376);
        /* (2879 * 2988 + 135 * 2376) / (3014 * 2988): each 0.2 beats only 0.1 */
        assert_true(fabs(f.rows[0].metrics.auc - (2879. * 2988 + 135. * 2376) / (3014. * 2988)) < 1e-15);
}

/* What an earlier attempt left is gone, whichever way the new one ends. */
static void test_again(void **state _unused_) {
        _cleanup_bench_ Bench b;
        _cleanup_fault_ Fault fault = {};

        bench_init(&b);
        scratch_write(&b.scratch, "out/fault.json", "{");
        assert_int_equal(run(&b, HEADER "1,1,1\n", strlen(HEADER) + 6, 0, &fault), 0);
        assert_int_equal(scratch_count(&b.scratch, "out"), 2);
        assert_int_equal(run(&b, HEADER, strlen(HEADER), 0, &fault), -EBADMSG);
        assert_int_equal(scratch_count(&b.scratch, "out"), 0);
}

static void test_no_file(void **state _unused_) {
        _cleanup_bench_ Bench b;
        _cleanup_fault_ Fault fault = {};

        bench_init(&b);
        assert_int_equal(evaluate_run(b.in, b.out, 0, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_MISSING);
        assert_int_equal(symlinkat("/etc/passwd", b.in, "output.csv"), 0);
        assert_int_equal(evaluate_run(b.in, b.out, 0, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_KIND);
        assert_int_equal(unlinkat(b.in, "output.csv", 0), 0);
        assert_int_equal(mkfifoat(b.in, "output.csv", 0600), 0);
        assert_int_equal(evaluate_run(b.in, b.out, 0, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_KIND);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_results),          cmocka_unit_test(test_refused),   cmocka_unit_test(test_long_lines),
                cmocka_unit_test(test_too_many_courses), cmocka_unit_test(test_by_course), cmocka_unit_test(test_published),
                cmocka_unit_test(test_again),            cmocka_unit_test(test_no_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
