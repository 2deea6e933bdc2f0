/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tools/stage/stage.h"

typedef struct Bench {
        Scratch scratch;
        int roots[2], out;
        StageOptions options;
        char *error;
} Bench;

static char *accounting[] = { (char *) "accounting", NULL };

static void bench_init(Bench *b) {
        static const char *const names[] = { "/srv/a", "/srv/b" };

        *b = (Bench){ .options = { .names = names, .n_roots = 2, .courses = accounting } };
        scratch_init(&b->scratch);
        b->roots[0] = scratch_dir(&b->scratch, "a");
        b->roots[1] = scratch_dir(&b->scratch, "b");
        b->out = scratch_dir(&b->scratch, "out");
        b->options.roots = b->roots;
}

static void bench_done(Bench *b) {
        free(b->error);
        fd_close(b->roots[0]);
        fd_close(b->roots[1]);
        fd_close(b->out);
        scratch_done(&b->scratch);
}
#define _cleanup_bench_ _cleanup_(bench_done)

static int run(Bench *b) {
        free(b->error);
        b->error = NULL;
        return stage_run(&b->options, b->out, &b->error);
}

#define LABELS "userID,label_type,label_value,course,session\n"
#define DATES "course,fullname,start_date,end_date\r\n"

static void test_tables(void **state _unused_) {
        _cleanup_bench_ Bench b;
        struct stat st;

        bench_init(&b);
        scratch_write(&b.scratch, "a/labels-train.csv", LABELS "u1,dropout,1,accounting,001\nu2,dropout,0,finance,001\n"
                                                                  "u3,dropout,0,accounting,002\n");
        scratch_write(&b.scratch, "a/labels-test.csv", LABELS "u1,dropout,1,accounting,003\n");
        scratch_write(&b.scratch, "a/labels-train-with-underscore.csv",
                      "userID,label_type,label_value,course\nu1,dropout,1,accounting_001\nu2,dropout,0,finance_001\n"
                      "u3,dropout,0,accounting_2012-001");
        scratch_write(&b.scratch, "a/coursera_course_dates.csv",
                      DATES "accounting-001,\"Comptabilit\xe9, a \"\"first\"\" course\",1/2/13,3/4/13\r\n"
                            "finance-001,F,1/2/13,3/4/13\r\n\r\n"
                            "\"accounting-002\",The \"best\" one,1/2/13,3/4/13\r\n");
        assert_int_equal(run(&b), 0);
        scratch_assert_file(&b.scratch, "out/labels-train.csv", LABELS "u1,dropout,1,accounting,001\nu3,dropout,0,accounting,002\n");
        scratch_assert_file(&b.scratch, "out/labels-train-with-underscore.csv",
                            "userID,label_type,label_value,course\nu1,dropout,1,accounting_001\nu3,dropout,0,accounting_2012-001\n");
        scratch_assert_file(&b.scratch, "out/coursera_course_dates.csv",
                            DATES "accounting-001,\"Comptabilit\xe9, a \"\"first\"\" course\",1/2/13,3/4/13\r\n"
                                  "\"accounting-002\",The \"best\" one,1/2/13,3/4/13\r\n");
        assert_int_equal(scratch_count(&b.scratch, "out"), 3);
        assert_int_equal(fstatat(b.out, "labels-train.csv", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644);

        /* The test labels only when asked for, and gone again when not. */
        b.options.test_labels = true;
        assert_int_equal(run(&b), 0);
        scratch_assert_file(&b.scratch, "out/labels-test.csv", LABELS "u1,dropout,1,accounting,003\n");
        b.options.test_labels = false;
        assert_int_equal(run(&b), 0);
        assert_int_equal(scratch_count(&b.scratch, "out"), 3);
}

static void test_all(void **state _unused_) {
        static const char table[] = LABELS "u1,dropout,1,accounting,001\nu2,dropout,0,finance,001\nu3,dropout,0,,001\n";
        _cleanup_bench_ Bench b;

        bench_init(&b);
        b.options.courses = NULL;
        scratch_write(&b.scratch, "b/labels-train.csv", table);
        assert_int_equal(run(&b), 0);
        scratch_assert_file(&b.scratch, "out/labels-train.csv", table);
}

static void test_two_roots(void **state _unused_) {
        _cleanup_bench_ Bench b;

        bench_init(&b);
        scratch_write(&b.scratch, "a/labels-train.csv", "\xef\xbb\xbf" LABELS "u1,dropout,1,accounting,001");
        scratch_write(&b.scratch, "b/labels-train.csv", "userID,label_type,label_value,course,session\r\nu2,dropout,0,accounting,001\r\n");
        scratch_write(&b.scratch, "b/coursera_course_dates_with_underscore.csv", DATES "accounting_001,A,,\r\n");
        assert_int_equal(run(&b), 0);
        scratch_assert_file(&b.scratch, "out/labels-train.csv", LABELS "u1,dropout,1,accounting,001\nu2,dropout,0,accounting,001\r\n");
        scratch_assert_file(&b.scratch, "out/coursera_course_dates_with_underscore.csv", DATES "accounting_001,A,,\r\n");
}

static void test_nothing(void **state _unused_) {
        _cleanup_bench_ Bench b;

        bench_init(&b);
        assert_int_equal(run(&b), 0);
        assert_int_equal(scratch_count(&b.scratch, "out"), 0);
        scratch_write(&b.scratch, "a/labels-train.csv", "");
        scratch_write(&b.scratch, "b/coursera_course_dates.csv", "\n" DATES "finance-001,F,,\nshort\n");
        scratch_write(&b.scratch, "out/.#partial", "of an attempt that crashed");
        scratch_write(&b.scratch, "out/labels-test.csv", "of an earlier attempt");
        assert_int_equal(run(&b), 0);
        scratch_assert_file(&b.scratch, "out/labels-train.csv", "");
        scratch_assert_file(&b.scratch, "out/coursera_course_dates.csv", DATES);
        assert_int_equal(scratch_count(&b.scratch, "out"), 2);
}

/* A row without the column of the course could belong to anybody. */
static void test_short_rows(void **state _unused_) {
        _cleanup_bench_ Bench b;

        bench_init(&b);
        scratch_write(&b.scratch, "a/labels-train.csv", LABELS "accounting\nu,d,1\nu,d,1,accounting\nu,d,1,accounting,001,more\n");
        assert_int_equal(run(&b), 0);
        scratch_assert_file(&b.scratch, "out/labels-train.csv", LABELS "u,d,1,accounting\nu,d,1,accounting,001,more\n");
}

static void test_refused(void **state _unused_) {
        static const struct {
                const char *a, *b;
                const char *error;
        } cases[] = {
                { LABELS, "userID,course\n",
                  "/srv/b/labels-train.csv:1: the header differs from that of the same table below another data root" },
                { "userID,label\n", LABELS, "/srv/a/labels-train.csv:1: the header must name the column 'course' once" },
                { "course,course\n", LABELS, "/srv/a/labels-train.csv:1: the header must name the column 'course' once" },
                { LABELS "u,d,1,accounting,\"001\n\n", "",
                  "/srv/a/labels-train.csv:2: the row that begins here has a double quote that is never closed" },
                { LABELS, LABELS "\nu,d,1,\"a\"b,1\n",
                  "/srv/b/labels-train.csv:3: the row that begins here has a double quote in the wrong place" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_bench_ Bench b;

                bench_init(&b);
                scratch_write(&b.scratch, "a/labels-train.csv", cases[i].a);
                scratch_write(&b.scratch, "b/labels-train.csv", cases[i].b);
                assert_int_equal(run(&b), -EBADMSG);
                assert_string_equal(b.error, cases[i].error);
                assert_int_equal(scratch_count(&b.scratch, "out"), 0);
        }
}

static void test_large(void **state _unused_) {
        _cleanup_free_ char *table = NULL, *copy = NULL;
        const unsigned n = 200000;
        _cleanup_bench_ Bench b;
        size_t size, lines = 0;
        FILE *f = open_memstream(&table, &size);

        fputs(LABELS, f);
        for (unsigned i = 0; i < n; i++)
                fprintf(f, "%08x,dropout,%u,%s,001\n", i, i % 2, i % 4 ? "finance" : "accounting");
        fclose(f);
        bench_init(&b);
        scratch_write_bytes(&b.scratch, "a/labels-train.csv", table, size);
        assert_int_equal(run(&b), 0);
        copy = scratch_read(&b.scratch, "out/labels-train.csv");
        assert_non_null(copy);
        assert_null(strstr(copy, "finance"));
        for (const char *p = copy; (p = strchr(p, '\n')); p++)
                lines++;
        assert_int_equal(lines, 1 + n / 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),  cmocka_unit_test(test_all),        cmocka_unit_test(test_two_roots),
                cmocka_unit_test(test_nothing), cmocka_unit_test(test_short_rows), cmocka_unit_test(test_refused),
                cmocka_unit_test(test_large),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
