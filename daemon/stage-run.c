/* SPDX-License-Identifier: MIT */
#include "daemon/stage-run.h"

#include "daemon/accept.h"
#include "daemon/container.h"
#include "daemon/daemon.h"
#include "daemon/stage-parts.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/engine-input.h"

#define RUN_LABEL "001"
#define RUN_DIR JOB_DIR_STEPS "/" RUN_LABEL

static int make_dirs(const Job *j, int dirfd, char *const *layers, uid_t uid, gid_t gid) {
        _cleanup_fd_ int steps = -EBADF;
        int r;

        r = fd_remove_tree_at(dirfd, JOB_DIR_STEPS);
        if (r >= 0)
                r = publish_mkdir_at(dirfd, JOB_DIR_STEPS, 0711, 0, 0);
        if (r < 0)
                return r;
        steps = fd_open_dir_at(dirfd, JOB_DIR_STEPS);
        return steps < 0 ? steps : container_make_dirs(j->daemon, steps, RUN_LABEL, layers, uid, gid);
}

int stage_run_plan(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        const Account *account = &j->daemon->accounts.of[ACCOUNT_JOB];
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        _cleanup_strv_ char **tables = NULL, **layers = NULL, **arguments = NULL;
        _cleanup_free_ char *path = NULL;
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
        path = job_dir_path(j);
        if (!path)
                return -ENOMEM;
        r = engine_input_tables(dirfd, &tables);
        if (r >= 0)
                r = engine_input_run(path, RUN_DIR, &courses, tables, &mounts, &layers);
        if (r >= 0)
                r = make_dirs(j, dirfd, layers, strict ? account->uid : 0, strict ? account->gid : 0);
        if (r >= 0)
                r = engine_input_run_arguments(&m, &arguments);
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
