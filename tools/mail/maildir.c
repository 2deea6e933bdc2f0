/* SPDX-License-Identifier: MIT */
#include "tools/mail/maildir.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"

/*
 * Opens a directory, making it first where it is missing. A group that the parent hands down (set-group-ID) is kept, so no
 * fchmod() here.
 */
static int open_or_make(int dirfd, const char *name) {
        int fd;

        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
                return fd;
        if (errno != ENOENT)
                return negative_errno();
        if (mkdirat(dirfd, name, 0750) < 0 && errno != EEXIST)
                return negative_errno();
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

/* Whether cur/ holds the mail, under its name and any flags (":2,S"). */
static int is_in_cur(int fd, const char *unique) {
        _cleanup_(closedirp) DIR *dir = NULL;
        size_t n = strlen(unique);
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(fd, ".", &dir);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(dir)))
                if (strncmp(de->d_name, unique, n) == 0 && (de->d_name[n] == '\0' || de->d_name[n] == ':'))
                        return 1;
        return errno != 0 ? negative_errno() : 0;
}

static char *without_carriage_returns(const char *data, size_t size, size_t *ret_size) {
        char *copy = malloc(size + 1), *p = copy;

        if (!copy)
                return NULL;
        for (size_t i = 0; i < size; i++)
                if (data[i] != '\r' || i + 1 >= size || data[i + 1] != '\n')
                        *p++ = data[i];
        *ret_size = (size_t) (p - copy);
        return copy;
}

static int write_file(int tmp_fd, const char *unique, const char *data, size_t size) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        /* What an earlier try left half written. */
        if (unlinkat(tmp_fd, unique, 0) < 0 && errno != ENOENT)
                return negative_errno();
        fd = openat(tmp_fd, unique, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (fd < 0)
                return negative_errno();
        r = fd_write_all(fd, data, size);
        if (r < 0)
                return r;
        if (fsync(fd) < 0 || close(TAKE_FD(fd)) < 0)
                return negative_errno();
        return 0;
}

int maildir_deliver(const char *path, const char *unique, const char *data, size_t size) {
        _cleanup_fd_ int root = -EBADF, tmp_fd = -EBADF, new_fd = -EBADF, cur_fd = -EBADF;
        _cleanup_free_ char *copy = NULL;
        size_t copied;
        int r;

        root = open_or_make(AT_FDCWD, path);
        if (root < 0)
                return root;
        tmp_fd = open_or_make(root, "tmp");
        if (tmp_fd < 0)
                return tmp_fd;
        new_fd = open_or_make(root, "new");
        if (new_fd < 0)
                return new_fd;
        cur_fd = open_or_make(root, "cur");
        if (cur_fd < 0)
                return cur_fd;

        r = is_in_cur(cur_fd, unique);
        if (r != 0)
                return r < 0 ? r : 0;
        if (faccessat(new_fd, unique, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;

        copy = without_carriage_returns(data, size, &copied);
        if (!copy)
                return -ENOMEM;
        r = write_file(tmp_fd, unique, copy, copied);
        if (r < 0)
                return r;
        r = publish_rename(tmp_fd, unique, new_fd, unique);
        return r == -EEXIST ? 0 : r;
}
