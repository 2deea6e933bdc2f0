/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/digest.h"
#include "tests/unit/scratch.h"

/* The examples of FIPS 180-4's companion document, "abc" and the empty message. */
static void known_answers(_unused_ void **state) {
        _cleanup_(digest_freep) Digest *d = NULL, *empty = NULL;
        char hex[DIGEST_LENGTH + 1];

        assert_int_equal(digest_new(&d), 0);
        assert_int_equal(digest_add(d, "ab", 2), 0);
        assert_int_equal(digest_add(d, "c", 1), 0);
        assert_int_equal(digest_finish(d, hex), 0);
        assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_int_equal(digest_new(&empty), 0);
        assert_int_equal(digest_finish(empty, hex), 0);
        assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void of_a_file(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        char hex[DIGEST_LENGTH + 1];
        int fd;

        scratch_init(&s);
        scratch_write(&s, "f", "abc");
        fd = openat(s.fd, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(digest_fd(fd, hex), 0);
        close(fd);
        assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_true(digest_is_valid(hex));
        hex[0] = 'B';
        assert_false(digest_is_valid(hex));
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(known_answers), cmocka_unit_test(of_a_file) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
