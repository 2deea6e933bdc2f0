/* SPDX-License-Identifier: MIT */
#include "spool/base/fd.h"

#include <fcntl.h>
#include <inttypes.h>

int fd_close(int fd) {
        int saved = errno;

        if (fd >= 0)
                (void) close(fd);
        errno = saved;
        return -EBADF;
}

int fd_open_dir_at(int dirfd, const char *name) {
        int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? negative_errno() : fd;
}

int fd_open_regular_at(int dirfd, const char *name, uint64_t max_size, struct stat *ret_st) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        /* O_NONBLOCK: a FIFO put in place of the file must not hang us. */
        fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        if (st.st_nlink > 1)
                return -EMLINK;
        if (st.st_size < 0 || (uint64_t) st.st_size > max_size)
                return -EFBIG;
        if (ret_st)
                *ret_st = st;
        return TAKE_FD(fd);
}

int fd_write_all(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

int fd_read_all(int fd, size_t max_size, char **ret_data, size_t *ret_size) {
        _cleanup_free_ char *buffer = NULL;
        size_t allocated = 0, size = 0;
        struct stat st;

        if (fstat(fd, &st) == 0 && st.st_size > 0 && (uint64_t) st.st_size <= max_size)
                allocated = (size_t) st.st_size + 2;
        else
                allocated = 4096;

        buffer = malloc(allocated);
        if (!buffer)
                return -ENOMEM;

        for (;;) {
                ssize_t n;

                if (size + 1 >= allocated) {
                        size_t bigger = allocated * 2;
                        char *grown = realloc(buffer, bigger);

                        if (!grown)
                                return -ENOMEM;
                        buffer = grown;
                        allocated = bigger;
                }
                n = read(fd, buffer + size, allocated - size - 1);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max_size)
                        return -EFBIG;
        }

        buffer[size] = '\0';
        *ret_data = TAKE_PTR(buffer);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int fd_read_file_at(int dirfd, const char *name, size_t max_size, char **ret_data, size_t *ret_size) {
        _cleanup_fd_ int fd = -EBADF;

        fd = fd_open_regular_at(dirfd, name, max_size, /* ret_st= */ NULL);
        if (fd < 0)
                return fd;
        return fd_read_all(fd, max_size, ret_data, ret_size);
}

int fd_copy(int from, int to, uint64_t max_size, uint64_t *ret_copied) {
        _cleanup_free_ char *buffer = NULL;
        const size_t chunk = 256 * 1024;
        uint64_t copied = 0;

        buffer = malloc(chunk);
        if (!buffer)
                return -ENOMEM;

        for (;;) {
                ssize_t n = read(from, buffer, chunk);
                int r;

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                if (n == 0)
                        break;
                if ((uint64_t) n > max_size - copied)
                        return -EFBIG;
                r = fd_write_all(to, buffer, (size_t) n);
                if (r < 0)
                        return r;
                copied += (uint64_t) n;
        }
        if (ret_copied)
                *ret_copied = copied;
        return 0;
}

int fd_open_dirstream_at(int dirfd, const char *name, DIR **ret) {
        _cleanup_fd_ int fd = -EBADF;
        DIR *d;

        fd = fd_open_dir_at(dirfd, name);
        if (fd < 0)
                return fd;
        d = fdopendir(fd);
        if (!d)
                return negative_errno();
        TAKE_FD(fd);
        *ret = d;
        return 0;
}

static bool dot_or_dot_dot(const char *name) {
        return streq(name, ".") || streq(name, "..");
}

/* Deepest nesting that costs descriptors. What is deeper is moved up first: a tree may be made to exhaust us. */
#define TREE_DEPTH_MAX 32u

/* The removal of one tree. */
typedef struct Removal {
        int top;
        dev_t device;
        uint64_t moved; /* directories moved up to the top, each under a name of its own */
        bool again;     /* there are some that were not removed yet */
} Removal;

static int remove_entries(Removal *removal, int fd, unsigned depth);

static int remove_directory(Removal *removal, int fd, const char *name, unsigned depth) {
        _cleanup_fd_ int child = -EBADF;
        struct stat st;
        int r;

        if (depth >= TREE_DEPTH_MAX) {
                char up[32];

                snprintf(up, sizeof(up), ".#deep-%" PRIu64, removal->moved++);
                removal->again = true;
                return renameat2(fd, name, removal->top, up, RENAME_NOREPLACE) < 0 ? negative_errno() : 0;
        }
        child = fd_open_dir_at(fd, name);
        if (child < 0)
                return child;
        if (fstat(child, &st) < 0)
                return negative_errno();
        if (st.st_dev != removal->device)
                return -EXDEV;
        r = remove_entries(removal, child, depth + 1);
        if (unlinkat(fd, name, AT_REMOVEDIR) < 0 && r == 0)
                r = negative_errno();
        return r;
}

static int remove_entries(Removal *removal, int fd, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r, first = 0;

        r = fd_open_dirstream_at(fd, ".", &d);
        if (r < 0)
                return r;

        while ((errno = 0, de = readdir(d))) {
                if (dot_or_dot_dot(de->d_name))
                        continue;
                if (unlinkat(fd, de->d_name, 0) == 0 || errno == ENOENT)
                        continue;
                r = negative_errno();
                if (r == -EISDIR || r == -EPERM)
                        r = remove_directory(removal, fd, de->d_name, depth);
                if (r < 0 && first == 0)
                        first = r;
        }
        if (errno > 0 && first == 0)
                first = -errno;
        return first;
}

int fd_remove_tree_at(int dirfd, const char *name) {
        Removal removal = {};
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
                return 0;
        removal.top = fd = fd_open_dir_at(dirfd, name);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        if (fstat(fd, &st) < 0)
                return negative_errno();
        removal.device = st.st_dev;
        do {
                removal.again = false;
                r = remove_entries(&removal, fd, 0);
        } while (removal.again && r >= 0);
        if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT && r == 0)
                r = negative_errno();
        return r;
}

