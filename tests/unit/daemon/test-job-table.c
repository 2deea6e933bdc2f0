/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/daemon.h"
#include "spool/base/id.h"

static Daemon daemon_;

static Job *make(const char *id) {
        Job *j = job_new(&daemon_);

        assert_non_null(j);
        j->record.id = strdup(id);
        return j;
}

/* The n-th id; ids sort as their numbers do. */
static const char *nth(unsigned n, char buffer[static ID_LENGTH + 1]) {
        snprintf(buffer, ID_LENGTH + 1, "01%024u", n);
        return buffer;
}

static void check_order(const JobTable *t) {
        for (size_t i = 1; i < t->n; i++)
                assert_true(strcmp(t->jobs[i - 1]->record.id, t->jobs[i]->record.id) < 0);
}

static void empty(_unused_ void **state) {
        JobTable t = {};

        assert_null(job_table_find(&t, "01jd3k8x2m4qabcdefghjkmnpq"));
        job_table_done(&t);
        job_table_done(&t);
}

static void any_order_in_sorted_out(_unused_ void **state) {
        static const unsigned orders[][5] = { { 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1 }, { 3, 1, 5, 2, 4 } };

        for (size_t i = 0; i < ELEMENTSOF(orders); i++) {
                char id[ID_LENGTH + 1];
                JobTable t = {};

                for (size_t k = 0; k < 5; k++)
                        assert_int_equal(job_table_add(&t, make(nth(orders[i][k], id))), 0);
                check_order(&t);
                for (unsigned k = 1; k <= 5; k++)
                        assert_string_equal(job_table_find(&t, nth(k, id))->record.id, id);
                assert_null(job_table_find(&t, nth(0, id)));
                assert_null(job_table_find(&t, nth(6, id)));
                assert_null(job_table_find(&t, ""));
                job_table_done(&t);
                assert_int_equal(t.n, 0);
        }
}

static void an_id_is_there_once(_unused_ void **state) {
        _cleanup_(job_freep) Job *second = make("01jd3k8x2m4qabcdefghjkmnpq");
        Job *first = make("01jd3k8x2m4qabcdefghjkmnpq");
        JobTable t = {};

        assert_int_equal(job_table_add(&t, first), 0);
        assert_int_equal(job_table_add(&t, second), -EEXIST);
        assert_int_equal(t.n, 1);
        assert_ptr_equal(job_table_find(&t, second->record.id), first);
        /* One that is not in the table takes nobody else's place with it. */
        job_table_remove(&t, second);
        assert_int_equal(t.n, 1);
        job_table_done(&t);
}

static void removed_jobs_are_the_callers(_unused_ void **state) {
        char id[ID_LENGTH + 1];
        Job *jobs[5];
        JobTable t = {};

        for (unsigned i = 0; i < 5; i++) {
                jobs[i] = make(nth(i, id));
                assert_int_equal(job_table_add(&t, jobs[i]), 0);
        }
        for (unsigned i = 0; i < 5; i += 2) { /* first, middle, last */
                job_table_remove(&t, jobs[i]);
                assert_null(job_table_find(&t, nth(i, id)));
                check_order(&t);
                job_table_remove(&t, jobs[i]); /* again: nothing */
                job_free(jobs[i]);
        }
        assert_int_equal(t.n, 2);
        assert_ptr_equal(t.jobs[0], jobs[1]);
        assert_ptr_equal(t.jobs[1], jobs[3]);
        job_table_done(&t);
}

/* All jobs that there may be, in an order that jumps about, and half of them out again. */
static void thousands(_unused_ void **state) {
        const unsigned n = 20000, stride = 7919; /* a prime that does not divide n */
        char id[ID_LENGTH + 1];
        JobTable t = {};

        for (unsigned i = 0; i < n; i++)
                assert_int_equal(job_table_add(&t, make(nth((unsigned) ((uint64_t) i * stride % n), id))), 0);
        assert_int_equal(t.n, n);
        check_order(&t);
        for (unsigned i = 0; i < n; i += 2) {
                Job *j = job_table_find(&t, nth(i, id));

                assert_non_null(j);
                job_table_remove(&t, j);
                job_free(j);
        }
        assert_int_equal(t.n, n / 2);
        check_order(&t);
        for (unsigned i = 0; i < n; i++)
                assert_true(!!job_table_find(&t, nth(i, id)) == (i % 2 == 1));
        job_table_done(&t);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(empty), cmocka_unit_test(any_order_in_sorted_out), cmocka_unit_test(an_id_is_there_once),
                cmocka_unit_test(removed_jobs_are_the_callers), cmocka_unit_test(thousands),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
