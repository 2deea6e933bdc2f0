/* SPDX-License-Identifier: MIT */
#include "daemon/probe-plan.h"

#include <fcntl.h>
#include <linux/capability.h>

#include "daemon/container.h"
#include "daemon/stage-parts.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/time.h"
#include "spool/limits.h"
#include "units/name.h"

/* A digest and a line break. */
#define KEY_SIZE 65u
#define TIME_USEC USEC_PER_MINUTE
#define COURSE "probe"
#define TABLE "probe.csv"
/* Anything that can be read. */
#define CONTENT "This is no course data.\n"

const ManifestLimits probe_limits = {
        .cpus_milli = 500,
        .memory = 32 * LIMIT_MIB,
        .time_usec = TIME_USEC,
        .output = 1 * LIMIT_MIB,
        .pids = 32,
};

typedef struct Dir {
        const char *name;
        mode_t mode;
        int owner; /* an AccountName, or -1: root */
} Dir;

static int make_all(const Daemon *d, int dirfd, const Dir *list, size_t n) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                const Account *a = list[i].owner < 0 ? NULL : &d->accounts.of[list[i].owner];

                r = publish_mkdir_at(dirfd, list[i].name, list[i].mode, a ? a->uid : 0, a ? a->gid : 0);
        }
        return r;
}

/* As the directory of a job that runs: see stage_run_plan(). */
static int make_job_dir(const Daemon *d, int dirfd, const char *name, bool strict) {
        static const Dir below[] = {
                { "data", 0755, -1 },
                { "steps", 0711, -1 },
        };
        char course[] = COURSE, *layers[] = { course, NULL };
        const Account *a = &d->accounts.of[ACCOUNT_JOB];
        _cleanup_fd_ int dir = -EBADF, data = -EBADF, steps = -EBADF;
        int r;

        r = publish_mkdir_at(dirfd, name, 0711, 0, 0);
        if (r < 0)
                return r;
        dir = fd_open_dir_at(dirfd, name);
        if (dir < 0)
                return dir;
        r = make_all(d, dir, below, ELEMENTSOF(below));
        if (r < 0)
                return r;
        steps = fd_open_dir_at(dir, "steps");
        r = steps < 0 ? steps : container_make_dirs(d, steps, "001", layers, strict ? a->uid : 0, strict ? a->gid : 0);
        data = r < 0 ? r : fd_open_dir_at(dir, "data");
        return data < 0 ? data : publish_file_at(data, TABLE, CONTENT, strlen(CONTENT), 0644, 0, 0);
}

int probe_make_dirs(const Daemon *d, int dirfd, const char *id) {
        static const Dir top[] = {
                { "exits", 0750, -1 },
                { "image", 0750, ACCOUNT_ENGINE },
                { "courses", 0755, -1 },
                { "courses/" COURSE, 0755, -1 },
        };
        _cleanup_fd_ int dir = -EBADF, course = -EBADF;
        int r;

        r = publish_mkdir_at(dirfd, id, 0711, 0, 0);
        if (r < 0)
                return r;
        dir = fd_open_dir_at(dirfd, id);
        if (dir < 0)
                return dir;
        r = make_all(d, dir, top, ELEMENTSOF(top));
        if (r < 0)
                return r;
        course = fd_open_dir_at(dir, "courses/" COURSE);
        r = course < 0 ? course : publish_file_at(course, "data.txt", CONTENT, strlen(CONTENT), 0644, 0, 0);
        for (ManifestProfile p = 0; r >= 0 && p < _MANIFEST_PROFILE_MAX; p++)
                r = make_job_dir(d, dir, manifest_profile_to_string(p), p == MANIFEST_PROFILE_STRICT);
        return r;
}

static int new_plan(const Daemon *d, const Engine *e, const char *id, const char *stage, unsigned attempt, UnitPlan **ret) {
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        char name[UNIT_NAME_SIZE], slice[UNIT_NAME_SIZE];
        int r;

        r = unit_name_service(id, stage, attempt, name);
        if (r >= 0)
                r = unit_name_job_slice(id, slice);
        if (r < 0)
                return r;
        p = unit_plan_new(name, "morf container isolation probe", e->sandbox);
        if (!p)
                return -ENOMEM;
        (void) stage_set_engine_account(p, e);
        (void) unit_plan_set_times(p, TIME_USEC, STAGE_STOP_USEC);
        (void) unit_plan_set_slice(p, slice);
        (void) unit_plan_add_log_field(p, "MORF_STAGE", "probe");
        (void) stage_hide(&d->conf, p);
        *ret = TAKE_PTR(p);
        return 0;
}

/* What ends it: the exit record, last. */
static int finish_plan(UnitPlan *p, const char *id, const char *stage, unsigned attempt) {
        (void) unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, 0, (const char *const[]){ HELPER("exitmark"), "--out", NULL });
        (void) unit_plan_add_argumentf(p, PROBE_DIR "/%s/exits", id);
        (void) unit_plan_add_argument(p, "--name");
        (void) unit_plan_add_argumentf(p, "%s-%u", stage, attempt);
        return unit_plan_check(p);
}

static int add_bind(UnitPlan *p, const char *id, const char *name, const char *seen, bool writable) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, PROBE_DIR "/%s/%s", id, name) < 0)
                return -ENOMEM;
        return unit_plan_add_bind(p, path, seen, writable);
}

