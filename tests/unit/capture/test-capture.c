/* SPDX-License-Identifier: MIT */

/*
 * morf-capture's work with real, small commands, each in a process of its own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "spool/base/fd.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "tools/capture/capture.h"

static char directory[32], path[64], watched[64];

static int setup(_unused_ void **state) {
        strcpy(directory, "/tmp/test-capture-XXXXXX");
        if (!mkdtemp(directory))
                return -1;
        snprintf(path, sizeof(path), "%s/log", directory);
        snprintf(watched, sizeof(watched), "%s/watched", directory);
        return mkdir(watched, 0700);
}

static int teardown(_unused_ void **state) {
        return fd_remove_tree_at(AT_FDCWD, directory);
}

typedef struct Options {
        uint64_t max, watch_bytes, watch_entries, min_free;
        int signal; /* sent to the capturing process as soon as the file is not empty */
} Options;

static void wait_for_output(void) {
        struct stat st;

        for (unsigned i = 0; i < 2000; i++) {
                if (stat(path, &st) == 0 && st.st_size > 0)
                        return;
                (void) poll(NULL, 0, 5);
        }
        fail_msg("no output");
}

/* Runs a shell script under capture. Return: the exit status. */
static int capture(const char *script, Options options) {
        char *argv[] = { (char *) "/bin/sh", (char *) "-c", (char *) (uintptr_t) script, watched, NULL };
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
                Watch watch = WATCH_INIT;
                Output output;

                (void) dup2(quiet, STDERR_FILENO);
                if (output_open(path, options.max ?: 65536, &output) < 0)
                        _exit(99);
                if ((options.watch_bytes || options.watch_entries) && watch_add(&watch, watched) < 0)
                        _exit(99);
                watch.max_bytes = options.watch_bytes ?: UINT64_MAX;
                watch.max_entries = options.watch_entries ?: UINT64_MAX;
                if (options.min_free && watch_set_free(&watch, watched, options.min_free) < 0)
                        _exit(99);
                status = capture_run(argv, &output, &watch, &(CaptureEngine){});
                output_done(&output);
                watch_done(&watch);
                _exit(status);
        }
        if (options.signal) {
                wait_for_output();
                assert_int_equal(kill(pid, options.signal), 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static char *read_output(size_t *ret_size) {
        char *text = NULL;

        assert_int_equal(fd_read_file_at(AT_FDCWD, path, 1 << 20, &text, ret_size), 0);
        return text;
}

static void exits_as_the_command_did(_unused_ void **state) {
        static const struct {
                const char *script;
                int status;
        } table[] = {
                { "exit 0", 0 },
                { "exit 1", 1 },
                { "exit 65", 65 },
                { "exit 199", 199 },
                { "exit 200", EXIT_STATUS_FOLDED },
                { "exit 203", EXIT_STATUS_FOLDED },
                { "exit 250", EXIT_STATUS_FOLDED },
                { "exit 254", EXIT_STATUS_FOLDED },
                { "exit 255", 255 },
                { "kill -KILL $$", 137 },
                { "kill -TERM $$", 143 },
                { "exec /nothing/there 2>/dev/null", 127 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (capture(table[i].script, (Options){}) != table[i].status)
                        fail_msg("%s", table[i].script);
}

static void missing_command(_unused_ void **state) {
        char *argv[] = { (char *) "/nothing/there", NULL };
        Watch watch = WATCH_INIT;
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                Output output;

                (void) close(STDERR_FILENO);
                if (output_open(path, 65536, &output) < 0)
                        _exit(99);
                status = capture_run(argv, &output, &watch, &(CaptureEngine){});
                output_done(&output);
                _exit(status);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), CAPTURE_STATUS_NOT_FOUND);
}

static void keeps_both_streams(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;
        size_t size;

        assert_int_equal(
                capture("printf 'a\\0b'; printf c >&2; cat; exit 3", (Options){}), 3); /* standard input is empty */
        text = read_output(&size);
        assert_int_equal(size, 4);
        assert_memory_equal(text, "a\0bc", 4);
}

static void caps_a_flood(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;
        size_t size;

        assert_int_equal(
                capture("echo first; head -c 50000000 /dev/zero; echo; echo last", (Options){ .max = 4096 }), 0);
        text = read_output(&size);
        assert_true(size < 4096 + 64);
        assert_memory_equal(text, "first\n", 6);
        assert_memory_equal(text + size - 6, "\nlast\n", 6);
        assert_non_null(memmem(text, size, "\n... 49995916 bytes left out ...\n", 33));
}

static void keeps_what_a_killed_command_printed(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(capture("echo before; kill -KILL $$", (Options){}), 137);
        text = read_output(NULL);
        assert_string_equal(text, "before\n");
}

static void hands_signals_on(_unused_ void **state) {
        assert_int_equal(capture("trap 'exit 7' TERM; echo ready; sleep 60 & wait", (Options){ .signal = SIGTERM }), 7);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(capture("trap 'exit 8' INT; echo ready; sleep 60 & wait", (Options){ .signal = SIGINT }), 8);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(capture("echo ready; sleep 60", (Options){ .signal = SIGTERM }), 143);
}

/* A command that leaves something behind that holds the pipe open, and floods it, still ends. */
static void background_does_not_hold_us(_unused_ void **state) {
        uint64_t begun = time_now_boottime();

        assert_int_equal(capture("timeout 5 cat /dev/zero & sleep 0.1; exit 4", (Options){}), 4);
        assert_true(time_now_boottime() - begun < 4 * USEC_PER_SEC);
}

static void limits_bytes(_unused_ void **state) {
        assert_int_equal(
                capture("head -c 3000000 /dev/zero >$0/x; sync $0/x; sleep 60", (Options){ .watch_bytes = 1000000 }),
                EXIT_STATUS_OUTPUT_LIMIT);
}

/* It fails because it may not write any more, before anybody looked. */
static void a_failure_at_the_limit_is_the_limits(_unused_ void **state) {
        assert_int_equal(
                capture("head -c 3000000 /dev/zero >$0/x; sync $0/x; exit 1", (Options){ .watch_bytes = 1000000 }),
                EXIT_STATUS_OUTPUT_LIMIT);
        assert_int_equal(capture("exit 1", (Options){ .watch_bytes = 100000000 }), 1);
}

static void limits_entries(_unused_ void **state) {
        assert_int_equal(
                capture("cd $0; for i in 1 2 3 4 5; do : >$i; done; sleep 60", (Options){ .watch_entries = 4 }),
                EXIT_STATUS_OUTPUT_LIMIT);
}

static void keeps_space_free(_unused_ void **state) {
        assert_int_equal(capture("sleep 60", (Options){ .min_free = UINT64_C(1) << 62 }), EXIT_STATUS_DISK_LOW);
}

static void within_limits_nothing_happens(_unused_ void **state) {
        Options o = { .watch_bytes = 1 << 20, .watch_entries = 100, .min_free = 1 };

        assert_int_equal(capture("echo x >$0/x; sleep 0.7; exit 5", o), 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(exits_as_the_command_did), TEST(missing_command), TEST(keeps_both_streams), TEST(caps_a_flood),
                TEST(keeps_what_a_killed_command_printed), TEST(hands_signals_on), TEST(background_does_not_hold_us),
                TEST(limits_bytes), TEST(a_failure_at_the_limit_is_the_limits),
                TEST(limits_entries), TEST(keeps_space_free), TEST(within_limits_nothing_happens),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
