/* SPDX-License-Identifier: MIT */
#include "tools/intake/context.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"
#include "spool/limits.h"
#include "tools/intake/path.h"

/* So many entries are made durable one by one; with more it is cheaper to do it for the whole filesystem. */
#define SYNC_ENTRIES_MAX 128u

typedef struct Entry {
        char *path;
        bool directory;
        bool executable;
        char digest[DIGEST_LENGTH + 1];
} Entry;

struct Context {
        ContextSource source;
        int fd;
        Entry *entries;
        size_t n;
        size_t made; /* directories that came only as part of a path */
        uint64_t total;
        /* The file being written. */
        int file_fd;
        uint64_t file_size;
        Digest *digest;
};

Context *context_free(Context *c) {
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->n; i++)
                free(c->entries[i].path);
        free(c->entries);
        fd_close(c->file_fd);
        fd_close(c->fd);
        digest_free(c->digest);
        free(c);
        return NULL;
}

static int refuse_path(const Context *c, const char *path, const char *what) {
        _cleanup_free_ char *quoted = name_escape(path, strlen(path), 128);

        if (!quoted)
                return -ENOMEM;
        return fault_set(c->source.f, c->source.code, c->source.label, 0, "'%s' %s", quoted, what);
}

int context_new(int out_fd, const ContextSource *source, Context **ret) {
        const char *name = source->unpacked ? CONTEXT_UNPACKED_DIRECTORY : CONTEXT_DIRECTORY;
        _cleanup_(context_freep) Context *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        *c = (Context){ .source = *source, .fd = -EBADF, .file_fd = -EBADF };
        r = fd_remove_tree_at(out_fd, name);
        if (r < 0)
                return r;
        r = publish_mkdir_at(out_fd, name, 0755, (uid_t) -1, (gid_t) -1);
        if (r < 0)
                return r;
        c->fd = fd_open_dir_at(out_fd, name);
        if (c->fd < 0)
                return c->fd;
        *ret = TAKE_PTR(c);
        return 0;
}

bool context_is_junk(const char *path) {
        const char *slash = strrchr(path, '/');

        return streq(path, "__MACOSX") || startswith(path, "__MACOSX/") || streq(slash ? slash + 1 : path, ".DS_Store");
}

static int refuse_entries(const Context *c) {
        return fault_set(c->source.f, FAULT_TOO_BIG, c->source.label, 0, "there are more than %u files and directories",
                         LIMIT_DROP_ENTRIES);
}

