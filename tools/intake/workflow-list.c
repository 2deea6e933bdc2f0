/* SPDX-License-Identifier: MIT */
#include "tools/intake/workflow-list.h"

#include <stdarg.h>

#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/limits.h"

typedef struct Reader {
        unsigned *line;
        char **error;
} Reader;

static int _printf_(3, 4) complain(const Reader *reader, const config_setting_t *s, const char *format, ...) {
        va_list ap;

        *reader->line = config_setting_source_line(s);
        va_start(ap, format);
        if (vasprintf(reader->error, format, ap) < 0)
                *reader->error = NULL;
        va_end(ap);
        return *reader->error ? -EBADMSG : -ENOMEM;
}

static int read_function(const Reader *reader, const config_setting_t *s, Call *c) {
        const char *names[_CALL_FUNCTION_MAX], *name = config_setting_get_string(s), *nearest;
        _cleanup_free_ char *quoted = NULL;

        if (config_setting_type(s) != CONFIG_TYPE_STRING)
                return complain(reader, s, "'workflow' lists names of functions in quotes, and groups such as { call = \"train_course\"; ... }");
        c->function = call_function_from_string(name);
        if (c->function != _CALL_FUNCTION_INVALID)
                return 0;
        for (int i = 0; i < _CALL_FUNCTION_MAX; i++)
                names[i] = call_function_to_string((CallFunction) i);
        quoted = name_escape(name, strlen(name), NAME_MAX_LENGTH);
        nearest = parse_nearest(name, names, ELEMENTSOF(names));
        if (nearest)
                return complain(reader, s, "there is no function '%s'; did you mean '%s'?", strempty(quoted), nearest);
        return complain(reader, s, "there is no function '%s'; morf-job(5) lists them", strempty(quoted));
}

static int read_text(const Reader *reader, const config_setting_t *s, unsigned takes, unsigned bits, char **member) {
        const char *value = config_setting_get_string(s), *key = config_setting_name(s);

        if (!(takes & bits))
                return complain(reader, s, "this function takes no '%s'", key);
        if (config_setting_type(s) != CONFIG_TYPE_STRING)
                return complain(reader, s, "'%s' must be a string in quotes", key);
        if (strlen(value) > CALL_TEXT_MAX)
                return complain(reader, s, "'%s' is longer than %u characters", key, CALL_TEXT_MAX);
        for (const char *p = value; *p; p++)
                if (*p < 0x20 || *p > 0x7e)
                        return complain(reader, s, "'%s' holds a character that is not printable ASCII", key);
        *member = strdup(value);
        return *member ? 0 : -ENOMEM;
}

static int read_argument(const Reader *reader, const config_setting_t *s, Call *c) {
        static const char *const known[] = { "call", "label_type", "k", "labels", "job_id" };
        const char *key = config_setting_name(s), *nearest;
        unsigned takes = call_signature(c->function)->takes;
        int r;

        if (streq(key, "call"))
                return 0;
        if (streq(key, "label_type")) {
                r = read_text(reader, s, takes, CALL_TAKES_LABEL_TYPE | CALL_MAY_LABEL_TYPE, &c->label_type);
                if (r >= 0 && (takes & CALL_TAKES_LABEL_TYPE) && !call_label_type_is_known(c->label_type))
                        return complain(reader, s, "'label_type' must be \"%s\" or \"%s\"", call_label_types[0], call_label_types[1]);
                return r;
        }
        if (streq(key, "job_id"))
                return read_text(reader, s, takes, CALL_TAKES_JOB, &c->job_id);
        if (streq(key, "k")) {
                if (!(takes & CALL_TAKES_K))
                        return complain(reader, s, "this function takes no 'k'");
                if (config_setting_type(s) != CONFIG_TYPE_INT || config_setting_get_int(s) < (int) LIMIT_FOLDS_MIN ||
                    config_setting_get_int(s) > (int) LIMIT_FOLDS_MAX)
                        return complain(reader, s, "'k' must be a whole number from %u to %u", LIMIT_FOLDS_MIN, LIMIT_FOLDS_MAX);
                c->k = (unsigned) config_setting_get_int(s);
                return 0;
        }
        if (streq(key, "labels")) {
                if (!(takes & CALL_TAKES_LABELS))
                        return complain(reader, s, "this function takes no 'labels'");
                if (config_setting_type(s) != CONFIG_TYPE_BOOL)
                        return complain(reader, s, "'labels' must be true or false");
                c->labels = config_setting_get_bool(s) != 0;
                return 0;
        }
        nearest = parse_nearest(key, known, ELEMENTSOF(known));
        if (nearest)
                return complain(reader, s, "unknown key '%.64s'; did you mean '%s'?", key, nearest);
        return complain(reader, s, "unknown key '%.64s'", key);
}

static int read_group(const Reader *reader, const config_setting_t *s, Call *c) {
        const config_setting_t *function = config_setting_get_member(s, "call");
        int r;

        if (!function)
                return complain(reader, s, "'call' is missing in this group: the name of a function");
        r = read_function(reader, function, c);
        for (int i = 0; r >= 0 && i < config_setting_length(s); i++)
                r = read_argument(reader, config_setting_get_elem(s, (unsigned) i), c);
        return r;
}

static int read_call(const Reader *reader, const config_setting_t *s, Call *c) {
        unsigned takes;
        int r;

        c->line = config_setting_source_line(s);
        r = config_setting_type(s) == CONFIG_TYPE_GROUP ? read_group(reader, s, c) : read_function(reader, s, c);
        if (r < 0)
                return r;
        takes = call_signature(c->function)->takes;
        if ((takes & CALL_TAKES_LABEL_TYPE) && !c->label_type)
                return complain(reader, s, "%s needs a label type: { call = \"%s\"; label_type = \"%s\"; }", call_function_to_string(c->function),
                                call_function_to_string(c->function), call_label_types[0]);
        if ((takes & CALL_TAKES_JOB) && !c->job_id)
                return complain(reader, s, "%s needs the name of a job: { call = \"%s\"; job_id = \"...\"; }", call_function_to_string(c->function),
                                call_function_to_string(c->function));
        return 0;
}

int workflow_list_read(const config_setting_t *list, Manifest *m, unsigned *ret_line, char **reterr) {
        const Reader reader = { .line = ret_line, .error = reterr };

        if (config_setting_length(list) == 0)
                return complain(&reader, list, "'workflow' is empty");
        if (config_setting_length(list) > (int) LIMIT_CALLS)
                return complain(&reader, list, "'workflow' lists more than %u calls", LIMIT_CALLS);
        for (int i = 0; i < config_setting_length(list); i++) {
                _cleanup_call_ Call c = {};
                int r;

                r = read_call(&reader, config_setting_get_elem(list, (unsigned) i), &c);
                if (r >= 0)
                        r = call_add(&m->calls, &m->n_calls, &c);
                if (r < 0)
                        return r;
        }
        return 0;
}
