/* SPDX-License-Identifier: MIT */
#include "tools/intake/job-file.h"

#include <libconfig.h>
#include <math.h>

#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/config-text.h"
#include "spool/limits.h"
#include "tools/intake/job-text.h"
#include "tools/intake/workflow-list.h"

/* Longest piece of the researcher's own text that a message repeats, in bytes. */
#define QUOTE_MAX 64u

typedef struct Reader {
        const char *file;
        JobFileKind kind;
        Manifest *m;
        JobAttachment *attachment;
        Fault *f;
} Reader;

/* One key of a group: what it takes (in words, for the message), as a set of libconfig types, and what to do with it.
 */
typedef struct Key {
        const char *name;
        const char *takes;
        unsigned types;
        int (*set)(const Reader *reader, const config_setting_t *s);
} Key;

#define TYPE(x) (1u << CONFIG_TYPE_##x)
#define TYPE_INTEGER (TYPE(INT) | TYPE(INT64))

#define complain(reader, s, ...) \
        fault_set((reader)->f, FAULT_JOBFILE, (reader)->file, config_setting_source_line(s), __VA_ARGS__)

void job_attachment_done(JobAttachment *a) {
        free(a->path);
        free(a->controller);
        *a = (JobAttachment){};
}

/* The string value of s without control characters. Return: 0, -EBADMSG or -ENOMEM. */
static int get_string(const Reader *reader, const config_setting_t *s, const char *key, const char **ret) {
        const char *value = config_setting_get_string(s);

        for (const char *p = value; *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        return complain(reader, s, "the value of '%s' holds a control character", key);
        *ret = value;
        return 0;
}

/* Reports a value that a check refused. Return: -EBADMSG or -ENOMEM. */
static int refuse_value(const Reader *reader, const config_setting_t *s, const char *value, const char *rule) {
        _cleanup_free_ char *quoted = name_escape(value, strlen(value), QUOTE_MAX);

        if (!quoted)
                return -ENOMEM;
        return complain(reader, s, "'%s' is not allowed here: %s", quoted, rule);
}

static int replace_string(char **member, const char *value) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*member);
        *member = copy;
        return 0;
}

static int set_name(const Reader *reader, const config_setting_t *s) {
        const char *value;
        int r;

        r = get_string(reader, s, "name", &value);
        if (r < 0)
                return r;
        if (!name_is_valid(value))
                return refuse_value(
                        reader, s, value,
                        "a name is 1 to 64 letters, digits, '.', '_' or '-', and begins with a letter or digit");
        return replace_string(&reader->m->name, value);
}

/* One of n words. */
static int get_word(const Reader *reader, const config_setting_t *s, const char *const *words, size_t n,
                    const char *rule, int *ret) {
        const char *value;
        int r;

        r = get_string(reader, s, strempty(config_setting_name(s)), &value);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                if (streq(words[i], value)) {
                        *ret = (int) i;
                        return 0;
                }
        return refuse_value(reader, s, value, rule);
}

static int set_mode(const Reader *reader, const config_setting_t *s) {
        const char *words[_MANIFEST_MODE_MAX];
        int value = 0, r;

        for (int i = 0; i < _MANIFEST_MODE_MAX; i++)
                words[i] = manifest_mode_to_string((ManifestMode) i);
        r = get_word(reader, s, words, ELEMENTSOF(words), "a mode is \"run\" or \"workflow\"", &value);
        if (r < 0)
                return r;
        reader->m->mode = (ManifestMode) value;
        return 0;
}

static int set_profile(const Reader *reader, const config_setting_t *s) {
        const char *words[_MANIFEST_PROFILE_MAX];
        int value = 0, r;

        for (int i = 0; i < _MANIFEST_PROFILE_MAX; i++)
                words[i] = manifest_profile_to_string((ManifestProfile) i);
        r = get_word(reader, s, words, ELEMENTSOF(words), "a profile is \"compat\" or \"strict\"", &value);
        if (r < 0)
                return r;
        reader->m->profile = (ManifestProfile) value;
        return 0;
}

