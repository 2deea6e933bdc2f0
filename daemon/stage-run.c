/* SPDX-License-Identifier: MIT */
#include "daemon/stage-run.h"

#include "daemon/accept.h"
#include "daemon/container.h"
#include "daemon/daemon.h"
#include "daemon/stage-parts.h"
#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"

#define RUN_LABEL "001"
#define RUN_DIR JOB_DIR_STEPS "/" RUN_LABEL

/* Names of the tables that morf-stage left in data/. */
static int list_tables(int dirfd, char ***ret) {
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

/* /morf-data: the courses and the reduced tables, read-only. /input: the same courses, writable. */
static int add_mounts(const Job *j, const Courses *courses, char *const *tables, EngineMounts *m) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < courses->n; i++) {
                const Course *c = &courses->items[i];
                _cleanup_free_ char *source = NULL, *data = NULL, *input = NULL;

                if (asprintf(&source, "%s/%s", c->root, c->name) < 0 || asprintf(&data, "/morf-data/%s", c->name) < 0 ||
                    asprintf(&input, "/input/%s", c->name) < 0)
                        return -ENOMEM;
                r = engine_mounts_bind(m, source, data, true);
                if (r >= 0)
                        r = container_add_layer(j, m, RUN_DIR, c->name, source, input);
        }
        STRV_FOREACH(table, tables) {
                _cleanup_free_ char *source = job_path(j, JOB_DIR_DATA "/%s", *table), *data = NULL;

                if (!source || asprintf(&data, "/morf-data/%s", *table) < 0) {
                        data = NULL;
                        return -ENOMEM;
                }
                if (r >= 0)
                        r = engine_mounts_bind(m, source, data, true);
        }
        return r;
}

static int make_dirs(const Job *j, int dirfd, const Courses *courses, uid_t uid, gid_t gid) {
        _cleanup_strv_ char **layers = NULL;
        _cleanup_fd_ int steps = -EBADF;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < courses->n; i++)
                r = strv_add(&layers, courses->items[i].name);
        if (r >= 0)
                r = fd_remove_tree_at(dirfd, JOB_DIR_STEPS);
        if (r >= 0)
                r = publish_mkdir_at(dirfd, JOB_DIR_STEPS, 0711, 0, 0);
        if (r < 0)
                return r;
        steps = fd_open_dir_at(dirfd, JOB_DIR_STEPS);
        return steps < 0 ? steps : container_make_dirs(j, steps, RUN_LABEL, layers, uid, gid);
}

int stage_run_plan(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        const Account *account = &j->daemon->accounts.of[ACCOUNT_JOB];
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        _cleanup_strv_ char **tables = NULL, **arguments = NULL;
        ManifestLimits limits;
        Container container;
        bool strict;
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_load_courses(j, &m, &courses, reterr);
        if (r < 0)
                return r;
        strict = m.profile == MANIFEST_PROFILE_STRICT;
        r = make_dirs(j, dirfd, &courses, strict ? account->uid : 0, strict ? account->gid : 0);
        if (r >= 0)
                r = list_tables(dirfd, &tables);
        if (r >= 0)
                r = add_mounts(j, &courses, tables, &mounts);
        if (r >= 0)
                r = stage_add_arguments(&m.args, &arguments);
        if (r < 0)
                return r;
        limits = accept_limits(&j->daemon->conf, &m.limits);
        container = (Container){
                .label = RUN_LABEL,
                .number = 1,
                .attempt = j->record.attempt,
                .dir = RUN_DIR,
                .limits = &limits,
                .profile = m.profile,
                .uid = account->uid,
                .gid = account->gid,
                .mounts = &mounts,
                .arguments = arguments,
        };
        return container_plan(j, p, &container);
}

int stage_run_clean(Job *j, UnitPlan *p) {
        return container_clean(j, p, RUN_LABEL, j->record.attempt);
}

bool stage_run_judge(const Job *j, Outcome outcome, int status, const ExitRecord *e, Fault *ret) {
        ContainerBounds bounds = {
                .memory = j->memory,
                .time_usec = time_sub(time_sub(j->record.deadline, j->record.started), CONTAINER_GRACE_USEC),
        };

        return container_judge(&bounds, outcome, status, e, ret);
}
