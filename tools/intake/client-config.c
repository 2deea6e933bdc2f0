/* SPDX-License-Identifier: MIT */
#include "tools/intake/client-config.h"

#include <ctype.h>
#include <ini.h>

#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/job-name.h"
#include "spool/limits.h"
#include "tools/intake/job-text.h"

#define QUOTE_MAX 64u
/* What the library takes in one piece. */
#define LINE_MAX_BYTES 198u

typedef struct Reader {
        const char *text; /* what is not read yet */
        const char *file;
        unsigned line;
        size_t indent; /* of the last line with a key */
        bool in_value; /* a line that is indented more belongs to that key */
        Manifest *m;
        bool lenient;
        JobAttachment attachment;
        char *job_id;
        unsigned seen; /* bits of keys[] */
        Fault *f;
        int error;
} Reader;

#define complain(reader, ...) fault_set((reader)->f, FAULT_JOBFILE, (reader)->file, (reader)->line, __VA_ARGS__)

/* ---- values ---- */

static int set_nothing(_unused_ Reader *reader, _unused_ const char *key, _unused_ const char *value) {
        return 0;
}

static int set_job_id(Reader *reader, const char *key, const char *value) {
        _cleanup_free_ char *name = NULL;
        int r;

        r = job_name_fit(value, &name);
        if (r == -EINVAL)
                return complain(reader, "'%s' must begin with a letter or digit and hold printable ASCII characters only", key);
        if (r < 0)
                return r;
        reader->job_id = strdup(value);
        return reader->job_id ? 0 : -ENOMEM;
}

/* "%20" of a URL is a blank. */
static void decode_percent(char *name) {
        char *to = name;

        for (const char *p = name; *p; p++) {
                bool coded = *p == '%' && isxdigit((unsigned char) p[1]) && isxdigit((unsigned char) p[2]);
                const char digits[] = { coded ? p[1] : '0', coded ? p[2] : '0', '\0' };
                char byte = (char) strtoul(digits, NULL, 16);

                *to++ = byte != 0 ? byte : *p;
                p += byte != 0 ? 2 : 0;
        }
        *to = '\0';
}

/* The file that a URL names in the drop: its last component, without a query. Where another may serve, "" for what cannot be one. */
static int get_file(Reader *reader, const char *key, const char *value, char **ret) {
        static const char *const schemes[] = { "s3://", "https://", "file://" };
        _cleanup_free_ char *bare = NULL;
        size_t size = strlen(value);
        const char *path, *slash;
        _cleanup_free_ char *name = NULL, *quoted = NULL;
        bool known;

        /* People quote URLs, which the format does not know. */
        if (size > 1 && (value[0] == '"' || value[0] == '\'') && value[size - 1] == value[0]) {
                bare = strndup(value + 1, size - 2);
                if (!bare)
                        return -ENOMEM;
                value = bare;
        }
        path = value;
        known = !strstr(value, "://");
        for (size_t i = 0; i < ELEMENTSOF(schemes) && !known; i++)
                if (startswith(value, schemes[i])) {
                        known = true;
                        path = value + strlen(schemes[i]);
                }
        if (!known)
                return complain(reader, "'%s' must be a URL with s3://, https:// or file://, or the name of a file", key);
        name = strndup(path, strcspn(path, "?#"));
        if (!name)
                return -ENOMEM;
        slash = strrchr(name, '/');
        if (slash)
                memmove(name, slash + 1, strlen(slash + 1) + 1);
        if (path != value)
                decode_percent(name);
        if (!name_is_valid(name) && reader->lenient)
                name[0] = '\0';
        else if (!name_is_valid(name)) {
                quoted = name_escape(name, strlen(name), QUOTE_MAX);
                return complain(reader, "'%s' names the file '%s', but a file name is 1 to 64 letters, digits, '.', '_' and '-' here, and begins "
                                "with a letter or digit", key, strempty(quoted));
        }
        *ret = TAKE_PTR(name);
        return 0;
}

static int set_image(Reader *reader, const char *key, const char *value) {
        reader->attachment.kind = MANIFEST_IMAGE_ARCHIVE;
        reader->attachment.line = reader->line;
        return get_file(reader, key, value, &reader->attachment.path);
}

static int set_controller(Reader *reader, const char *key, const char *value) {
        reader->attachment.controller_line = reader->line;
        return get_file(reader, key, value, &reader->attachment.controller);
}

static int refuse_operators(Reader *reader, const char *key, _unused_ const char *value) {
        return complain(reader, "'%s' can only be set by the operator of the platform; leave it out", key);
}

enum {
        REQUIRED = 1 << 0,
        MAY_BE_EMPTY = 1 << 1,
};

