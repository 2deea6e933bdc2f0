/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <time.h>

#include "spool/limits.h"
#include "tests/unit/assemble/bench.h"
#include "tools/assemble/step-cache.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void input(const Bench *b, const char *name, const char *text) {
        fd_close(scratch_dir(&b->scratch, "work/input"));
        fd_close(scratch_dir(&b->scratch, "work/input/002"));
        if (name)
                scratch_write(&b->scratch, name, text);
}

static void change_nothing(Bench *b _unused_) {
}
static void change_image(Bench *b) {
        b->a.image = "sha256:2";
}
static void change_level(Bench *b) {
        b->a.plan.phases[0].level = PLAN_LEVEL_ALL;
}
static void change_session(Bench *b) {
        free(b->a.plan.steps[1].session);
        b->a.plan.steps[1].session = strdup("001");
}
static void change_fold(Bench *b) {
        b->a.plan.steps[1].fold = 2;
}
static void change_label_type(Bench *b) {
        free(b->a.plan.phases[0].label_type);
        b->a.plan.phases[0].label_type = strdup("dropout_current_week");
}
static void add_argument(Bench *b) {
        assert_int_equal(manifest_add_argument(&b->a.manifest, "a", "1"), 0);
}
static void add_arguments(Bench *b) {
        assert_int_equal(manifest_add_argument(&b->a.manifest, "a", "1"), 0);
        assert_int_equal(manifest_add_argument(&b->a.manifest, "b", "2"), 0);
}
static void add_arguments_turned(Bench *b) {
        assert_int_equal(manifest_add_argument(&b->a.manifest, "b", "2"), 0);
        assert_int_equal(manifest_add_argument(&b->a.manifest, "a", "1"), 0);
}
static void add_file(Bench *b) {
        input(b, "work/input/002/g", "");
}
static void change_file(Bench *b) {
        input(b, "work/input/002/f", "2");
}
static void move_bytes(Bench *b) {
        input(b, "work/input/002/f", "");
        input(b, "work/input/002/f1", "1");
}

/* Each makes a key of its own: nothing that an output depends on is forgotten. */
static void test_keys(void **state _unused_) {
        static void (*const changes[])(Bench *) = {
                change_nothing, change_image, change_level, change_session, change_fold, change_label_type, add_argument, add_arguments,
                add_arguments_turned, add_file, change_file, move_bytes,
        };
        char keys[ELEMENTSOF(changes)][DIGEST_LENGTH + 1];

        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                char again[DIGEST_LENGTH + 1];
                _cleanup_bench_ Bench b;

                bench_init(&b, CALL_TEST_COURSE);
                input(&b, "work/input/002/f", "1");
                changes[i](&b);
                assert_int_equal(step_cache_key(&b.a, &b.a.plan.steps[1], keys[i]), 0);
                assert_int_equal(step_cache_key(&b.a, &b.a.plan.steps[1], again), 0);
                assert_string_equal(keys[i], again);
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(keys[i], keys[k]);
        }
}

/* Raw sessions are told by their versions; those that the container does not see do not matter. */
static void test_raw_keys(void **state _unused_) {
        char key[DIGEST_LENGTH + 1], other[DIGEST_LENGTH + 1];
        _cleanup_bench_ Bench b;

        bench_init(&b, CALL_EXTRACT_COURSE);
        assert_int_equal(step_cache_key(&b.a, &b.a.plan.steps[2], key), 0);
        b.a.plan.courses[0].sessions[0].version[0] = 'f';
        b.a.plan.courses[1].sessions[2].version[0] = 'f'; /* the holdout */
        assert_int_equal(step_cache_key(&b.a, &b.a.plan.steps[2], other), 0);
        assert_string_equal(key, other);
        b.a.plan.courses[1].sessions[1].version[0] = 'f';
        assert_int_equal(step_cache_key(&b.a, &b.a.plan.steps[2], other), 0);
        assert_string_not_equal(key, other);
}

