/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A temporary directory for unit tests of helpers, and files in it. Every failure is an assertion of cmocka.
 * Include after cmocka.h.
 */

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/macro.h"

typedef struct Scratch {
        char path[64];
        int fd;
} Scratch;

static inline void scratch_init(Scratch *s) {
        const char *base = getenv("TMPDIR");

        assert_true(snprintf(s->path, sizeof(s->path), "%s/morf-test-XXXXXX", base && strlen(base) < 32 ? base : "/tmp") > 0);
        assert_non_null(mkdtemp(s->path));
        s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(s->fd >= 0);
}

static inline void scratch_done(Scratch *s) {
        if (s->fd < 0)
                return;
        s->fd = fd_close(s->fd);
        assert_int_equal(fd_remove_tree_at(AT_FDCWD, s->path), 0);
}
#define _cleanup_scratch_ _cleanup_(scratch_done)

static inline void scratch_write_bytes(const Scratch *s, const char *name, const void *data, size_t size) {
        int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, data, size), 0);
        fd_close(fd);
}

static inline void scratch_write(const Scratch *s, const char *name, const char *text) {
        scratch_write_bytes(s, name, text, strlen(text));
}

/* The content of a file, for the caller to free; NULL when there is no such file. */
static inline char *scratch_read(const Scratch *s, const char *name) {
        char *text = NULL;
        int r = fd_read_file_at(s->fd, name, 64 * 1024 * 1024, &text, NULL);

        assert_true(r == 0 || r == -ENOENT);
        return r == 0 ? text : NULL;
}

static inline void scratch_assert_file(const Scratch *s, const char *name, const char *expected) {
        _cleanup_free_ char *text = scratch_read(s, name);

        assert_non_null(text);
        assert_string_equal(text, expected);
}

/* A directory below the scratch, made when it is missing. */
static inline int scratch_dir(const Scratch *s, const char *name) {
        int fd;

        assert_true(mkdirat(s->fd, name, 0755) == 0 || errno == EEXIST);
        fd = openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

/* How many names a directory holds. */
static inline size_t scratch_count(const Scratch *s, const char *name) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        size_t n = 0;

        assert_int_equal(fd_open_dirstream_at(s->fd, name, &d), 0);
        while ((de = readdir(d)))
                n += !streq(de->d_name, ".") && !streq(de->d_name, "..");
        return n;
}
