/* SPDX-License-Identifier: MIT */

/*
 * Accounts, made and removed by the system's own tools on a copy of /etc that only this process sees (a mount
 * namespace); skipped where that is not allowed.
 */

#include "tests/unit/cli/fixture.h"

#include <sched.h>
#include <sys/mount.h>

#include "spool/base/strv.h"
#include "spool/conf.h"
#include "tools/cli/cli.h"
#include "tools/cli/subproc.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH9bpcp0//pJcSFZYPapctdD+cLzqIvnGlXArITdh+VF alice@example.org"
#define NAME "morft-alice"
#define ID_A "01m2n3p4q5r6s7t8v9w0x1y2z3"
#define ID_B "01m2n3p4q5r6s7t8v9w0x1y2z4"

static int tool(const char *first, ...) {
        _cleanup_strv_ char **argv = NULL;
        int status, r;
        va_list ap;

        va_start(ap, first);
        for (const char *s = first; s; s = va_arg(ap, const char *))
                assert_int_equal(strv_add(&argv, s), 0);
        va_end(ap);
        r = subproc_run(argv, true, NULL, &status);
        return r < 0 ? r : status;
}

/* A copy of /etc in place of /etc, with the groups that sysusers would make, and the configuration of morf. */
static bool enter(Fixture *f) {
        char etc[128], target[160];

        if (geteuid() != 0 || access("/usr/sbin/useradd", X_OK) < 0 || unshare(CLONE_NEWNS) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return false;
        fixture_init(f);
        snprintf(etc, sizeof(etc), "%s/etc", f->path);
        snprintf(target, sizeof(target), "%s/etc/morf/users.d", f->path);
        if (tool("/bin/cp", "-a", "/etc", etc, NULL) != 0 || mount(etc, "/etc", NULL, MS_BIND, NULL) < 0) {
                fixture_done(f);
                return false;
        }
        (void) tool("/usr/sbin/groupadd", "-f", "--system", "morf-sftp", NULL);
        (void) tool("/usr/sbin/groupadd", "-f", "--system", "morf-submit", NULL);
        assert_int_equal(tool("/bin/mkdir", "-p", target, NULL), 0);
        (void) unlink("/etc/morf/users.d/" NAME ".conf");
        return true;
}

static void leave(Fixture *f) {
        assert_int_equal(umount2("/etc", MNT_DETACH), 0);
        fixture_done(f);
}

static void assert_owner(const Fixture *f, const char *path, uid_t uid, gid_t gid, mode_t mode) {
        struct stat st;

        assert_int_equal(fstatat(f->fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_uid, uid);
        assert_int_equal(st.st_gid, gid);
        assert_int_equal(st.st_mode & 07777, mode);
}

static void test_sftp_account(void **state) {
        Record done = fixture_record(ID_A, JOB_STATE_DONE), other = fixture_record(ID_B, JOB_STATE_DONE);
        const struct passwd *pw;
        struct stat st;
        Fixture f;

        (void) state;
        if (!enter(&f))
                skip();
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "a@example.org", "--grant", "accounting",
                                     "--ssh-key", KEY),
                         0);
        pw = getpwnam(NAME);
        assert_non_null(pw);
        assert_string_equal(pw->pw_shell, "/usr/sbin/nologin");
        assert_owner(&f, "sftp/" NAME, 0, 0, 0755);
        assert_owner(&f, "sftp/" NAME "/incoming", pw->pw_uid, pw->pw_gid, 0700);
        assert_owner(&f, "sftp/" NAME "/jobs", 0, pw->pw_gid, 0750);
        assert_int_equal(stat("/etc/morf/ssh/" NAME ".keys", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);

        /* Once more is no error; with other settings it is. */
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "a@example.org", "--grant", "accounting",
                                     "--ssh-key", KEY),
                         0);
        fixture_expect(&f, "there already");
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "b@example.org", "--ssh-key", KEY),
                         CLI_EXIT_SYSTEM);
        fixture_expect(&f, "morf user set " NAME);

        assert_int_equal(fixture_run(&f, "user", "set", NAME, "--mail", "b@example.org", "--grant-all", "--disable"),
                         0);
        assert_int_equal(fixture_run(&f, "user", "show", NAME), 0);
        fixture_expect(&f, "b@example.org");
        fixture_expect(&f, "disabled");
        fixture_expect(&f, "all courses");
        fixture_expect(&f, KEY);
        assert_int_equal(fixture_run(&f, "user", "list"), 0);
        fixture_expect(&f, "sftp");

        done.user = (char *) (uintptr_t) NAME;
        fixture_job(&f, "done", &done);
        fixture_job(&f, "done", &other);
        assert_int_equal(fixture_run(&f, "user", "remove", NAME), 0);
        assert_false(fixture_exists(&f, "etc/morf/ssh/" NAME ".keys"));
        assert_false(fixture_exists(&f, "etc/morf/users.d/" NAME ".conf"));
        assert_true(fixture_exists(&f, "done/" ID_A));
        assert_non_null(getpwnam(NAME));

        assert_int_equal(fixture_run(&f, "user", "remove", NAME, "--purge"), 0);
        assert_null(getpwnam(NAME));
        assert_false(fixture_exists(&f, "done/" ID_A));
        assert_true(fixture_exists(&f, "done/" ID_B));
        assert_false(fixture_exists(&f, "sftp/" NAME));
        assert_int_equal(fixture_run(&f, "user", "remove", NAME), CLI_EXIT_NO_JOB);
        leave(&f);
}

