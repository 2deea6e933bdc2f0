/* SPDX-License-Identifier: MIT */
#include "spool/beneath.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "spool/base/fd.h"

/* Bytes asked of copy_file_range() at a time. */
#define CHUNK (UINT64_C(1) << 30)

/* Where fd is mounted: the id of the mount, which unlike the device is another one for a bind mount, too. */
static int mount_of(int fd, uint64_t *ret) {
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
                return negative_errno();
        if (!(st.stx_mask & STATX_MNT_ID))
                return -EOPNOTSUPP;
        *ret = st.stx_mnt_id;
        return 0;
}

/* Whether name is one component that stays below its directory, as every name from readdir() is. */
static bool stays_beneath(const char *name) {
        return !strchr(name, '/') && !streq(name, "..");
}

/*
 * What RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_XDEV do for a name of one component. openat2() itself is refused
 * to units with RestrictSUIDSGID=, whose filter cannot see its flags.
 */
static int open_beneath(int dirfd, const char *name, int flags) {
        _cleanup_fd_ int fd = -EBADF;
        uint64_t above, here;
        int r;

        if (!stays_beneath(name))
                return -EXDEV;
        fd = openat(dirfd, name, flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = mount_of(dirfd, &above);
        if (r < 0)
                return r;
        r = mount_of(fd, &here);
        if (r < 0)
                return r;
        return here == above ? TAKE_FD(fd) : -EXDEV;
}

int beneath_open_dir(int dirfd, const char *name) {
        return open_beneath(dirfd, name, O_DIRECTORY);
}

static int judge(const struct stat *st) {
        if (S_ISLNK(st->st_mode))
                return -ELOOP;
        if (!S_ISREG(st->st_mode))
                return -EBADMSG;
        return st->st_nlink > 1 ? -EMLINK : 0;
}

int beneath_open_file(int dirfd, const char *name, struct stat *ret_st) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        if (!stays_beneath(name))
                return -EXDEV;
        /* A look before the open, because opening a device can already do something; what counts is the look behind it. */
        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        r = judge(&st);
        if (r < 0)
                return r;
        fd = open_beneath(dirfd, name, O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return negative_errno();
        r = judge(&st);
        if (r < 0)
                return r;
        *ret_st = st;
        return TAKE_FD(fd);
}

/* Moves size bytes from one file to the other at their positions. */
static int copy_bytes(int from, int to, uint64_t size) {
        while (size > 0) {
                ssize_t n = copy_file_range(from, NULL, to, NULL, size < CHUNK ? (size_t) size : CHUNK, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
                        break;
                if (n < 0)
                        return negative_errno();
                if (n == 0)
                        break; /* some filesystems say so although there is more: reading decides */
                size -= (uint64_t) n;
        }
        if (size > 0) {
                uint64_t copied = 0;
                int r;

                r = fd_copy(from, to, size, &copied);
                if (r < 0)
                        return r;
                if (copied != size)
                        return -EIO;
        }
        return 0;
}

int beneath_copy(int from, uint64_t size, int to_dirfd, const char *name) {
        _cleanup_fd_ int to = -EBADF;
        struct stat st;
        int r;

        to = openat(to_dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0)
                return negative_errno();
        if (ioctl(to, FICLONE, from) < 0) {
                r = copy_bytes(from, to, size);
                if (r < 0)
                        return r;
        }
        if (fstat(to, &st) < 0)
                return negative_errno();
        if ((uint64_t) st.st_size != size)
                return -EIO;
        if (fchmod(to, 0640) < 0 || fsync(to) < 0 || close(TAKE_FD(to)) < 0)
                return negative_errno();
        return 0;
}
