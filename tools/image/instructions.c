/* SPDX-License-Identifier: MIT */
#include "tools/image/instructions.h"

#include <ctype.h>

/* A line of the file without its end and without blanks on either side. */
typedef struct Line {
        const char *p;
        size_t size;
        bool indented;
        unsigned number;
} Line;

void instruction_done(Instruction *i) {
        free(i->text);
        *i = (Instruction){};
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static int refuse(InstructionReader *reader, unsigned line, const char *sentence) {
        reader->wrong = sentence;
        reader->wrong_line = line;
        return -EBADMSG;
}

/* Return: 1, 0 at the end of the text, or -EBADMSG. */
static int next_line(InstructionReader *reader, Line *ret) {
        const char *newline, *p = reader->p, *end;

        if (p >= reader->end)
                return 0;
        newline = memchr(p, '\n', (size_t) (reader->end - p));
        end = newline ? newline : reader->end;
        reader->p = newline ? newline + 1 : reader->end;
        *ret = (Line){ .number = reader->line++ };
        if (end > p && end[-1] == '\r')
                end--;
        for (const char *c = p; c < end; c++)
                if (((unsigned char) *c < 0x20 && *c != '\t') || *c == 0x7f)
                        return refuse(reader, ret->number, "there is a control character");
        ret->indented = p < end && is_blank(*p);
        while (p < end && is_blank(*p))
                p++;
        while (end > p && is_blank(end[-1]))
                end--;
        ret->p = p;
        ret->size = (size_t) (end - p);
        return 1;
}

/* "# escape=`" changes what continues a line. */
static bool is_escape_directive(const Line *l) {
        size_t i = 1;

        while (i < l->size && is_blank(l->p[i]))
                i++;
        return l->size - i >= strlen("escape") && strncasecmp(l->p + i, "escape", strlen("escape")) == 0 &&
               memchr(l->p + i, '=', l->size - i);
}

/* Whether a line could be one of the instructions that fetch something. */
static bool is_fetching(const Line *l) {
        static const char *const words[] = { "FROM", "ADD", "COPY", "ONBUILD" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                size_t n = strlen(words[i]);

                if (l->size > n && strncasecmp(l->p, words[i], n) == 0 && is_blank(l->p[n]))
                        return true;
        }
        return false;
}

static int append(char **text, size_t *size, const char *data, size_t n) {
        char *bigger = realloc(*text, *size + n + 1);

        if (!bigger)
                return -ENOMEM;
        memcpy(bigger + *size, data, n);
        *size += n;
        bigger[*size] = '\0';
        *text = bigger;
        return 0;
}

/* The next line that continues an instruction. Return: as next_line(). */
static int next_continuation(InstructionReader *reader, Line *ret) {
        bool doubtful = false;
        int r;

        while ((r = next_line(reader, ret)) > 0) {
                if (ret->size == 0)
                        continue;
                if (ret->p[0] == '#') {
                        if (ret->indented && ret->p[ret->size - 1] != '\\')
                                doubtful = true;
                        continue;
                }
                if (doubtful && is_fetching(ret))
                        return refuse(
                                reader, ret->number,
                                "this line follows an indented comment within an instruction; remove the comment");
                return 1;
        }
        return r;
}

/* Joins line and those that continue it. Return: 0 or a negative errno. */
static int join(InstructionReader *reader, Line *line, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        int r;

        for (;;) {
                bool continued = line->size > 0 && line->p[line->size - 1] == '\\';

                if (continued && line->size > 1 && line->p[line->size - 2] == '\\')
                        return refuse(reader, line->number,
                                      "this line ends with two backslashes, which engines read differently");
                r = append(&text, &size, line->p, continued ? line->size - 1 : line->size);
                if (r < 0)
                        return r;
                r = continued ? next_continuation(reader, line) : 0;
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                /* Blanks at the beginning of a continuing line count; one stands for all of them. */
                if (line->indented) {
                        r = append(&text, &size, " ", 1);
                        if (r < 0)
                                return r;
                }
        }
        *ret = TAKE_PTR(text);
        return 0;
}

int instruction_split(const char *s, unsigned line, Instruction *ret) {
        static const char *const words[] = {
                "ADD",   "ARG",        "CMD",     "COPY", "ENTRYPOINT", "ENV",        "EXPOSE", "FROM",   "HEALTHCHECK",
                "LABEL", "MAINTAINER", "ONBUILD", "RUN",  "SHELL",      "STOPSIGNAL", "USER",   "VOLUME", "WORKDIR",
        };
        _cleanup_instruction_ Instruction i = { .line = line };
        size_t n, size;

        s += strspn(s, " \t");
        n = strcspn(s, " \t");
        if (n == 0 || n > INSTRUCTION_WORD_MAX)
                return -EBADMSG;
        for (size_t k = 0; k < n; k++)
                i.word[k] = (char) toupper((unsigned char) s[k]);
        s += n + strspn(s + n, " \t");
        for (size = strlen(s); size > 0 && is_blank(s[size - 1]);)
                size--;
        i.text = strndup(s, size);
        if (!i.text)
                return -ENOMEM;
        for (size_t k = 0; k < ELEMENTSOF(words); k++)
                if (streq(words[k], i.word)) {
                        instruction_done(ret);
                        *ret = i;
                        i = (Instruction){};
                        return 0;
                }
        return -EBADMSG;
}

int instruction_next(InstructionReader *reader, Instruction *ret) {
        _cleanup_free_ char *joined = NULL;
        unsigned number;
        Line line;
        int r;

        if (reader->line == 1 && reader->end - reader->p >= 3 && memcmp(reader->p, "\xef\xbb\xbf", 3) == 0)
                reader->p += 3;
        do {
                r = next_line(reader, &line);
                if (r <= 0)
                        return r;
                if (line.size > 0 && line.p[0] == '#' && is_escape_directive(&line))
                        return refuse(reader, line.number, "the escape directive is not supported");
        } while (line.size == 0 || line.p[0] == '#');
        number = line.number;
        r = join(reader, &line, &joined);
        if (r < 0)
                return r;
        r = instruction_split(joined, number, ret);
        if (r == -EBADMSG)
                return refuse(reader, number, "this is not an instruction that is known here");
        return r < 0 ? r : 1;
}
