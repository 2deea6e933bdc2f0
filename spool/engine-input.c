/* SPDX-License-Identifier: MIT */
#include "spool/engine-input.h"

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/layout.h"
#include "spool/limits.h"

const ManifestLimits engine_input_record_limits = {
        .cpus_milli = 1000,
        .memory = 256 * LIMIT_MIB,
        .time_usec = 60 * USEC_PER_SEC,
        .output = 4 * LIMIT_MIB,
        .pids = 64,
};

/* An overlay whose own layers lie in the directory of the container. */
static int add_layer(const char *job, const char *dir, const char *layer, const char *lower, const char *destination, EngineMounts *m, char ***layers) {
        _cleanup_free_ char *upper = NULL, *work = NULL;
        int r;

        if (asprintf(&upper, "%s/%s/input/upper/%s", job, dir, layer) < 0) {
                upper = NULL;
                return -ENOMEM;
        }
        if (asprintf(&work, "%s/%s/input/work/%s", job, dir, layer) < 0) {
                work = NULL;
                return -ENOMEM;
        }
        r = strv_add(layers, layer);
        return r < 0 ? r : engine_mounts_overlay(m, lower, upper, work, destination);
}

static int add_table(const char *job, const char *table, EngineMounts *m) {
        _cleanup_free_ char *source = NULL, *seen = NULL;

        if (asprintf(&source, "%s/" JOB_DIR_DATA "/%s", job, table) < 0) {
                source = NULL;
                return -ENOMEM;
        }
        if (asprintf(&seen, "/morf-data/%s", table) < 0) {
                seen = NULL;
                return -ENOMEM;
        }
        return engine_mounts_bind(m, source, seen, true);
}

static int add_course(const char *job, const char *dir, const Course *c, EngineMounts *m, char ***layers) {
        _cleanup_free_ char *source = NULL, *data = NULL, *input = NULL;
        int r;

        if (asprintf(&source, "%s/%s", c->root, c->name) < 0) {
                source = NULL;
                return -ENOMEM;
        }
        if (asprintf(&data, "/morf-data/%s", c->name) < 0) {
                data = NULL;
                return -ENOMEM;
        }
        if (asprintf(&input, "/input/%s", c->name) < 0) {
                input = NULL;
                return -ENOMEM;
        }
        r = engine_mounts_bind(m, source, data, true);
        return r < 0 ? r : add_layer(job, dir, c->name, source, input, m, layers);
}

int engine_input_tables(int dirfd, char ***ret) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_strv_ char **l = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(dirfd, JOB_DIR_DATA, &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                if (!name_is_valid(de->d_name) || !endswith(de->d_name, ".csv"))
                        continue;
                r = strv_add(&l, de->d_name);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

int engine_input_run(const char *job, const char *dir, const Courses *courses, char *const *tables, EngineMounts *m, char ***layers) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < courses->n; i++)
                r = add_course(job, dir, &courses->items[i], m, layers);
        STRV_FOREACH(table, tables)
                if (r >= 0)
                        r = add_table(job, *table, m);
        return r;
}

static const char *root_of(const Courses *courses, const char *name) {
        for (size_t i = 0; i < courses->n; i++)
                if (streq(courses->items[i].name, name))
                        return courses->items[i].root;
        return NULL;
}

/* Raw sessions: what was made ready of each lies over the session itself. Layers are numbered: names may hold any '.' and '-'. */
static int add_sessions(const char *job, const char *dir, const char *raw, const Plan *p, const PlanStep *s, const Courses *courses, EngineMounts *m,
                        char ***layers, Fault *reterr) {
        PlanStepSessions i = {};
        unsigned n = 0;
        int r = 0;

        while (r >= 0 && plan_step_sessions(p, s, &i)) {
                _cleanup_free_ char *lower = NULL, *seen = NULL;
                const char *root = root_of(courses, i.course->name);
                char layer[16];

                if (!root)
                        return fault_set(reterr, FAULT_GRANT, NULL, 0, "course '%s' does not exist here or was not granted to you", i.course->name);
                if (asprintf(&lower, "%s/%s:%s/%s/%s", raw, i.session->version, root, i.course->name, i.session->name) < 0) {
                        lower = NULL;
                        return -ENOMEM;
                }
                if (asprintf(&seen, "/input/%s/%s", i.course->name, i.session->name) < 0) {
                        seen = NULL;
                        return -ENOMEM;
                }
                snprintf(layer, sizeof(layer), "%u", n++);
                r = add_layer(job, dir, layer, lower, seen, m, layers);
        }
        return r;
}

int engine_input_step(const char *job, const char *dir, const char *raw, const Plan *p, const PlanStep *s, const Courses *courses, EngineMounts *m,
                      char ***layers, Fault *reterr) {
        PlanMode mode = plan_phase_of(p, s)->mode;
        _cleanup_free_ char *lower = NULL;

        if (mode == PLAN_MODE_EXTRACT || mode == PLAN_MODE_EXTRACT_HOLDOUT)
                return add_sessions(job, dir, raw, p, s, courses, m, layers, reterr);
        if (asprintf(&lower, "%s/" JOB_DIR_WORK "/input/%03u", job, s->number) < 0) {
                lower = NULL;
                return -ENOMEM;
        }
        return add_layer(job, dir, "all", lower, "/input", m, layers);
}

int engine_input_record(const char *recorder, const char *controller, EngineMounts *m) {
        int r;

        r = engine_mounts_bind(m, recorder, "/morf/recorder", true);
        return r < 0 ? r : engine_mounts_bind(m, controller, "/morf/controller.py", true);
}

static int add_all(char ***l, const char *const *strings) {
        int r = 0;

        for (; r >= 0 && *strings; strings++)
                r = strv_add(l, *strings);
        return r;
}

int engine_input_run_arguments(const Manifest *m, char ***l) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < m->args.n; i++) {
                r = strv_addf(l, "--%s", m->args.items[i].name);
                if (r >= 0)
                        r = strv_add(l, m->args.items[i].value);
        }
        return r;
}

/* The order is that of MORF 2.0; what does not apply is the word None. */
int engine_input_step_arguments(const Plan *p, const PlanStep *s, const Manifest *m, char ***l) {
        int r;

        r = add_all(l, (const char *const[]){ "--course", s->course ?: "None", "--session", s->session ?: "None", "--mode",
                                              plan_mode_argument(plan_phase_of(p, s)->mode), NULL });
        if (r >= 0 && s->fold > 0)
                r = strv_add(l, "--fold_num");
        if (r >= 0 && s->fold > 0)
                r = strv_addf(l, "%u", s->fold);
        return r < 0 ? r : engine_input_run_arguments(m, l);
}

int engine_input_record_arguments(const char *user, const Manifest *m, char ***l) {
        int r;

        r = add_all(l, (const char *const[]){ "-B", "-s", "/morf/recorder/record.py", "--user", user, "--job", m->name, NULL });
        for (size_t i = 0; r >= 0 && i < m->args.n; i++)
                r = strv_addf(l, "--arg=%s=%s", m->args.items[i].name, m->args.items[i].value);
        return r < 0 ? r : add_all(l, (const char *const[]){ "--", "/morf/controller.py", "/output", NULL });
}
