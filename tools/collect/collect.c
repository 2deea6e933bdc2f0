/* SPDX-License-Identifier: MIT */
#include "tools/collect/collect.h"

#include <fcntl.h>
#include <inttypes.h>

#include "spool/helper.h"
#include "spool/limits.h"
#include "spool/base/fd.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"
#include "tools/collect/beneath.h"

/* sealed/ while it is being filled. */
#define PARTIAL ".#sealed"

static const char *const ignored_names[_IGNORED_MAX] = {
        [IGNORED_SYMLINK] = "symlink",
        [IGNORED_HARD_LINK] = "hard_link",
        [IGNORED_FIFO] = "fifo",
        [IGNORED_SOCKET] = "socket",
        [IGNORED_DEVICE] = "device",
        [IGNORED_MOUNT] = "mount",
        [IGNORED_LONG_NAME] = "long_name",
};

DEFINE_STRING_TABLE(ignored, IgnoredKind, IGNORED)

#define IGNORED(kind, key) { key, JSON_KIND_U64, (kind) * sizeof(uint64_t), JSON_REQUIRED }

static const JsonField ignored_fields[] = {
        IGNORED(IGNORED_SYMLINK, "symlink"),
        IGNORED(IGNORED_HARD_LINK, "hard_link"),
        IGNORED(IGNORED_FIFO, "fifo"),
        IGNORED(IGNORED_SOCKET, "socket"),
        IGNORED(IGNORED_DEVICE, "device"),
        IGNORED(IGNORED_MOUNT, "mount"),
        IGNORED(IGNORED_LONG_NAME, "long_name"),
};

static const JsonTable ignored_table = JSON_TABLE(ignored_fields);

static const JsonField report_fields[] = {
        { "version", JSON_KIND_UNSIGNED, offsetof(CollectReport, version), JSON_REQUIRED, .min = 1, .max = 1 },
        { "files", JSON_KIND_U64, offsetof(CollectReport, files), JSON_REQUIRED },
        { "bytes", JSON_KIND_U64, offsetof(CollectReport, bytes), JSON_REQUIRED },
        { "copied", JSON_KIND_U64, offsetof(CollectReport, copied), JSON_REQUIRED },
        { "ignored", JSON_KIND_OBJECT, offsetof(CollectReport, ignored), JSON_REQUIRED, .table = &ignored_table },
};

const JsonTable collect_report_table = JSON_TABLE(report_fields);

typedef struct Collection {
        const CollectOptions *options;
        CollectReport report;
        uint64_t entries;
        Fault *fault;
} Collection;

static int too_big(Collection *c) {
        char size[FORMAT_SIZE_MAX];

        if (c->report.bytes > c->options->max_bytes)
                return fault_set(c->fault, FAULT_OUTPUT_TOO_BIG, NULL, 0, "the job left more than %s in /output",
                                 format_size(c->options->max_bytes, size));
        if (c->entries > c->options->max_files)
                return fault_set(c->fault, FAULT_OUTPUT_TOO_BIG, NULL, 0, "the job left more than %" PRIu64 " files in /output",
                                 c->options->max_files);
        return 0;
}

/* The kind of what is neither a plain file nor a directory, _IGNORED_MAX for those. */
static IgnoredKind kind_of(const struct stat *st) {
        switch (st->st_mode & S_IFMT) {
        case S_IFDIR:
                return _IGNORED_MAX;
        case S_IFREG:
                return st->st_nlink > 1 ? IGNORED_HARD_LINK : _IGNORED_MAX;
        case S_IFLNK:
                return IGNORED_SYMLINK;
        case S_IFIFO:
                return IGNORED_FIFO;
        case S_IFSOCK:
                return IGNORED_SOCKET;
        default:
                return IGNORED_DEVICE;
        }
}

static int copy_file(Collection *c, int dirfd, const char *name, int to_dirfd) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = beneath_open_file(dirfd, name, &st);
        if (fd < 0)
                return fd;
        /* Judged again: the walk looked at a name, this is the file. */
        if ((uint64_t) st.st_size > c->options->max_bytes)
                return -EFBIG;
        r = beneath_copy(fd, (uint64_t) st.st_size, to_dirfd, name);
        if (r < 0)
                return r;
        c->report.copied++;
        return 0;
}

static int walk(Collection *c, int dirfd, int to_dirfd, unsigned depth);

