/* SPDX-License-Identifier: MIT */

#include <stdarg.h>

#include "tools/synth/php.h"

void php_printf(Php *p, const char *format, ...) {
        size_t room = sizeof(p->text) - p->used;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(p->text + p->used, room, format, ap);
        va_end(ap);
        if (n < 0 || (size_t) n >= room) {
                p->text[p->used] = '\0';
                p->overflow = true;
        } else
                p->used += (size_t) n;
}

void php_int(Php *p, int64_t v) {
        php_printf(p, "i:%lld;", (long long) v);
}

void php_string(Php *p, const char *s) {
        php_printf(p, "s:%zu:\"%s\";", strlen(s), s);
}

void php_array(Php *p, size_t members) {
        php_printf(p, "a:%zu:{", members);
}

void php_end(Php *p) {
        php_printf(p, "}");
}
