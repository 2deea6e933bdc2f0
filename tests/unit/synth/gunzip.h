/* SPDX-License-Identifier: MIT */
#pragma once

/* Reading back what morf-synth compressed. Include after scratch.h. */

#include <zlib.h>

/* The unpacked content of a file below dirfd, ended by NUL, for the caller to free. */
static inline char *gunzip_at(int dirfd, const char *name, size_t *ret_size) {
        int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC), n;
        size_t used = 0, allocated = 1 << 16;
        char *text = malloc(allocated);
        gzFile f;

        assert_true(fd >= 0);
        f = gzdopen(fd, "rb");
        assert_non_null(f);
        while ((n = gzread(f, text + used, (unsigned) (allocated - used - 1))) > 0) {
                used += (size_t) n;
                if (allocated - used < 2) {
                        allocated *= 2;
                        text = realloc(text, allocated);
                        assert_non_null(text);
                }
        }
        assert_int_equal(n, 0);
        gzclose(f);
        text[used] = '\0';
        if (ret_size)
                *ret_size = used;
        return text;
}

/* How often needle occurs in s. */
static inline size_t count_of(const char *s, const char *needle) {
        size_t n = 0;

        for (s = strstr(s, needle); s; s = strstr(s + 1, needle))
                n++;
        return n;
}
