/* SPDX-License-Identifier: MIT */
#include "spool/seal.h"

#include <fcntl.h>
#include <inttypes.h>

#include "spool/beneath.h"
#include "spool/limits.h"
#include "spool/base/fd.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"

static const char *const seal_ignored_names[_SEAL_IGNORED_MAX] = {
        [SEAL_IGNORED_SYMLINK] = "symlink",
        [SEAL_IGNORED_HARD_LINK] = "hard_link",
        [SEAL_IGNORED_FIFO] = "fifo",
        [SEAL_IGNORED_SOCKET] = "socket",
        [SEAL_IGNORED_DEVICE] = "device",
        [SEAL_IGNORED_MOUNT] = "mount",
        [SEAL_IGNORED_LONG_NAME] = "long_name",
};

DEFINE_STRING_TABLE(seal_ignored, SealIgnored, SEAL_IGNORED)

#define IGNORED(kind, key) { key, JSON_KIND_U64, (kind) * sizeof(uint64_t), JSON_REQUIRED }

static const JsonField ignored_fields[] = {
        IGNORED(SEAL_IGNORED_SYMLINK, "symlink"),
        IGNORED(SEAL_IGNORED_HARD_LINK, "hard_link"),
        IGNORED(SEAL_IGNORED_FIFO, "fifo"),
        IGNORED(SEAL_IGNORED_SOCKET, "socket"),
        IGNORED(SEAL_IGNORED_DEVICE, "device"),
        IGNORED(SEAL_IGNORED_MOUNT, "mount"),
        IGNORED(SEAL_IGNORED_LONG_NAME, "long_name"),
};

const JsonTable seal_ignored_table = JSON_TABLE(ignored_fields);

typedef struct Walk {
        const SealOptions *options;
        SealReport *report;
        uint64_t entries;
        Fault *fault;
} Walk;

static int too_big(Walk *w) {
        char size[FORMAT_SIZE_MAX];

        if (w->report->bytes > w->options->max_bytes)
                return fault_set(w->fault, FAULT_OUTPUT_TOO_BIG, NULL, 0, "%s left more than %s in /output", w->options->who,
                                 format_size(w->options->max_bytes, size));
        if (w->entries > w->options->max_files)
                return fault_set(w->fault, FAULT_OUTPUT_TOO_BIG, NULL, 0, "%s left more than %" PRIu64 " files in /output", w->options->who,
                                 w->options->max_files);
        return 0;
}

/* The kind of what is neither a plain file nor a directory, _SEAL_IGNORED_MAX for those. */
static SealIgnored kind_of(const struct stat *st) {
        switch (st->st_mode & S_IFMT) {
        case S_IFDIR:
                return _SEAL_IGNORED_MAX;
        case S_IFREG:
                return st->st_nlink > 1 ? SEAL_IGNORED_HARD_LINK : _SEAL_IGNORED_MAX;
        case S_IFLNK:
                return SEAL_IGNORED_SYMLINK;
        case S_IFIFO:
                return SEAL_IGNORED_FIFO;
        case S_IFSOCK:
                return SEAL_IGNORED_SOCKET;
        default:
                return SEAL_IGNORED_DEVICE;
        }
}

int seal_file(int from_dirfd, const char *name, int to_dirfd, const SealOptions *options, SealReport *report) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = beneath_open_file(from_dirfd, name, &st);
        if (fd < 0)
                return fd;
        /* Judged again: the walk looked at a name, this is the file. */
        if ((uint64_t) st.st_size > options->max_bytes)
                return -EFBIG;
        r = beneath_copy(fd, (uint64_t) st.st_size, to_dirfd, name);
        if (r < 0)
                return r;
        report->copied++;
        return 0;
}

static int walk(Walk *w, int dirfd, int to_dirfd, unsigned depth);

static int walk_dir(Walk *w, int dirfd, const char *name, int to_dirfd, unsigned depth) {
        _cleanup_fd_ int child = -EBADF, to = -EBADF;
        int r;

        if (depth == LIMIT_DROP_DEPTH)
                return fault_set(w->fault, FAULT_OUTPUT_TOO_BIG, NULL, 0, "%s left directories more than %u levels deep in /output",
                                 w->options->who, LIMIT_DROP_DEPTH);
        child = beneath_open_dir(dirfd, name);
        if (child == -EXDEV) {
                w->report->ignored[SEAL_IGNORED_MOUNT]++;
                return 0;
        }
        if (child < 0)
                return child;
        if (to_dirfd >= 0) {
                r = publish_mkdir_at(to_dirfd, name, 0750, (uid_t) -1, (gid_t) -1);
                if (r < 0)
                        return r;
                to = fd_open_dir_at(to_dirfd, name);
                if (to < 0)
                        return to;
        }
        return walk(w, child, to, depth + 1);
}

static int visit(Walk *w, int dirfd, const char *name, int to_dirfd, unsigned depth) {
        SealIgnored kind;
        struct stat st;
        int r;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        w->entries++;
        kind = strlen(name) > LIMIT_PATH_COMPONENT_BYTES ? SEAL_IGNORED_LONG_NAME : kind_of(&st);
        if (S_ISREG(st.st_mode) && st.st_nlink == 1) {
                w->report->files++;
                w->report->bytes += (uint64_t) st.st_size;
        }
        r = too_big(w);
        if (r < 0)
                return r;
        if (kind != _SEAL_IGNORED_MAX) {
                w->report->ignored[kind]++;
                return 0;
        }
        if (S_ISDIR(st.st_mode))
                return walk_dir(w, dirfd, name, to_dirfd, depth);
        return to_dirfd >= 0 ? seal_file(dirfd, name, to_dirfd, w->options, w->report) : 0;
}

/* Counts everything below dirfd and, with to_dirfd, copies it. */
static int walk(Walk *w, int dirfd, int to_dirfd, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(dirfd, ".", &d);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(d))) {
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                r = visit(w, dirfd, de->d_name, to_dirfd, depth);
                if (r < 0)
                        return r;
        }
        if (errno > 0)
                return negative_errno();
        return to_dirfd >= 0 ? publish_sync_dir(to_dirfd) : 0;
}

int seal_walk(int from_dirfd, int to_dirfd, const SealOptions *options, SealReport *report, Fault *reterr) {
        Walk w = { .options = options, .report = report, .fault = reterr };

        return walk(&w, from_dirfd, to_dirfd, 0);
}
