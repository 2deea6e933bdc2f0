/* SPDX-License-Identifier: MIT */
#include "spool/json.h"

#include <stdarg.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"

static void *member_of(const JsonField *f, const void *base) {
        return (char *) (uintptr_t) base + f->offset;
}

/* Return: -EBADMSG with a sentence, for "return complain(...)". */
static int _printf_(2, 3) complain(char **reterr, const char *format, ...) {
        va_list ap;

        if (!reterr)
                return -EBADMSG;
        va_start(ap, format);
        if (vasprintf(reterr, format, ap) < 0)
                *reterr = NULL;
        va_end(ap);
        return -EBADMSG;
}

static int read_number(const JsonField *f, const json_t *value, uint64_t *ret, char **reterr) {
        json_int_t v;

        if (!json_is_integer(value))
                return complain(reterr, "key '%s' must be a whole number", f->name);
        v = json_integer_value(value);
        if (v < 0 || (uint64_t) v < f->min || (f->max > 0 && (uint64_t) v > f->max))
                return complain(reterr, "key '%s' is out of range", f->name);
        *ret = (uint64_t) v;
        return 0;
}

static int check_string(const JsonField *f, const json_t *value, size_t max, char **reterr) {
        const char *s = json_string_value(value);

        if (!s)
                return complain(reterr, "key '%s' must be a string", f->name);
        if (json_string_length(value) != strlen(s) || strlen(s) > max)
                return complain(reterr, "key '%s' is too long or holds a NUL character", f->name);
        if (f->check && !f->check(s))
                return complain(reterr, "key '%s' has a value that is not allowed", f->name);
        return 0;
}

static int read_strv(const JsonField *f, const json_t *value, char ***member, char **reterr) {
        _cleanup_strv_ char **l = NULL;
        const json_t *item;
        size_t i;
        int r;

        if (!json_is_array(value) || json_array_size(value) > (f->max > 0 ? f->max : JSON_STRV_MAX))
                return complain(reterr, "key '%s' must be a list and not too long", f->name);
        json_array_foreach (value, i, item) {
                r = check_string(f, item, JSON_STRING_MAX, reterr);
                if (r < 0)
                        return r;
                r = strv_add(&l, json_string_value(item));
                if (r < 0)
                        return r;
        }
        strv_free(*member);
        *member = TAKE_PTR(l);
        return 0;
}

static int read_enum(const JsonField *f, const json_t *value, int *member, char **reterr) {
        const char *s = json_string_value(value);

        for (uint64_t i = 0; s && i < f->max; i++)
                if (f->names[i] && streq(f->names[i], s)) {
                        *member = (int) i;
                        return 0;
                }
        return complain(reterr, "key '%s' has an unknown value", f->name);
}

static int read_object(const JsonTable *table, const json_t *object, void *base, char **reterr);

static size_t *count_of(const JsonField *f, const void *base) {
        return (size_t *) ((uintptr_t) base + f->count);
}

static void array_done(const JsonField *f, void *base) {
        char **items = member_of(f, base);
        size_t *n = count_of(f, base);

        for (size_t i = 0; i < *n; i++)
                json_record_done(f->table, *items + i * f->size);
        free(*items);
        *items = NULL;
        *n = 0;
}

int json_array_add(const JsonTable *table, void *items, size_t *n, size_t size, void *item) {
        char **array = items;
        char *bigger = reallocarray(*array, *n + 1, size);

        if (!bigger) {
                json_record_done(table, item);
                return -ENOMEM;
        }
        *array = bigger;
        memcpy(bigger + *n * size, item, size);
        (*n)++;
        return 0;
}

/* The number of the entry goes before what is wrong with it: arrays may be long. */
static int complain_of_entry(const JsonField *f, size_t i, char *inner, char **reterr) {
        _cleanup_free_ char *text = inner;

        return complain(reterr, "entry %zu of '%s': %s", i + 1, f->name, strempty(text));
}

