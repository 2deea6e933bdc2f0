/* SPDX-License-Identifier: MIT */
#include "spool/base/name.h"

static bool is_lower(char c) {
        return c >= 'a' && c <= 'z';
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c) {
        return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool component_is_valid(const char *s, size_t size) {
        if (size == 0 || size > NAME_MAX_LENGTH || !is_alphanumeric(s[0]))
                return false;
        for (size_t i = 1; i < size; i++)
                if (!is_alphanumeric(s[i]) && s[i] != '.' && s[i] != '_' && s[i] != '-')
                        return false;
        return true;
}

bool name_is_valid(const char *s) {
        return component_is_valid(s, strlen(s));
}

bool name_is_user(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > 32 || !is_lower(s[0]))
                return false;
        for (size_t i = 1; i < n; i++)
                if (!is_lower(s[i]) && !is_digit(s[i]) && s[i] != '_' && s[i] != '-')
                        return false;
        return true;
}

bool name_is_relative_path(const char *s, unsigned depth_max) {
        unsigned depth = 0;

        for (;;) {
                size_t n = strcspn(s, "/");

                if (++depth > depth_max || !component_is_valid(s, n))
                        return false;
                if (s[n] == '\0')
                        return true;
                s += n + 1;
        }
}

bool name_is_argument_value(const char *s) {
        size_t n = strlen(s);

        if (n > 256)
                return false;
        for (size_t i = 0; i < n; i++)
                if (s[i] < 0x20 || s[i] > 0x7e)
                        return false;
        return true;
}

bool name_is_mail_address(const char *s) {
        const char *at = strchr(s, '@');
        size_t n = strlen(s);

        if (!at || at == s || at[1] == '\0' || strchr(at + 1, '@') || n > 254 || s[0] == '-' || !name_is_utf8(s, n))
                return false;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] <= 0x20 || s[i] == 0x7f || strchr("\"<>(),;:\\[]", s[i]))
                        return false;
        return at[1] != '.' && s[n - 1] != '.' && !strstr(at, "..");
}

/* Bytes of the well-formed UTF-8 sequence at s, or 0. */
static size_t utf8_sequence(const unsigned char *s, size_t size) {
        uint32_t c;
        size_t n;

        if (s[0] < 0x80)
                return 1;
        if (s[0] >= 0xc2 && s[0] <= 0xdf)
                n = 2, c = s[0] & 0x1fu;
        else if (s[0] >= 0xe0 && s[0] <= 0xef)
                n = 3, c = s[0] & 0x0fu;
        else if (s[0] >= 0xf0 && s[0] <= 0xf4)
                n = 4, c = s[0] & 0x07u;
        else
                return 0;
        if (n > size)
                return 0;
        for (size_t i = 1; i < n; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = (c << 6) | (s[i] & 0x3fu);
        }
        if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c <= 0xdfff))
                return 0;
        return n;
}

bool name_is_utf8(const char *s, size_t size) {
        for (size_t i = 0; i < size;) {
                size_t n = utf8_sequence((const unsigned char *) s + i, size - i);

                if (n == 0)
                        return false;
                i += n;
        }
        return true;
}

char *name_escape(const char *s, size_t size, size_t max_bytes) {
        static const char hex[] = "0123456789abcdef";
        char *out, *p;

        out = p = malloc((size < max_bytes ? size : max_bytes) * 4 + 4);
        if (!out)
                return NULL;
        for (size_t i = 0; i < size;) {
                unsigned char c = (unsigned char) s[i];
                size_t n = utf8_sequence((const unsigned char *) s + i, size - i);
                /* U+0080..U+009F are control characters too: some terminals act on them. */
                bool control = c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && (unsigned char) s[i + 1] < 0xa0);

                if (i + (n ? n : 1) > max_bytes) {
                        p = mempcpy(p, "...", 3);
                        break;
                }
                if (n == 0 || control) {
                        *p++ = '\\', *p++ = 'x', *p++ = hex[c >> 4], *p++ = hex[c & 15];
                        i++;
                } else {
                        p = mempcpy(p, s + i, n);
                        i += n;
                }
        }
        *p = '\0';
        return out;
}
