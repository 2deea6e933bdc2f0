/* SPDX-License-Identifier: MIT */
#include "tools/cli/handin.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/random.h>

#include "spool/base/fd.h"
#include "spool/limits.h"

#define COMPARE_BYTES (64u * 1024u)

int handin_open(const Spool *spool, const char *user, Handin *ret) {
        _cleanup_handin_ Handin h = HANDIN_EMPTY;
        _cleanup_fd_ int account = -EBADF;
        struct stat st;

        if ((user ? asprintf(&h.path, "sftp/%s/incoming", user) : asprintf(&h.path, "incoming")) < 0) {
                h.path = NULL;
                return -ENOMEM;
        }
        if (user) {
                account = spool->fds[SPOOL_SFTP] < 0 ? -ENOENT : fd_open_dir_at(spool->fds[SPOOL_SFTP], user);
                if (account < 0)
                        return account;
                h.fd = fd_open_dir_at(account, "incoming");
                if (h.fd < 0)
                        return h.fd;
                if (fstat(h.fd, &st) < 0)
                        return negative_errno();
                h.uid = st.st_uid;
                h.gid = st.st_gid;
        } else {
                h.fd = openat(spool->fds[SPOOL_ROOT], spool_dir_name(SPOOL_INCOMING),
                              O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (h.fd < 0)
                        return negative_errno();
        }
        *ret = h;
        h = (Handin) HANDIN_EMPTY;
        return 0;
}

void handin_close(Handin *h) {
        h->fd = fd_close(h->fd);
        free(h->path);
        h->path = NULL;
}

/* A copy in progress. */
typedef struct Copy {
        const Handin *h;
        size_t entries;
        char **bad;
} Copy;

static int own(const Handin *h, int fd, mode_t mode) {
        if (h->uid != (uid_t) -1 && fchown(fd, h->uid, h->gid) < 0)
                return negative_errno();
        if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
                return negative_errno();
        return 0;
}

static int copy_file(const Copy *c, int from, int to_dir, const char *name, mode_t mode) {
        _cleanup_fd_ int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        uint64_t copied;
        int r;

        if (to < 0)
                return negative_errno();
        r = fd_copy(from, to, UINT64_MAX, &copied);
        if (r < 0)
                return r;
        r = own(c->h, to, mode);
        if (r < 0)
                return r;
        return close(TAKE_FD(to)) < 0 ? negative_errno() : 0;
}

static int copy_dir(Copy *c, int from, int to_dir, const char *name, mode_t mode, unsigned depth);

/* What went wrong with an entry is told by its path, collected on the way up. */
static int blame(Copy *c, const char *name, int r) {
        char *path;

        if (!c->bad || (r != -ELOOP && r != -EBADMSG && r != -EACCES))
                return r;
        if (asprintf(&path, "%s%s%s", name, *c->bad ? "/" : "", strempty(*c->bad)) < 0)
                return r;
        free(*c->bad);
        *c->bad = path;
        return r;
}

static int copy_entry(Copy *c, int from_dir, const char *name, int to_dir, unsigned depth) {
        _cleanup_fd_ int from = -EBADF;
        struct stat st;

        if (++c->entries > LIMIT_DROP_ENTRIES || depth > LIMIT_DROP_DEPTH)
                return -EFBIG;
        from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (from < 0)
                return blame(c, name, negative_errno());
        if (fstat(from, &st) < 0)
                return negative_errno();
        if (S_ISDIR(st.st_mode))
                return blame(c, name, copy_dir(c, from, to_dir, name, (st.st_mode & 0777) | 0700, depth + 1));
        if (!S_ISREG(st.st_mode))
                return blame(c, name, -EBADMSG);
        return blame(c, name, copy_file(c, from, to_dir, name, (st.st_mode & 0777) | 0600));
}

static int copy_dir(Copy *c, int from, int to_dir, const char *name, mode_t mode, unsigned depth) {
        _cleanup_(closedirp) DIR *dir = NULL;
        _cleanup_fd_ int to = -EBADF;
        const struct dirent *de;
        int r;

        r = fd_open_dirstream_at(from, ".", &dir);
        if (r < 0)
                return r;
        if (mkdirat(to_dir, name, 0700) < 0)
                return negative_errno();
        to = fd_open_dir_at(to_dir, name);
        if (to < 0)
                return to;
        while (errno = 0, de = readdir(dir)) {
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                r = copy_entry(c, from, de->d_name, to, depth);
                if (r < 0)
                        return r;
        }
        if (errno != 0)
                return negative_errno();
        return own(c->h, to, mode);
}

static bool same_bytes(int a, int b) {
        _cleanup_free_ char *x = malloc(COMPARE_BYTES), *y = malloc(COMPARE_BYTES);
        off_t at = 0;
        ssize_t n, m;

        if (!x || !y)
                return false;
        for (;; at += n) {
                n = pread(a, x, COMPARE_BYTES, at);
                m = pread(b, y, COMPARE_BYTES, at);
                if (n < 0 || n != m || memcmp(x, y, (size_t) n) != 0)
                        return false;
                if (n == 0)
                        return true;
        }
}

/* Whether name in the drop box is a file with the content of from. A directory never counts as the same. */
static bool is_there(const Handin *h, const char *name, int from) {
        _cleanup_fd_ int there = -EBADF;
        struct stat a, b;

        if (fstat(from, &a) < 0 || !S_ISREG(a.st_mode))
                return false;
        there = fd_open_regular_at(h->fd, name, UINT64_MAX, &b);
        return there >= 0 && a.st_size == b.st_size && same_bytes(from, there);
}

/* "weekly.cfg" with 2 is "weekly-2.cfg". Return: a fresh string or NULL. */
static char *with_suffix(const char *name, unsigned n) {
        const char *dot = strrchr(name, '.');
        char *s;

        if (n < 2)
                return strdup(name);
        if (!dot || dot == name)
                dot = name + strlen(name);
        return asprintf(&s, "%.*s-%u%s", (int) (dot - name), name, n, dot) < 0 ? NULL : s;
}

/* The last act. fd of the box for fsync() where there is one; an O_PATH descriptor serves rename only. */
static int rename_into_place(const Handin *h, const char *temporary, const char *name, char **ret_name) {
        _cleanup_fd_ int box = -EBADF;

        for (unsigned n = 1; n <= (ret_name ? HANDIN_SUFFIX_MAX : 1); n++) {
                _cleanup_free_ char *candidate = with_suffix(name, n);

                if (!candidate)
                        return -ENOMEM;
                if (renameat2(h->fd, temporary, h->fd, candidate, RENAME_NOREPLACE) < 0) {
                        if (errno != EEXIST)
                                return negative_errno();
                        continue;
                }
                /*
                 * Who may not list the box cannot sync it either; the file itself is safe, its name is with the next
                 * commit.
                 */
                box = openat(h->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (box >= 0)
                        (void) fsync(box);
                if (ret_name)
                        *ret_name = TAKE_PTR(candidate);
                return 0;
        }
        return -EEXIST;
}

int handin_put(const Handin *h, const char *path, const char *name, char **ret_name, bool *ret_reused, char **ret_bad) {
        _cleanup_free_ char *temporary = NULL;
        _cleanup_fd_ int from = -EBADF;
        Copy c = { .h = h, .bad = ret_bad };
        uint64_t random;
        struct stat st;
        int r;

        from = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (from < 0 || fstat(from, &st) < 0)
                return negative_errno();
        if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
                return -EBADMSG;
        if (!ret_name && is_there(h, name, from)) {
                *ret_reused = true;
                return 0;
        }
        if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
                return negative_errno();
        if (asprintf(&temporary, ".morf-%016" PRIx64, random) < 0) {
                temporary = NULL;
                return -ENOMEM;
        }
        if (S_ISDIR(st.st_mode))
                r = copy_dir(&c, from, h->fd, temporary, 0700, 1);
        else
                r = copy_file(&c, from, h->fd, temporary, 0600);
        if (r >= 0)
                r = rename_into_place(h, temporary, name, ret_name);
        if (r < 0)
                (void) fd_remove_tree_at(h->fd, temporary);
        return r;
}
