/* SPDX-License-Identifier: MIT */
#include "spool/settings.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>

#include "spool/base/fd.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/config-text.h"
#include "spool/limits.h"

/* Longest "a.b.c" that a table may hold. */
#define SETTING_PATH_MAX 128u

typedef struct Reader {
        const Setting *table;
        size_t n;
        const char *file;
        void *base;
        char **reterr;
} Reader;

static int _printf_(3, 4) complain(const Reader *reader, unsigned line, const char *format, ...) {
        _cleanup_free_ char *sentence = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&sentence, format, ap);
        va_end(ap);
        if (r < 0) {
                sentence = NULL;
                return -ENOMEM;
        }
        if (reader->reterr && asprintf(reader->reterr, "%s:%u: %s", reader->file, line, sentence) < 0)
                *reader->reterr = NULL;
        return -EBADMSG;
}

static int read_range(const Reader *reader, const Setting *s, unsigned line, uint64_t value, uint64_t *ret) {
        if (value < s->min || (s->max > 0 && value > s->max))
                return complain(reader, line, "'%s' is out of range", s->path);
        *ret = value;
        return 0;
}

static int read_amount(const Reader *reader, const Setting *s, config_setting_t *cs, uint64_t *ret) {
        unsigned line = config_setting_source_line(cs);
        int type = config_setting_type(cs);
        bool size = s->kind == SETTING_SIZE;
        uint64_t value;
        int r;

        if (type == CONFIG_TYPE_STRING)
                r = size ? parse_size(config_setting_get_string(cs), &value) : parse_span(config_setting_get_string(cs), &value);
        else if ((type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) && config_setting_get_int64(cs) >= 0)
                r = __builtin_mul_overflow((uint64_t) config_setting_get_int64(cs), size ? 1 : USEC_PER_SEC, &value) ? -ERANGE : 0;
        else
                r = -EINVAL;
        if (r < 0)
                return complain(reader, line, size ? "'%s' must be a size such as \"512M\" or \"2G\"" :
                                                     "'%s' must be a time such as \"30s\", \"90m\" or \"2h\"", s->path);
        return read_range(reader, s, line, value, ret);
}

static int read_milli(const Reader *reader, const Setting *s, config_setting_t *cs, uint64_t *ret) {
        unsigned line = config_setting_source_line(cs);
        double value;

        switch (config_setting_type(cs)) {
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                value = (double) config_setting_get_int64(cs);
                break;
        case CONFIG_TYPE_FLOAT:
                value = config_setting_get_float(cs);
                break;
        default:
                return complain(reader, line, "'%s' must be a number such as 2 or 0.5", s->path);
        }
        if (!(value >= 0 && value < 1e9))
                return complain(reader, line, "'%s' is out of range", s->path);
        return read_range(reader, s, line, (uint64_t) (value * 1000 + 0.5), ret);
}

static int read_strv(const Reader *reader, const Setting *s, config_setting_t *cs, char ***member) {
        _cleanup_strv_ char **l = NULL;
        int r;

        if (!config_setting_is_array(cs) && !config_setting_is_list(cs))
                return complain(reader, config_setting_source_line(cs), "'%s' must be a list of strings such as [\"a\", \"b\"]", s->path);
        for (int i = 0; i < config_setting_length(cs); i++) {
                const char *item = config_setting_get_string_elem(cs, i);

                if (!item || (s->check && !s->check(item)))
                        return complain(reader, config_setting_source_line(cs), "entry %d of '%s' is not allowed", i + 1, s->path);
                r = strv_add(&l, item);
                if (r < 0)
                        return r;
        }
        strv_free(*member);
        *member = TAKE_PTR(l);
        return 0;
}

static int read_enum(const Reader *reader, const Setting *s, config_setting_t *cs, int *member) {
        const char *value = config_setting_get_string(cs);
        char choices[256] = "";

        for (uint64_t i = 0; i < s->max; i++) {
                if (value && streq(s->names[i], value)) {
                        *member = (int) i;
                        return 0;
                }
                if (strlen(choices) + strlen(s->names[i]) + 5 < sizeof(choices))
                        sprintf(choices + strlen(choices), "%s\"%s\"", i > 0 ? ", " : "", s->names[i]);
        }
        return complain(reader, config_setting_source_line(cs), "'%s' must be one of %s", s->path, choices);
}

