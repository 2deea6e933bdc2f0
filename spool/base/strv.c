/* SPDX-License-Identifier: MIT */
#include "spool/base/strv.h"

#include <stdarg.h>

char **strv_free(char **l) {
        STRV_FOREACH(s, l)
                free(*s);
        free(l);
        return NULL;
}

size_t strv_length(char *const *l) {
        size_t n = 0;

        STRV_FOREACH(s, l)
                n++;
        return n;
}

bool strv_contains(char *const *l, const char *s) {
        STRV_FOREACH(i, l)
                if (streq(*i, s))
                        return true;
        return false;
}

/* Appends s itself, which belongs to the list from then on; frees it on failure. */
static int consume(char ***l, char *s) {
        size_t n = strv_length(*l);
        char **bigger;

        if (!s)
                return -ENOMEM;
        bigger = reallocarray(*l, n + 2, sizeof(char *));
        if (!bigger) {
                free(s);
                return -ENOMEM;
        }
        bigger[n] = s;
        bigger[n + 1] = NULL;
        *l = bigger;
        return 0;
}

int strv_add(char ***l, const char *s) {
        return consume(l, strdup(s));
}

int strv_addf(char ***l, const char *format, ...) {
        va_list ap;
        char *s;
        int r;

        va_start(ap, format);
        r = vasprintf(&s, format, ap);
        va_end(ap);
        return r < 0 ? -ENOMEM : consume(l, s);
}

int strv_add_many(char ***l, ...) {
        const char *s;
        va_list ap;
        int r = 0;

        va_start(ap, l);
        while (r >= 0 && (s = va_arg(ap, const char *)))
                r = strv_add(l, s);
        va_end(ap);
        return r;
}

int strv_copy(char *const *l, char ***ret) {
        _cleanup_strv_ char **copy = NULL;
        int r;

        STRV_FOREACH(s, l) {
                r = strv_add(&copy, *s);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(copy);
        return 0;
}
