/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/courses.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tests/unit/scratch.h"

typedef struct Data {
        Scratch s;
        char **roots;
} Data;

static void data_done(Data *d) {
        d->roots = strv_free(d->roots);
        scratch_done(&d->s);
}
#define _cleanup_data_ _cleanup_(data_done)

/* Two roots with some courses, and much that is none. */
static void data_init(Data *d) {
        static const char *const directories[] = {
                "one", "one/accounting", "one/biology", "one/2012-001", "one/.hidden", "one/-rf", "one/a b", "one/a,readonly", "one/caf\xc3\xa9",
                "two", "two/chemistry", "two/accounting", "elsewhere", "elsewhere/secret",
        };

        d->roots = NULL;
        scratch_init(&d->s);
        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                fd_close(scratch_dir(&d->s, directories[i]));
        scratch_write(&d->s, "one/labels-train.csv", "");
        scratch_write(&d->s, "one/file", "");
        assert_int_equal(symlinkat("../elsewhere/secret", d->s.fd, "one/link"), 0);
        assert_int_equal(symlinkat("../two/chemistry", d->s.fd, "one/chemistry"), 0);
        assert_int_equal(strv_addf(&d->roots, "%s/one", d->s.path), 0);
        assert_int_equal(strv_addf(&d->roots, "%s/two", d->s.path), 0);
        assert_int_equal(strv_addf(&d->roots, "%s/not-there-yet", d->s.path), 0);
}

/* "a b" as a list; NULL and "" are the empty one. */
static char **words(const char *text) {
        _cleanup_free_ char *copy = strdup(strempty(text));
        char **l = NULL, *save = NULL;

        for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
                assert_int_equal(strv_add(&l, w), 0);
        return l;
}

static int find(const Data *d, const char *grants, const char *wanted, Courses *ret, Fault *reterr) {
        _cleanup_conf_user_ ConfUser u = { .name = strdup("alice"), .enabled = true, .grants = words(grants) };
        _cleanup_strv_ char **list = words(wanted);

        return courses_for_job(d->roots, &u, list, ret, reterr);
}

static void choices(_unused_ void **state) {
        /* courses: what must come out, sorted; NULL: the fault's sentence instead. */
        static const struct {
                const char *grants, *wanted, *courses, *sentence;
        } cases[] = {
                { "*", "", "2012-001 accounting biology chemistry", NULL },
                { "accounting chemistry", "", "accounting chemistry", NULL },
                { "accounting chemistry not-here", "", "accounting chemistry", NULL },
                { "*", "chemistry biology", "biology chemistry", NULL },
                { "*", "biology biology", "biology", NULL },
                { "accounting biology", "biology", "biology", NULL },
                { "", "", NULL, "no course was granted to you" },
                { "not-here", "", NULL, "no course was granted to you" },
                { "accounting", "biology", NULL, "course 'biology' does not exist here or was not granted to you" },
                { "", "biology", NULL, "course 'biology' does not exist here or was not granted to you" },
                { "*", "biology physics", NULL, "course 'physics' does not exist here or was not granted to you" },
                { "*", "link", NULL, "course 'link' does not exist here or was not granted to you" },
                { "*", "file", NULL, "course 'file' does not exist here or was not granted to you" },
                { "*", "labels-train.csv", NULL, "course 'labels-train.csv' does not exist here or was not granted to you" },
                { "*", "secret", NULL, "course 'secret' does not exist here or was not granted to you" },
                { "*", "*", NULL, "course '*' does not exist here or was not granted to you" },
                { "*", ".hidden", NULL, "course '.hidden' does not exist here or was not granted to you" },
                { "*", "a,readonly", NULL, "course 'a,readonly' does not exist here or was not granted to you" },
        };
        _cleanup_data_ Data d;

        data_init(&d);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_strv_ char **expected = words(cases[i].courses);
                _cleanup_courses_ Courses c = {};
                _cleanup_fault_ Fault fault = {};
                int r = find(&d, cases[i].grants, cases[i].wanted, &c, &fault);

                if (cases[i].sentence) {
                        assert_int_equal(r, -EBADMSG);
                        assert_int_equal(fault.code, FAULT_GRANT);
                        assert_string_equal(fault.message, cases[i].sentence);
                        assert_int_equal(c.n, 0);
                        continue;
                }
                assert_int_equal(r, 0);
                assert_int_equal(fault.code, FAULT_NONE);
                assert_int_equal(c.n, strv_length(expected));
                for (size_t k = 0; k < c.n; k++)
                        assert_string_equal(c.items[k].name, expected[k]);
        }
}

/* The message is the same whether a course is not there or not granted: who asks learns nothing about what is. */
static void existence_is_not_told(_unused_ void **state) {
        _cleanup_fault_ Fault a = {}, b = {};
        _cleanup_data_ Data d;
        Courses c = {};

        data_init(&d);
        assert_int_equal(find(&d, "accounting", "biology", &c, &a), -EBADMSG);
        assert_int_equal(unlinkat(d.s.fd, "one/biology", AT_REMOVEDIR), 0);
        assert_int_equal(find(&d, "accounting", "biology", &c, &b), -EBADMSG);
        assert_string_equal(a.message, b.message);
        assert_string_equal(a.hint, b.hint);
}

static void the_first_root_counts(_unused_ void **state) {
        _cleanup_courses_ Courses c = {};
        _cleanup_fault_ Fault fault = {};
        _cleanup_data_ Data d;

        data_init(&d);
        assert_int_equal(find(&d, "*", "accounting chemistry", &c, &fault), 0);
        assert_ptr_equal(c.items[0].root, d.roots[0]);
        assert_ptr_equal(c.items[1].root, d.roots[1]); /* the link of that name in the first root is no course */
}

static void roots_that_cannot_be_read(_unused_ void **state) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_data_ Data d;
        Courses c = {};

        data_init(&d);
        assert_int_equal(strv_addf(&d.roots, "%s/one/file", d.s.path), 0);
        assert_int_equal(find(&d, "*", "", &c, &fault), -ENOTDIR);
        assert_int_equal(fault.code, FAULT_NONE); /* the operator's fault, not the researcher's */
}

static void there_is_a_limit(_unused_ void **state) {
        _cleanup_courses_ Courses c = {};
        _cleanup_fault_ Fault fault = {};
        Courses more = {};
        _cleanup_data_ Data d;
        char name[32];

        data_init(&d);
        for (unsigned i = 0; i < LIMIT_COURSES - 4; i++) {
                snprintf(name, sizeof(name), "two/c%04u", i);
                assert_int_equal(mkdirat(d.s.fd, name, 0700), 0);
        }
        assert_int_equal(find(&d, "*", "", &c, &fault), 0);
        assert_int_equal(c.n, LIMIT_COURSES);
        fd_close(scratch_dir(&d.s, "two/one-more"));
        assert_int_equal(find(&d, "*", "", &more, &fault), -E2BIG);
        assert_int_equal(more.n, 0);
}

static void done_twice(_unused_ void **state) {
        _cleanup_data_ Data d;
        Fault fault = {};
        Courses c = {};

        data_init(&d);
        assert_int_equal(find(&d, "*", "", &c, &fault), 0);
        courses_done(&c);
        assert_int_equal(c.n, 0);
        courses_done(&c);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(choices), cmocka_unit_test(existence_is_not_told), cmocka_unit_test(the_first_root_counts),
                cmocka_unit_test(roots_that_cannot_be_read), cmocka_unit_test(there_is_a_limit), cmocka_unit_test(done_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
