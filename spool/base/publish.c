/* SPDX-License-Identifier: MIT */
#include "spool/base/publish.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "spool/base/fault-point.h"
#include "spool/base/fd.h"

int publish_sync_dir(int dirfd) {
        return fsync(dirfd) < 0 ? negative_errno() : 0;
}

typedef enum PublishHow {
        PUBLISH_REPLACE,  /* durable */
        PUBLISH_NEW,      /* durable, never replaces */
        PUBLISH_UNNAMED,  /* replaces; the caller syncs the directory */
        PUBLISH_VOLATILE, /* atomic only */
} PublishHow;

#define TEMPORARY_PREFIX ".#"

/* Writes a complete temporary file and returns its name. */
static int write_temporary(
                int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid, PublishHow how,
                char **ret_temporary) {
        _cleanup_free_ char *temporary = NULL;
        _cleanup_fd_ int fd = -EBADF;
        uint64_t random;
        int r;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return negative_errno();
        if (asprintf(&temporary, TEMPORARY_PREFIX "%s%016" PRIx64, name, random) < 0)
                return -ENOMEM;

        fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return negative_errno();

        r = fd_write_all(fd, data, size);
        if (r < 0)
                goto fail;
        if ((uid != (uid_t) -1 || gid != (gid_t) -1) && fchown(fd, uid, gid) < 0)
                goto fail_errno;
        if (fchmod(fd, mode) < 0 || (how != PUBLISH_VOLATILE && fsync(fd) < 0))
                goto fail_errno;
        if (close(TAKE_FD(fd)) < 0)
                goto fail_errno;

        *ret_temporary = TAKE_PTR(temporary);
        return 0;

fail_errno:
        r = negative_errno();
fail:
        (void) unlinkat(dirfd, temporary, 0);
        return r;
}

static int publish(
                int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid, PublishHow how) {
        _cleanup_free_ char *temporary = NULL;
        int r;

        r = FAULT_POINT_ERROR("publish-begun", name);
        if (r >= 0)
                r = write_temporary(dirfd, name, data, size, mode, uid, gid, how, &temporary);
        if (r < 0)
                return r;
        r = FAULT_POINT_ERROR("publish-written", name);
        if (r < 0) {
                (void) unlinkat(dirfd, temporary, 0);
                return r;
        }
        if (renameat2(dirfd, temporary, dirfd, name, how == PUBLISH_NEW ? RENAME_NOREPLACE : 0) < 0) {
                r = negative_errno();
                (void) unlinkat(dirfd, temporary, 0);
                return r;
        }
        r = FAULT_POINT_ERROR("publish-renamed", name);
        if (r < 0)
                return r;
        return how == PUBLISH_VOLATILE || how == PUBLISH_UNNAMED ? 0 : publish_sync_dir(dirfd);
}

int publish_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid) {
        return publish(dirfd, name, data, size, mode, uid, gid, PUBLISH_REPLACE);
}

int publish_new_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid) {
        return publish(dirfd, name, data, size, mode, uid, gid, PUBLISH_NEW);
}

int publish_unnamed_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid) {
        return publish(dirfd, name, data, size, mode, uid, gid, PUBLISH_UNNAMED);
}

int publish_volatile_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid) {
        return publish(dirfd, name, data, size, mode, uid, gid, PUBLISH_VOLATILE);
}

int publish_sweep(int dirfd, unsigned age_sec) {
        _cleanup_(closedirp) DIR *d = NULL;
        time_t now = time(NULL);
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(dirfd, ".", &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                struct stat st;

                if (startswith(de->d_name, TEMPORARY_PREFIX) && fstatat(dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(st.st_mode) && now - st.st_mtime >= (time_t) age_sec)
                        (void) unlinkat(dirfd, de->d_name, 0);
        }
        return 0;
}

int publish_rename(int from_dirfd, const char *from, int to_dirfd, const char *to) {
        int r;

        if (renameat2(from_dirfd, from, to_dirfd, to, RENAME_NOREPLACE) < 0)
                return negative_errno();
        /* The new place first: after a power cut a job may be seen in the old place, but never in none. */
        r = publish_sync_dir(to_dirfd);
        if (r < 0)
                return r;
        return from_dirfd == to_dirfd ? 0 : publish_sync_dir(from_dirfd);
}

int publish_mkdir_at(int dirfd, const char *name, mode_t mode, uid_t uid, gid_t gid) {
        _cleanup_fd_ int fd = -EBADF;

        if (mkdirat(dirfd, name, 0700) < 0)
                return negative_errno();
        fd = fd_open_dir_at(dirfd, name);
        if (fd < 0)
                return fd;
        if ((uid != (uid_t) -1 || gid != (gid_t) -1) && fchown(fd, uid, gid) < 0)
                return negative_errno();
        if (fchmod(fd, mode) < 0)
                return negative_errno();
        return 0;
}
