/* SPDX-License-Identifier: MIT */
#include "spool/layout.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include "spool/base/fd.h"

/* The same table as units/morf.tmpfiles, which creates them; a test compares the two. */
static const struct {
        const char *name, *user, *group;
        mode_t mode;
} table[_SPOOL_DIR_MAX] = {
        [SPOOL_ROOT] = { ".", "root", "root", 0711 },
        [SPOOL_INCOMING] = { "incoming", "root", "morf-submit", 01730 },
        [SPOOL_SFTP] = { "sftp", "root", "root", 0755 },
        [SPOOL_ACTIVE] = { "active", "root", "morf-admin", 0750 },
        [SPOOL_DONE] = { "done", "root", "morf-admin", 0750 },
        [SPOOL_FAILED] = { "failed", "root", "morf-admin", 0750 },
        [SPOOL_CORRUPT] = { "corrupt", "root", "morf-admin", 0750 },
        [SPOOL_OUTBOX] = { "outbox", "morf-mail", "morf-mail", 0700 },
        [SPOOL_OUTBOX_SENT] = { "outbox/sent", "morf-mail", "morf-mail", 0700 },
        [SPOOL_UNDELIVERABLE] = { "outbox/undeliverable", "morf-mail", "morf-mail", 0700 },
        [SPOOL_CONTROL] = { "control", "root", "morf-submit", 01730 },
};

const char *spool_dir_name(SpoolDir d) {
        return table[d].name;
}

static void say(char **reterr, const char *path, SpoolDir d, const char *what) {
        if (reterr && asprintf(reterr, "%s/%s: %s; mend it with 'systemd-tmpfiles --create morf.conf'", path, table[d].name, what) < 0)
                *reterr = NULL;
}

static bool owner_is(uid_t uid, const char *name) {
        const struct passwd *pw = getpwnam(name);

        return pw && pw->pw_uid == uid;
}

static bool group_is(gid_t gid, const char *name) {
        const struct group *gr = getgrnam(name);

        return gr && gr->gr_gid == gid;
}

static int verify(const char *path, SpoolDir d, int fd, dev_t device, char **reterr) {
        _cleanup_free_ char *what = NULL;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (st.st_dev != device) {
                say(reterr, path, d, "lies on another filesystem than the spool, so that jobs cannot be moved by rename");
                return -EXDEV;
        }
        if (owner_is(st.st_uid, table[d].user) && group_is(st.st_gid, table[d].group) && (st.st_mode & 07777) == table[d].mode)
                return 0;
        if (asprintf(&what, "must belong to %s:%s with mode %04o, but has uid %u, gid %u, mode %04o", table[d].user, table[d].group,
                     (unsigned) table[d].mode, st.st_uid, st.st_gid, (unsigned) st.st_mode & 07777) < 0) {
                what = NULL;
                return -ENOMEM;
        }
        say(reterr, path, d, what);
        return -EPERM;
}

static int open_all(const char *path, bool strict, Spool *ret, char **reterr) {
        _cleanup_spool_ Spool s = SPOOL_EMPTY;
        struct stat root;
        int r;

        s.path = strdup(path);
        if (!s.path)
                return -ENOMEM;
        for (SpoolDir d = 0; d < _SPOOL_DIR_MAX; d++) {
                if (d == SPOOL_ROOT)
                        s.fds[d] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (strict ? 0 : O_PATH));
                else
                        s.fds[d] = openat(s.fds[SPOOL_ROOT], table[d].name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (s.fds[d] < 0) {
                        r = negative_errno();
                        s.fds[d] = -EBADF;
                        if (!strict && d != SPOOL_ROOT)
                                continue;
                        say(reterr, path, d, strerrordesc_np(-r));
                        return r;
                }
                if (!strict)
                        continue;
                if (d == SPOOL_ROOT && fstat(s.fds[d], &root) < 0)
                        return negative_errno();
                r = verify(path, d, s.fds[d], root.st_dev, reterr);
                if (r < 0)
                        return r;
        }
        *ret = s;
        s = (Spool) SPOOL_EMPTY;
        return 0;
}

int spool_open(const char *path, Spool *ret, char **reterr) {
        return open_all(path, true, ret, reterr);
}

int spool_open_readonly(const char *path, Spool *ret, char **reterr) {
        return open_all(path, false, ret, reterr);
}

void spool_close(Spool *s) {
        for (SpoolDir d = 0; d < _SPOOL_DIR_MAX; d++)
                s->fds[d] = fd_close(s->fds[d]);
        free(s->path);
        s->path = NULL;
}
