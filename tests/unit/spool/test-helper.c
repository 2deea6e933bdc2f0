/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/helper.h"
#include "spool/base/log.h"
#include "spool/base/strv.h"
#include "spool/exit-record.h"
#include "tests/unit/scratch.h"

static void test_names(void **state _unused_) {
        static const char *const refused[] = { "", ",", "a,", ",a", "a,,b", "a, b", "../x", "a/b", "-a" };
        _cleanup_strv_ char **l = NULL;

        assert_int_equal(helper_add_names(&l, "accounting"), 0);
        assert_int_equal(helper_add_names(&l, "b,c-1"), 0);
        assert_int_equal(strv_length(l), 3);
        assert_string_equal(l[2], "c-1");
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                _cleanup_strv_ char **other = NULL;

                assert_int_equal(helper_add_names(&other, refused[i]), -EINVAL);
        }
}

static void test_clear(void **state _unused_) {
        static const char *const names[] = { "a", "b", NULL };
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(helper_clear(s.fd, names), 0);
        scratch_write(&s, "a", "1");
        scratch_write(&s, "keep", "1");
        scratch_write(&s, FAULT_FILE, "{}");
        fd_close(scratch_dir(&s, "b"));
        scratch_write(&s, "b/c", "1");
        assert_int_equal(helper_clear(s.fd, names), 0);
        assert_int_equal(scratch_count(&s, "."), 1);
}

static void test_finish(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fault_ Fault f = {}, back = {};

        log_open("test", LOG_EMERG, false);
        scratch_init(&s);
        assert_int_equal(helper_finish(s.fd, 0, &f), 0);
        assert_int_equal(helper_finish(s.fd, -EIO, &f), FAULT_EXIT_TEMPORARY);
        /* Bad input that nobody explained is not blamed on the researcher. */
        assert_int_equal(helper_finish(s.fd, -EBADMSG, &f), FAULT_EXIT_TEMPORARY);
        assert_int_equal(scratch_count(&s, "."), 0);
        assert_int_equal(fault_set(&f, FAULT_CSV_EMPTY, "output.csv", 0, "the file is empty"), -EBADMSG);
        assert_int_equal(helper_finish(s.fd, -EBADMSG, &f), FAULT_EXIT_STATUS);
        assert_int_equal(fault_read_at(s.fd, &back), 0);
        assert_int_equal(back.code, FAULT_CSV_EMPTY);
        assert_int_equal(helper_finish(-EBADF, -EBADMSG, &f), FAULT_EXIT_TEMPORARY);
}

static void test_open_dir(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fd_ int fd = -EBADF;

        log_open("test", LOG_EMERG, false);
        scratch_init(&s);
        fd = helper_open_dir(s.path);
        assert_true(fd >= 0);
        assert_int_equal(helper_open_dir("/nonexistent"), -ENOENT);
        assert_int_equal(helper_open_dir("/dev/null"), -ENOTDIR);
}

static int ends_well(_unused_ int argc, _unused_ char *argv[]) {
        return 0;
}

static int refuses(int argc, char *argv[]) {
        assert_int_equal(argc, 1);
        assert_string_equal(argv[0], "x");
        return FAULT_EXIT_STATUS;
}

/* What a helper says of itself is what morf-exitmark would have said of its unit. */
static void test_main(void **state _unused_) {
        static const struct {
                int (*work)(int argc, char *argv[]);
                const char *result, *status;
                int returned;
        } cases[] = {
                { ends_well, "success", "0", 0 },
                { refuses, "exit-code", "65", FAULT_EXIT_STATUS },
        };
        char name[] = "x", *argv[] = { name, NULL };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ExitRecord record = EXIT_RECORD_INIT;
                _cleanup_free_ char *path = NULL;
                _cleanup_scratch_ Scratch s;

                scratch_init(&s);
                assert_return_code(unsetenv(HELPER_RECORD_VARIABLE), errno);
                assert_int_equal(helper_main("test", 1, argv, cases[i].work), cases[i].returned);
                assert_int_equal(scratch_count(&s, "."), 0);

                assert_true(asprintf(&path, "%s/intake-1.json", s.path) > 0);
                assert_return_code(setenv(HELPER_RECORD_VARIABLE, path, /* overwrite= */ true), errno);
                /* The file is made for it. One that is not there would be one that nobody reads. */
                log_open("test", LOG_EMERG, false);
                assert_int_equal(helper_main("test", 1, argv, cases[i].work), FAULT_EXIT_TEMPORARY);
                scratch_write(&s, "intake-1.json", "");
                assert_int_equal(exit_record_read_at(s.fd, "intake-1", &record, NULL), -EBADMSG);
                assert_int_equal(helper_main("test", 1, argv, cases[i].work), cases[i].returned);
                assert_int_equal(exit_record_read_at(s.fd, "intake-1", &record, NULL), 0);
                assert_string_equal(record.result, cases[i].result);
                assert_string_equal(record.code, "exited");
                assert_string_equal(record.status, cases[i].status);
                assert_true(record.finished > 0);
                assert_return_code(unsetenv(HELPER_RECORD_VARIABLE), errno);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_clear),
                cmocka_unit_test(test_finish),
                cmocka_unit_test(test_open_dir),
                cmocka_unit_test(test_main),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
