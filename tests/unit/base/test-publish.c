/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "spool/base/publish.h"
#include "tests/unit/scratch.h"

static void replaces_whole(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        umask(0077);
        assert_int_equal(publish_file_at(s.fd, "f", "one", 3, 0640, (uid_t) -1, (gid_t) -1), 0);
        assert_int_equal(publish_file_at(s.fd, "f", "two", 3, 0644, (uid_t) -1, (gid_t) -1), 0);
        scratch_assert_file(&s, "f", "two");
        assert_int_equal(fstatat(s.fd, "f", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644); /* whatever the umask */
        assert_int_equal(publish_unnamed_file_at(s.fd, "f", "three", 5, 0640, (uid_t) -1, (gid_t) -1), 0);
        assert_int_equal(publish_volatile_file_at(s.fd, "f", "four", 4, 0640, (uid_t) -1, (gid_t) -1), 0);
        scratch_assert_file(&s, "f", "four");
        assert_int_equal(scratch_count(&s, "."), 1); /* no temporary file is left */
}

static void new_never_replaces(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(publish_new_file_at(s.fd, "f", "one", 3, 0640, (uid_t) -1, (gid_t) -1), 0);
        assert_int_equal(publish_new_file_at(s.fd, "f", "two", 3, 0640, (uid_t) -1, (gid_t) -1), -EEXIST);
        scratch_assert_file(&s, "f", "one");
        assert_int_equal(scratch_count(&s, "."), 1);
}

static void failure_leaves_the_old(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;

        scratch_init(&s);
        dir = scratch_dir(&s, "f");
        assert_int_equal(publish_file_at(s.fd, "f", "x", 1, 0640, (uid_t) -1, (gid_t) -1), -EISDIR);
        assert_int_equal(scratch_count(&s, "."), 1);
}

static void renames_between_directories(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fd_ int a = -EBADF, b = -EBADF;

        scratch_init(&s);
        a = scratch_dir(&s, "a");
        b = scratch_dir(&s, "b");
        scratch_write(&s, "a/f", "x");
        scratch_write(&s, "b/taken", "y");
        assert_int_equal(publish_rename(a, "f", b, "taken"), -EEXIST);
        assert_int_equal(publish_rename(a, "none", b, "g"), -ENOENT);
        assert_int_equal(publish_rename(a, "f", b, "g"), 0);
        scratch_assert_file(&s, "b/g", "x");
        scratch_assert_file(&s, "b/taken", "y");
}

static void makes_directories_with_exact_modes(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        umask(0077);
        assert_int_equal(publish_mkdir_at(s.fd, "d", 01730, (uid_t) -1, (gid_t) -1), 0);
        assert_int_equal(fstatat(s.fd, "d", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 01730);
        assert_int_equal(publish_mkdir_at(s.fd, "d", 0700, (uid_t) -1, (gid_t) -1), -EEXIST);
}

static void sweeps_what_a_killed_publisher_left(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        scratch_write(&s, ".#f0123456789abcdef", "half");
        scratch_write(&s, "f", "x");
        scratch_write(&s, ".hidden", "y");
        assert_int_equal(publish_sweep(s.fd, 60), 0);
        assert_int_equal(scratch_count(&s, "."), 3); /* it may be somebody's who lives */
        assert_int_equal(publish_sweep(s.fd, 0), 0);
        assert_int_equal(scratch_count(&s, "."), 2);
        scratch_assert_file(&s, "f", "x");
        scratch_assert_file(&s, ".hidden", "y");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(replaces_whole), cmocka_unit_test(new_never_replaces), cmocka_unit_test(failure_leaves_the_old),
                cmocka_unit_test(renames_between_directories), cmocka_unit_test(makes_directories_with_exact_modes),
                cmocka_unit_test(sweeps_what_a_killed_publisher_left),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