/* A path of something that lies with the job file. */
static int get_path(const Reader *reader, const config_setting_t *s, bool directory, char **ret) {
        _cleanup_free_ char *path = NULL;
        const char *value;
        size_t n;
        int r;

        r = get_string(reader, s, config_setting_name(s), &value);
        if (r < 0)
                return r;
        if (strstr(value, "://"))
                return complain(reader, s, "'%s' is a URL; upload the file beside the job file and give its name",
                                config_setting_name(s));
        path = strdup(startswith(value, "./") ? value + 2 : value);
        if (!path)
                return -ENOMEM;
        n = strlen(path);
        if (directory && n > 1 && path[n - 1] == '/')
                path[n - 1] = '\0';
        if (reader->kind == JOB_FILE_ALONE && !name_is_valid(path))
                return refuse_value(reader, s, value,
                                    "it must be the name of a file or folder beside the job file, with letters, "
                                    "digits, '.', '_' and '-' only");
        if (!name_is_relative_path(path, LIMIT_DROP_DEPTH - 1))
                return refuse_value(reader, s, value,
                                    "it must be a path below the job file's folder, with letters, digits, '.', '_', "
                                    "'-' and '/' only");
        *ret = TAKE_PTR(path);
        return 0;
}

static int set_attachment(const Reader *reader, const config_setting_t *s, ManifestImageKind kind) {
        JobAttachment *a = reader->attachment;

        if (reader->kind == JOB_FILE_IN_ZIP)
                return complain(reader, s, "'%s' is not allowed in a job zip, whose image is its own Dockerfile",
                                config_setting_name(s));
        if (a->path)
                return complain(reader, s, "'image' and 'dockerfile' are both given; a job has one image");
        a->kind = kind;
        a->line = config_setting_source_line(s);
        return get_path(reader, s, kind == MANIFEST_IMAGE_DOCKERFILE, &a->path);
}

static int set_controller(const Reader *reader, const config_setting_t *s) {
        if (reader->kind == JOB_FILE_IN_ZIP)
                return complain(reader, s, "'controller' is not allowed in a job zip; 'workflow' with a list of calls is");
        reader->attachment->controller_line = config_setting_source_line(s);
        return get_path(reader, s, /* directory= */ false, &reader->attachment->controller);
}

static int set_image(const Reader *reader, const config_setting_t *s) {
        return set_attachment(reader, s, MANIFEST_IMAGE_ARCHIVE);
}

static int set_dockerfile(const Reader *reader, const config_setting_t *s) {
        return set_attachment(reader, s, MANIFEST_IMAGE_DOCKERFILE);
}

/* A list of different strings, each judged by check(). */
static int get_strings(const Reader *reader, const config_setting_t *s, unsigned max, bool (*check)(const char *),
                       const char *rule, char ***ret) {
        const char *key = config_setting_name(s);
        _cleanup_strv_ char **l = NULL;
        int r;

        if ((unsigned) config_setting_length(s) > max)
                return complain(reader, s, "'%s' lists more than %u values", key, max);
        for (int i = 0; i < config_setting_length(s); i++) {
                const config_setting_t *item = config_setting_get_elem(s, (unsigned) i);
                const char *value;

                if (config_setting_type(item) != CONFIG_TYPE_STRING)
                        return complain(reader, item, "'%s' must be a list of strings in quotes", key);
                r = get_string(reader, item, key, &value);
                if (r < 0)
                        return r;
                if (!check(value))
                        return refuse_value(reader, item, value, rule);
                if (strv_contains(l, value))
                        return complain(reader, item, "'%s' lists \"%s\" twice", key, value);
                r = strv_add(&l, value);
                if (r < 0)
                        return r;
        }
        strv_free(*ret);
        *ret = TAKE_PTR(l);
        return 0;
}

static int set_courses(const Reader *reader, const config_setting_t *s) {
        return get_strings(
                reader, s, LIMIT_COURSES, name_is_valid,
                "a course name is 1 to 64 letters, digits, '.', '_' or '-', and begins with a letter or digit",
                &reader->m->courses);
}

static bool is_event(const char *s) {
        return streq(s, "accepted") || streq(s, "started") || streq(s, "phase");
}

static int set_notify(const Reader *reader, const config_setting_t *s) {
        return get_strings(reader, s, 3, is_event,
                           "notify takes \"accepted\", \"started\" and \"phase\"; the end of a job is always mailed",
                           &reader->m->notify);
}