static int read_setting(const Reader *reader, const Setting *s, config_setting_t *cs) {
        void *member = (char *) reader->base + s->offset;
        unsigned line = config_setting_source_line(cs);
        const char *text;
        uint64_t value = 0;
        char *copy;
        int r;

        switch (s->kind) {
        case SETTING_UNSIGNED:
                if (config_setting_type(cs) != CONFIG_TYPE_INT || config_setting_get_int(cs) < 0)
                        return complain(reader, line, "'%s' must be a whole number", s->path);
                r = read_range(reader, s, line, (uint64_t) config_setting_get_int(cs), &value);
                if (r >= 0)
                        *(unsigned *) member = (unsigned) value;
                return r;
        case SETTING_U64:
                if ((config_setting_type(cs) != CONFIG_TYPE_INT && config_setting_type(cs) != CONFIG_TYPE_INT64) ||
                    config_setting_get_int64(cs) < 0)
                        return complain(reader, line, "'%s' must be a whole number", s->path);
                return read_range(reader, s, line, (uint64_t) config_setting_get_int64(cs), member);
        case SETTING_MILLI:
                return read_milli(reader, s, cs, member);
        case SETTING_SIZE:
        case SETTING_SPAN:
                return read_amount(reader, s, cs, member);
        case SETTING_BOOL:
                if (config_setting_type(cs) != CONFIG_TYPE_BOOL)
                        return complain(reader, line, "'%s' must be true or false", s->path);
                *(bool *) member = config_setting_get_bool(cs);
                return 0;
        case SETTING_STRING:
                text = config_setting_get_string(cs);
                if (!text)
                        return complain(reader, line, "'%s' must be a string in double quotes", s->path);
                if (s->check && *text && !s->check(text))
                        return complain(reader, line, "'%s' has a value that is not allowed", s->path);
                copy = strdup(text);
                if (!copy)
                        return -ENOMEM;
                free(*(char **) member);
                *(char **) member = copy;
                return 0;
        case SETTING_STRV:
                return read_strv(reader, s, cs, member);
        case SETTING_ENUM:
                return read_enum(reader, s, cs, member);
        }
        return -EINVAL;
}

/* Whether path is a group of the table: the beginning of a setting's path. */
static bool is_group(const Reader *reader, const char *path) {
        size_t n = strlen(path);

        for (size_t i = 0; i < reader->n; i++)
                if (strncmp(reader->table[i].path, path, n) == 0 && reader->table[i].path[n] == '.')
                        return true;
        return false;
}

static int unknown(const Reader *reader, unsigned line, const char *path) {
        const char **candidates, *nearest;

        candidates = calloc(reader->n, sizeof(*candidates));
        if (!candidates)
                return -ENOMEM;
        for (size_t i = 0; i < reader->n; i++)
                candidates[i] = reader->table[i].path;
        nearest = parse_nearest(path, candidates, reader->n);
        free(candidates);
        if (nearest)
                return complain(reader, line, "unknown setting '%s'; did you mean '%s'?", path, nearest);
        return complain(reader, line, "unknown setting '%s'", path);
}

static int read_group(const Reader *reader, config_setting_t *group, const char *prefix) {
        int r;

        for (int i = 0; i < config_setting_length(group); i++) {
                config_setting_t *cs = config_setting_get_elem(group, (unsigned) i);
                unsigned line = config_setting_source_line(cs);
                const Setting *found = NULL;
                char path[SETTING_PATH_MAX];

                if (snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", strempty(config_setting_name(cs))) >= (int) sizeof(path))
                        return complain(reader, line, "a setting's name is too long");
                for (size_t j = 0; j < reader->n && !found; j++)
                        if (streq(reader->table[j].path, path))
                                found = &reader->table[j];
                if (found)
                        r = read_setting(reader, found, cs);
                else if (is_group(reader, path))
                        r = config_setting_is_group(cs) ? read_group(reader, cs, path) :
                                                          complain(reader, line, "'%s' must be a group { ... }", path);
                else
                        r = unknown(reader, line, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

int settings_read_string(const Setting *table, size_t n, const char *text, const char *name, void *base, char **reterr) {
        Reader reader = { .table = table, .n = n, .file = name, .base = base, .reterr = reterr };
        unsigned big = config_text_find_big_number(text);
        config_t config;
        int r;

        if (big > 0)
                return complain(&reader, big, CONFIG_TEXT_BIG_NUMBER);
        config_init(&config);
        config_set_options(&config, CONFIG_OPTION_AUTOCONVERT);
        r = config_text_read(&config, text);
        if (r >= 0)
                r = read_group(&reader, config_root_setting(&config), "");
        else if (r == -EBADMSG)
                r = complain(&reader, (unsigned) config_error_line(&config), "%s", strempty(config_error_text(&config)));
        config_destroy(&config);
        return r;
}

/* The number of the last line of text. */
static unsigned line_of(const char *text) {
        unsigned line = 1;

        for (; *text; text++)
                line += *text == '\n';
        return line;
}

int settings_read_file(const Setting *table, size_t n, const char *path, void *base, char **reterr) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t size;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return negative_errno();
        r = fd_read_all(fd, LIMIT_JOB_FILE_BYTES, &text, &size);
        if (r < 0)
                return r;
        /* What a power cut leaves of a file is often NUL bytes; libconfig would take them for its end. */
        if (strlen(text) != size) {
                Reader reader = { .file = path, .reterr = reterr };

                return complain(&reader, line_of(text), "there is a NUL byte; this is a plain text file");
        }
        return settings_read_string(table, n, text, path, base, reterr);
}

void settings_done(const Setting *table, size_t n, void *base) {
        for (size_t i = 0; i < n; i++) {
                void *member = (char *) base + table[i].offset;

                if (table[i].kind == SETTING_STRING) {
                        free(*(char **) member);
                        *(char **) member = NULL;
                } else if (table[i].kind == SETTING_STRV)
                        *(char ***) member = strv_free(*(char ***) member);
        }
}
