/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/log.h"
#include "tests/unit/scratch.h"

/* What log_message() writes to standard error while f runs. */
static char *capture(void (*f)(void)) {
        Scratch s;
        char *text;
        int saved, fd;

        scratch_init(&s);
        fflush(stderr);
        saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
        fd = openat(s.fd, "log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(saved >= 0 && fd >= 0);
        assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
        f();
        fflush(stderr);
        dup2(saved, STDERR_FILENO);
        close(saved);
        close(fd);
        text = scratch_read(&s, "log");
        scratch_done(&s);
        return text;
}

static void some_messages(void) {
        const LogJob job = { .id = "01m83m05g7cvg4zv1wd4b513g6" };

        log_open("tester", LOG_INFO, false);
        errno = ENOTTY;
        assert_int_equal(log_error_errno(-ENOENT, "cannot read %s", "it"), -ENOENT);
        assert_int_equal(errno, ENOTTY);
        log_debug("not shown");
        assert_int_equal(log_job(LOG_NOTICE, 0, NULL, &job, "about a job"), 0);
}

static void writes_lines(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;

        unsetenv("MORF_LOG_LEVEL");
        unsetenv("JOURNAL_STREAM");
        text = capture(some_messages);
        assert_string_equal(text, "tester: cannot read it: No such file or directory\n"
                                  "tester[01m83m05g7cv]: about a job\n");
}

static void debug_message(void) {
        log_open("tester", LOG_INFO, false);
        log_debug("shown");
}

static void environment_sets_the_level(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;

        setenv("MORF_LOG_LEVEL", "debug", 1);
        text = capture(debug_message);
        unsetenv("MORF_LOG_LEVEL");
        assert_string_equal(text, "tester: shown\n");
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(writes_lines), cmocka_unit_test(environment_sets_the_level) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
