/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "spool/beneath.h"

static void test_open_file(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        struct stat st;
        int fd;

        scratch_init(&s);
        scratch_write(&s, "plain", "hello");
        scratch_write(&s, "two", "hello");
        assert_int_equal(linkat(s.fd, "two", s.fd, "names", 0), 0);
        assert_int_equal(symlinkat("plain", s.fd, "link"), 0);
        assert_int_equal(symlinkat("/nonexistent", s.fd, "dangling"), 0);
        assert_int_equal(mkfifoat(s.fd, "fifo", 0600), 0);
        fd_close(scratch_dir(&s, "dir"));

        fd = beneath_open_file(s.fd, "plain", &st);
        assert_true(fd >= 0);
        assert_int_equal(st.st_size, 5);
        fd_close(fd);
        assert_int_equal(beneath_open_file(s.fd, "two", &st), -EMLINK);
        assert_int_equal(beneath_open_file(s.fd, "link", &st), -ELOOP);
        assert_int_equal(beneath_open_file(s.fd, "dangling", &st), -ELOOP);
        assert_int_equal(beneath_open_file(s.fd, "fifo", &st), -EBADMSG); /* and does not wait for a writer */
        assert_int_equal(beneath_open_file(s.fd, "dir", &st), -EBADMSG);
        assert_int_equal(beneath_open_file(s.fd, "none", &st), -ENOENT);
        /* Never reached with such names, and refused all the same. */
        assert_int_equal(beneath_open_file(s.fd, "dir/../../x", &st), -EXDEV);
        assert_int_equal(beneath_open_file(s.fd, "/etc/hostname", &st), -EXDEV);
}

static void test_open_dir(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        int fd;

        scratch_init(&s);
        fd_close(scratch_dir(&s, "dir"));
        scratch_write(&s, "file", "");
        assert_int_equal(symlinkat("dir", s.fd, "link"), 0);
        fd = beneath_open_dir(s.fd, "dir");
        assert_true(fd >= 0);
        fd_close(fd);
        assert_int_equal(beneath_open_dir(s.fd, "link"), -ENOTDIR);
        assert_int_equal(beneath_open_dir(s.fd, "file"), -ENOTDIR);
        assert_int_equal(beneath_open_dir(s.fd, ".."), -EXDEV);
        assert_int_equal(beneath_open_dir(s.fd, "dir/.."), -EXDEV);
        if (faccessat(AT_FDCWD, "/proc/self", F_OK, 0) == 0) {
                _cleanup_fd_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                assert_int_equal(beneath_open_dir(root, "proc"), -EXDEV); /* a mount point */
        }
}

static void test_copy(void **state _unused_) {
        static const size_t sizes[] = { 0, 1, 4096, 1000003 };
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                _cleanup_free_ char *data = malloc(sizes[i] + 1), *copy = NULL;
                int fd;

                assert_non_null(data);
                memset(data, 'x', sizes[i]);
                data[sizes[i] / 2] = sizes[i] > 0 ? 'y' : '\0';
                scratch_write_bytes(&s, "from", data, sizes[i]);
                assert_int_equal(fchmodat(s.fd, "from", 04777, 0), 0);
                fd = beneath_open_file(s.fd, "from", &st);
                assert_true(fd >= 0);
                assert_int_equal(beneath_copy(fd, sizes[i], s.fd, "to"), 0);
                copy = scratch_read(&s, "to");
                assert_memory_equal(copy, data, sizes[i]);
                assert_int_equal(fstatat(s.fd, "to", &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_int_equal(st.st_mode, S_IFREG | 0640);
                assert_int_equal(st.st_size, sizes[i]);
                /* Never into something that is there. */
                assert_int_equal(beneath_copy(fd, sizes[i], s.fd, "to"), -EEXIST);
                assert_int_equal(unlinkat(s.fd, "to", 0), 0);
                /* A file that shrank. */
                assert_int_equal(beneath_copy(fd, sizes[i] + 1, s.fd, "to"), -EIO);
                assert_int_equal(unlinkat(s.fd, "to", 0), 0);
                fd_close(fd);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_open_file),
                cmocka_unit_test(test_open_dir),
                cmocka_unit_test(test_copy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
