/* SPDX-License-Identifier: MIT */
#include "tools/cli/login.h"

#include <grp.h>
#include <pwd.h>

#include "spool/base/strv.h"
#include "tools/cli/subproc.h"

static bool is_member(const char *name, gid_t gid, const char *group) {
        const struct group *gr = getgrnam(group);

        if (!gr)
                return false;
        return gr->gr_gid == gid || strv_contains(gr->gr_mem, name);
}

int login_find(const char *name, Login *ret) {
        const struct passwd *pw;
        const struct group *gr;

        errno = 0;
        pw = getpwnam(name);
        if (!pw)
                return errno == 0 || errno == ENOENT || errno == ESRCH ? -ENOENT : negative_errno();
        *ret = (Login){ .uid = pw->pw_uid, .gid = pw->pw_gid };
        ret->sftp = is_member(name, ret->gid, LOGIN_GROUP_SFTP);
        ret->submit = is_member(name, ret->gid, LOGIN_GROUP_SUBMIT);
        gr = getgrgid(ret->gid);
        ret->private_group = gr && streq(gr->gr_name, name);
        return 0;
}

bool login_group_exists(const char *group) {
        return getgrnam(group);
}

static int run(char **argv) {
        int status, r;

        r = subproc_run(argv, true, NULL, &status);
        if (r < 0)
                return r;
        return status == 0 ? 0 : -EREMOTEIO;
}

int login_create_sftp(const char *name, const char *home) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = strv_add_many(&argv, "/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--home-dir",
                          home, "--shell", "/usr/sbin/nologin", "--comment", "morf researcher (SFTP only)", "--groups",
                          LOGIN_GROUP_SFTP, "--", name, NULL);
        return r < 0 ? r : run(argv);
}

int login_remove(const char *name) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = strv_add_many(&argv, "/usr/sbin/userdel", "--", name, NULL);
        return r < 0 ? r : run(argv);
}

/* An account that has expired is refused by sshd whatever the kind of authentication. */
static int set_expiry(const char *name, const char *date) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = strv_add_many(&argv, "/usr/sbin/usermod", "--expiredate", date, "--", name, NULL);
        return r < 0 ? r : run(argv);
}

int login_enable(const char *name) {
        return set_expiry(name, "");
}

int login_disable(const char *name) {
        return set_expiry(name, "1");
}

int login_join(const char *name, const char *group) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = strv_add_many(&argv, "/usr/sbin/usermod", "--append", "--groups", group, "--", name, NULL);
        return r < 0 ? r : run(argv);
}

int login_leave(const char *name, const char *group) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = strv_add_many(&argv, "/usr/bin/gpasswd", "--delete", name, group, NULL);
        return r < 0 ? r : run(argv);
}
