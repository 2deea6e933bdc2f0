/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tools/image/build-log.h"

static void feed(BuildLog *l, const char *text, size_t piece) {
        for (size_t i = 0, n = strlen(text); i < n; i += piece)
                assert_int_equal(build_log_add(l, text + i, n - i < piece ? n - i : piece), 0);
}

/* As the legacy builder prints it. */
static void test_steps(void **state _unused_) {
        static const char text[] =
                "Sending build context to Docker daemon  3.072kB\r\r\n"
                "Step 1/3 : FROM morf-base:bookworm\n"
                " ---> 2f2d30a4ab3c\n"
                "Step 2/3 : RUN echo a long instruction, longer than any line that is kept in full by the "
                "reader of these lines\n"
                " ---> Running in 2a41c3369314\n"
                "Removing intermediate container 2a41c3369314\n";

        for (size_t piece = 1; piece < 200; piece += 11) {
                _cleanup_(build_log_done) BuildLog l;

                assert_int_equal(build_log_init(&l, -EBADF, 1024), 0);
                feed(&l, text, piece);
                assert_int_equal(l.step, 2);
                assert_int_equal(l.steps, 3);
        }
}

/* As podman prints it. */
static void test_podman_steps(void **state _unused_) {
        static const char text[] = "STEP 1/3: FROM morf-base:bookworm\nSTEP 2/3: RUN make\n--> 9c8dc85bbf8\nSTEP 3/3 : x\nSTEP 4/3: x\n";
        _cleanup_(build_log_done) BuildLog l;

        assert_int_equal(build_log_init(&l, -EBADF, 1024), 0);
        feed(&l, text, 7);
        assert_int_equal(l.step, 2);
        assert_int_equal(l.steps, 3);
}

/* A container prints into the same stream; at most it can pretend to be the next step of the same build. */
static void test_lies(void **state _unused_) {
        static const char *const lies[] = {
                "Step 9/3 : x\n",
                "Step 3/9 : x\n",
                "Step 1/3 : x\n",
                "Step 2/3 : x\n",
                "Step 0/3 : x\n",
                "Step -3/3 : x\n",
                "Step 3/3: x\n",
                "Step 3/ : x\n",
                "Step /3 : x\n",
                "Step 3 : x\n",
                "step 3/3 : x\n",
                " Step 3/3 : x\n",
                "Step 3/3x : x\n",
                "Step +3/3 : x\n",
                "Step  3/3 : x\n",
                "xStep 3/3 : x\n",
                "Step 3/3 :x\n",
                "Step 3/99999999999999999999 : x\n",
                "Step 3/3 : without an end",
        };

        for (size_t i = 0; i < ELEMENTSOF(lies); i++) {
                _cleanup_(build_log_done) BuildLog l;

                assert_int_equal(build_log_init(&l, -EBADF, 1024), 0);
                feed(&l, "Step 1/3 : FROM x\nStep 2/3 : RUN y\n", 100);
                feed(&l, lies[i], 100);
                if (l.step != 2 || l.steps != 3)
                        fail_msg("%s is believed", lies[i]);
        }
}

static void test_log(void **state _unused_) {
        static const struct {
                size_t bytes;
                const char *expected;
        } cases[] = {
                { 0, "" },
                { 3, "abc" },
                { 4, "abcd" },
                { 8, "abcdefgh" },
                { 9, "abcd\n[1 bytes left out]\nfghi" },
                { 26, "abcd\n[18 bytes left out]\nwxyz" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (size_t piece = 1; piece < 27; piece++) {
                        _cleanup_(build_log_done) BuildLog l;
                        _cleanup_scratch_ Scratch s;
                        _cleanup_fd_ int fd = -EBADF;
                        char text[27] = "";

                        scratch_init(&s);
                        fd = openat(s.fd, "log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                        assert_int_equal(build_log_init(&l, fd, 8), 0);
                        memcpy(text, "abcdefghijklmnopqrstuvwxyz", cases[i].bytes);
                        feed(&l, text, piece);
                        assert_int_equal(build_log_finish(&l), 0);
                        scratch_assert_file(&s, "log", cases[i].expected);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_steps), cmocka_unit_test(test_podman_steps),
                cmocka_unit_test(test_lies),
                cmocka_unit_test(test_log),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
