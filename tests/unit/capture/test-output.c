/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "spool/base/fd.h"
#include "tools/capture/output.h"

#define MAX 1024u
#define HALF (MAX / 2)

static char directory[32], path[64];

static int setup(_unused_ void **state) {
        strcpy(directory, "/tmp/test-output-XXXXXX");
        if (!mkdtemp(directory))
                return -1;
        snprintf(path, sizeof(path), "%s/log", directory);
        return 0;
}

static int teardown(_unused_ void **state) {
        return fd_remove_tree_at(AT_FDCWD, directory);
}

/* Byte i of the stream: never a period of the ring. */
static char byte_at(size_t i) {
        return (char) ((i * 2654435761u) >> 13);
}

/* What the file must hold after a stream of n bytes. */
static char *expect(size_t n, size_t *ret_size) {
        char *text = malloc(MAX + 64), *p = text;
        size_t kept = n <= MAX ? n : MAX;

        for (size_t i = 0; i < kept && i < HALF; i++)
                *p++ = byte_at(i);
        if (n > MAX)
                p += sprintf(p, "\n... %zu bytes left out ...\n", n - MAX);
        for (size_t i = n > MAX ? n - HALF : HALF; i < n; i++)
                *p++ = byte_at(i);
        *ret_size = (size_t) (p - text);
        return text;
}

static void keeps_head_and_tail(_unused_ void **state) {
        static const size_t sizes[] = { 0, 1, HALF - 1, HALF, HALF + 1, MAX - 1, MAX, MAX + 1, MAX + HALF,
                10 * MAX + 7 };
        static const size_t chunks[] = { 1, 3, HALF - 1, HALF, HALF + 1, MAX, 7 * MAX };

        for (size_t s = 0; s < ELEMENTSOF(sizes); s++)
                for (size_t c = 0; c < ELEMENTSOF(chunks); c++) {
                        _cleanup_free_ char *data = malloc(sizes[s] + 1), *expected = NULL, *got = NULL;
                        size_t expected_size, got_size;
                        Output o;

                        for (size_t i = 0; i < sizes[s]; i++)
                                data[i] = byte_at(i);
                        assert_int_equal(output_open(path, MAX, &o), 0);
                        for (size_t at = 0; at < sizes[s]; at += chunks[c])
                                output_add(&o, data + at, sizes[s] - at < chunks[c] ? sizes[s] - at : chunks[c]);
                        assert_int_equal(output_finish(&o), 0);
                        output_done(&o);

                        expected = expect(sizes[s], &expected_size);
                        assert_int_equal(fd_read_file_at(AT_FDCWD, path, 1 << 20, &got, &got_size), 0);
                        if (got_size != expected_size || memcmp(got, expected, got_size) != 0)
                                fail_msg("%zu bytes in chunks of %zu", sizes[s], chunks[c]);
                }
}

static void head_is_there_at_once(_unused_ void **state) {
        _cleanup_free_ char *got = NULL;
        Output o;

        assert_int_equal(output_open(path, MAX, &o), 0);
        output_add(&o, "hello", 5);
        assert_int_equal(fd_read_file_at(AT_FDCWD, path, 100, &got, NULL), 0);
        assert_string_equal(got, "hello");
        output_done(&o);
}

static void empties_an_old_file(_unused_ void **state) {
        struct stat st;
        Output o;

        assert_int_equal(output_open(path, MAX, &o), 0);
        output_add(&o, "hello", 5);
        output_done(&o);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(output_open(path, MAX, &o), 0);
        assert_int_equal(output_finish(&o), 0);
        output_done(&o);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, 0);
        assert_int_equal(st.st_mode & 07777, 0600);
}

static void refuses_what_is_no_file(_unused_ void **state) {
        char link[80];
        Output o;

        assert_int_equal(mkfifo(path, 0600), 0);
        assert_true(output_open(path, MAX, &o) < 0);
        snprintf(link, sizeof(link), "%s.link", path);
        assert_int_equal(symlink("/dev/null", link), 0);
        assert_int_equal(output_open(link, MAX, &o), -ELOOP);
        assert_int_equal(output_open("/dev/null", MAX, &o), -EBADMSG);
        assert_int_equal(output_open(path, 10, &o), -EINVAL);
        assert_int_equal(output_open(path, UINT64_MAX, &o), -EINVAL);
}

/* A disk that is full is remembered, and everything taken all the same. */
static void full_disk_is_remembered(_unused_ void **state) {
        Output o;

        assert_int_equal(output_open(path, MAX, &o), 0);
        fd_close(o.fd);
        o.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        output_add(&o, "hello", 5);
        assert_int_equal(o.error, -ENOSPC);
        output_add(&o, "hello", 5);
        assert_int_equal(output_finish(&o), -ENOSPC);
        output_done(&o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(keeps_head_and_tail),
                TEST(head_is_there_at_once),
                TEST(empties_an_old_file),
                TEST(refuses_what_is_no_file),
                TEST(full_disk_is_remembered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