static int tree_usage(
                int fd, dev_t device, unsigned depth, uint64_t limit_bytes, uint64_t limit_entries, uint64_t *bytes, uint64_t *entries) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(fd, ".", &d);
        if (r < 0)
                return r;

        while ((errno = 0, de = readdir(d))) {
                struct stat st;

                if (dot_or_dot_dot(de->d_name))
                        continue;
                if (*bytes > limit_bytes || *entries > limit_entries)
                        return 0;
                if (fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        if (errno == ENOENT)
                                continue; /* the tree may be changing under us */
                        return negative_errno();
                }
                *bytes += (uint64_t) st.st_blocks * 512;
                (*entries)++;
                if (S_ISDIR(st.st_mode) && st.st_dev == device) {
                        _cleanup_fd_ int child = fd_open_dir_at(fd, de->d_name);

                        if (child == -ENOENT || child == -ENOTDIR || child == -ELOOP)
                                continue;
                        if (child < 0)
                                return child;
                        r = depth >= TREE_DEPTH_MAX ? -ELOOP :
                                                      tree_usage(child, device, depth + 1, limit_bytes, limit_entries, bytes, entries);
                        if (r < 0)
                                return r;
                }
        }
        return errno > 0 ? -errno : 0;
}

int fd_tree_usage(int dirfd, uint64_t limit_bytes, uint64_t limit_entries, uint64_t *ret_bytes, uint64_t *ret_entries) {
        uint64_t bytes = 0, entries = 0;
        struct stat st;
        int r;

        if (fstat(dirfd, &st) < 0)
                return negative_errno();
        r = tree_usage(dirfd, st.st_dev, 0, limit_bytes, limit_entries, &bytes, &entries);
        if (r == -ELOOP)
                entries = UINT64_MAX; /* nested too deeply: over any limit */
        else if (r < 0)
                return r;
        *ret_bytes = bytes;
        *ret_entries = entries;
        return 0;
}
