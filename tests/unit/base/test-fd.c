/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "tests/unit/scratch.h"

static void refuses_what_is_no_plain_file(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        char *text;

        scratch_init(&s);
        scratch_write(&s, "plain", "hello");
        scratch_write(&s, "linked", "x");
        assert_int_equal(symlinkat("plain", s.fd, "symlink"), 0);
        assert_int_equal(linkat(s.fd, "linked", s.fd, "linked2", 0), 0);
        assert_int_equal(mkfifoat(s.fd, "fifo", 0600), 0);
        assert_int_equal(mkdirat(s.fd, "dir", 0700), 0);

        assert_int_equal(fd_read_file_at(s.fd, "symlink", 100, &text, NULL), -ELOOP);
        assert_int_equal(fd_read_file_at(s.fd, "linked", 100, &text, NULL), -EMLINK);
        assert_int_equal(fd_read_file_at(s.fd, "fifo", 100, &text, NULL), -EBADMSG); /* and does not hang */
        assert_int_equal(fd_read_file_at(s.fd, "dir", 100, &text, NULL), -EBADMSG);
        assert_int_equal(fd_read_file_at(s.fd, "none", 100, &text, NULL), -ENOENT);
        assert_int_equal(fd_read_file_at(s.fd, "plain", 4, &text, NULL), -EFBIG);
        assert_int_equal(fd_read_file_at(s.fd, "plain", 5, &text, NULL), 0);
        assert_string_equal(text, "hello");
        free(text);
}

static void reads_pipes_to_the_end(_unused_ void **state) {
        char *text;
        size_t size;
        int p[2];

        assert_int_equal(pipe(p), 0);
        assert_int_equal(fd_write_all(p[1], "abc\0def", 7), 0);
        close(p[1]);
        assert_int_equal(fd_read_all(p[0], 7, &text, &size), 0);
        assert_int_equal(size, 7);
        assert_memory_equal(text, "abc\0def", 8);
        free(text);
        close(p[0]);
}

static void copies_with_a_limit(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        uint64_t copied = 0;
        int from, to;

        scratch_init(&s);
        scratch_write(&s, "from", "0123456789");
        from = openat(s.fd, "from", O_RDONLY | O_CLOEXEC);
        to = openat(s.fd, "to", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(fd_copy(from, to, 10, &copied), 0);
        assert_int_equal(copied, 10);
        assert_int_equal(lseek(from, 0, SEEK_SET), 0);
        assert_int_equal(fd_copy(from, to, 9, NULL), -EFBIG);
        close(from);
        close(to);
        scratch_assert_file(&s, "to", "0123456789");
}

static void removes_trees_without_following_links(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF, below = -EBADF;

        scratch_init(&s);
        scratch_write(&s, "outside", "stays");
        dir = scratch_dir(&s, "tree");
        assert_int_equal(mkdirat(dir, "below", 0700), 0);
        below = openat(dir, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(symlinkat("../outside", dir, "link"), 0);
        assert_int_equal(symlinkat("../..", below, "up"), 0);
        assert_int_equal(fd_remove_tree_at(s.fd, "tree"), 0);
        assert_int_equal(faccessat(s.fd, "tree", F_OK, 0), -1);
        scratch_assert_file(&s, "outside", "stays");
        assert_int_equal(fd_remove_tree_at(s.fd, "tree"), 0); /* gone already */
        assert_int_equal(fd_remove_tree_at(s.fd, "outside"), 0);
}

/* A container may nest directories until nobody has descriptors or a stack for them. */
static void deep_trees(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        uint64_t bytes, entries;
        int fd;

        scratch_init(&s);
        fd = scratch_dir(&s, "deep");
        for (int i = 0; i < 3000; i++) {
                int below;

                assert_int_equal(mkdirat(fd, "d", 0700), 0);
                below = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(below >= 0);
                close(fd);
                fd = below;
        }
        close(fd);
        assert_int_equal(fd_tree_usage(s.fd, UINT64_MAX, UINT64_MAX - 1, &bytes, &entries), 0);
        assert_true(entries == UINT64_MAX);
        assert_int_equal(fd_remove_tree_at(s.fd, "deep"), 0);
        assert_int_equal(faccessat(s.fd, "deep", F_OK, 0), -1);
}

static void measures_trees(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;
        uint64_t bytes, entries;
        char block[8192] = { 1 };

        scratch_init(&s);
        dir = scratch_dir(&s, "a");
        scratch_write_bytes(&s, "a/f", block, sizeof(block));
        scratch_write_bytes(&s, "g", block, sizeof(block));
        assert_int_equal(fd_tree_usage(s.fd, UINT64_MAX, UINT64_MAX, &bytes, &entries), 0);
        assert_int_equal(entries, 3);
        assert_true(bytes >= 2 * sizeof(block));
        assert_int_equal(fd_tree_usage(s.fd, UINT64_MAX, 1, &bytes, &entries), 0);
        assert_int_equal(entries, 2); /* stopped once past the limit */
}

static void close_is_idempotent(_unused_ void **state) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        errno = 42;
        fd = fd_close(fd);
        assert_int_equal(fd, -EBADF);
        fd = fd_close(fd);
        assert_int_equal(fd, -EBADF);
        assert_int_equal(errno, 42);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(refuses_what_is_no_plain_file), cmocka_unit_test(reads_pipes_to_the_end), cmocka_unit_test(copies_with_a_limit),
                cmocka_unit_test(removes_trees_without_following_links), cmocka_unit_test(deep_trees), cmocka_unit_test(measures_trees), cmocka_unit_test(close_is_idempotent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
