/* SPDX-License-Identifier: MIT */
#include "daemon/engine.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "spool/base/strv.h"
#include "spool/limits.h"

static void mount_done(EngineMount *m) {
        free(m->destination);
        free(m->source);
        free(m->upper);
        free(m->work);
}

/* Takes the mount over, also when it fails. */
static int add_mount(EngineMounts *l, EngineMount m) {
        EngineMount *bigger = reallocarray(l->items, l->n + 1, sizeof(*bigger));

        if (bigger)
                l->items = bigger;
        if (!bigger || !m.destination || !m.source) {
                mount_done(&m);
                return -ENOMEM;
        }
        l->items[l->n++] = m;
        return 0;
}

int engine_mounts_bind(EngineMounts *m, const char *source, const char *destination, bool readonly) {
        return add_mount(m, (EngineMount){ .destination = strdup(destination), .source = strdup(source), .readonly = readonly });
}

int engine_mounts_overlay(EngineMounts *m, const char *lower, const char *upper, const char *work, const char *destination) {
        EngineMount mount = { .destination = strdup(destination), .source = strdup(lower), .upper = strdup(upper), .work = strdup(work) };

        if (!mount.upper || !mount.work) {
                mount_done(&mount);
                return -ENOMEM;
        }
        return add_mount(m, mount);
}

void engine_mounts_done(EngineMounts *m) {
        for (size_t i = 0; i < m->n; i++)
                mount_done(&m->items[i]);
        free(m->items);
        *m = (EngineMounts){};
}

/* The "local" volume driver of the engine mounts the overlay, so that no code of ours needs that privilege. */
static void append_overlay_volume(UnitPlan *p, const EngineMount *m) {
        (void) unit_plan_add_argumentf(p,
                                       "--mount=type=volume,dst=%s,volume-driver=local,volume-opt=type=overlay,volume-opt=device=overlay,"
                                       "\"volume-opt=o=lowerdir=%s,upperdir=%s,workdir=%s\"",
                                       m->destination, m->source, m->upper, m->work);
}

/* Podman knows overlays as an option of any directory; they are gone with the container. */
static void append_overlay_option(UnitPlan *p, const EngineMount *m) {
        (void) unit_plan_add_argumentf(p, "--volume=%s:%s:O,upperdir=%s,workdir=%s", m->source, m->destination, m->upper, m->work);
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
                .layers = true,
                .append_overlay = append_overlay_volume,
        },
        {
                .name = CONF_ENGINE_PODMAN,
                .path = "/usr/bin/podman",
                .sandbox = SANDBOX_ENGINE_ROOT,
                .root = true,
                .daemonless = true,
                .unproved = true,
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
        /*
         * Not l->output: a database inside of the container makes large files in advance. What it leaves in /output and writes to
         * /input is watched; this keeps a single file within reason.
         */
        (void) unit_plan_add_argumentf(p, "--ulimit=fsize=%" PRIu64, LIMIT_FILE_BYTES);
}

static void append_mounts(const Engine *e, UnitPlan *p, const EngineMounts *mounts) {
        for (size_t i = 0; i < mounts->n; i++) {
                const EngineMount *m = &mounts->items[i];

                if (m->upper)
                        e->append_overlay(p, m);
                else
                        (void) unit_plan_add_argumentf(p, "--mount=type=bind,src=%s,dst=%s%s", m->source, m->destination,
                                                       m->readonly ? ",readonly" : "");
        }
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
        append_mounts(e, p, run->mounts);
        if (run->entrypoint)
                (void) unit_plan_add_argumentf(p, "--entrypoint=%s", run->entrypoint);
        (void) unit_plan_add_argument(p, run->image);
        STRV_FOREACH(a, run->arguments)
                (void) unit_plan_add_argument(p, *a);
        return p->error;
}

int engine_add_cleanup(const Engine *e, UnitPlan *p, const char *name) {
        if (!e->daemonless)
                return p->error;
        (void) unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, UNIT_EXEC_IGNORE_FAILURE,
                                  (const char *const[]){ e->path, "rm", "--force", "--ignore", "--time=0", NULL });
        return unit_plan_add_argumentf(p, "%s", name);
}