static int read_array(const JsonField *f, const json_t *value, void *base, char **reterr) {
        size_t *n = count_of(f, base), size = json_array_size(value);
        char **items = member_of(f, base);

        if (!json_is_array(value) || size > (f->max > 0 ? f->max : JSON_STRV_MAX))
                return complain(reterr, "key '%s' must be a list and not too long", f->name);
        array_done(f, base);
        if (size == 0)
                return 0;
        *items = calloc(size, f->size);
        if (!*items)
                return -ENOMEM;
        for (*n = 0; *n < size; ) {
                const json_t *item = json_array_get(value, *n);
                char *inner = NULL, *at = *items + *n * f->size;
                int r;

                if (!json_is_object(item))
                        return complain(reterr, "entry %zu of '%s' must be an object", *n + 1, f->name);
                (*n)++; /* before its members are read, so that they are released with the array */
                r = read_object(f->table, item, at, reterr ? &inner : NULL);
                if (r == -EBADMSG)
                        return complain_of_entry(f, *n - 1, inner, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_field(const JsonField *f, const json_t *value, void *base, char **reterr) {
        void *member = member_of(f, base);
        uint64_t number = 0;
        char *copy;
        int r;

        switch (f->kind) {
        case JSON_KIND_U64:
        case JSON_KIND_UNSIGNED:
                r = read_number(f, value, &number, reterr);
                if (r < 0)
                        return r;
                if (f->kind == JSON_KIND_U64)
                        *(uint64_t *) member = number;
                else if (number > UINT32_MAX)
                        return complain(reterr, "key '%s' is out of range", f->name);
                else
                        *(unsigned *) member = (unsigned) number;
                return 0;
        case JSON_KIND_BOOL:
                if (!json_is_boolean(value))
                        return complain(reterr, "key '%s' must be true or false", f->name);
                *(bool *) member = json_is_true(value);
                return 0;
        case JSON_KIND_STRING:
                r = check_string(f, value, f->max > 0 ? f->max : JSON_STRING_MAX, reterr);
                if (r < 0)
                        return r;
                copy = strdup(json_string_value(value));
                if (!copy)
                        return -ENOMEM;
                free(*(char **) member);
                *(char **) member = copy;
                return 0;
        case JSON_KIND_STRV:
                return read_strv(f, value, member, reterr);
        case JSON_KIND_ENUM:
                return read_enum(f, value, member, reterr);
        case JSON_KIND_OBJECT:
                if (!json_is_object(value))
                        return complain(reterr, "key '%s' must be an object", f->name);
                return read_object(f->table, value, member, reterr);
        case JSON_KIND_ARRAY:
                return read_array(f, value, base, reterr);
        case JSON_KIND_CUSTOM:
                r = f->read(value, member);
                return r == -EBADMSG ? complain(reterr, "key '%s' has a value that is not allowed", f->name) : r;
        }
        return -EBADMSG;
}

static int read_object(const JsonTable *table, const json_t *object, void *base, char **reterr) {
        size_t known = 0;
        int r;

        for (size_t i = 0; i < table->n; i++) {
                const JsonField *f = &table->fields[i];
                const json_t *value = json_object_get(object, f->name);

                if (!value) {
                        if (f->flags & JSON_REQUIRED)
                                return complain(reterr, "key '%s' is missing", f->name);
                        continue;
                }
                known++;
                r = read_field(f, value, base, reterr);
                if (r < 0)
                        return r;
        }
        if (known != json_object_size(object))
                return complain(reterr, "there is an unknown key");
        return 0;
}

int json_record_parse(const JsonTable *table, const char *text, size_t size, void *base, char **reterr) {
        _cleanup_json_ json_t *object = NULL;
        json_error_t e;

        object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
        if (!object)
                return complain(reterr, "line %d, column %d: not valid JSON", e.line, e.column);
        if (!json_is_object(object))
                return complain(reterr, "not a JSON object");
        return read_object(table, object, base, reterr);
}

static bool is_empty(const JsonField *f, const void *base) {
        const void *member = member_of(f, base);

        switch (f->kind) {
        case JSON_KIND_U64:
                return *(const uint64_t *) member == 0;
        case JSON_KIND_UNSIGNED:
                return *(const unsigned *) member == 0;
        case JSON_KIND_BOOL:
                return !*(const bool *) member;
        case JSON_KIND_STRING:
        case JSON_KIND_STRV:
                return !*(void *const *) member;
        case JSON_KIND_OBJECT:
                return f->table->n == 0 || is_empty(&f->table->fields[0], member);
        case JSON_KIND_ARRAY:
                return *count_of(f, base) == 0;
        case JSON_KIND_ENUM:
                return *(const int *) member == 0;
        case JSON_KIND_CUSTOM:
                return false;
        }
        return false;
}

static json_t *write_strv(char *const *l) {
        _cleanup_json_ json_t *array = json_array();

        STRV_FOREACH(s, l)
                if (json_array_append_new(array, json_string(*s)) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static json_t *write_array(const JsonField *f, const void *base) {
        const char *items = *(char *const *) member_of(f, base);
        _cleanup_json_ json_t *array = json_array();

        for (size_t i = 0; i < *count_of(f, base); i++)
                if (json_array_append_new(array, json_record_to_value(f->table, items + i * f->size)) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

/* JSON integers end at INT64_MAX here; what is above ("never", "without limit") is written as that, so that it can be read again. */
static json_t *write_u64(uint64_t value) {
        return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t) value);
}

static json_t *write_field(const JsonField *f, const void *base) {
        const void *member = member_of(f, base);

        switch (f->kind) {
        case JSON_KIND_U64:
                return write_u64(*(const uint64_t *) member);
        case JSON_KIND_UNSIGNED:
                return json_integer(*(const unsigned *) member);
        case JSON_KIND_BOOL:
                return json_boolean(*(const bool *) member);
        case JSON_KIND_STRING:
                return json_string(strempty(*(char *const *) member));
        case JSON_KIND_STRV:
                return write_strv(*(char **const *) member);
        case JSON_KIND_ENUM:
                return json_string(f->names[*(const int *) member]);
        case JSON_KIND_OBJECT:
                return json_record_to_value(f->table, member);
        case JSON_KIND_ARRAY:
                return write_array(f, base);
        case JSON_KIND_CUSTOM:
                return f->write(member);
        }
        return NULL;
}

json_t *json_record_to_value(const JsonTable *table, const void *base) {
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < table->n; i++) {
                const JsonField *f = &table->fields[i];
                json_t *value;

                if ((f->flags & JSON_OMIT_EMPTY) && is_empty(f, base))
                        continue;
                value = write_field(f, base);
                if (!value && f->kind == JSON_KIND_CUSTOM)
                        continue;
                if (json_object_set_new(object, f->name, value) < 0)
                        return NULL;
        }
        return TAKE_PTR(object);
}

int json_record_format(const JsonTable *table, const void *base, char **ret) {
        _cleanup_json_ json_t *object = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;

        object = json_record_to_value(table, base);
        if (!object)
                return -ENOMEM;
        text = json_dumps(object, JSON_COMPACT);
        if (!text)
                return -ENOMEM;
        n = strlen(text);
        *ret = realloc(text, n + 2);
        if (!*ret)
                return -ENOMEM;
        TAKE_PTR(text);
        strcpy(*ret + n, "\n");
        return 0;
}

int json_record_read_at(const JsonTable *table, int dirfd, const char *name, size_t max_size, void *base, char **reterr) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = fd_read_file_at(dirfd, name, max_size, &text, &size);
        if (r < 0)
                return r;
        return json_record_parse(table, text, size, base, reterr);
}

int json_record_publish_at(const JsonTable *table, const void *base, int dirfd, const char *name, mode_t mode, uid_t uid, gid_t gid) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_record_format(table, base, &text);
        if (r < 0)
                return r;
        return publish_file_at(dirfd, name, text, strlen(text), mode, uid, gid);
}

void json_record_done(const JsonTable *table, void *base) {
        for (size_t i = 0; i < table->n; i++) {
                const JsonField *f = &table->fields[i];
                void *member = member_of(f, base);

                switch (f->kind) {
                case JSON_KIND_STRING:
                        free(*(char **) member);
                        *(char **) member = NULL;
                        break;
                case JSON_KIND_STRV:
                        *(char ***) member = strv_free(*(char ***) member);
                        break;
                case JSON_KIND_OBJECT:
                        json_record_done(f->table, member);
                        break;
                case JSON_KIND_ARRAY:
                        array_done(f, base);
                        break;
                case JSON_KIND_CUSTOM:
                        if (f->done)
                                f->done(member);
                        break;
                case JSON_KIND_U64:
                case JSON_KIND_UNSIGNED:
                case JSON_KIND_BOOL:
                case JSON_KIND_ENUM:
                        break;
                }
        }
}
