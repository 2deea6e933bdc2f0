/* SPDX-License-Identifier: MIT */
#include "daemon/stage-run.h"

#include <inttypes.h>
#include <linux/capability.h>

#include "daemon/accept.h"
#include "daemon/daemon.h"
#include "daemon/stage-parts.h"
#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/limits.h"
#include "units/name.h"

/* The container has so much longer than its limit to end when told to. */
#define RUN_GRACE_USEC (5 * USEC_PER_SEC)

/* Directories of the container: /output, and an overlay's upper and work for each course. */
static int make_step_dirs(Job *j, int dirfd, const Courses *courses, bool strict) {
        static const char *const below[] = { "input", "input/upper", "input/work" };
        const Account *owner = &j->daemon->accounts.of[ACCOUNT_JOB];
        _cleanup_fd_ int steps = -EBADF, step = -EBADF;
        uid_t uid = strict ? owner->uid : 0;
        gid_t gid = strict ? owner->gid : 0;
        int r;

        r = fd_remove_tree_at(dirfd, JOB_DIR_STEPS);
        if (r >= 0)
                r = publish_mkdir_at(dirfd, JOB_DIR_STEPS, 0711, 0, 0);
        if (r < 0)
                return r;
        steps = fd_open_dir_at(dirfd, JOB_DIR_STEPS);
        if (steps < 0)
                return steps;
        r = publish_mkdir_at(steps, "001", 0711, 0, 0);
        if (r < 0)
                return r;
        step = fd_open_dir_at(steps, "001");
        if (step < 0)
                return step;
        r = publish_mkdir_at(step, "output", 0755, uid, gid);
        if (r >= 0)
                r = stage_fresh_dir(j, step, "log", 0750, ACCOUNT_ENGINE);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(below); i++)
                r = publish_mkdir_at(step, below[i], 0711, 0, 0);
        for (size_t i = 0; r >= 0 && i < courses->n; i++) {
                char name[NAME_MAX_LENGTH + 32];

                snprintf(name, sizeof(name), "input/upper/%s", courses->items[i].name);
                r = publish_mkdir_at(step, name, 0755, uid, gid);
                if (r < 0)
                        break;
                snprintf(name, sizeof(name), "input/work/%s", courses->items[i].name);
                r = publish_mkdir_at(step, name, 0755, 0, 0);
        }
        return r;
}

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

/* The wrapper that keeps the container's output away from the journal and watches its disk use. */
static int add_capture(const Job *j, UnitPlan *p, const Engine *e, const char *container, const ManifestLimits *l, uint64_t free_bytes) {
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("capture"), "--file", "/run/morf/log/container.log", NULL });
        (void) unit_plan_add_argumentf(p, "--max=%" PRIu64, (uint64_t) LIMIT_LOG_BYTES);
        (void) unit_plan_add_argument(p, "--watch=/run/morf/step");
        (void) unit_plan_add_argumentf(p, "--watch-max=%" PRIu64, l->output);
        if (free_bytes > 0) {
                (void) unit_plan_add_argument(p, "--free-path=/run/morf/step");
                (void) unit_plan_add_argumentf(p, "--free-min=%" PRIu64, free_bytes / 2);
        }
        if (e->socket)
                (void) unit_plan_add_argumentf(p, "--engine-socket=%s", e->socket);
        if (e->socket)
                (void) unit_plan_add_argumentf(p, "--engine-container=%s", container);
        if (e->socket && j->record.attempt > 1)
                (void) unit_plan_add_argumentf(p, "--engine-stale=morf-%s-001-%u", j->record.id, j->record.attempt - 1);
        if (e->pid_file)
                (void) unit_plan_add_argumentf(p, "--engine-pid=%s", e->pid_file);
        return unit_plan_add_argument(p, "--");
}

static char *container_name(const Job *j) {
        char *name;

        return asprintf(&name, "morf-%s-001-%u", j->record.id, j->record.attempt) < 0 ? NULL : name;
}

