/* SPDX-License-Identifier: MIT */
#include "units/plan.h"

#include <linux/capability.h>
#include <stdarg.h>

#include "spool/base/name.h"
#include "spool/base/strv.h"

/* What systemd takes. */
#define UNIT_NAME_LENGTH_MAX 255u

UnitPlan *unit_plan_new(const char *name, const char *description, Sandbox sandbox) {
        _cleanup_(unit_plan_freep) UnitPlan *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->sandbox = sandbox;
        p->runtime_max_usec = p->stop_timeout_usec = UNIT_UNLIMITED;
        p->limits = p->aux_limits = UNIT_LIMITS_NONE;
        p->name = strdup(name);
        p->description = strdup(description);
        if (!p->name || !p->description)
                return NULL;
        return TAKE_PTR(p);
}

UnitPlan *unit_plan_free(UnitPlan *p) {
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->n_execs; i++)
                strv_free(p->execs[i].argv);
        for (size_t i = 0; i < p->n_binds; i++) {
                free(p->binds[i].source);
                free(p->binds[i].destination);
        }
        for (size_t i = 0; i < p->n_credentials; i++) {
                free(p->credentials[i].name);
                free(p->credentials[i].value);
        }
        strv_free(p->groups);
        strv_free(p->environment);
        strv_free(p->log_fields);
        strv_free(p->hidden);
        free(p->execs);
        free(p->binds);
        free(p->credentials);
        free(p->name);
        free(p->description);
        free(p->slice);
        free(p->user);
        free(p->group);
        free(p->working_directory);
        free(p->output_path);
        free(p->aux_slice);
        free(p);
        return NULL;
}

/* Remembers the first error. Return: that error or 0. */
static int note(UnitPlan *p, int r) {
        if (r < 0 && p->error == 0)
                p->error = r;
        return p->error;
}

static bool text_is_valid(const char *s) {
        size_t n = strlen(s);

        if (n > UNIT_PLAN_ARG_SIZE_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] < 0x20 || s[i] == 0x7f)
                        return false;
        return name_is_utf8(s, n); /* D-Bus knows nothing else */
}

