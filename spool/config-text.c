/* SPDX-License-Identifier: MIT */
#include "spool/config-text.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Each of these returns the place behind what begins at p. */
static const char *skip_string(const char *p) {
        for (p++; *p && *p != '"'; p++)
                if (*p == '\\' && p[1])
                        p++;
        return *p ? p + 1 : p;
}

static const char *skip_comment(const char *p) {
        const char *end;

        if (p[0] == '#' || p[1] == '/')
                return p + strcspn(p, "\n");
        end = strstr(p + 2, "*/");
        return end ? end + 2 : p + strlen(p);
}

static const char *skip_number(const char *p, bool *ret_big) {
        bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
        unsigned long long value;
        char *end;

        errno = 0;
        value = strtoull(p, &end, hex ? 16 : 10);
        if (!hex && *end && strchr(".eE", *end)) /* not a whole number */
                return end + strspn(end, DIGITS ".eE+-");
        *ret_big = *end != 'L' && (errno != 0 || value > INT32_MAX);
        return end + strspn(end, "L");
}

unsigned config_text_find_big_number(const char *text) {
        const char *p = text, *next;
        unsigned line = 1;
        bool big = false;

        for (; *p && !big; p = next) {
                if (*p == '"')
                        next = skip_string(p);
                else if (*p == '#' || startswith(p, "//") || startswith(p, "/*"))
                        next = skip_comment(p);
                else if (strchr(LETTERS "*_", *p))
                        next = p + strspn(p, LETTERS DIGITS "*_-");
                else if (*p == '.')
                        next = p + 1 + strspn(p + 1, DIGITS "eE+-");
                else if (strchr(DIGITS, *p))
                        next = skip_number(p, &big);
                else
                        next = p + 1;
                for (const char *c = p; c < next; c++)
                        line += *c == '\n';
        }
        return big ? line : 0;
}

int config_text_read(config_t *config, const char *text) {
        const char *newline = strrchr(text, '\n'), *last = newline ? newline + 1 : text;
        _cleanup_free_ char *ended = NULL;

        if (strchr(last, '#') || strstr(last, "//")) {
                if (asprintf(&ended, "%s\n", text) < 0) {
                        ended = NULL;
                        return -ENOMEM;
                }
                text = ended;
        }
        return config_read_string(config, text) ? 0 : -EBADMSG;
}