int stage_run_plan(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        const Engine *e = stage_engine(j);
        const Account *account = &j->daemon->accounts.of[ACCOUNT_JOB];
        _cleanup_image_record_ ImageRecord image = {};
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        _cleanup_strv_ char **tables = NULL;
        _cleanup_free_ char *dir = NULL, *name = NULL;
        char slice[UNIT_NAME_SIZE];
        ManifestLimits limits;
        UnitLimits unit_limits;
        EngineRun run;
        int r;

        if (!e)
                return -ENOPKG;
        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_read_image(j, &image);
        if (r >= 0)
                r = stage_load_courses(j, &m, &courses, reterr);
        if (r >= 0)
                r = make_step_dirs(j, dirfd, &courses, m.profile == MANIFEST_PROFILE_STRICT);
        if (r >= 0)
                r = list_tables(dirfd, &tables);
        if (r >= 0)
                r = unit_name_slice(j->record.id, 1, j->record.attempt, slice);
        if (r < 0)
                return r;
        dir = job_path(j, ".");
        name = container_name(j);
        if (!dir || !name)
                return -ENOMEM;
        dir[strlen(dir) - 2] = '\0';

        limits = accept_limits(&j->daemon->conf, &m.limits);
        run = (EngineRun){
                .id = j->record.id,
                .name = name,
                .image = image.id,
                .slice = slice,
                .job_dir = dir,
                .limits = &limits,
                .profile = m.profile,
                .uid = account->uid,
                .gid = account->gid,
                .courses = &courses,
                .tables = tables,
                .args = &m.args,
        };
        unit_limits = (UnitLimits){
                .memory_max = limits.memory,
                .cpu_quota_usec_per_sec = limits.cpus_milli * (USEC_PER_SEC / 1000),
                .tasks_max = limits.pids,
        };
        (void) stage_set_engine_account(p, e);
        (void) unit_plan_add_capability(p, CAP_DAC_READ_SEARCH); /* to watch directories that the container made for itself */
        (void) unit_plan_set_times(p, limits.time_usec + RUN_GRACE_USEC, STAGE_STOP_USEC);
        (void) unit_plan_set_aux_slice(p, slice, &unit_limits);
        (void) stage_bind(j, p, JOB_DIR_STEPS "/001", "/run/morf/step", false);
        (void) stage_bind(j, p, JOB_DIR_STEPS "/001/log", "/run/morf/log", true);
        (void) add_capture(j, p, e, name, &limits, j->daemon->conf.scheduler.free_bytes);
        return engine_append_run(e, p, &run);
}

int stage_run_clean(Job *j, UnitPlan *p) {
        _cleanup_free_ char *name = container_name(j);
        const Engine *e = stage_engine(j);

        if (!name || !e)
                return name ? -ENOPKG : -ENOMEM;
        return engine_add_cleanup(e, p, name);
}

bool stage_run_judge(const Job *j, Outcome outcome, int status, const ExitRecord *e, Fault *ret) {
        char text[FORMAT_SIZE_MAX], span[TIME_STRING_MAX];
        bool oom = e->oom_kills != EXIT_RECORD_UNKNOWN && e->oom_kills > 0;

        switch (outcome) {
        case OUTCOME_OOM:
                (void) fault_set(ret, FAULT_MEMORY, NULL, 0, "the container ran out of its %s of memory", format_size(j->memory, text));
                return true;
        case OUTCOME_TIMEOUT:
                if (streq(e->status, STRINGIFY(EXIT_STATUS_ENGINE_LOST)))
                        return false; /* it may have ended in time: the engine does not say */
                (void) fault_set(ret, FAULT_TIME, NULL, 0, "the container did not end within its time limit of %s",
                                 time_format_span(time_sub(time_sub(j->record.deadline, j->record.started), RUN_GRACE_USEC), span));
                return true;
        case OUTCOME_EXIT:
                break;
        case OUTCOME_SUCCESS:
        case OUTCOME_USER_FAULT: /* here it is the container's own status 65 */
                break;
        case OUTCOME_SIGNAL:
        case OUTCOME_START_FAILED:
        case OUTCOME_VANISHED:
        case _OUTCOME_MAX:
        case _OUTCOME_INVALID:
                return false;
        }

        if (status == EXIT_STATUS_OUTPUT_LIMIT)
                (void) fault_set(ret, FAULT_DISK, NULL, 0, "the container wrote more than it may to /output and /input");
        else if (status == EXIT_STATUS_DISK_LOW || status == EXIT_STATUS_ENGINE_DOWN || status == EXIT_STATUS_ENGINE_LOST || status == 125)
                return false; /* 125: the engine itself failed */
        else if (oom && status != 0)
                (void) fault_set(ret, FAULT_MEMORY, NULL, 0, "the container ran out of its %s of memory", format_size(j->memory, text));
        else if (e->pids_max_hits != EXIT_RECORD_UNKNOWN && e->pids_max_hits > 0)
                (void) fault_set(ret, FAULT_PIDS, NULL, 0, "the container hit its limit of processes and ended with status %d", status);
        else if (status == 126 || status == 127)
                (void) fault_set(ret, FAULT_COMMAND, NULL, 0, "the image's command could not be run (status %d)", status);
        else if (status > 128 && status <= 128 + 64)
                (void) fault_set(ret, FAULT_SIGNAL, NULL, 0, "the container was ended by signal %d", status - 128);
        else
                (void) fault_set(ret, FAULT_EXIT, NULL, 0, "the container ended with status %d", status);
        return true;
}