static const struct {
        const char *name;
        unsigned flags;
        int (*set)(Reader *reader, const char *key, const char *value);
} keys[] = {
        { "job_id", REQUIRED, set_job_id },
        { "docker_url", REQUIRED, set_image },
        { "controller_url", REQUIRED, set_controller },
        /* Who hands a job in is known by the way it came; how many processors it gets is the platform's matter. */
        { "user_id", MAY_BE_EMPTY, set_nothing },
        { "email_to", MAY_BE_EMPTY, set_nothing },
        { "prule_url", MAY_BE_EMPTY, set_nothing },
        { "max_num_cores", MAY_BE_EMPTY, set_nothing },
        /* What was in server.config. */
        { "proc_data_bucket", 0, refuse_operators },
        { "aws_access_key_id", 0, refuse_operators },
        { "aws_secret_access_key", 0, refuse_operators },
        { "aws_exec", 0, refuse_operators },
        { "docker_exec", 0, refuse_operators },
        { "local_working_directory", 0, refuse_operators },
        { "logging_dir", 0, refuse_operators },
        { "cache_dir", 0, refuse_operators },
        { "hash_secret", 0, refuse_operators },
        { "access_table_url", 0, refuse_operators },
        { "docker_cloud_username", 0, refuse_operators },
        { "docker_cloud_password", 0, refuse_operators },
        { "docker_cloud_repo", 0, refuse_operators },
        { "zenodo_access_token", 0, refuse_operators },
        { "prule_evaluate_image", 0, refuse_operators },
        { "client_config_url", 0, refuse_operators },
        { "raw_data_buckets", 0, refuse_operators },
        { "morf_id", 0, refuse_operators },
        { "mode", 0, refuse_operators },
        { "status", 0, refuse_operators },
};

static int refuse_key(Reader *reader, const char *key) {
        const char *names[ELEMENTSOF(keys)], *nearest;
        _cleanup_free_ char *quoted = name_escape(key, strlen(key), QUOTE_MAX);
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (keys[i].set != refuse_operators)
                        names[n++] = keys[i].name;
        nearest = parse_nearest(key, names, n);
        if (nearest)
                return complain(reader, "unknown key '%s'; did you mean '%s'?", strempty(quoted), nearest);
        return complain(reader, "unknown key '%s'; arguments of the job belong into the section [args]", strempty(quoted));
}

static int set_client(Reader *reader, const char *key, const char *value) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                if (!streq(keys[i].name, key))
                        continue;
                if (reader->seen & (1u << i))
                        return complain(reader, "'%s' is given twice; a line that begins with a blank belongs to the one before it", key);
                reader->seen |= 1u << i;
                if (*value == '\0' && keys[i].set != refuse_operators && !(keys[i].flags & MAY_BE_EMPTY))
                        return complain(reader, "'%s' is empty", key);
                return keys[i].set(reader, key, value);
        }
        return refuse_key(reader, key);
}

static int set_argument(Reader *reader, const char *key, const char *value) {
        const ManifestArguments *args = &reader->m->args;
        _cleanup_free_ char *quoted = NULL;

        for (size_t i = 0; i < args->n; i++)
                if (streq(args->items[i].name, key))
                        return complain(reader, "the argument '%s' is given twice; a line that begins with a blank belongs to the one before it", key);
        if (args->n >= LIMIT_ARGS)
                return complain(reader, "there are more than %u arguments", LIMIT_ARGS);
        if (!name_is_valid(key)) {
                quoted = name_escape(key, strlen(key), QUOTE_MAX);
                return complain(reader, "'%s' cannot be the name of an argument, which is 1 to 64 letters, digits, '.', '_' or '-', and begins with a "
                                "letter or digit", strempty(quoted));
        }
        if (!name_is_argument_value(value))
                return complain(reader, "the value of the argument '%s' must be at most 256 printable ASCII characters", key);
        return manifest_add_argument(reader->m, key, value);
}

/* ---- the text ---- */

/* As configparser does: "%%" is a percent sign, and another one would be a reference; but URLs have them. */
static int unescape_percent(Reader *reader, const char *key, bool url, char *value) {
        char *to = value;

        for (const char *p = value; *p; p++) {
                if (*p == '%' && p[1] == '%')
                        p++;
                else if (*p == '%' && !url)
                        return complain(reader, "the value of '%s' holds a single '%%'; write '%%%%'", key);
                *to++ = *p;
        }
        *to = '\0';
        return 0;
}

