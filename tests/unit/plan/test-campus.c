/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tools/plan/campus.h"

static void make(const Scratch *s, const char *path) {
        assert_true(mkdirat(s->fd, path, 0755) == 0 || errno == EEXIST);
}

static void holdout_is_last_by_three_characters(_unused_ void **state) {
        static const struct {
                const char *names[4];
                size_t n, holdout;
        } cases[] = {
                { { "001", "002", "003" }, 3, 2 },
                { { "001", "2012-002", "2013-001" }, 3, 1 },
                { { "2012-001", "2013-001" }, 2, 1 },
                { { "1", "2" }, 2, 1 },
                { { "010", "9" }, 2, 1 },
                { { "only" }, 1, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                PlanSession sessions[4] = {};

                for (size_t k = 0; k < cases[i].n; k++)
                        sessions[k].name = (char *) cases[i].names[k];
                assert_int_equal(campus_holdout(sessions, cases[i].n), cases[i].holdout);
        }
}

static void lists(_unused_ void **state) {
        static char *courses[] = { (char *) "b", (char *) "a", (char *) "none", (char *) "file", (char *) "empty", (char *) "a", NULL };
        _cleanup_scratch_ Scratch s;
        _cleanup_plan_ Plan p = {};
        int roots[2];

        scratch_init(&s);
        roots[0] = scratch_dir(&s, "one");
        roots[1] = scratch_dir(&s, "two");
        for (const char *const *path = (const char *const[]){ "one/a", "one/a/002", "one/a/001", "one/a/.git", "two/a", "two/a/009", "two/b", "two/b/001", "one/empty", NULL }; *path; path++)
                make(&s, *path);
        scratch_write(&s, "one/file", "");
        scratch_write(&s, "one/a/notes.txt", "");
        assert_int_equal(symlinkat("001", s.fd, "one/a/003"), 0);
        assert_int_equal(campus_list(roots, 2, courses, &p), 0);
        assert_int_equal(p.n_courses, 2);
        assert_string_equal(p.courses[0].name, "a");
        assert_int_equal(p.courses[0].n_sessions, 2); /* of the first root that has the course, no links, no files */
        assert_true(p.courses[0].complete && p.courses[0].sessions[1].holdout && !p.courses[0].sessions[0].holdout);
        assert_false(p.courses[1].complete);
        assert_true(p.courses[1].sessions[0].holdout);
        assert_string_not_equal(p.courses[0].sessions[0].version, p.courses[0].sessions[1].version);
        fd_close(roots[0]);
        fd_close(roots[1]);
}

static char *version(const Scratch *s) {
        static char *courses[] = { (char *) "a", NULL };
        _cleanup_plan_ Plan p = {};

        assert_int_equal(campus_list(&s->fd, 1, courses, &p), 0);
        return strdup(p.courses[0].sessions[0].version);
}

/* Whatever changes a file changes the version, and nothing else does. */
static void versions(_unused_ void **state) {
        static const struct timespec old[] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };
        _cleanup_free_ char *first = NULL, *same = NULL, *other = NULL, *third = NULL, *fourth = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        make(&s, "a");
        make(&s, "a/001");
        scratch_write(&s, "a/001/x.sql.gz", "12");
        scratch_write(&s, "coursera_course_dates.csv", "course\n");
        first = version(&s);
        same = version(&s);
        assert_string_equal(first, same);
        assert_int_equal(utimensat(s.fd, "a/001/x.sql.gz", old, 0), 0);
        other = version(&s);
        assert_string_not_equal(first, other);
        scratch_write(&s, "a/001/y.sql.gz", "");
        third = version(&s);
        assert_string_not_equal(other, third);
        assert_int_equal(utimensat(s.fd, "coursera_course_dates.csv", old, 0), 0);
        fourth = version(&s);
        assert_string_not_equal(third, fourth);
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(holdout_is_last_by_three_characters), cmocka_unit_test(lists), cmocka_unit_test(versions) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
