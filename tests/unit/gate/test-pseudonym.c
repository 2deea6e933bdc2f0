/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/keys.h"
#include "tests/unit/scratch.h"
#include "tools/gate/pseudonym.h"

static void write_keys(const Scratch *s, char digit) {
        char key[KEYS_LENGTH + 2];

        memset(key, digit, KEYS_LENGTH);
        strcpy(key + KEYS_LENGTH, "\n");
        scratch_write(s, KEYS_PSEUDONYM, key);
}

/* Keys are made once, are random, and are not replaced. */
static void test_keys(void **state _unused_) {
        char a[KEYS_LENGTH + 1], b[KEYS_LENGTH + 1], again[KEYS_LENGTH + 1];
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        assert_int_equal(keys_read(s.fd, KEYS_RECEIPT, a), -ENOENT);
        if (keys_make(s.fd, getgid()) == -EPERM)
                skip();
        assert_int_equal(keys_read(s.fd, KEYS_RECEIPT, a), 0);
        assert_int_equal(keys_read(s.fd, KEYS_PSEUDONYM, b), 0);
        assert_string_not_equal(a, b);
        assert_int_equal(fstatat(s.fd, KEYS_RECEIPT, &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(keys_make(s.fd, getgid()), 0);
        assert_int_equal(keys_read(s.fd, KEYS_RECEIPT, again), 0);
        assert_string_equal(a, again);
        scratch_write(&s, KEYS_RECEIPT, "0123\n");
        assert_int_equal(keys_read(s.fd, KEYS_RECEIPT, a), -EBADMSG);
        assert_int_equal(keys_make(s.fd, getgid()), 0);
        scratch_assert_file(&s, KEYS_RECEIPT, "0123\n");
}

static void test_secret(void **state _unused_) {
        static const char *const refused[] = { "", "\n", "two\nlines\n", "carriage\r\n" };
        _cleanup_scratch_ Scratch s;
        char *secret = NULL;

        scratch_init(&s);
        assert_int_equal(keys_read_secret(s.fd, &secret), -ENOENT);
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                scratch_write(&s, KEYS_HASH_SECRET, refused[i]);
                assert_int_equal(keys_read_secret(s.fd, &secret), -EBADMSG);
        }
        scratch_write(&s, KEYS_HASH_SECRET, "salt and pepper\n");
        assert_int_equal(keys_read_secret(s.fd, &secret), 0);
        assert_string_equal(secret, "salt and pepper");
        free(secret);
}

static void make(const Scratch *s, ManifestPseudonyms kind, const char *user, const char *course, char ret[static PSEUDONYM_LENGTH + 1]) {
        _cleanup_pseudonyms_ Pseudonyms p = { .kind = kind, .user = user };

        assert_int_equal(pseudonyms_load(&p, s->fd), 0);
        assert_int_equal(pseudonym_make(&p, course, ret), 0);
}

/* The same for a user and a course; another for another user, course or key, and where the border between them is moved. */
static void test_hmac(void **state _unused_) {
        char a[PSEUDONYM_LENGTH + 1], b[PSEUDONYM_LENGTH + 1];
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        write_keys(&s, '0');
        make(&s, MANIFEST_PSEUDONYMS_HMAC, "alice", "accounting", a);
        assert_int_equal(strspn(a, "0123456789abcdef"), PSEUDONYM_LENGTH);
        make(&s, MANIFEST_PSEUDONYMS_HMAC, "alice", "accounting", b);
        assert_string_equal(a, b);
        make(&s, MANIFEST_PSEUDONYMS_HMAC, "bob", "accounting", b);
        assert_string_not_equal(a, b);
        make(&s, MANIFEST_PSEUDONYMS_HMAC, "alicea", "ccounting", b);
        assert_string_not_equal(a, b);
        write_keys(&s, '1');
        make(&s, MANIFEST_PSEUDONYMS_HMAC, "alice", "accounting", b);
        assert_string_not_equal(a, b);
}

/* SHA-1 of "abc" is in FIPS 180. */
static void test_sha1(void **state _unused_) {
        char a[PSEUDONYM_LENGTH + 1];
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        scratch_write(&s, KEYS_HASH_SECRET, "c\n");
        make(&s, MANIFEST_PSEUDONYMS_SHA1, "b", "a", a);
        assert_string_equal(a, "a9993e364706816aba3e25717850c26c9cd0d89d");
        /* Without a secret of MORF 2.0 the key serves. */
        assert_int_equal(unlinkat(s.fd, KEYS_HASH_SECRET, 0), 0);
        write_keys(&s, '0');
        make(&s, MANIFEST_PSEUDONYMS_SHA1, "b", "a", a);
        assert_string_not_equal(a, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_keys),
                cmocka_unit_test(test_secret),
                cmocka_unit_test(test_hmac),
                cmocka_unit_test(test_sha1),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