static int take_pair(Reader *reader, const char *section, const char *name, const char *value) {
        _cleanup_free_ char *key = strdup(name), *copy = strdup(value), *shown = name_escape(name, strlen(name), QUOTE_MAX), *quoted = NULL;
        int r;

        if (!key || !copy || !shown)
                return -ENOMEM;
        for (char *p = key; *p; p++)
                *p = (char) tolower((unsigned char) *p);
        for (const char *p = value; *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        return complain(reader, "the value of '%s' holds a control character", shown);
        r = unescape_percent(reader, shown, streq(section, "client") && endswith(key, "_url"), copy);
        if (r < 0)
                return r;
        if (streq(section, "client"))
                return set_client(reader, key, copy);
        if (streq(section, "args"))
                return set_argument(reader, key, copy);
        if (*section == '\0')
                return complain(reader, "there is no section before this line; the first line is [client]");
        quoted = name_escape(section, strlen(section), QUOTE_MAX);
        return complain(reader, "unknown section [%s]; a client.config has [client] and [args]", strempty(quoted));
}

/* Called by the library. Return: whether all is well. */
static int on_pair(void *user, const char *section, const char *name, const char *value) {
        Reader *reader = user;

        if (reader->error >= 0)
                reader->error = take_pair(reader, section, name, strempty(value));
        return reader->error >= 0;
}

/* Of a URL that is too long for the library only the ends matter: the key with the scheme, and the last component. */
static size_t shorten_url(const char *line, size_t size, char *ret) {
        const char *scheme = memmem(line, size, "://", 3), *end = line + size, *last = NULL;
        size_t head, tail;

        if (!scheme)
                return 0;
        for (const char *p = scheme + 3; p < end; p++) {
                if (*p == '?' || *p == '#')
                        end = p;
                else if (*p == '/')
                        last = p;
        }
        head = (size_t) (scheme + 3 - line);
        tail = last ? (size_t) (end - last) : 0;
        if (tail == 0 || head + tail > LINE_MAX_BYTES)
                return 0;
        memcpy(ret, line, head);
        memcpy(ret + head, last, tail);
        return head + tail;
}

/*
 * The blanks in front of a line that say nothing: for Python a line belongs to the key before it only when it is indented more, for the
 * library whenever it is indented. size: of the line without its end.
 */
static size_t count_blanks(Reader *reader, const char *line, size_t size) {
        size_t n = 0;

        while (n < size && (line[n] == ' ' || line[n] == '\t'))
                n++;
        if (n == size || line[n] == ';' || line[n] == '#')
                return n;
        if (reader->in_value && n > reader->indent)
                return 0;
        reader->indent = n;
        reader->in_value = line[n] != '[';
        return n;
}

/* Gives the library one line, which it could not count itself. */
static char *next_line(char *buffer, int size, void *user) {
        Reader *reader = user;
        size_t n = strcspn(reader->text, "\n"), end = n, blanks;
        const char *line;

        if (*reader->text == '\0' || reader->error < 0 || size < (int) LINE_MAX_BYTES + 2)
                return NULL;
        reader->line++;
        while (end > 0 && strchr(" \t\r", reader->text[end - 1]))
                end--;
        blanks = count_blanks(reader, reader->text, end);
        line = reader->text + blanks;
        end -= blanks;
        if (end > LINE_MAX_BYTES) {
                size_t shorter = shorten_url(line, end, buffer);

                if (shorter == 0) {
                        reader->error = complain(reader, "this line is longer than %u bytes", LINE_MAX_BYTES);
                        return NULL;
                }
                end = shorter;
        } else
                memcpy(buffer, line, end);
        strcpy(buffer + end, "\n");
        reader->text += n + (reader->text[n] == '\n' ? 1 : 0);
        return buffer;
}

static int finish(Reader *reader) {
        _cleanup_free_ char *text = NULL;
        int r;

        reader->line = 0;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if ((keys[i].flags & REQUIRED) && !(reader->seen & (1u << i)))
                        return complain(reader, "'%s' is missing in the section [client]", keys[i].name);
        r = job_name_of_arguments(reader->job_id, &reader->m->args, &text);
        if (r >= 0)
                r = job_name_fit(text, &reader->m->name);
        return r < 0 || reader->m->args.n == 0 ? r : job_name_fit(reader->job_id, &reader->m->job_id);
}

static int parse(Reader *reader) {
        int wrong;

        wrong = ini_parse_stream(next_line, reader, on_pair, reader);
        if (reader->error < 0)
                return reader->error;
        if (wrong != 0) {
                reader->line = wrong > 0 ? (unsigned) wrong : 0;
                return wrong < 0 ? -ENOMEM : complain(reader, "this line is neither a [section], nor 'key = value', nor a comment");
        }
        return finish(reader);
}

int client_config_parse(const char *text, size_t size, const char *file, bool lenient, Manifest *m, JobAttachment *ret_attachment, Fault *f) {
        Reader reader = { .file = file, .lenient = lenient, .m = m, .f = f };
        int r;

        r = job_text_check(text, size, file, &reader.text, f);
        if (r < 0)
                return r;
        m->form = MANIFEST_FORM_MORF2;
        m->mode = MANIFEST_MODE_WORKFLOW;
        r = parse(&reader);
        free(reader.job_id);
        if (r < 0) {
                job_attachment_done(&reader.attachment);
                return r == -EINVAL ? fault_set(f, FAULT_JOBFILE, file, 0, "'job_id' and the arguments cannot serve as a name") : r;
        }
        *ret_attachment = reader.attachment;
        return 0;
}
