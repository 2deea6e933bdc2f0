/* SPDX-License-Identifier: MIT */
#include "daemon/container.h"

#include <inttypes.h>
#include <linux/capability.h>

#include "daemon/daemon.h"
#include "daemon/stage-parts.h"
#include "spool/base/time.h"
#include "spool/engine-dirs.h"
#include "spool/engine-end.h"
#include "spool/limits.h"
#include "units/name.h"

int container_make_dirs(const Daemon *d, int parent_fd, const char *name, char *const *layers, uid_t uid, gid_t gid) {
        const Account *engine = &d->accounts.of[ACCOUNT_ENGINE];
        const EngineDirs dirs = { .user = { uid, gid }, .open = uid == 0, .log = { engine->uid, engine->gid } };

        return engine_dirs_make(parent_fd, name, layers, &dirs);
}

/* The wrapper that keeps the container's output away from the journal and watches its disk use. */
static int add_capture(const Job *j, UnitPlan *p, const Engine *e, const Container *c, const char *name) {
        uint64_t free_bytes = j->daemon->conf.scheduler.free_bytes;

        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("capture"), "--file", "/run/morf/log/container.log", NULL });
        (void) unit_plan_add_argumentf(p, "--max=%" PRIu64, (uint64_t) LIMIT_LOG_BYTES);
        (void) unit_plan_add_argument(p, "--watch=/run/morf/step");
        (void) unit_plan_add_argumentf(p, "--watch-max=%" PRIu64, c->limits->output);
        if (free_bytes > 0) {
                (void) unit_plan_add_argument(p, "--free-path=/run/morf/step");
                (void) unit_plan_add_argumentf(p, "--free-min=%" PRIu64, free_bytes / 2);
        }
        if (e->socket)
                (void) unit_plan_add_argumentf(p, "--engine-socket=%s", e->socket);
        if (e->socket)
                (void) unit_plan_add_argumentf(p, "--engine-container=%s", name);
        if (e->socket && c->attempt > 1)
                (void) unit_plan_add_argumentf(p, "--engine-stale=morf-%s-%s-%u", j->record.id, c->label, c->attempt - 1);
        if (e->pid_file)
                (void) unit_plan_add_argumentf(p, "--engine-pid=%s", e->pid_file);
        return unit_plan_add_argument(p, "--");
}

static char *container_name(const Job *j, const char *label, unsigned attempt) {
        char *name;

        return asprintf(&name, "morf-%s-%s-%u", j->record.id, label, attempt) < 0 ? NULL : name;
}

int container_plan(Job *j, UnitPlan *p, const Container *c) {
        _cleanup_image_record_ ImageRecord image = {};
        const Engine *e = stage_engine(j);
        _cleanup_free_ char *name = NULL, *log = NULL, *output = NULL;
        char slice[UNIT_NAME_SIZE];
        UnitLimits limits = {
                .memory_max = c->limits->memory,
                .cpu_quota_usec_per_sec = c->limits->cpus_milli * (USEC_PER_SEC / 1000),
                .tasks_max = c->limits->pids,
        };
        EngineRun run;
        int r;

        if (!e)
                return -ENOPKG;
        r = stage_read_image(j, &image);
        if (r >= 0)
                r = unit_name_slice(j->record.id, c->number, c->attempt, slice);
        if (r < 0)
                return r;
        name = container_name(j, c->label, c->attempt);
        output = job_path(j, "%s/output", c->dir);
        if (!name || !output || asprintf(&log, "%s/log", c->dir) < 0) {
                log = NULL;
                return -ENOMEM;
        }
        run = (EngineRun){
                .id = j->record.id,
                .name = name,
                .image = image.id,
                .slice = slice,
                .limits = c->limits,
                .profile = c->profile,
                .uid = c->uid,
                .gid = c->gid,
                .mounts = c->mounts,
                .output = output,
                .entrypoint = c->entrypoint,
                .arguments = c->arguments,
        };
        r = isolation_proof_copy(probe_proof(j->daemon, c->profile), &j->record.isolation);
        if (r < 0)
                return r;
        (void) stage_set_engine_account(p, e);
        (void) unit_plan_add_capability(p, CAP_DAC_READ_SEARCH); /* to watch directories that the container made for itself */
        (void) unit_plan_set_times(p, c->limits->time_usec + CONTAINER_GRACE_USEC, STAGE_STOP_USEC);
        (void) unit_plan_set_aux_slice(p, slice, &limits);
        (void) stage_bind(j, p, c->dir, "/run/morf/step", false);
        (void) stage_bind(j, p, log, "/run/morf/log", true);
        (void) add_capture(j, p, e, c, name);
        return engine_append_run(e, p, &run);
}

int container_clean(Job *j, UnitPlan *p, const char *label, unsigned attempt) {
        _cleanup_free_ char *name = container_name(j, label, attempt);
        const Engine *e = stage_engine(j);

        if (!name || !e)
                return name ? -ENOPKG : -ENOMEM;
        return engine_add_cleanup(e, p, name);
}

bool container_judge(const ContainerBounds *b, Outcome outcome, int status, const ExitRecord *e, Fault *ret) {
        EngineEnd end = {
                .status = status,
                .out_of_memory = e->oom_kills != EXIT_RECORD_UNKNOWN && e->oom_kills > 0,
                .out_of_pids = e->pids_max_hits != EXIT_RECORD_UNKNOWN && e->pids_max_hits > 0,
                .memory = b->memory,
                .time_usec = b->time_usec,
        };

        switch (outcome) {
        case OUTCOME_OOM:
                end.out_of_memory = true;
                end.killed = true;
                break;
        case OUTCOME_TIMEOUT:
                if (streq(e->status, STRINGIFY(EXIT_STATUS_ENGINE_LOST)))
                        return false; /* it may have ended in time: the engine does not say */
                end.out_of_time = true;
                break;
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
        return engine_end_judge(&end, ret);
}
