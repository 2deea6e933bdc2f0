/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/exit-record.h"

static char directory[32];
static int dirfd_ = -EBADF;

static int setup(_unused_ void **state) {
        strcpy(directory, "/tmp/test-exit-XXXXXX");
        if (!mkdtemp(directory))
                return -1;
        dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return dirfd_ < 0 ? -1 : 0;
}

static int teardown(_unused_ void **state) {
        dirfd_ = fd_close(dirfd_);
        return fd_remove_tree_at(AT_FDCWD, directory);
}

static void round_trips(_unused_ void **state) {
        ExitRecord in = { "exit-code", "exited", "65", 1795414642000000, 81034, 12582912, 0, 3 }, out;
        struct stat st;

        assert_int_equal(exit_record_write_at(dirfd_, "run-1", &in), 0);
        assert_int_equal(fstatat(dirfd_, "run-1.json", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(exit_record_read_at(dirfd_, "run-1", &out, NULL), 0);
        assert_string_equal(out.result, "exit-code");
        assert_string_equal(out.code, "exited");
        assert_string_equal(out.status, "65");
        assert_true(out.finished == in.finished && out.cpu_usec == in.cpu_usec && out.memory_peak == in.memory_peak &&
                    out.oom_kills == 0 && out.pids_max_hits == 3);
}

/* What is not known stays away, and is not zero when read back. */
static void unknown_stays_unknown(_unused_ void **state) {
        ExitRecord in = EXIT_RECORD_INIT, out;
        _cleanup_free_ char *text = NULL;

        strcpy(in.result, "resources");
        assert_int_equal(exit_record_write_at(dirfd_, "run-1", &in), 0);
        assert_int_equal(fd_read_file_at(dirfd_, "run-1.json", 4096, &text, NULL), 0);
        assert_string_equal(text, "{\"version\":1,\"result\":\"resources\",\"finished\":0}\n");
        assert_int_equal(exit_record_read_at(dirfd_, "run-1", &out, NULL), 0);
        assert_true(out.cpu_usec == EXIT_RECORD_UNKNOWN && out.memory_peak == EXIT_RECORD_UNKNOWN &&
                    out.oom_kills == EXIT_RECORD_UNKNOWN && out.pids_max_hits == EXIT_RECORD_UNKNOWN);
        assert_string_equal(out.code, "");
        assert_string_equal(out.status, "");
}

static void refuses_to_write(_unused_ void **state) {
        ExitRecord r = EXIT_RECORD_INIT;

        assert_int_equal(exit_record_write_at(dirfd_, "run-1", &r), -EINVAL); /* no result */
        strcpy(r.result, "success");
        assert_int_equal(exit_record_write_at(dirfd_, "../run", &r), -EINVAL);
        r.finished = UINT64_MAX;
        assert_int_equal(exit_record_write_at(dirfd_, "run-1", &r), -EINVAL);
}

#define HEAD "{\"version\":1,\"result\":\"success\",\"finished\":1"

static void refuses_malformed(_unused_ void **state) {
        static const char *const table[] = {
                "",
                "{}",
                "[]",
                "null",
                HEAD,
                "{\"version\":2,\"result\":\"success\",\"finished\":1}",
                "{\"version\":1,\"finished\":1}",
                "{\"version\":1,\"result\":\"success\"}",
                "{\"result\":\"success\",\"finished\":1}",
                HEAD ",\"extra\":1}",
                HEAD ",\"code\":1}",
                HEAD ",\"code\":\"\"}",
                HEAD ",\"code\":\"a b\"}",
                HEAD ",\"status\":\"0123456789012345678901234567890123456789\"}",
                HEAD ",\"status\":\"a\\u0000\"}",
                HEAD ",\"cpu_usec\":-1}",
                HEAD ",\"cpu_usec\":1.5}",
                HEAD ",\"cpu_usec\":\"1\"}",
                HEAD ",\"oom_kills\":null}",
                HEAD ",\"memory_peak\":99999999999999999999}",
                HEAD ",\"cpu_usec\":1,\"cpu_usec\":1}",
                HEAD "} x",
                "{\"version\":1,\"result\":\"success\",\"finished\":-1}",
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_free_ char *message = NULL;
                ExitRecord r;

                assert_int_equal(
                        publish_file_at(dirfd_, "run-1.json", table[i], strlen(table[i]), 0640, (uid_t) -1, (gid_t) -1),
                        0);
                if (exit_record_read_at(dirfd_, "run-1", &r, &message) != -EBADMSG || !message)
                        fail_msg("accepted: %s", table[i]);
        }
}

static void absent_is_told_apart(_unused_ void **state) {
        ExitRecord r;

        assert_int_equal(exit_record_read_at(dirfd_, "run-2", &r, NULL), -ENOENT);
        assert_int_equal(symlinkat("run-1.json", dirfd_, "run-3.json"), 0);
        assert_int_equal(exit_record_read_at(dirfd_, "run-3", &r, NULL), -ELOOP);
}

static void texts(_unused_ void **state) {
        assert_true(exit_record_text_is_valid("exit-code"));
        assert_true(exit_record_text_is_valid("RTMIN+3"));
        assert_true(exit_record_text_is_valid("65"));
        assert_false(exit_record_text_is_valid(""));
        assert_false(exit_record_text_is_valid("a\n"));
        assert_false(exit_record_text_is_valid("01234567890123456789012345678901"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(round_trips), TEST(unknown_stays_unknown), TEST(refuses_to_write), TEST(refuses_malformed),
                TEST(absent_is_told_apart), cmocka_unit_test(texts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