static int walk_dir(Collection *c, int dirfd, const char *name, int to_dirfd, unsigned depth) {
        _cleanup_fd_ int child = -EBADF, to = -EBADF;
        int r;

        if (depth == LIMIT_DROP_DEPTH)
                return fault_set(c->fault, FAULT_OUTPUT_TOO_BIG, NULL, 0, "the job left directories more than %u levels deep in /output",
                                 LIMIT_DROP_DEPTH);
        child = beneath_open_dir(dirfd, name);
        if (child == -EXDEV) {
                c->report.ignored[IGNORED_MOUNT]++;
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
        return walk(c, child, to, depth + 1);
}

static int visit(Collection *c, int dirfd, const char *name, int to_dirfd, unsigned depth) {
        IgnoredKind kind;
        struct stat st;
        int r;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        c->entries++;
        kind = strlen(name) > LIMIT_PATH_COMPONENT_BYTES ? IGNORED_LONG_NAME : kind_of(&st);
        if (S_ISREG(st.st_mode) && st.st_nlink == 1) {
                c->report.files++;
                c->report.bytes += (uint64_t) st.st_size;
        }
        r = too_big(c);
        if (r < 0)
                return r;
        if (kind != _IGNORED_MAX) {
                c->report.ignored[kind]++;
                return 0;
        }
        if (S_ISDIR(st.st_mode))
                return walk_dir(c, dirfd, name, to_dirfd, depth);
        return to_dirfd >= 0 ? copy_file(c, dirfd, name, to_dirfd) : 0;
}

/* Counts everything below dirfd and, with to_dirfd, copies it. */
static int walk(Collection *c, int dirfd, int to_dirfd, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(dirfd, ".", &d);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(d))) {
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                r = visit(c, dirfd, de->d_name, to_dirfd, depth);
                if (r < 0)
                        return r;
        }
        if (errno > 0)
                return negative_errno();
        return to_dirfd >= 0 ? publish_sync_dir(to_dirfd) : 0;
}

/* Copies the expected file, or says what is wrong with it. */
static int take_expected(Collection *c, int dirfd, int to_dirfd) {
        const char *name = c->options->expect;
        struct stat st;
        int r;

        if (c->options->all) {
                if (fstatat(to_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
                        return 0;
                _cleanup_fd_ int fd = beneath_open_file(dirfd, name, &st);
                r = fd < 0 ? fd : -EIO;
        } else
                r = copy_file(c, dirfd, name, to_dirfd);

        switch (r) {
        case -ENOENT:
                return fault_set(c->fault, FAULT_OUTPUT_MISSING, name, 0,
                                 "the job did not write it; it left %" PRIu64 " other file%s in /output", c->report.files,
                                 c->report.files == 1 ? "" : "s");
        case -ELOOP:
                return fault_set(c->fault, FAULT_OUTPUT_KIND, name, 0, "it is a symbolic link");
        case -EMLINK:
                return fault_set(c->fault, FAULT_OUTPUT_KIND, name, 0, "it is a hard link: the file has other names");
        case -EBADMSG:
                return fault_set(c->fault, FAULT_OUTPUT_KIND, name, 0, "it is not a regular file but a directory, FIFO, socket or device");
        default:
                return r;
        }
}

int collect_run(int output_dirfd, int out_dirfd, const CollectOptions *options, Fault *reterr) {
        static const char *const results[] = { COLLECT_FILE, COLLECT_SEALED, PARTIAL, NULL };
        Collection c = { .options = options, .report.version = 1, .fault = reterr };
        _cleanup_fd_ int partial = -EBADF;
        int r;

        r = helper_clear(out_dirfd, results);
        if (r < 0)
                return r;
        r = publish_mkdir_at(out_dirfd, PARTIAL, 0750, (uid_t) -1, (gid_t) -1);
        if (r < 0)
                return r;
        partial = fd_open_dir_at(out_dirfd, PARTIAL);
        if (partial < 0)
                return partial;

        r = walk(&c, output_dirfd, options->all ? partial : -EBADF, 0);
        if (r == 0 && options->expect)
                r = take_expected(&c, output_dirfd, partial);
        if (r == 0)
                r = publish_sync_dir(partial);
        if (r == 0)
                r = publish_rename(out_dirfd, PARTIAL, out_dirfd, COLLECT_SEALED);
        if (r < 0) {
                (void) fd_remove_tree_at(out_dirfd, PARTIAL);
                return r;
        }
        return json_record_publish_at(&collect_report_table, &c.report, out_dirfd, COLLECT_FILE, 0640, (uid_t) -1, (gid_t) -1);
}
