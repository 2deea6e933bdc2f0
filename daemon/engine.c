/* SPDX-License-Identifier: MIT */
#include "daemon/engine.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "spool/base/strv.h"

/* The "local" volume driver of the engine mounts the overlay, so that no code of ours needs that privilege. */
static void append_overlay_volume(UnitPlan *p, const EngineRun *run, const Course *c) {
        (void) unit_plan_add_argumentf(
                        p,
                        "--mount=type=volume,dst=/input/%s,volume-driver=local,volume-opt=type=overlay,volume-opt=device=overlay,"
                        "\"volume-opt=o=lowerdir=%s/%s,upperdir=%s/steps/001/input/upper/%s,workdir=%s/steps/001/input/work/%s\"",
                        c->name, c->root, c->name, run->job_dir, c->name, run->job_dir, c->name);
}

/* Podman knows overlays as an option of any directory; they are gone with the container. */
static void append_overlay_option(UnitPlan *p, const EngineRun *run, const Course *c) {
        (void) unit_plan_add_argumentf(
                        p, "--volume=%s/%s:/input/%s:O,upperdir=%s/steps/001/input/upper/%s,workdir=%s/steps/001/input/work/%s", c->root,
                        c->name, c->name, run->job_dir, c->name, run->job_dir, c->name);
}

static const Engine engines[] = {
        {
                .name = CONF_ENGINE_DOCKER,
                .path = "/usr/bin/docker",
                .sandbox = SANDBOX_ENGINE,
                .group = "docker",
                .socket = "/run/docker.sock",
                .pid_file = "/run/docker.pid",
                .run = (const char *const[]){ NULL },
                .append_overlay = append_overlay_volume,
        },
        {
                .name = CONF_ENGINE_PODMAN,
                .path = "/usr/bin/podman",
                .sandbox = SANDBOX_ENGINE_ROOT,
                .root = true,
                .daemonless = true,
                /*
                 * The monitor of the container stays in the unit, and ends with it. Podman's own limits for containers are higher
                 * than a service without CAP_SYS_RESOURCE may go.
                 */
                .run = (const char *const[]){ "--cgroups=no-conmon", "--ulimit=nofile=16384:16384", "--ulimit=nproc=16384:16384", NULL },
                .append_overlay = append_overlay_option,
        },
};

/* By its mode: in the daemon's own sandbox nothing but the daemon can be executed, so that access() would say no. */
static bool is_program(const char *path) {
        struct stat st;

        return stat(path, &st) >= 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

const Engine *engine_find(ConfEngine wanted) {
        for (size_t i = 0; i < ELEMENTSOF(engines); i++)
                if ((wanted == CONF_ENGINE_AUTO || wanted == engines[i].name) && is_program(engines[i].path))
                        return &engines[i];
        return NULL;
}

/* What every container gets, whatever its profile. */
static const char *const common[] = {
        "--rm", "--pull=never", "--network=none", "--hostname=morf", "--security-opt=no-new-privileges",
        "--ulimit=core=0", "--log-driver=none", "--cap-drop=ALL", NULL,
};

/* What a database server that starts as root and becomes its own user needs, as the published jobs' mysqld does. */
static const char *const compat[] = {
        "--cap-add=CHOWN", "--cap-add=DAC_OVERRIDE", "--cap-add=FOWNER", "--cap-add=FSETID", "--cap-add=KILL",
        "--cap-add=SETGID", "--cap-add=SETUID", NULL,
};

static void append_all(UnitPlan *p, const char *const *list) {
        for (; *list; list++)
                (void) unit_plan_add_argument(p, *list);
}

static void append_strict(const Engine *e, UnitPlan *p, const EngineRun *run) {
        (void) unit_plan_add_argument(p, "--read-only");
        /* With docker the mode of a /tmp in the image wins, so that its owner must be able to write; podman knows no owner here. */
        if (e->name == CONF_ENGINE_DOCKER)
                (void) unit_plan_add_argumentf(p, "--tmpfs=/tmp:rw,nosuid,nodev,mode=1777,uid=%u,gid=%u", run->uid, run->gid);
        else
                (void) unit_plan_add_argument(p, "--tmpfs=/tmp:rw,nosuid,nodev,mode=1777");
}

static void append_limits(UnitPlan *p, const ManifestLimits *l) {
        (void) unit_plan_add_argumentf(p, "--memory=%" PRIu64, l->memory);
        (void) unit_plan_add_argumentf(p, "--memory-swap=%" PRIu64, l->memory);
        (void) unit_plan_add_argumentf(p, "--cpus=%" PRIu64 ".%03" PRIu64, l->cpus_milli / 1000, l->cpus_milli % 1000);
        /* A little more than the slice allows, so that it is the slice's limit that is hit: its counter outlives the container. */
        (void) unit_plan_add_argumentf(p, "--pids-limit=%" PRIu64, l->pids + 16);
        (void) unit_plan_add_argumentf(p, "--ulimit=fsize=%" PRIu64, l->output);
}

/* /morf-data: the courses and the reduced tables, read-only. /input: the same courses, writable. */
static void append_mounts(const Engine *e, UnitPlan *p, const EngineRun *run) {
        for (size_t i = 0; i < run->courses->n; i++) {
                const Course *c = &run->courses->items[i];

                (void) unit_plan_add_argumentf(p, "--mount=type=bind,src=%s/%s,dst=/morf-data/%s,readonly", c->root, c->name, c->name);
                e->append_overlay(p, run, c);
        }
        STRV_FOREACH(table, run->tables)
                (void) unit_plan_add_argumentf(p, "--mount=type=bind,src=%s/data/%s,dst=/morf-data/%s,readonly", run->job_dir, *table, *table);
        (void) unit_plan_add_argumentf(p, "--mount=type=bind,src=%s/steps/001/output,dst=/output", run->job_dir);
}

int engine_append_run(const Engine *e, UnitPlan *p, const EngineRun *run) {
        append_all(p, (const char *const[]){ e->path, "run", NULL });
        (void) unit_plan_add_argumentf(p, "--name=%s", run->name);
        (void) unit_plan_add_argumentf(p, "--label=morf.job=%s", run->id);
        (void) unit_plan_add_argumentf(p, "--cgroup-parent=%s", run->slice);
        append_all(p, common);
        append_all(p, e->run);
        if (run->profile == MANIFEST_PROFILE_STRICT) {
                append_strict(e, p, run);
                (void) unit_plan_add_argumentf(p, "--user=%u:%u", run->uid, run->gid);
        } else
                append_all(p, compat);
        append_limits(p, run->limits);
        append_mounts(e, p, run);
        (void) unit_plan_add_argument(p, run->image);
        for (size_t i = 0; i < run->args->n; i++) {
                (void) unit_plan_add_argumentf(p, "--%s", run->args->items[i].name);
                (void) unit_plan_add_argument(p, run->args->items[i].value);
        }
        return p->error;
}

int engine_add_cleanup(const Engine *e, UnitPlan *p, const char *name) {
        if (!e->daemonless)
                return p->error;
        (void) unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, UNIT_EXEC_IGNORE_FAILURE,
                                  (const char *const[]){ e->path, "rm", "--force", "--ignore", "--time=0", NULL });
        return unit_plan_add_argumentf(p, "%s", name);
}
