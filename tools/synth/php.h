/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Values in PHP's serialize() format, as the key-value tables of the export hold them, composed in a buffer of fixed
 * size.
 */

#include "spool/base/macro.h"

#define PHP_MAX 32768u

typedef struct Php {
        size_t used;
        bool overflow;                  /* something did not fit and was left out */
        char text[PHP_MAX];
} Php;

static inline void php_clear(Php *p) {
        p->used = 0;
        p->overflow = false;
        p->text[0] = '\0';
}

/* Appends text as it is. */
void php_printf(Php *p, const char *format, ...) _printf_(2, 3);

void php_int(Php *p, int64_t v);                /* i:5; */
void php_string(Php *p, const char *s);         /* s:2:"ab"; the length is in bytes */
void php_array(Php *p, size_t members);         /* a:2:{ then key, value, key, value, php_end() */
void php_end(Php *p);
