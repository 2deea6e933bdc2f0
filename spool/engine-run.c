/* SPDX-License-Identifier: MIT */
#include "spool/engine-run.h"

#include <inttypes.h>
#include <stdarg.h>

#include "spool/base/strv.h"
#include "spool/limits.h"

/* Processes that the engine allows beyond what the slice does. */
#define PIDS_BEYOND_SLICE 16u

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

/* An argument vector in the making, and the first error. */
typedef struct Argv {
        char ***strings;
        int error;
} Argv;

static void _printf_(2, 3) add(Argv *a, const char *format, ...) {
        _cleanup_free_ char *s = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&s, format, ap);
        va_end(ap);
        if (r < 0) {
                s = NULL;
                a->error = -ENOMEM;
                return;
        }
        r = strv_add(a->strings, s);
        if (r < 0 && a->error == 0)
                a->error = r;
}

/* The "local" volume driver of the engine mounts the overlay, so that no code of ours needs that privilege. */
static void append_overlay_volume(Argv *a, const EngineMount *m) {
        add(a,
            "--mount=type=volume,dst=%s,volume-driver=local,volume-opt=type=overlay,volume-opt=device=overlay,"
            "\"volume-opt=o=lowerdir=%s,upperdir=%s,workdir=%s\"",
            m->destination, m->source, m->upper, m->work);
}

/* Podman knows overlays as an option of any directory; they are gone with the container. */
static void append_overlay_option(Argv *a, const EngineMount *m) {
        add(a, "--volume=%s:%s:O,upperdir=%s,workdir=%s", m->source, m->destination, m->upper, m->work);
}

/* What the engines differ in. */
typedef struct Form {
        const char *path;
        const char *const *run; /* options of a run that only this engine has or needs */
        void (*append_overlay)(Argv *a, const EngineMount *m);
} Form;

static const Form forms[_CONF_ENGINE_MAX] = {
        [CONF_ENGINE_DOCKER] = {
                .path = "/usr/bin/docker",
                .run = (const char *const[]){ NULL },
                .append_overlay = append_overlay_volume,
        },
        [CONF_ENGINE_PODMAN] = {
                .path = "/usr/bin/podman",
                /*
                 * The monitor of the container stays in the unit, and ends with it. Podman's own limits for containers are higher
                 * than a service without CAP_SYS_RESOURCE may go.
                 */
                .run = (const char *const[]){ "--cgroups=no-conmon", "--ulimit=nofile=16384:16384", "--ulimit=nproc=16384:16384", NULL },
                .append_overlay = append_overlay_option,
        },
};

const char *engine_command(ConfEngine engine) {
        return forms[engine].path;
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

static void append_all(Argv *a, const char *const *list) {
        for (; *list; list++)
                add(a, "%s", *list);
}

static void append_strict(Argv *a, ConfEngine engine, const EngineRun *run) {
        add(a, "--read-only");
        /* With docker the mode of a /tmp in the image wins, so that its owner must be able to write; podman knows no owner here. */
        if (engine == CONF_ENGINE_DOCKER)
                add(a, "--tmpfs=/tmp:rw,nosuid,nodev,mode=1777,uid=%u,gid=%u", run->uid, run->gid);
        else
                add(a, "--tmpfs=/tmp:rw,nosuid,nodev,mode=1777");
}

static void append_limits(Argv *a, const ManifestLimits *l, bool sliced) {
        add(a, "--memory=%" PRIu64, l->memory);
        add(a, "--memory-swap=%" PRIu64, l->memory);
        add(a, "--cpus=%" PRIu64 ".%03" PRIu64, l->cpus_milli / 1000, l->cpus_milli % 1000);
        /* A little more than the slice allows, so that it is the slice's limit that is hit: its counter outlives the container. */
        add(a, "--pids-limit=%" PRIu64, l->pids + (sliced ? PIDS_BEYOND_SLICE : 0));
        /*
         * Not l->output: a database inside of the container makes large files in advance. What it leaves in /output and writes to
         * /input is watched; this keeps a single file within reason.
         */
        add(a, "--ulimit=fsize=%" PRIu64, LIMIT_FILE_BYTES);
}

static void append_bind(Argv *a, const char *source, const char *destination, bool readonly) {
        add(a, "--mount=type=bind,src=%s,dst=%s%s", source, destination, readonly ? ",readonly" : "");
}

static void append_mounts(Argv *a, const Form *form, const EngineMounts *mounts) {
        for (size_t i = 0; i < mounts->n; i++) {
                const EngineMount *m = &mounts->items[i];

                if (m->upper)
                        form->append_overlay(a, m);
                else
                        append_bind(a, m->source, m->destination, m->readonly);
        }
}

int engine_run_argv(ConfEngine engine, const EngineRun *run, char ***argv) {
        const Form *form = &forms[engine];
        Argv a = { .strings = argv };

        append_all(&a, (const char *const[]){ form->path, "run", NULL });
        add(&a, "--name=%s", run->name);
        add(&a, "--label=morf.job=%s", run->id);
        if (run->slice)
                add(&a, "--cgroup-parent=%s", run->slice);
        append_all(&a, common);
        append_all(&a, form->run);
        if (run->profile == MANIFEST_PROFILE_STRICT) {
                append_strict(&a, engine, run);
                add(&a, "--user=%u:%u", run->uid, run->gid);
        } else
                append_all(&a, compat);
        append_limits(&a, run->limits, run->slice != NULL);
        append_mounts(&a, form, run->mounts);
        if (run->output)
                append_bind(&a, run->output, "/output", false);
        if (run->entrypoint)
                add(&a, "--entrypoint=%s", run->entrypoint);
        add(&a, "%s", run->image);
        STRV_FOREACH(s, run->arguments)
                add(&a, "%s", *s);
        return a.error;
}