/* Judges a path and makes room for it. */
static int append(Context *c, const char *path, bool directory, bool executable) {
        const char *wrong = path_wrong(path, LIMIT_DROP_DEPTH);
        Entry *bigger;

        if (wrong)
                return refuse_path(c, path, wrong);
        if (c->n >= LIMIT_DROP_ENTRIES)
                return refuse_entries(c);
        bigger = reallocarray(c->entries, c->n + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        c->entries = bigger;
        c->entries[c->n] = (Entry){ .path = strdup(path), .directory = directory, .executable = executable };
        if (!c->entries[c->n].path)
                return -ENOMEM;
        c->n++;
        return 0;
}

static int open_parent(Context *c, const char *path, int *ret_fd, const char **ret_last) {
        int r;

        r = path_open_parent_at(c->fd, path, &c->made, ret_fd, ret_last);
        if (r == -ENOTDIR || r == -ELOOP)
                return refuse_path(c, path, "lies below something that is a file");
        if (r >= 0 && c->made > LIMIT_DROP_ENTRIES)
                return refuse_entries(c);
        return r;
}

int context_add_directory(Context *c, const char *path) {
        _cleanup_fd_ int parent = -EBADF, fd = -EBADF;
        const char *last;
        int r;

        r = append(c, path, /* directory= */ true, /* executable= */ false);
        if (r < 0)
                return r;
        r = open_parent(c, path, &parent, &last);
        if (r < 0)
                return r;
        if (mkdirat(parent, last, 0755) < 0 && errno != EEXIST)
                return negative_errno();
        fd = fd_open_dir_at(parent, last);
        if (fd == -ENOTDIR || fd == -ELOOP)
                return refuse_path(c, path, "is there twice, as a file and as a directory");
        return fd < 0 ? fd : 0;
}

int context_begin_file(Context *c, const char *path, bool executable) {
        _cleanup_fd_ int parent = -EBADF;
        const char *last;
        int r;

        r = append(c, path, /* directory= */ false, executable);
        if (r < 0)
                return r;
        r = open_parent(c, path, &parent, &last);
        if (r < 0)
                return r;
        r = digest_new(&c->digest);
        if (r < 0)
                return r;
        c->file_size = 0;
        c->file_fd = openat(parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (c->file_fd < 0)
                return errno == EEXIST ? refuse_path(c, path, "is there twice") : negative_errno();
        return 0;
}

int context_write(Context *c, const void *data, size_t size) {
        const ContextSource *source = &c->source;
        const char *path = c->entries[c->n - 1].path;
        char buffer[FORMAT_SIZE_MAX];
        int r;

        c->file_size += size;
        c->total += size;
        if (c->file_size > LIMIT_ZIP_FILE_BYTES) {
                r = refuse_path(c, path, "is larger than a single file may be");
                source->f->code = FAULT_TOO_BIG;
                return r;
        }
        if (c->total > LIMIT_ZIP_TOTAL_BYTES)
                return fault_set(source->f, FAULT_TOO_BIG, source->label, 0, "its files are larger than %s together",
                                 format_size(LIMIT_ZIP_TOTAL_BYTES, buffer));
        if (source->packed_size > 0 && c->total > LIMIT_ZIP_RATIO_FLOOR_BYTES &&
            c->total / LIMIT_ZIP_RATIO > source->packed_size)
                return fault_set(source->f, FAULT_TOO_BIG, source->label, 0,
                                 "it unpacks to more than %u times its size", LIMIT_ZIP_RATIO);
        r = digest_add(c->digest, data, size);
        if (r < 0)
                return r;
        return fd_write_all(c->file_fd, data, size);
}

int context_end_file(Context *c) {
        static const struct timespec epoch[2] = {};
        Entry *e = &c->entries[c->n - 1];
        int r;

        r = digest_finish(c->digest, e->digest);
        if (r < 0)
                return r;
        c->digest = digest_free(c->digest);
        if (fchmod(c->file_fd, e->executable ? 0755 : 0644) < 0 || futimens(c->file_fd, epoch) < 0)
                return negative_errno();
        if (c->source.durable && c->n <= SYNC_ENTRIES_MAX && fsync(c->file_fd) < 0)
                return negative_errno();
        if (close(TAKE_FD(c->file_fd)) < 0)
                return negative_errno();
        return 0;
}

static int copy_file(Context *c, int dirfd, const char *name, const char *path) {
        const size_t chunk = 256 * LIMIT_KIB;
        _cleanup_free_ char *buffer = NULL;
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = fd_open_regular_at(dirfd, name, LIMIT_ZIP_FILE_BYTES, &st);
        switch (fd) {
        case -ELOOP:
                return refuse_path(c, path, "is a symbolic link; only files and directories are allowed");
        case -EBADMSG:
        case -ENXIO:
                return refuse_path(c, path, "is neither a file nor a directory");
        case -EMLINK:
                return refuse_path(c, path, "has more than one hard link; copy it instead");
        case -EFBIG:
                r = refuse_path(c, path, "is larger than a single file may be");
                c->source.f->code = FAULT_TOO_BIG;
                return r;
        case -EACCES:
                return refuse_path(c, path, "cannot be read: permission denied");
        default:
                if (fd < 0)
                        return fd;
        }
        buffer = malloc(chunk);
        if (!buffer)
                return -ENOMEM;
        r = context_begin_file(c, path, st.st_mode & S_IXUSR);
        for (ssize_t n = 1; r >= 0 && n > 0;) {
                n = read(fd, buffer, chunk);
                r = n < 0 ? negative_errno() : context_write(c, buffer, (size_t) n);
        }
        return r < 0 ? r : context_end_file(c);
}

static int copy_directory(Context *c, int fd, const char *prefix, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        if (depth > LIMIT_DROP_DEPTH)
                return refuse_path(c, prefix, "is nested too deeply");
        r = fd_open_dirstream_at(fd, ".", &d);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(d))) {
                _cleanup_free_ char *path = NULL;
                _cleanup_fd_ int child = -EBADF;

                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                if (asprintf(&path, "%s%s%s", prefix, prefix[0] ? "/" : "", de->d_name) < 0)
                        return -ENOMEM;
                if (context_is_junk(path))
                        continue;
                child = fd_open_dir_at(fd, de->d_name);
                if (child < 0 && child != -ENOTDIR && child != -ELOOP)
                        return child == -EACCES ? refuse_path(c, path, "cannot be read: permission denied") : child;
                if (child < 0)
                        r = copy_file(c, fd, de->d_name, path);
                else {
                        r = context_add_directory(c, path);
                        if (r >= 0)
                                r = copy_directory(c, child, path, depth + 1);
                }
                if (r < 0)
                        return r;
        }
        return errno > 0 ? -errno : 0;
}