static void test_store_and_take(void **state _unused_) {
        const PlanStep *s;
        _cleanup_bench_ Bench b;
        struct stat st;

        bench_init(&b, CALL_TRAIN_COURSE);
        s = &b.a.plan.steps[1];
        assert_int_equal(step_cache_take(&b.a, s, KEY), 0);
        fd_close(scratch_dir(&b.scratch, "work/sealed"));
        fd_close(scratch_dir(&b.scratch, "work/sealed/002"));
        fd_close(scratch_dir(&b.scratch, "work/sealed/002/d"));
        scratch_write(&b.scratch, "work/sealed/002/d/model", "m");
        /* What a run left that was killed. */
        fd_close(scratch_dir(&b.scratch, "cache/.#" KEY));
        scratch_write(&b.scratch, "cache/.#" KEY "/half", "x");
        assert_int_equal(step_cache_store(&b.a, s, KEY), 0);
        assert_int_equal(step_cache_store(&b.a, s, KEY), 0);
        assert_int_equal(scratch_count(&b.scratch, "cache"), 1);
        assert_int_equal(scratch_count(&b.scratch, "cache/" KEY), 1);

        assert_int_equal(fd_remove_tree_at(b.a.work_fd, "sealed"), 0);
        assert_int_equal(utimensat(b.a.cache_steps_fd, KEY, (const struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0), 0);
        assert_int_equal(step_cache_take(&b.a, s, KEY), 1);
        scratch_assert_file(&b.scratch, "work/sealed/002/d/model", "m");
        /* It was used, and so stays longer. */
        assert_int_equal(fstatat(b.a.cache_steps_fd, KEY, &st, 0), 0);
        assert_true(st.st_mtime > 1);
        /* A job cannot change what is kept. */
        scratch_write(&b.scratch, "work/sealed/002/d/model", "changed");
        scratch_assert_file(&b.scratch, "cache/" KEY "/d/model", "m");
}

static void entry(const Bench *b, const char *name, time_t age) {
        time_t then = time(NULL) - age;
        char path[64];

        snprintf(path, sizeof(path), "cache/%s", name);
        fd_close(scratch_dir(&b->scratch, path));
        snprintf(path, sizeof(path), "cache/%s/f", name);
        scratch_write(&b->scratch, path, "x");
        assert_int_equal(utimensat(b->a.cache_steps_fd, name, (const struct timespec[]){ { then, 0 }, { then, 0 } }, 0), 0);
}

#define IDLE 3600u

static bool is_there(const Bench *b, const char *name) {
        return faccessat(b->a.cache_steps_fd, name, F_OK, 0) >= 0;
}

static void test_trim(void **state _unused_) {
        _cleanup_bench_ Bench b;
        uint64_t one, count;
        int fd;

        bench_init(&b, CALL_TRAIN_COURSE);
        entry(&b, "young", 60);
        entry(&b, "older", IDLE + 120);
        entry(&b, "oldest", IDLE + 180);
        entry(&b, "old", IDLE + 60);
        entry(&b, ".#killed", 25 * 60 * 60);
        entry(&b, ".#writing", 60);
        fd = fd_open_dir_at(b.a.cache_steps_fd, "old");
        assert_int_equal(fd_tree_usage(fd, UINT64_MAX, UINT64_MAX, &one, &count), 0);
        fd_close(fd);
        /* Enough room: only what was left half done goes. */
        assert_int_equal(cache_trim(b.a.cache_steps_fd, LIMIT_GIB, IDLE), 0);
        assert_int_equal(scratch_count(&b.scratch, "cache"), 5);
        assert_false(is_there(&b, ".#killed"));
        /* Room for one less than there is: that which was not used for longest. */
        assert_int_equal(cache_trim(b.a.cache_steps_fd, 4 * one, IDLE), 0);
        assert_int_equal(scratch_count(&b.scratch, "cache"), 4);
        assert_false(is_there(&b, "oldest"));
        /* For none: what may be in use stays. */
        assert_int_equal(cache_trim(b.a.cache_steps_fd, 0, IDLE), 0);
        assert_int_equal(scratch_count(&b.scratch, "cache"), 2);
        assert_true(is_there(&b, "young"));
        assert_true(is_there(&b, ".#writing"));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_keys),
                cmocka_unit_test(test_raw_keys),
                cmocka_unit_test(test_store_and_take),
                cmocka_unit_test(test_trim),
        };

        return cmocka_run_group_tests_name("step-cache", tests, NULL, NULL);
}
