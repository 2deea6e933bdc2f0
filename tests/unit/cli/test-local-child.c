/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>

#include "spool/base/fd.h"
#include "spool/base/time.h"
#include "tools/cli/local-child.h"

/* Of our own process: a shell that does what text says. */
static int run(const char *text, uint64_t timeout, LocalChildNudge nudge, void *userdata, LocalChildEnd *ret_end, int *ret_status) {
        char shell[] = "/bin/sh", option[] = "-c";
        char *argv[] = { shell, option, (char *) (uintptr_t) text, NULL };
        _cleanup_fd_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        return local_child_run(argv, null, timeout, nudge, userdata, ret_end, ret_status);
}

static int setup(_unused_ void **state) {
        return local_child_begin();
}

static void ends_are_told(_unused_ void **state) {
        LocalChildEnd end;
        int status;

        assert_int_equal(run("exit 7", 0, NULL, NULL, &end, &status), 0);
        assert_int_equal(end, LOCAL_CHILD_ENDED);
        assert_int_equal(status, 7);
        assert_int_equal(run("kill -KILL $$", 0, NULL, NULL, &end, &status), 0);
        assert_int_equal(end, LOCAL_CHILD_ENDED);
        assert_int_equal(status, 128 + SIGKILL);
}

static void what_cannot_be_started_is_told(_unused_ void **state) {
        char path[] = "/nowhere/to/be/found";
        LocalChildEnd end;
        int status;

        assert_int_equal(local_child_run((char *[]){ path, NULL }, STDERR_FILENO, 0, NULL, NULL, &end, &status), -ENOENT);
}

static void count(void *userdata) {
        ++*(unsigned *) userdata;
}

static void time_is_limited(_unused_ void **state) {
        LocalChildEnd end;
        unsigned nudges = 0;
        int status;

        /* Its whole group is told, and it is asked for again while it does not end. */
        assert_int_equal(run("trap 'sleep 1.2; exit 3' TERM; while :; do sleep 0.1; done", USEC_PER_SEC / 5, count, &nudges, &end, &status), 0);
        assert_int_equal(end, LOCAL_CHILD_TIMEOUT);
        assert_int_equal(status, 3);
        assert_true(nudges >= 1);
}

static void a_signal_ends_it(_unused_ void **state) {
        LocalChildEnd end;
        int status;

        assert_false(local_child_interrupted());
        assert_int_equal(run("kill -INT $PPID; sleep 60", 0, NULL, NULL, &end, &status), 0);
        assert_int_equal(end, LOCAL_CHILD_INTERRUPTED);
        assert_true(local_child_interrupted());
        /* And all that would follow. */
        assert_int_equal(run("sleep 60", 0, NULL, NULL, &end, &status), 0);
        assert_int_equal(end, LOCAL_CHILD_INTERRUPTED);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(ends_are_told),
                cmocka_unit_test(what_cannot_be_started_is_told),
                cmocka_unit_test(time_is_limited),
                cmocka_unit_test(a_signal_ends_it), /* the last one: it lasts */
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