static void test_local_account(void **state) {
        Fixture f;

        (void) state;
        if (!enter(&f))
                skip();
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "a@example.org"), CLI_EXIT_NO_JOB);
        fixture_expect(&f, "no Unix account");
        assert_false(fixture_exists(&f, "sftp/" NAME));
        assert_int_equal(tool("/usr/sbin/useradd", "--no-create-home", NAME, NULL), 0);
        /* A key would let an ordinary account in by SFTP. */
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "a@example.org", "--ssh-key", KEY),
                         CLI_EXIT_SYSTEM);
        fixture_expect(&f, "already");
        assert_false(fixture_exists(&f, "etc/morf/users.d/" NAME ".conf"));
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "a@example.org", "--grant-all"), 0);
        assert_int_equal(fixture_run(&f, "--json", "user", "show", NAME), 0);
        fixture_expect(&f, "\"access\": \"local\"");
        assert_int_equal(fixture_run(&f, "user", "set", NAME, "--ssh-key", KEY), CLI_EXIT_SYSTEM);
        assert_int_equal(fixture_run(&f, "user", "remove", NAME), 0);
        assert_int_equal(tool("/usr/sbin/userdel", NAME, NULL), 0);
        leave(&f);
}

/* What cannot be finished is undone. */
static void test_rollback(void **state) {
        Fixture f;

        (void) state;
        if (!enter(&f))
                skip();
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "not an address", "--ssh-key", KEY),
                         CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "a@example.org", "--ssh-key",
                                     "command=\"x\" " KEY),
                         CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--ssh-key", KEY), CLI_EXIT_USAGE);
        assert_null(getpwnam(NAME));
        /* The last step fails: there is no directory for the configuration. */
        assert_int_equal(renameat(f.fd, "etc/morf/users.d", f.fd, "etc/morf/users.away"), 0);
        assert_int_equal(fixture_run(&f, "user", "add", NAME, "--mail", "a@example.org", "--ssh-key", KEY),
                         CLI_EXIT_SYSTEM);
        fixture_expect(&f, "was not made");
        fixture_expect_not(&f, "Left behind");
        assert_null(getpwnam(NAME));
        assert_false(fixture_exists(&f, "sftp/" NAME));
        assert_false(fixture_exists(&f, "etc/morf/ssh/" NAME ".keys"));
        leave(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sftp_account),
                cmocka_unit_test(test_local_account),
                cmocka_unit_test(test_rollback),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
