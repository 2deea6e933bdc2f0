/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tools/mail/maildir.h"

static const char mail[] = "Subject: x\r\n\r\nbody\r\n";

static void test_delivers_once(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        char path[96];
        struct stat st;

        scratch_init(&s);
        snprintf(path, sizeof(path), "%s/box", s.path);
        assert_int_equal(maildir_deliver(path, "1.a.host", mail, strlen(mail)), 0);
        scratch_assert_file(&s, "box/new/1.a.host", "Subject: x\n\nbody\n");
        assert_int_equal(fstatat(s.fd, "box/new/1.a.host", &st, 0), 0);
        assert_int_equal(st.st_mode & 07037, 0);
        assert_int_equal(scratch_count(&s, "box/tmp"), 0);

        assert_int_equal(maildir_deliver(path, "1.a.host", mail, strlen(mail)), 0);
        assert_int_equal(maildir_deliver(path, "2.a.host", mail, strlen(mail)), 0);
        assert_int_equal(scratch_count(&s, "box/new"), 2);

        /* Read in the meantime. */
        assert_int_equal(renameat(s.fd, "box/new/1.a.host", s.fd, "box/cur/1.a.host:2,S"), 0);
        assert_int_equal(maildir_deliver(path, "1.a.host", mail, strlen(mail)), 0);
        assert_int_equal(scratch_count(&s, "box/new"), 1);
}

/* Killed while it wrote: the rest is replaced. */
static void test_half_written(void **state _unused_) {
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        fd_close(scratch_dir(&s, "tmp"));
        scratch_write(&s, "tmp/1.a.host", "Subj");
        assert_int_equal(maildir_deliver(s.path, "1.a.host", mail, strlen(mail)), 0);
        scratch_assert_file(&s, "new/1.a.host", "Subject: x\n\nbody\n");
}

static void test_no_place(void **state _unused_) {
        assert_int_equal(maildir_deliver("/nonexistent/box", "1.a.host", mail, strlen(mail)), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_delivers_once),
                cmocka_unit_test(test_half_written),
                cmocka_unit_test(test_no_place),
        };

        (void) umask(0027);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