int context_copy(Context *c, int fd) {
        return copy_directory(c, fd, "", 1);
}

/* Bytewise, but with '/' before everything else, so that what is below a directory follows it at once. */
static int compare_entries(const void *a, const void *b) {
        const unsigned char *p = (const unsigned char *) ((const Entry *) a)->path,
                            *q = (const unsigned char *) ((const Entry *) b)->path;

        while (*p && *p == *q)
                p++, q++;
        return (*p == '/' ? 1 : *p) - (*q == '/' ? 1 : *q);
}

/* Whether nothing is below the directory c->entries[i]. Only such directories say something that the files do not. */
static bool is_empty_directory(const Context *c, size_t i) {
        const char *rest = i + 1 < c->n ? startswith(c->entries[i + 1].path, c->entries[i].path) : NULL;

        return c->entries[i].directory && !(rest && rest[0] == '/');
}

static int sum_up(Context *c, char ret[static DIGEST_LENGTH + 1]) {
        static const char version[] = "morf context 1\n";
        _cleanup_(digest_freep) Digest *d = NULL;
        int r;

        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, version, strlen(version));
        for (size_t i = 0; r >= 0 && i < c->n; i++) {
                const Entry *e = &c->entries[i];
                char kind = e->executable ? 'x' : 'f';
                _cleanup_free_ char *line = NULL;
                int n;

                if (e->directory && !is_empty_directory(c, i))
                        continue;
                n = asprintf(&line, "%c%s%c%s\n", e->directory ? 'd' : kind, e->path, '\0', e->digest);
                r = n < 0 ? -ENOMEM : digest_add(d, line, (size_t) n);
        }
        return r < 0 ? r : digest_finish(d, ret);
}

/* Sets mode and times of every directory; of files they are set already. */
static int settle(int fd, bool sync) {
        static const struct timespec epoch[2] = {};
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(fd, ".", &d);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(d))) {
                _cleanup_fd_ int child = -EBADF;

                if (streq(de->d_name, ".") || streq(de->d_name, "..") || de->d_type == DT_REG)
                        continue;
                child = fd_open_dir_at(fd, de->d_name);
                if (child == -ENOTDIR)
                        continue;
                r = child < 0 ? child : settle(child, sync);
                if (r < 0)
                        return r;
        }
        if (errno > 0)
                return -errno;
        return fchmod(fd, 0755) < 0 || futimens(fd, epoch) < 0 || (sync && fsync(fd) < 0) ? negative_errno() : 0;
}

int context_finish(Context *c, char ret[static DIGEST_LENGTH + 1]) {
        const Entry *dockerfile;
        int r;

        if (c->n > 1)
                qsort(c->entries, c->n, sizeof(*c->entries), compare_entries);
        dockerfile = c->n == 0 ? NULL : bsearch(&(Entry){ .path = (char *) (uintptr_t) "Dockerfile" }, c->entries, c->n,
                             sizeof(*c->entries), compare_entries);
        if (!c->source.unpacked && (!dockerfile || dockerfile->directory))
                return fault_set(c->source.f, c->source.code, c->source.label, 0,
                                 "there is no file 'Dockerfile' at its top");
        r = sum_up(c, ret);
        if (r < 0)
                return r;
        r = settle(c->fd, c->source.durable && c->n <= SYNC_ENTRIES_MAX);
        if (r < 0)
                return r;
        return c->source.durable && c->n > SYNC_ENTRIES_MAX && syncfs(c->fd) < 0 ? negative_errno() : 0;
}
