/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/fixture.h"

#include "spool/base/strv.h"
#include "tools/cli/sshkey.h"

/* Made by ssh-keygen for this test; the private halves were thrown away. */
#define BASE64 "AAAAC3NzaC1lZDI1NTE5AAAAIH9bpcp0//pJcSFZYPapctdD+cLzqIvnGlXArITdh+VF"
#define ED25519 "ssh-ed25519 " BASE64 " alice@example.org"
#define RSA_2048                                                                                                       \
        "ssh-rsa "                                                                                                     \
        "AAAAB3NzaC1yc2EAAAADAQABAAABAQCODkiow7ifY3P5ncMFy9pkIDRKjD1Fs84JkgmKCjNnsTpWGP0qgljyvcYW9ZpK0IsuCkv5Td"       \
        "kq9mDpB0akXYi9kSFA/kuMOvBw5mFeLst39rbTlnU4aMAmmt4RtDPbQ2Bo9/"                                                 \
        "dJaq6zPD6EJ53qlUkjjIJs0uiY2DXl5OLUYzyDVBU3Bt+rchZE"                                                           \
        "NXDr+B7lN1Es9oyLWeizFF9q3gZO1BR7qXvPXyl1SCEGSxvBXbjnPTs7cdVi+c9YC6Qg4/"                                       \
        "WuDZi8MI9NM0mZJytd8uxajDiQmilRGeUpZJ6Pyp"                                                                     \
        "3UrMq8ZGszaDmKNzpaWF4IAaiL+8fkc9xyquYusXOy3auGt7vp"
#define RSA_1024                                                                                                       \
        "ssh-rsa "                                                                                                     \
        "AAAAB3NzaC1yc2EAAAADAQABAAAAgQCtalCm54G3JGlLjjAsIdxWMRBsKjCsvzRSiZuwfsBRK/ivdGrp5awzUADa+nGKumqyv/mpdN"       \
        "UY7qA5QVn38hJIQbKLGCFOAf5mVPmZilhw0kZGRjRHXpcsYVA9AFJXqrJ4NiIymMIzxB4ro1Q6H+4r8D17E4u99q/cdjIUFmJhxQ== x"
#define ECDSA_256                                                                                                      \
        "ecdsa-sha2-nistp256 "                                                                                         \
        "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBE8LR7On0r4ls19fQe+ok620Mw1RRvPqPZaiVM"                   \
        "fAJuq5OdAhjztD5hod7yaFfaEgLsNHcV9Z2JJo8opot9E1NX8= with blanks in it"
#define ECDSA_521                                                                                                      \
        "ecdsa-sha2-nistp521 "                                                                                         \
        "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAG9VSXvdwGhqRl0EMy/mgTAqJXznINRDceOv2"                   \
        "xNq0V0onWAxHevhasCTDybmjUfeKkSSUME+bio1+VXPcz3mn69GgDhmxG6A4N4kQmGsM5077XB5Dr/qVenTDvlUUSdt8rpb2CTywx//"      \
        "GVsZOqG"                                                                                                      \
        "tDN6vgZHMVUNwCjKSS/PcyQd3PalKA== p521"

static void test_check(void **state) {
        static const struct {
                const char *line;
                const char *error; /* part of the sentence; NULL: a good key */
        } cases[] = {
                { ED25519, NULL },
                { "ssh-ed25519 " BASE64, NULL },
                { RSA_2048, NULL },
                { ECDSA_256, NULL },
                { ECDSA_521, NULL },
                { ED25519 " d\xc3\xa9j\xc3\xa0", NULL },
                { "", "not a type of key" },
                { "ssh-ed25519", "missing" },
                { "ssh-ed25519 ", "cut off" },
                { RSA_1024, "2048 bits" },
                { "ssh-dss AAAAB3NzaC1kc3M=", "not a type of key" },
                { "no-pty " ED25519, "options" },
                { "command=\"/bin/sh\" " ED25519, "options" },
                { "-----BEGIN OPENSSH PRIVATE KEY-----", "private key" },
                { "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH9bpcp0//pJcSFZYPapctdD+cLzqIvnGlXArITd", "cut off" },
                { "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH9bpcp0//pJcSFZYPapctdD+cLzqIvnGlXArITdh+V", "cut off" },
                { "ssh-rsa " BASE64, "not a key of the type" },
                { "ssh-ed25519 ####", "not base64" },
                { "ssh-ed25519 " BASE64 "=", "cut off" },
                { "ssh-ed25519 " BASE64 " two\nlines", "control character" },
                { "ssh-ed25519 " BASE64 " \xff", "not UTF-8" },
                { "ssh-ed25519  " BASE64, "cut off" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                int r = sshkey_check(cases[i].line, &error);

                if (!cases[i].error) {
                        if (r != 0)
                                fail_msg("'%s' was refused: %s", cases[i].line, error);
                        continue;
                }
                assert_int_equal(r, -EBADMSG);
                if (!strstr(error, cases[i].error))
                        fail_msg("'%s': '%s' is not in '%s'", cases[i].line, cases[i].error, error);
        }
}

static void test_add(void **state) {
        _cleanup_strv_ char **keys = NULL;
        _cleanup_free_ char *error = NULL;

        (void) state;
        assert_int_equal(sshkey_add("# mine\n\n" ED25519 "\r\n" ECDSA_256 "  \n" ED25519 "\n", "file", &keys, &error),
                         0);
        assert_int_equal(strv_length(keys), 2);
        assert_string_equal(keys[0], ED25519);
        /* The same again is no error. */
        assert_int_equal(sshkey_add(ED25519, "key", &keys, &error), 0);
        assert_int_equal(strv_length(keys), 2);
        assert_int_equal(sshkey_add("# nothing\n", "file", &keys, &error), -EBADMSG);
        assert_non_null(strstr(error, "there is no key"));
        assert_int_equal(sshkey_add(ED25519 "\nrubbish\n", "file", &keys, &error), -EBADMSG);
        assert_non_null(strstr(error, "file, line 2"));
}

static void test_argument(void **state) {
        _cleanup_strv_ char **keys = NULL;
        _cleanup_free_ char *error = NULL;
        char path[128];
        Fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "my key.pub", ED25519 "\n");
        snprintf(path, sizeof(path), "%s/my key.pub", f.path);
        assert_int_equal(sshkey_add_argument(path, &keys, &error), 0);
        assert_int_equal(sshkey_add_argument(ECDSA_256, &keys, &error), 0);
        assert_int_equal(strv_length(keys), 2);
        strcat(path, "x");
        assert_int_equal(sshkey_add_argument(path, &keys, &error), -ENOENT);
        assert_non_null(strstr(error, "cannot read the key file"));
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_check),
                cmocka_unit_test(test_add),
                cmocka_unit_test(test_argument),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
