/* SPDX-License-Identifier: MIT */
#include "tools/cli/term.h"

#include <langinfo.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "spool/base/name.h"
#include "spool/base/parse.h"

#define COLUMNS_MIN 40u
#define COLUMNS_MAX 10000u

static unsigned columns_of(bool terminal) {
        const char *e = getenv("COLUMNS");
        struct winsize size;
        uint64_t v;

        if (!terminal)
                return 0;
        if (e && parse_u64(e, COLUMNS_MIN, COLUMNS_MAX, &v) == 0)
                return (unsigned) v;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_MIN)
                return size.ws_col;
        return 80;
}

void term_init(Term *t) {
        const char *no_colour = getenv("NO_COLOR"), *type = getenv("TERM");
        bool terminal = isatty(STDOUT_FILENO) == 1;

        *t = (Term){
                .terminal = terminal,
                .colour = terminal && !(no_colour && *no_colour) && type && !streq(type, "dumb"),
                .utf8 = streq(nl_langinfo(CODESET), "UTF-8"),
                .columns = columns_of(terminal),
        };
}

/* Replaces what ASCII cannot show, in place: each character beyond it becomes one '?'. */
static void to_ascii(char *s) {
        char *out = s;

        for (; *s; s++) {
                unsigned char c = (unsigned char) *s;

                if (c < 0x80)
                        *out++ = *s;
                else if (c >= 0xc0)
                        *out++ = '?';
        }
        *out = '\0';
}

char *term_safe(const Term *t, const char *s) {
        char *safe = name_escape(strempty(s), strlen(strempty(s)), TERM_TEXT_MAX);

        if (safe && !t->utf8)
                to_ascii(safe);
        return safe;
}

/* Length in bytes and width in columns of the character at s, which is not the end. */
static size_t character(const Term *t, const char *s, size_t *ret_columns) {
        mbstate_t state = {};
        wchar_t w;
        size_t n;
        int width;

        *ret_columns = 1;
        if (!t->utf8 || (unsigned char) *s < 0x80)
                return 1;
        n = mbrtowc(&w, s, strlen(s), &state);
        if (n == 0 || n > strlen(s))
                return 1;
        width = wcwidth(w);
        if (width >= 0)
                *ret_columns = (size_t) width;
        return n;
}

size_t term_width(const Term *t, const char *s) {
        size_t width = 0, columns;

        while (*s) {
                s += character(t, s, &columns);
                width += columns;
        }
        return width;
}

char *term_cut(const Term *t, const char *s, size_t columns) {
        const char *ellipsis = t->utf8 ? "\xe2\x80\xa6" : "...";
        size_t room = t->utf8 ? 1 : 3, width = 0, c, n;
        const char *p = s;
        char *out;

        if (columns == 0 || term_width(t, s) <= columns)
                return strdup(s);
        while (*p) {
                n = character(t, p, &c);
                if (width + c + room > columns)
                        break;
                width += c;
                p += n;
        }
        return asprintf(&out, "%.*s%s", (int) (p - s), s, columns >= room ? ellipsis : "") < 0 ? NULL : out;
}

const char *term_on(const Term *t, TermColour c) {
        static const char *const sequences[_TERM_COLOUR_MAX] = {
                [TERM_PLAIN] = "",        [TERM_BOLD] = "\033[1m",    [TERM_DIM] = "\033[2m",   [TERM_RED] = "\033[31m",
                [TERM_GREEN] = "\033[32m", [TERM_YELLOW] = "\033[33m", [TERM_CYAN] = "\033[36m",
        };

        return t->colour ? sequences[c] : "";
}

const char *term_off(const Term *t, TermColour c) {
        return t->colour && c != TERM_PLAIN ? "\033[0m" : "";
}

const char *term_time(const Term *t, uint64_t usec, char buffer[static TIME_STRING_MAX]) {
        if (usec == 0)
                return strcpy(buffer, "-");
        return t->utc ? time_format_utc(usec, buffer) : time_format_local(usec, buffer);
}

const char *term_span(uint64_t usec, char buffer[static TIME_STRING_MAX]) {
        return usec == 0 ? strcpy(buffer, "-") : time_format_span(usec, buffer);
}

void term_line(const Term *t, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *safe = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return;
        }
        safe = term_safe(t, text);
        puts(strempty(safe));
}
