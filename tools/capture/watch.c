/* SPDX-License-Identifier: MIT */
#include "tools/capture/watch.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include "spool/base/fd.h"

int watch_add(Watch *w, const char *path) {
        int fd;

        if (w->n_dirs >= WATCH_DIRS_MAX)
                return -E2BIG;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        w->dirs[w->n_dirs++] = fd;
        return 0;
}

int watch_set_free(Watch *w, const char *path, uint64_t min_free) {
        int fd = open(path, O_PATH | O_CLOEXEC);

        if (fd < 0)
                return negative_errno();
        fd_close(w->free_fd);
        w->free_fd = fd;
        w->min_free = min_free;
        return 0;
}

void watch_done(Watch *w) {
        for (size_t i = 0; i < w->n_dirs; i++)
                fd_close(w->dirs[i]);
        w->n_dirs = 0;
        w->free_fd = fd_close(w->free_fd);
}

bool watch_is_needed(const Watch *w) {
        return w->n_dirs > 0 || w->free_fd >= 0;
}

static int check_free(const Watch *w) {
        struct statvfs st;

        if (w->free_fd < 0)
                return WATCH_FINE;
        if (fstatvfs(w->free_fd, &st) < 0)
                return negative_errno();
        /* Filesystems that make inodes as they need them say that they have none. */
        if (st.f_files > 0 && st.f_favail < WATCH_INODES_MIN)
                return WATCH_LOW;
        return (uint64_t) st.f_bavail * st.f_frsize < w->min_free ? WATCH_LOW : WATCH_FINE;
}

int watch_check(const Watch *w, uint64_t *ret_bytes, uint64_t *ret_entries) {
        uint64_t bytes = 0, entries = 0;
        int r;

        *ret_bytes = *ret_entries = 0;
        for (size_t i = 0; i < w->n_dirs; i++) {
                uint64_t b, e;

                r = fd_tree_usage(w->dirs[i], w->max_bytes - bytes, w->max_entries - entries, &b, &e);
                if (r < 0)
                        return r;
                bytes += b;
                entries += e;
                *ret_bytes = bytes;
                *ret_entries = entries;
                if (bytes > w->max_bytes || entries > w->max_entries)
                        return WATCH_FULL;
        }
        return check_free(w);
}
