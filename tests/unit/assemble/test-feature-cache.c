/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/assemble/bench.h"
#include "tools/assemble/feature-cache.h"

/* Keeps a table for a job, as collecting does. */
static void store(Bench *b, const char *name, const char *job_id, const char *table) {
        free(b->a.manifest.name);
        free(b->a.manifest.job_id);
        b->a.manifest.name = bench_text(name);
        b->a.manifest.job_id = bench_text(job_id);
        scratch_write(&b->scratch, "work/extract.csv", table);
        assert_int_equal(feature_cache_store(&b->a), 0);
        assert_int_equal(unlinkat(b->a.work_fd, "extract.csv", 0), 0);
}

static int fork_job(Bench *b, const char *wanted, Fault *fault) {
        PlanPhase phase = { .function = CALL_FORK_FEATURES, .mode = PLAN_MODE_FORK, .fork = (char *) (uintptr_t) wanted };
        const PlanPhase *own = b->a.phase;
        int r;

        b->a.phase = &phase;
        r = feature_cache_fork(&b->a, fault);
        b->a.phase = own;
        return r;
}

static void expect_table(Bench *b, const char *wanted, const char *table) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_free_ char *text = NULL;

        if (fork_job(b, wanted, &fault) < 0)
                fail_msg("%s: %s", wanted, strempty(fault.message));
        text = scratch_read(&b->scratch, "work/extract.csv");
        assert_string_equal(text, table);
}

static void expect_fault(Bench *b, const char *wanted, const char *message, const char *hint) {
        _cleanup_fault_ Fault fault = {};

        assert_int_equal(fork_job(b, wanted, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_WORKFLOW);
        assert_string_equal(fault.message, message);
        assert_string_equal(fault.hint, hint);
}

static void test_by_name(_unused_ void **state) {
        _cleanup_bench_ Bench b;

        bench_init(&b, CALL_EXTRACT_SESSION);
        expect_fault(&b, "week-1", "fork_features: none of your jobs is named 'week-1', and none has extracted features yet",
                     "Hand in the job 'week-1' first, and this one when it has ended.");
        store(&b, "week-1", NULL, "userID\na\n");
        expect_table(&b, "week-1", "userID\na\n");
        store(&b, "week-1", NULL, "userID\nb\n");
        expect_table(&b, "week-1", "userID\nb\n");
        store(&b, "other", NULL, "userID\nc\n");
        expect_fault(&b, "week-2", "fork_features: none of your jobs that have extracted features is named 'week-2'; those that have: 'other', 'week-1'",
                     "Hand in the job 'week-2' first, and this one when it has ended.");
}

/* Published jobs fork "week1-lr", which is handed in with arguments. */
static void test_by_job_id(_unused_ void **state) {
        _cleanup_bench_ Bench b;

        bench_init(&b, CALL_EXTRACT_SESSION);
        store(&b, "week1-lrmodel_LR", "week1-lr", "userID\na\n");
        store(&b, "week1-lr2model_LR", "week1-lr2", "userID\nb\n");
        expect_table(&b, "week1-lr", "userID\na\n");
        expect_table(&b, "week1-lr2", "userID\nb\n");
        expect_table(&b, "week1-lrmodel_LR", "userID\na\n");

        store(&b, "week1-lrmodel_SVM", "week1-lr", "userID\nc\n");
        expect_fault(&b, "week1-lr", "fork_features: 'week1-lr' is the job_id of more than one of your jobs: 'week1-lrmodel_LR', 'week1-lrmodel_SVM'",
                     "Fork one of them by its whole name.");
        expect_table(&b, "week1-lrmodel_SVM", "userID\nc\n");

        /* One whose whole name it is comes first. */
        store(&b, "week1-lr", NULL, "userID\nd\n");
        expect_table(&b, "week1-lr", "userID\nd\n");
}

/* What a job that was stopped has left, and what is no job's. */
static void test_half(_unused_ void **state) {
        _cleanup_bench_ Bench b;

        bench_init(&b, CALL_EXTRACT_SESSION);
        fd_close(scratch_dir(&b.scratch, "features/half"));
        scratch_write(&b.scratch, "features/half/job-id", "week-1");
        scratch_write(&b.scratch, "features/.lock", "");
        expect_fault(&b, "half", "fork_features: none of your jobs is named 'half', and none has extracted features yet",
                     "Hand in the job 'half' first, and this one when it has ended.");
        for (char c = 'a'; c <= 'l'; c++)
                store(&b, (char[]){ c, '\0' }, NULL, "userID\n");
        expect_fault(&b, "week-1", "fork_features: none of your jobs that have extracted features is named 'week-1'; those that have: "
                     "'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j' and 2 more",
                     "Hand in the job 'week-1' first, and this one when it has ended.");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_by_name),
                cmocka_unit_test(test_by_job_id),
                cmocka_unit_test(test_half),
        };

        return cmocka_run_group_tests_name("feature-cache", tests, NULL, NULL);
}