int probe_plan_image(const Daemon *d, const Engine *e, const char *id, UnitPlan **ret) {
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_free_ char *key = NULL;
        size_t size;
        int r;

        r = fd_read_file_at(AT_FDCWD, PROBE_KEY_FILE, KEY_SIZE, &key, &size);
        if (r < 0)
                return r;
        key[strcspn(key, "\n")] = '\0';
        r = new_plan(d, e, id, "image", 1, &p);
        if (r < 0)
                return r;
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("image"), "prepare", "--engine", e->path, "--engine-version", "--kind", "dockerfile",
                                                         "--digest", key, "--out", "/run/morf/out", "--log", "/run/morf/out/build.log",
                                                         "--context", "/run/morf/context", "--store", "/run/morf/store", NULL });
        if (e->socket) {
                (void) unit_plan_add_argument(p, "--engine-socket");
                (void) unit_plan_add_argument(p, e->socket);
        }
        (void) unit_plan_add_bind(p, PROBE_CONTEXT, "/run/morf/context", false);
        (void) unit_plan_add_bind(p, "/var/lib/morf/images", "/run/morf/store", true);
        (void) add_bind(p, id, "image", "/run/morf/out", true);
        r = finish_plan(p, id, "image", 1);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

/* What a job's container sees, too: data read-only, a copy of it that can be written to, and a table. */
static int add_mounts(const char *id, ManifestProfile profile, EngineMounts *ret) {
        _cleanup_free_ char *course = NULL, *upper = NULL, *work = NULL, *table = NULL;
        const char *name = manifest_profile_to_string(profile);
        int r;

        if (asprintf(&course, PROBE_DIR "/%s/courses/" COURSE, id) < 0)
                course = NULL;
        if (asprintf(&upper, PROBE_DIR "/%s/%s/steps/001/input/upper/" COURSE, id, name) < 0)
                upper = NULL;
        if (asprintf(&work, PROBE_DIR "/%s/%s/steps/001/input/work/" COURSE, id, name) < 0)
                work = NULL;
        if (asprintf(&table, PROBE_DIR "/%s/%s/data/" TABLE, id, name) < 0)
                table = NULL;
        if (!course || !upper || !work || !table)
                return -ENOMEM;
        r = engine_mounts_bind(ret, course, "/morf-data/" COURSE, true);
        if (r >= 0)
                r = engine_mounts_overlay(ret, course, upper, work, "/input/" COURSE);
        return r < 0 ? r : engine_mounts_bind(ret, table, "/morf-data/" TABLE, true);
}

/* The engine's command in the wrapper that jobs have, too, which also takes the digest of the report. */
static int add_command(const Daemon *d, const Engine *e, UnitPlan *p, const char *id, ManifestProfile profile, const char *image, const char *slice) {
        const Account *account = &d->accounts.of[ACCOUNT_JOB];
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        _cleanup_free_ char *container = NULL, *output = NULL;
        EngineRun run;
        int r;

        if (asprintf(&container, "morf-%s-001-%u", id, probe_attempt(profile)) < 0)
                container = NULL;
        if (asprintf(&output, PROBE_DIR "/%s/%s/steps/001/output", id, manifest_profile_to_string(profile)) < 0)
                output = NULL;
        if (!container || !output)
                return -ENOMEM;
        r = add_mounts(id, profile, &mounts);
        if (r < 0)
                return r;
        run = (EngineRun){
                .id = id,
                .name = container,
                .image = image,
                .slice = slice,
                .limits = &probe_limits,
                .profile = profile,
                .uid = account->uid,
                .gid = account->gid,
                .mounts = &mounts,
                .output = output,
        };
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("capture"), "--file", "/run/morf/log/container.log", "--digest",
                                                         "/run/morf/step/output/" ISOLATION_REPORT_FILE, "--digest-to", "/run/morf/log/report.digest", NULL });
        if (e->socket) {
                (void) unit_plan_add_argumentf(p, "--engine-socket=%s", e->socket);
                (void) unit_plan_add_argumentf(p, "--engine-container=%s", container);
        }
        if (e->pid_file)
                (void) unit_plan_add_argumentf(p, "--engine-pid=%s", e->pid_file);
        (void) unit_plan_add_argument(p, "--");
        r = engine_append_run(e, p, &run);
        return r < 0 ? r : engine_add_cleanup(e, p, container);
}

int probe_plan_run(const Daemon *d, const Engine *e, const char *id, ManifestProfile profile, const char *image, UnitPlan **ret) {
        const UnitLimits limits = {
                .memory_max = probe_limits.memory,
                .cpu_quota_usec_per_sec = probe_limits.cpus_milli * (USEC_PER_SEC / 1000),
                .tasks_max = probe_limits.pids,
        };
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        char slice[UNIT_NAME_SIZE], name[64];
        int r;

        r = unit_name_slice(id, 1, probe_attempt(profile), slice);
        if (r >= 0)
                r = new_plan(d, e, id, "run", probe_attempt(profile), &p);
        if (r < 0)
                return r;
        (void) unit_plan_add_capability(p, CAP_DAC_READ_SEARCH);
        (void) unit_plan_set_aux_slice(p, slice, &limits);
        snprintf(name, sizeof(name), "%s/steps/001", manifest_profile_to_string(profile));
        (void) add_bind(p, id, name, "/run/morf/step", false);
        snprintf(name, sizeof(name), "%s/steps/001/log", manifest_profile_to_string(profile));
        (void) add_bind(p, id, name, "/run/morf/log", true);
        r = add_command(d, e, p, id, profile, image, slice);
        if (r >= 0)
                r = finish_plan(p, id, "run", probe_attempt(profile));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