static int set_args(const Reader *reader, const config_setting_t *s) {
        int r;

        if (config_setting_length(s) > (int) LIMIT_ARGS)
                return complain(reader, s, "there are more than %u args", LIMIT_ARGS);
        for (int i = 0; i < config_setting_length(s); i++) {
                const config_setting_t *item = config_setting_get_elem(s, (unsigned) i);
                const char *name = config_setting_name(item), *value;

                if (!name_is_valid(name))
                        return refuse_value(reader, item, name,
                                            "the name of an argument is 1 to 64 letters, digits, '_' or '-', and "
                                            "begins with a letter or digit");
                if (config_setting_type(item) != CONFIG_TYPE_STRING)
                        return complain(reader, item,
                                        "the value of argument '%s' must be a string in quotes, numbers too", name);
                r = get_string(reader, item, name, &value);
                if (r < 0)
                        return r;
                if (!name_is_argument_value(value))
                        return refuse_value(reader, item, value,
                                            "the value of an argument is at most 256 printable ASCII characters");
                r = manifest_add_argument(reader->m, name, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_cpus(const Reader *reader, const config_setting_t *s) {
        double value = config_setting_type(s) == CONFIG_TYPE_FLOAT ? config_setting_get_float(s)
                                                                   : (double) config_setting_get_int64(s);

        /* Written so that a NaN is refused too. */
        if (!(value * 1000 >= LIMIT_CPUS_MILLI_MIN && value * 1000 <= LIMIT_CPUS_MILLI_MAX))
                return complain(reader, s, "'cpus' must be between %g and %g", LIMIT_CPUS_MILLI_MIN / 1000.0,
                                LIMIT_CPUS_MILLI_MAX / 1000.0);
        reader->m->limits.cpus_milli = (uint64_t) llround(value * 1000);
        return 0;
}

/*
 * A number with a unit, or a whole number of the smallest unit. parse(): for strings.
 * Return: 0; -ERANGE where it is outside [min, max]; -EINVAL where it is no such number; -EBADMSG; -ENOMEM.
 */
static int get_quantity(const Reader *reader, const config_setting_t *s, int (*parse)(const char *, uint64_t *),
                        uint64_t scale, uint64_t min, uint64_t max, uint64_t *ret) {
        uint64_t value;
        int r;

        if (config_setting_type(s) == CONFIG_TYPE_STRING) {
                const char *text;

                r = get_string(reader, s, config_setting_name(s), &text);
                if (r >= 0)
                        r = parse(text, &value);
                if (r < 0)
                        return r;
        } else {
                long long number = config_setting_get_int64(s);

                if (number < 0 || __builtin_mul_overflow((uint64_t) number, scale, &value))
                        return -ERANGE;
        }
        if (value < min || value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

static int get_size(const Reader *reader, const config_setting_t *s, uint64_t min, uint64_t max, uint64_t *ret) {
        char least[FORMAT_SIZE_MAX], most[FORMAT_SIZE_MAX];
        const char *key = config_setting_name(s);
        int r;

        r = get_quantity(reader, s, parse_size, /* scale= */ 1, min, max, ret);
        if (r == -EINVAL)
                return complain(reader, s, "'%s' must be a size such as \"512M\" or \"2G\"", key);
        if (r == -ERANGE)
                return complain(reader, s, "'%s' must be between %s and %s", key, format_size(min, least),
                                format_size(max, most));
        return r;
}

static int set_memory(const Reader *reader, const config_setting_t *s) {
        return get_size(reader, s, LIMIT_MEMORY_MIN, LIMIT_MEMORY_MAX, &reader->m->limits.memory);
}

static int set_output(const Reader *reader, const config_setting_t *s) {
        return get_size(reader, s, LIMIT_OUTPUT_MIN, LIMIT_OUTPUT_MAX, &reader->m->limits.output);
}

static int set_time(const Reader *reader, const config_setting_t *s) {
        int r;

        r = get_quantity(reader, s, parse_span, USEC_PER_SEC, LIMIT_TIME_USEC_MIN, LIMIT_TIME_USEC_MAX,
                         &reader->m->limits.time_usec);
        if (r == -EINVAL)
                return complain(reader, s, "'time' must be a length of time such as \"90m\" or \"2h\"");
        if (r == -ERANGE)
                return complain(reader, s, "'time' must be between 1 second and 365 days");
        return r;
}

static int set_pids(const Reader *reader, const config_setting_t *s) {
        long long value = config_setting_get_int64(s);

        if (value < (long long) LIMIT_PIDS_MIN || value > (long long) LIMIT_PIDS_MAX)
                return complain(reader, s, "'pids' must be between %u and %u", LIMIT_PIDS_MIN, LIMIT_PIDS_MAX);
        reader->m->limits.pids = (uint64_t) value;
        return 0;
}

static int read_group(const Reader *reader, const config_setting_t *group, const Key *keys, size_t n);

static int set_limits(const Reader *reader, const config_setting_t *s) {
        static const Key keys[] = {
                { "cpus", "a number such as 1 or 0.5", TYPE_INTEGER | TYPE(FLOAT), set_cpus },
                { "memory", "a size such as \"512M\" or \"2G\"", TYPE_INTEGER | TYPE(STRING), set_memory },
                { "time", "a length of time such as \"90m\" or \"2h\"", TYPE_INTEGER | TYPE(STRING), set_time },
                { "output", "a size such as \"512M\" or \"2G\"", TYPE_INTEGER | TYPE(STRING), set_output },
                { "pids", "a whole number", TYPE_INTEGER, set_pids },
        };

        return read_group(reader, s, keys, ELEMENTSOF(keys));
}

static int set_partial(const Reader *reader, const config_setting_t *s) {
        reader->m->partial = config_setting_get_bool(s) != 0;
        return 0;
}

static int set_pseudonyms(const Reader *reader, const config_setting_t *s) {
        const char *words[_MANIFEST_PSEUDONYMS_MAX];
        int value = 0, r;

        for (int i = 0; i < _MANIFEST_PSEUDONYMS_MAX; i++)
                words[i] = manifest_pseudonyms_to_string((ManifestPseudonyms) i);
        r = get_word(reader, s, words, ELEMENTSOF(words), "pseudonyms are made by \"hmac\" or \"sha1\"", &value);
        if (r < 0)
                return r;
        reader->m->pseudonyms = (ManifestPseudonyms) value;
        return 0;
}

static int set_workflow(const Reader *reader, const config_setting_t *s) {
        _cleanup_free_ char *error = NULL;
        unsigned line = 0;
        int r;

        r = workflow_list_read(s, reader->m, &line, &error);
        return r == -EBADMSG ? fault_set(reader->f, FAULT_JOBFILE, reader->file, line, "%s", strempty(error)) : r;
}

static int set_job(const Reader *reader, const config_setting_t *s) {
        static const Key keys[] = {
                { "name", "a string in quotes", TYPE(STRING), set_name },
                { "mode", "a string in quotes", TYPE(STRING), set_mode },
                { "image", "a string in quotes", TYPE(STRING), set_image },
                { "dockerfile", "a string in quotes", TYPE(STRING), set_dockerfile },
                { "courses", "a list such as [\"accounting\"]", TYPE(ARRAY) | TYPE(LIST), set_courses },
                { "limits", "a group such as { memory = \"2G\"; }", TYPE(GROUP), set_limits },
                { "profile", "a string in quotes", TYPE(STRING), set_profile },
                { "notify", "a list such as [\"accepted\"]", TYPE(ARRAY) | TYPE(LIST), set_notify },
                { "workflow", "a list such as (\"extract_session\", ...)", TYPE(ARRAY) | TYPE(LIST), set_workflow },
                { "controller", "a string in quotes", TYPE(STRING), set_controller },
                { "partial", "true or false", TYPE(BOOL), set_partial },
                { "pseudonyms", "a string in quotes", TYPE(STRING), set_pseudonyms },
                { "args", "a group such as { alpha = \"0.1\"; }", TYPE(GROUP), set_args },
        };

        return read_group(reader, s, keys, ELEMENTSOF(keys));
}

static int refuse_key(const Reader *reader, const config_setting_t *s, const Key *keys, size_t n) {
        const char *names[16], *nearest, *name = config_setting_name(s);

        for (size_t i = 0; i < n; i++)
                names[i] = keys[i].name;
        nearest = parse_nearest(name, names, n);
        if (nearest)
                return complain(reader, s, "unknown key '%.*s'; did you mean '%s'?", (int) QUOTE_MAX, name, nearest);
        return complain(reader, s, "unknown key '%.*s'", (int) QUOTE_MAX, name);
}

static int read_group(const Reader *reader, const config_setting_t *group, const Key *keys, size_t n) {
        for (int i = 0; i < config_setting_length(group); i++) {
                const config_setting_t *s = config_setting_get_elem(group, (unsigned) i);
                const Key *key = NULL;
                int r;

                for (size_t k = 0; k < n && !key; k++)
                        if (streq(keys[k].name, config_setting_name(s)))
                                key = &keys[k];
                if (!key)
                        return refuse_key(reader, s, keys, n);
                if (!(key->types & (1u << config_setting_type(s))))
                        return complain(reader, s, "'%s' must be %s", key->name, key->takes);
                r = key->set(reader, s);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What libconfig found wrong, in our words. */
static int refuse_syntax(const Reader *reader, const config_t *c, const char *text) {
        const char *what = strempty(config_error_text(c));
        unsigned line = (unsigned) config_error_line(c), last = 1;

        for (const char *p = text; (p = strchr(p, '\n')) && p[1 + strspn(p + 1, " \t\r\n\f")] != '\0'; p++)
                last++;
        if (strstr(what, "duplicate"))
                return fault_set(reader->f, FAULT_JOBFILE, reader->file, line,
                                 "the same key is given twice in one group");
        if (strstr(what, "mismatched"))
                return fault_set(reader->f, FAULT_JOBFILE, reader->file, line,
                                 "the values of a list in [ ] must all be of one type");
        if (line >= last)
                return fault_set(reader->f, FAULT_JOBFILE, reader->file, line,
                                 "syntax error at the end of the file: a ';', a quote or the closing '};' is missing, "
                                 "or the file was cut off");
        return fault_set(reader->f, FAULT_JOBFILE, reader->file, line,
                         "syntax error: a ';', a quote or a bracket is missing or misplaced at this line or before it");
}

/* What the keys mean together. given: whether the job file has the key "mode". */
static int check_workflow(const Reader *reader, bool given) {
        Manifest *m = reader->m;
        bool workflow = reader->attachment->controller || m->n_calls > 0;

        if (reader->attachment->controller && m->n_calls > 0)
                return fault_set(reader->f, FAULT_JOBFILE, reader->file, 0, "'workflow' and 'controller' are both given; a job has one of them");
        if (!given && workflow)
                m->mode = MANIFEST_MODE_WORKFLOW;
        if (m->mode == MANIFEST_MODE_WORKFLOW && !workflow)
                return fault_set(reader->f, FAULT_JOBFILE, reader->file, 0, "the mode is \"workflow\", but neither 'workflow' nor 'controller' is given");
        if (m->mode == MANIFEST_MODE_RUN && workflow)
                return fault_set(reader->f, FAULT_JOBFILE, reader->file, 0, "the mode is \"run\", which has neither 'workflow' nor 'controller'");
        if (m->mode == MANIFEST_MODE_RUN && (m->partial || m->pseudonyms != MANIFEST_PSEUDONYMS_HMAC))
                return fault_set(reader->f, FAULT_JOBFILE, reader->file, 0, "'partial' and 'pseudonyms' are for workflows only");
        return 0;
}

static bool has_key(const config_t *c, const char *path) {
        return config_lookup(c, path) != NULL;
}

int job_file_parse(const char *text, size_t size, const char *file, JobFileKind kind, Manifest *m,
                   JobAttachment *ret_attachment, Fault *f) {
        static const Key top[] = { { "job", "a group: job: { ... };", TYPE(GROUP), set_job } };
        _cleanup_attachment_ JobAttachment attachment = {};
        const Reader reader = { .file = file, .kind = kind, .m = m, .attachment = &attachment, .f = f };
        _cleanup_(config_destroy) config_t c;
        const char *begin;
        unsigned big;
        int r;

        config_init(&c);
        r = job_text_check(text, size, file, &begin, f);
        if (r < 0)
                return r;
        big = config_text_find_big_number(begin);
        if (big > 0)
                return fault_set(f, FAULT_JOBFILE, file, big, CONFIG_TEXT_BIG_NUMBER);
        r = config_text_read(&c, begin);
        if (r < 0)
                return r == -EBADMSG ? refuse_syntax(&reader, &c, begin) : r;
        r = read_group(&reader, config_root_setting(&c), top, ELEMENTSOF(top));
        if (r < 0)
                return r;
        if (config_setting_length(config_root_setting(&c)) == 0)
                return fault_set(f, FAULT_JOBFILE, file, 0, "there is no group 'job: { ... };' in the file");
        r = check_workflow(&reader, has_key(&c, "job.mode"));
        if (r < 0)
                return r;
        if (kind != JOB_FILE_IN_ZIP) {
                if (!attachment.path)
                        return fault_set(f, FAULT_JOBFILE, file, 0, "neither 'image' nor 'dockerfile' is given");
                *ret_attachment = attachment;
                attachment = (JobAttachment){};
        }
        return 0;
}
