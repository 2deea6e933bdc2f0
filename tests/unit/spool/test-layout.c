/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include "spool/layout.h"
#include "tests/unit/scratch.h"

/* In the place of the system's accounts: all of morf's are whoever runs the test, but one that a case takes away. */
static const char *missing;

struct passwd *getpwnam(const char *name) {
        static struct passwd pw;

        if (missing && streq(missing, name))
                return NULL;
        pw.pw_uid = geteuid();
        return &pw;
}

struct group *getgrnam(const char *name) {
        static struct group gr;

        if (missing && streq(missing, name))
                return NULL;
        gr.gr_gid = getegid();
        return &gr;
}

/* The table once more. */
static const struct {
        SpoolDir dir;
        const char *name;
        mode_t mode;
} expected[] = {
        { SPOOL_ROOT, ".", 0711 },
        { SPOOL_INCOMING, "incoming", 01730 },
        { SPOOL_SFTP, "sftp", 0755 },
        { SPOOL_ACTIVE, "active", 0750 },
        { SPOOL_DONE, "done", 0750 },
        { SPOOL_FAILED, "failed", 0750 },
        { SPOOL_CORRUPT, "corrupt", 0750 },
        { SPOOL_OUTBOX, "outbox", 0700 },
        { SPOOL_OUTBOX_SENT, "outbox/sent", 0700 },
        { SPOOL_UNDELIVERABLE, "outbox/undeliverable", 0700 },
        { SPOOL_CONTROL, "control", 01730 },
};

static void make_spool(const Scratch *s) {
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                assert_true(mkdirat(s->fd, expected[i].name, 0700) == 0 || errno == EEXIST);
                /* A directory made in one with another group keeps that only with the set-group-id bit; say it. */
                assert_int_equal(fchownat(s->fd, expected[i].name, (uid_t) -1, getegid(), 0), 0);
                assert_int_equal(fchmodat(s->fd, expected[i].name, expected[i].mode, 0), 0);
        }
}

static void names(_unused_ void **state) {
        assert_int_equal(ELEMENTSOF(expected), _SPOOL_DIR_MAX);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                assert_string_equal(spool_dir_name(expected[i].dir), expected[i].name);
}

static void opens_what_is_as_it_must_be(_unused_ void **state) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_free_ char *error = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        make_spool(&s);
        if (spool_open(s.path, &spool, &error) < 0)
                fail_msg("%s", error);
        assert_string_equal(spool.path, s.path);
        for (SpoolDir d = 0; d < _SPOOL_DIR_MAX; d++) {
                struct stat by_fd, by_name;

                assert_int_equal(fstat(spool.fds[d], &by_fd), 0);
                assert_int_equal(fstatat(s.fd, spool_dir_name(d), &by_name, 0), 0);
                assert_int_equal(by_fd.st_ino, by_name.st_ino);
                assert_true(fcntl(spool.fds[d], F_GETFD) & FD_CLOEXEC);
        }
        spool_close(&spool);
        spool_close(&spool);
        for (SpoolDir d = 0; d < _SPOOL_DIR_MAX; d++)
                assert_int_equal(spool.fds[d], -EBADF);
}

/* Each directory in turn with other rights, not there, or not a directory. */
static void refuses_each_that_is_not(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                _cleanup_free_ char *wanted = NULL, *mode = NULL, *gone = NULL, *link = NULL, *user = NULL;
                const char *name = expected[i].name;
                Spool spool = SPOOL_EMPTY;
                _cleanup_scratch_ Scratch s;

                scratch_init(&s);
                make_spool(&s);
                assert_int_equal(fchmodat(s.fd, name, 0777, 0), 0);
                assert_int_equal(spool_open(s.path, &spool, &mode), -EPERM);
                assert_true(asprintf(&wanted, "with mode %04o, but has uid %u, gid %u, mode 0777; mend it with 'systemd-tmpfiles --create morf.conf'",
                                     (unsigned) expected[i].mode, geteuid(), getegid()) > 0);
                assert_non_null(endswith(mode, wanted));
                assert_memory_equal(mode, s.path, strlen(s.path));
                assert_memory_equal(mode + strlen(s.path) + 1, name, strlen(name));
                assert_int_equal(spool_open(s.path, &spool, NULL), -EPERM);
                assert_int_equal(fchmodat(s.fd, name, expected[i].mode, 0), 0);

                missing = "root";
                assert_int_equal(spool_open(s.path, &spool, &user), -EPERM); /* an account that does not exist owns nothing */
                missing = NULL;

                if (expected[i].dir == SPOOL_ROOT || expected[i].dir == SPOOL_OUTBOX)
                        continue;
                assert_int_equal(unlinkat(s.fd, name, AT_REMOVEDIR), 0);
                assert_int_equal(spool_open(s.path, &spool, &gone), -ENOENT);
                assert_non_null(strstr(gone, name));
                assert_non_null(strstr(gone, "No such file or directory"));
                assert_int_equal(symlinkat("/tmp", s.fd, name), 0);
                assert_int_equal(spool_open(s.path, &spool, &link), -ENOTDIR);
                assert_null(spool.path);
                for (SpoolDir d = 0; d < _SPOOL_DIR_MAX; d++)
                        assert_int_equal(spool.fds[d], -EBADF);
        }
}

static void accounts_must_exist(_unused_ void **state) {
        static const struct {
                const char *name, *directory;
        } cases[] = { { "morf-submit", "/incoming: " }, { "morf-admin", "/active: " }, { "morf-mail", "/outbox: " } };
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        make_spool(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                Spool spool = SPOOL_EMPTY;

                missing = cases[i].name;
                assert_int_equal(spool_open(s.path, &spool, &error), -EPERM);
                missing = NULL;
                assert_non_null(strstr(error, cases[i].directory));
                assert_non_null(strstr(error, cases[i].name));
        }
}

/* For a caller without rights: what can be opened is, and nothing is judged. */
static void opens_what_it_can(_unused_ void **state) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY, none = SPOOL_EMPTY;
        _cleanup_free_ char *error = NULL, *path = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        make_spool(&s);
        assert_int_equal(fchmodat(s.fd, "active", 0777, 0), 0);
        assert_int_equal(unlinkat(s.fd, "control", AT_REMOVEDIR), 0);
        assert_int_equal(spool_open_readonly(s.path, &spool, &error), 0);
        assert_true(spool.fds[SPOOL_ROOT] >= 0 && spool.fds[SPOOL_ACTIVE] >= 0 && spool.fds[SPOOL_OUTBOX_SENT] >= 0);
        assert_int_equal(spool.fds[SPOOL_CONTROL], -EBADF);
        assert_null(error);

        assert_true(asprintf(&path, "%s/none", s.path) > 0);
        assert_int_equal(spool_open_readonly(path, &none, &error), -ENOENT);
        assert_non_null(error);
        assert_null(none.path);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(names), cmocka_unit_test(opens_what_is_as_it_must_be), cmocka_unit_test(refuses_each_that_is_not),
                cmocka_unit_test(accounts_must_exist), cmocka_unit_test(opens_what_it_can),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
