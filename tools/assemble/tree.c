/* SPDX-License-Identifier: MIT */
#include "tools/assemble/tree.h"

#include <fcntl.h>
#include <inttypes.h>

#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/beneath.h"
#include "spool/limits.h"

int tree_copy(int from_dirfd, int to_dirfd, const char *name, const SealOptions *options, SealReport *report, Fault *reterr) {
        _cleanup_free_ char *partial = NULL;
        _cleanup_fd_ int to = -EBADF;
        SealReport unused = {};
        int r;

        if (asprintf(&partial, ".#%s", name) < 0) {
                partial = NULL;
                return -ENOMEM;
        }
        r = fd_remove_tree_at(to_dirfd, partial);
        if (r >= 0)
                r = publish_mkdir_at(to_dirfd, partial, 0750, (uid_t) -1, (gid_t) -1);
        if (r < 0)
                return r;
        to = fd_open_dir_at(to_dirfd, partial);
        if (to < 0)
                return to;
        r = seal_walk(from_dirfd, to, options, report ?: &unused, reterr);
        if (r >= 0)
                r = publish_sync_dir(to);
        if (r >= 0)
                r = fd_remove_tree_at(to_dirfd, name);
        return r < 0 ? r : publish_rename(to_dirfd, partial, to_dirfd, name);
}

int tree_copy_own(int from_dirfd, int to_dirfd, const char *name) {
        static const SealOptions options = { .max_bytes = UINT64_MAX, .max_files = UINT64_MAX, .who = "the job" };
        _cleanup_fault_ Fault fault = {};
        int r;

        r = tree_copy(from_dirfd, to_dirfd, name, &options, /* report= */ NULL, &fault);
        return r == -EBADMSG ? -EIO : r;
}

static int make_readable(int dirfd, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        if (depth > LIMIT_DROP_DEPTH * 2)
                return -ELOOP;
        if (fchmod(dirfd, 0755) < 0)
                return negative_errno();
        r = fd_open_dirstream_at(dirfd, ".", &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                _cleanup_fd_ int fd = -EBADF;

                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                fd = openat(dirfd, de->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
                if (fd < 0)
                        return negative_errno();
                if (de->d_type == DT_DIR)
                        r = make_readable(fd, depth + 1);
                else
                        r = fchmod(fd, 0644) < 0 ? negative_errno() : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

int tree_make_readable(int dirfd) {
        return make_readable(dirfd, 0);
}

static int digest_file(int fd, const char *path, Digest *d) {
        char buffer[64 * 1024];
        struct stat st;
        ssize_t n;
        int r;

        if (fstat(fd, &st) < 0)
                return negative_errno();
        snprintf(buffer, sizeof(buffer), "%s\n%" PRIu64 "\n", path, (uint64_t) st.st_size);
        r = digest_add(d, buffer, strlen(buffer));
        while (r >= 0 && (n = read(fd, buffer, sizeof(buffer))) != 0) {
                if (n < 0)
                        return negative_errno();
                r = digest_add(d, buffer, (size_t) n);
        }
        return r;
}

static int digest_below(int dirfd, const char *path, unsigned depth, Digest *d) {
        struct dirent **entries = NULL;
        int n, r = 0;

        if (depth > LIMIT_DROP_DEPTH * 2)
                return -ELOOP;
        n = scandirat(dirfd, ".", &entries, NULL, alphasort);
        if (n < 0)
                return negative_errno();
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *below = NULL;
                _cleanup_fd_ int fd = -EBADF;
                const char *name = entries[i]->d_name;

                if (r < 0 || streq(name, ".") || streq(name, ".."))
                        continue;
                if (asprintf(&below, "%s/%s", path, name) < 0) {
                        below = NULL;
                        r = -ENOMEM;
                        continue;
                }
                fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
                if (fd < 0)
                        r = negative_errno();
                else
                        r = entries[i]->d_type == DT_DIR ? digest_below(fd, below, depth + 1, d) : digest_file(fd, below, d);
        }
        for (int i = 0; i < n; i++)
                free(entries[i]);
        free(entries);
        return r;
}

int tree_digest(int dirfd, struct Digest *d) {
        return digest_below(dirfd, "", 0, d);
}
