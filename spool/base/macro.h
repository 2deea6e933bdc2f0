/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Small macros that every file may use: sizes, cleanup attributes, ownership transfer.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)
#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _sentinel_ __attribute__((sentinel))
#define _unused_ __attribute__((unused))

/* Hand a pointer over: evaluates to its value and leaves NULL behind. */
#define TAKE_PTR(p)                             \
        ({                                      \
                typeof(p) *_pp = &(p);          \
                typeof(p) _value = *_pp;        \
                *_pp = NULL;                    \
                _value;                         \
        })

/* Hand a file descriptor over: evaluates to it and leaves -EBADF behind. */
#define TAKE_FD(fd)                             \
        ({                                      \
                int *_fdp = &(fd);              \
                int _value = *_fdp;             \
                *_fdp = -EBADF;                 \
                _value;                         \
        })

/* Defines a cleanup handler "func" + "p" for a pointer type whose destructor takes NULL. */
#define DEFINE_CLEANUP(type, func)                        \
        static inline void func##p(type *_p) {            \
                if (*_p)                                  \
                        func(*_p);                        \
        }                                                 \
        struct cleanup_##func##_semicolon_eater

static inline void freep(void *p) {
        free(*(void **) p);
}

#define _cleanup_free_ _cleanup_(freep)

/* The negative errno of the call that failed just before; never 0, whatever errno holds. */
static inline int negative_errno(void) {
        return errno > 0 ? -errno : -EIO;
}

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* As streq(), but NULL equals only NULL. */
static inline bool streq_ptr(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

/* The rest of s behind prefix, or NULL where s does not begin with it. */
static inline const char *startswith(const char *s, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* The place in s where suffix begins, or NULL where s does not end with it. */
static inline const char *endswith(const char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);

        return n >= m && streq(s + n - m, suffix) ? s + n - m : NULL;
}

static inline const char *strempty(const char *s) {
        return s ? s : "";
}