/* Absolute and without "." and "..", "//" or an end in "/", which systemd refuses or simplifies. */
static bool path_is_valid(const char *s) {
        if (s[0] != '/' || !text_is_valid(s) || strstr(s, "//"))
                return false;
        for (const char *p = s; *p == '/';) {
                size_t n = strcspn(++p, "/");

                if ((n == 0 && p != s + 1) || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
                p += n;
        }
        return true;
}

static int set_string(UnitPlan *p, char **member, const char *s, bool (*check)(const char *)) {
        char *copy;

        if (!check(s))
                return note(p, -EINVAL);
        copy = strdup(s);
        if (!copy)
                return note(p, -ENOMEM);
        free(*member);
        *member = copy;
        return note(p, 0);
}

static int add_string(UnitPlan *p, char ***list, const char *s, size_t max, bool (*check)(const char *)) {
        if (!check(s))
                return note(p, -EINVAL);
        if (strv_length(*list) >= max)
                return note(p, -E2BIG);
        return note(p, strv_add(list, s));
}

/* Grows an array of n elements by one zeroed element. Return: it, or NULL with the error noted. */
static void *add_element(UnitPlan *p, void *array, size_t *n, size_t size) {
        void **pointer = array;
        void *grown, *element;

        if (*n >= UNIT_PLAN_LIST_MAX) {
                note(p, -E2BIG);
                return NULL;
        }
        grown = reallocarray(*pointer, *n + 1, size);
        if (!grown) {
                note(p, -ENOMEM);
                return NULL;
        }
        *pointer = grown;
        element = (char *) grown + *n * size;
        memset(element, 0, size);
        (*n)++;
        return element;
}

int unit_plan_add_exec(UnitPlan *p, UnitExecWhen when, unsigned flags, const char *const *argv) {
        UnitExec *e;

        if ((int) when < 0 || when >= _UNIT_EXEC_WHEN_MAX || !argv[0] || !path_is_valid(argv[0]))
                return note(p, -EINVAL);
        if (when == UNIT_EXEC_START && (flags & UNIT_EXEC_PRIVILEGED))
                return note(p, -EINVAL);
        e = add_element(p, &p->execs, &p->n_execs, sizeof(*e));
        if (!e)
                return p->error;
        e->when = when;
        e->flags = flags;
        for (; *argv; argv++)
                unit_plan_add_argument(p, *argv);
        return p->error;
}

int unit_plan_add_argument(UnitPlan *p, const char *argument) {
        if (p->n_execs == 0)
                return note(p, -EINVAL);
        return add_string(p, &p->execs[p->n_execs - 1].argv, argument, UNIT_PLAN_ARGV_MAX, text_is_valid);
}

int unit_plan_add_argumentf(UnitPlan *p, const char *format, ...) {
        _cleanup_free_ char *s = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        if (n < 0) {
                s = NULL;
                return note(p, -ENOMEM);
        }
        return unit_plan_add_argument(p, s);
}

static bool slice_is_valid(const char *s) {
        return text_is_valid(s) && endswith(s, ".slice") && !strchr(s, '/') && strlen(s) <= UNIT_NAME_LENGTH_MAX;
}

static bool name_is_nonempty(const char *s) {
        return *s && text_is_valid(s);
}

int unit_plan_set_slice(UnitPlan *p, const char *slice) {
        return set_string(p, &p->slice, slice, slice_is_valid);
}

int unit_plan_set_user(UnitPlan *p, const char *user, const char *group) {
        set_string(p, &p->user, user, name_is_nonempty);
        return group ? set_string(p, &p->group, group, name_is_nonempty) : p->error;
}

int unit_plan_add_group(UnitPlan *p, const char *group) {
        return add_string(p, &p->groups, group, UNIT_PLAN_LIST_MAX, name_is_nonempty);
}

int unit_plan_add_bind(UnitPlan *p, const char *source, const char *destination, bool writable) {
        UnitBind *b;

        if (!path_is_valid(source) || !path_is_valid(destination))
                return note(p, -EINVAL);
        b = add_element(p, &p->binds, &p->n_binds, sizeof(*b));
        if (!b)
                return p->error;
        b->source = strdup(source);
        b->destination = strdup(destination);
        b->writable = writable;
        return note(p, b->source && b->destination ? 0 : -ENOMEM);
}

int unit_plan_add_hidden(UnitPlan *p, const char *path) {
        return add_string(p, &p->hidden, path, UNIT_PLAN_LIST_MAX, path_is_valid);
}

int unit_plan_set_working_directory(UnitPlan *p, const char *path) {
        return set_string(p, &p->working_directory, path, path_is_valid);
}

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* "name=value" as the environment and the journal want it. */
static int add_assignment(UnitPlan *p, char ***list, const char *name, const char *value, const char *characters) {
        _cleanup_free_ char *s = NULL;

        if (!*name || name[strspn(name, characters)] || (*name >= '0' && *name <= '9'))
                return note(p, -EINVAL);
        if (asprintf(&s, "%s=%s", name, value) < 0) {
                s = NULL;
                return note(p, -ENOMEM);
        }
        return add_string(p, list, s, UNIT_PLAN_LIST_MAX, text_is_valid);
}

int unit_plan_add_environment(UnitPlan *p, const char *name, const char *value) {
        return add_assignment(p, &p->environment, name, value, CAPITALS "abcdefghijklmnopqrstuvwxyz0123456789_");
}

int unit_plan_add_log_field(UnitPlan *p, const char *name, const char *value) {
        /* The journal keeps names with a leading underscore for itself. */
        if (*name == '_' || strlen(name) > 64)
                return note(p, -EINVAL);
        return add_assignment(p, &p->log_fields, name, value, CAPITALS "0123456789_");
}

int unit_plan_set_output(UnitPlan *p, UnitOutput output, const char *path) {
        if ((output == UNIT_OUTPUT_FILE) != !!path)
                return note(p, -EINVAL);
        p->output = output;
        return path ? set_string(p, &p->output_path, path, path_is_valid) : p->error;
}

int unit_plan_set_limits(UnitPlan *p, const UnitLimits *limits) {
        p->limits = *limits;
        return p->error;
}

int unit_plan_set_times(UnitPlan *p, uint64_t runtime_max_usec, uint64_t stop_timeout_usec) {
        p->runtime_max_usec = runtime_max_usec;
        p->stop_timeout_usec = stop_timeout_usec;
        return p->error;
}

int unit_plan_add_credential(UnitPlan *p, const char *id, const char *path) {
        UnitPair *c;

        if (!name_is_nonempty(id) || strchr(id, '/') || !path_is_valid(path))
                return note(p, -EINVAL);
        c = add_element(p, &p->credentials, &p->n_credentials, sizeof(*c));
        if (!c)
                return p->error;
        c->name = strdup(id);
        c->value = strdup(path);
        return note(p, c->name && c->value ? 0 : -ENOMEM);
}

int unit_plan_add_capability(UnitPlan *p, unsigned capability) {
        if (capability > CAP_LAST_CAP)
                return note(p, -EINVAL);
        p->ambient_capabilities |= UINT64_C(1) << capability;
        return p->error;
}

int unit_plan_set_aux_slice(UnitPlan *p, const char *slice, const UnitLimits *limits) {
        p->aux_limits = *limits;
        return set_string(p, &p->aux_slice, slice, slice_is_valid);
}

static bool limits_are_valid(const UnitLimits *l) {
        return l->memory_max > 0 && l->cpu_quota_usec_per_sec > 0 && l->tasks_max > 0;
}

int unit_plan_check(const UnitPlan *p) {
        size_t starts = 0;

        if (p->error < 0)
                return p->error;
        for (size_t i = 0; i < p->n_execs; i++)
                starts += p->execs[i].when == UNIT_EXEC_START;
        if (starts != 1)
                return -EINVAL;
        if (!startswith(p->name, "morf-") || !endswith(p->name, ".service") || strchr(p->name, '/') ||
            strlen(p->name) > UNIT_NAME_LENGTH_MAX)
                return -EINVAL;
        if ((int) p->sandbox < 0 || p->sandbox >= _SANDBOX_MAX || !text_is_valid(p->description))
                return -EINVAL;
        if (!limits_are_valid(&p->limits) || !limits_are_valid(&p->aux_limits))
                return -EINVAL;
        if (p->runtime_max_usec == 0 || p->stop_timeout_usec == 0)
                return -EINVAL;
        return 0;
}
