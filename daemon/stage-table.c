/* SPDX-License-Identifier: MIT */
#include "daemon/stage-table.h"

#include <inttypes.h>
#include <linux/capability.h>

#include "daemon/accept.h"
#include "daemon/courses.h"
#include "daemon/daemon.h"
#include "daemon/engine.h"
#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/image-record.h"
#include "spool/limits.h"
#include "units/name.h"

#ifndef MORF_LIBEXEC
#define MORF_LIBEXEC "/usr/libexec/morf"
#endif
#define HELPER(name) MORF_LIBEXEC "/morf-" name

/* Where a unit finds what was bound for it. */
#define SEEN_IN "/run/morf/in"
#define SEEN_OUT "/run/morf/out"
#define SEEN_CONTEXT "/run/morf/context"

/* No helper works longer than this; a job's own time is the job's. */
#define HELPER_TIME_USEC (2 * USEC_PER_HOUR)
#define STOP_TIME_USEC (10 * USEC_PER_SEC)
/* The container has so much longer than its limit to end when told to. */
#define RUN_GRACE_USEC (5 * USEC_PER_SEC)

static int bind_below(Job *j, UnitPlan *p, const char *name, const char *seen, bool writable) {
        _cleanup_free_ char *path = job_path(j, "%s", name);

        return path ? unit_plan_add_bind(p, path, seen, writable) : -ENOMEM;
}

/* Makes a directory anew, empty, for one account. */
static int fresh_dir(Job *j, int dirfd, const char *name, mode_t mode, AccountName owner) {
        const Account *a = &j->daemon->accounts.of[owner];
        int r;

        r = fd_remove_tree_at(dirfd, name);
        return r < 0 ? r : publish_mkdir_at(dirfd, name, mode, a->uid, a->gid);
}

static int set_account(UnitPlan *p, AccountName a) {
        return unit_plan_set_user(p, account_name(a), account_name(a));
}

/* Input and output of a helper that reads one directory and writes another. */
static int plan_filter(Job *j, UnitPlan *p, AccountName a, const char *in, const char *out) {
        (void) set_account(p, a);
        (void) bind_below(j, p, in, SEEN_IN, false);
        return bind_below(j, p, out, SEEN_OUT, true);
}

/* ---- intake ---- */

static int plan_intake(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        int r;

        r = fresh_dir(j, dirfd, JOB_DIR_INTAKE, 0750, ACCOUNT_INTAKE);
        if (r < 0)
                return r;
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("intake"), "--drop", SEEN_IN, "--out", SEEN_OUT, NULL });
        return plan_filter(j, p, ACCOUNT_INTAKE, JOB_DIR_DROP, JOB_DIR_INTAKE);
}

/* ---- preparing: the image ---- */

static const Engine *require_engine(const Daemon *d) {
        return engine_find(d->conf.engine.name);
}

static int set_engine_account(UnitPlan *p, const Engine *e) {
        if (e->root)
                return unit_plan_set_user(p, "root", "root");
        (void) set_account(p, ACCOUNT_ENGINE);
        return unit_plan_add_group(p, e->group);
}

static int plan_image(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        const Engine *e = require_engine(j->daemon);
        const Conf *c = &j->daemon->conf;
        bool archive;
        int r;

        if (!e)
                return -ENOPKG;
        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r < 0)
                return r;
        r = fresh_dir(j, dirfd, JOB_DIR_IMAGE, 0750, ACCOUNT_ENGINE);
        if (r < 0)
                return r;
        archive = m.image.kind == MANIFEST_IMAGE_ARCHIVE;
        (void) set_engine_account(p, e);
        /* The archive belongs to root:morf-intake. */
        (void) unit_plan_add_group(p, account_name(ACCOUNT_INTAKE));
        (void) unit_plan_set_times(p, c->engine.build_time_usec, STOP_TIME_USEC);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("image"), "prepare", "--engine", e->path, "--kind",
                                                         manifest_image_to_string(m.image.kind), "--digest", m.image.digest, "--out", SEEN_OUT,
                                                         "--log", SEEN_OUT "/build.log", NULL });
        if (archive) {
                (void) unit_plan_add_argument(p, "--archive");
                (void) unit_plan_add_argumentf(p, "%s/%s", SEEN_IN, m.image.file);
                (void) bind_below(j, p, JOB_DIR_DROP, SEEN_IN, false);
        } else {
                (void) unit_plan_add_argument(p, "--context");
                (void) unit_plan_add_argument(p, SEEN_CONTEXT);
                (void) unit_plan_add_argument(p, "--build-network");
                (void) unit_plan_add_argument(p, c->engine.build_network ? "default" : "none");
                (void) bind_below(j, p, JOB_DIR_INTAKE "/context", SEEN_CONTEXT, false);
        }
        return bind_below(j, p, JOB_DIR_IMAGE, SEEN_OUT, true);
}

static int read_image(const Job *j, ImageRecord *ret) {
        _cleanup_fd_ int dir = -EBADF, image = -EBADF;

        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        image = fd_open_dir_at(dir, JOB_DIR_IMAGE);
        if (image < 0)
                return image;
        return image_record_read_at(image, IMAGE_RECORD_FILE, ret, /* reterr= */ NULL);
}

static int image_succeeded(Job *j, _unused_ Fault *reterr) {
        _cleanup_image_record_ ImageRecord image = {};

        return read_image(j, &image);
}

/* ---- planning: the data the job may see ---- */

static int load_courses(Job *j, const Manifest *m, Courses *ret, Fault *reterr) {
        _cleanup_conf_user_ ConfUser user = {};
        int r;

        r = conf_user_load(j->record.user, &user, /* reterr= */ NULL);
        if (r == -ENOENT)
                return fault_set(reterr, FAULT_USER, NULL, 0, "there is no account '%s' any more", j->record.user);
        if (r < 0)
                return r;
        return courses_for_job(j->daemon->conf.data, &user, m->courses, ret, reterr);
}

static int plan_data(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        size_t n = 0;
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = load_courses(j, &m, &courses, reterr);
        if (r >= 0)
                r = fresh_dir(j, dirfd, JOB_DIR_DATA, 0755, ACCOUNT_EVAL);
        if (r < 0)
                return r;
        (void) set_account(p, ACCOUNT_EVAL);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ HELPER("stage"), "--out", SEEN_OUT, NULL });
        STRV_FOREACH(root, j->daemon->conf.data) {
                char seen[64];

                if (access(*root, F_OK) < 0)
                        continue;
                snprintf(seen, sizeof(seen), "/run/morf/data/%zu", n++);
                (void) unit_plan_add_bind(p, *root, seen, false);
                (void) unit_plan_add_argument(p, "--data");
                (void) unit_plan_add_argument(p, seen);
        }
        for (size_t i = 0; i < courses.n; i++) {
                (void) unit_plan_add_argument(p, "--courses");
                (void) unit_plan_add_argument(p, courses.items[i].name);
        }
        if (j->daemon->conf.test_labels)
                (void) unit_plan_add_argument(p, "--test-labels");
        return bind_below(j, p, JOB_DIR_DATA, SEEN_OUT, true);
}

/* ---- running ---- */

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
                r = fresh_dir(j, step, "log", 0750, ACCOUNT_ENGINE);
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
static int add_capture(UnitPlan *p, const ManifestLimits *l, uint64_t free_bytes) {
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("capture"), "--file", "/run/morf/log/container.log", NULL });
        (void) unit_plan_add_argumentf(p, "--max=%" PRIu64, (uint64_t) LIMIT_LOG_BYTES);
        (void) unit_plan_add_argument(p, "--watch=/run/morf/step");
        (void) unit_plan_add_argumentf(p, "--watch-max=%" PRIu64, l->output);
        if (free_bytes > 0) {
                (void) unit_plan_add_argument(p, "--free-path=/run/morf/step");
                (void) unit_plan_add_argumentf(p, "--free-min=%" PRIu64, free_bytes / 2);
        }
        return unit_plan_add_argument(p, "--");
}

static int plan_run(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        const Engine *e = require_engine(j->daemon);
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
                r = read_image(j, &image);
        if (r >= 0)
                r = load_courses(j, &m, &courses, reterr);
        if (r >= 0)
                r = make_step_dirs(j, dirfd, &courses, m.profile == MANIFEST_PROFILE_STRICT);
        if (r >= 0)
                r = list_tables(dirfd, &tables);
        if (r >= 0)
                r = unit_name_slice(j->record.id, 1, j->record.attempt, slice);
        if (r < 0)
                return r;
        dir = job_path(j, ".");
        if (!dir || asprintf(&name, "morf-%s-001-%u", j->record.id, j->record.attempt) < 0)
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
        (void) set_engine_account(p, e);
        (void) unit_plan_add_capability(p, CAP_DAC_READ_SEARCH); /* to watch directories that the container made for itself */
        (void) unit_plan_set_times(p, limits.time_usec + RUN_GRACE_USEC, STOP_TIME_USEC);
        (void) unit_plan_set_aux_slice(p, slice, &unit_limits);
        (void) bind_below(j, p, JOB_DIR_STEPS "/001", "/run/morf/step", false);
        (void) bind_below(j, p, JOB_DIR_STEPS "/001/log", "/run/morf/log", true);
        (void) add_capture(p, &limits, j->daemon->conf.scheduler.free_bytes);
        return engine_append_run(e, p, &run);
}

static bool judge_run(const Job *j, Outcome outcome, int status, const ExitRecord *e, Fault *ret) {
        char text[FORMAT_SIZE_MAX], span[TIME_STRING_MAX];
        bool oom = e->oom_kills != EXIT_RECORD_UNKNOWN && e->oom_kills > 0;

        switch (outcome) {
        case OUTCOME_OOM:
                (void) fault_set(ret, FAULT_MEMORY, NULL, 0, "the container ran out of its %s of memory", format_size(j->memory, text));
                return true;
        case OUTCOME_TIMEOUT:
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
        else if (status == EXIT_STATUS_DISK_LOW || status == 125)
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

/* ---- after the run ---- */

static int plan_collect(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        ManifestLimits limits;
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = fresh_dir(j, dirfd, JOB_DIR_RESULT, 0750, ACCOUNT_EVAL);
        if (r < 0)
                return r;
        limits = accept_limits(&j->daemon->conf, &m.limits);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("collect"), "--output", SEEN_IN, "--out", SEEN_OUT, "--expect", "output.csv", NULL });
        (void) unit_plan_add_argumentf(p, "--max-bytes=%" PRIu64, limits.output);
        (void) unit_plan_add_argumentf(p, "--max-files=%u", LIMIT_DROP_ENTRIES);
        return plan_filter(j, p, ACCOUNT_EVAL, JOB_DIR_STEPS "/001/output", JOB_DIR_RESULT);
}

static int plan_evaluate(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        int r;

        r = fresh_dir(j, dirfd, JOB_DIR_EVAL, 0750, ACCOUNT_EVAL);
        if (r < 0)
                return r;
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("evaluate"), "--in", SEEN_IN, "--out", SEEN_OUT, NULL });
        return plan_filter(j, p, ACCOUNT_EVAL, JOB_DIR_SEALED, JOB_DIR_EVAL);
}

/* The gate knows which courses were granted: a name of any other in the results is the container's text and stays here. */
static int plan_gate(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        const Conf *c = &j->daemon->conf;
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = load_courses(j, &m, &courses, reterr);
        if (r >= 0)
                r = fresh_dir(j, dirfd, JOB_DIR_RELEASE, 0750, ACCOUNT_EVAL);
        if (r < 0)
                return r;
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ HELPER("gate"), "--in", SEEN_IN, "--out", SEEN_OUT, NULL });
        (void) unit_plan_add_argumentf(p, "--digits=%u", c->release.digits);
        (void) unit_plan_add_argumentf(p, "--min-cell=%u", c->release.min_cell);
        (void) unit_plan_add_argumentf(p, "--round-counts=%u", c->release.round_counts);
        for (size_t i = 0; i < courses.n; i++)
                (void) unit_plan_add_argumentf(p, "--courses=%s", courses.items[i].name);
        return plan_filter(j, p, ACCOUNT_EVAL, JOB_DIR_EVAL, JOB_DIR_RELEASE);
}

/* ---- the table ---- */

static const Stage stages[_JOB_STATE_MAX] = {
        [JOB_STATE_INTAKE] = { .state = JOB_STATE_INTAKE, .next = JOB_STATE_QUEUED, .name = "intake", .why = "the drop is being checked",
                               .fault_dir = JOB_DIR_INTAKE, .plan = plan_intake, .succeeded = accept_job },
        [JOB_STATE_PREPARING] = { .state = JOB_STATE_PREPARING, .next = JOB_STATE_PLANNING, .name = "image", .why = "the image is being loaded or built",
                                  .sandbox = SANDBOX_ENGINE, .fault_dir = JOB_DIR_IMAGE, .plan = plan_image, .succeeded = image_succeeded },
        [JOB_STATE_PLANNING] = { .state = JOB_STATE_PLANNING, .next = JOB_STATE_RUNNING, .name = "data", .why = "the data is being laid out",
                                 .sandbox = SANDBOX_COLLECT, .plan = plan_data },
        [JOB_STATE_RUNNING] = { .state = JOB_STATE_RUNNING, .next = JOB_STATE_COLLECTING, .name = "run", .why = "the container is running",
                                .sandbox = SANDBOX_ENGINE, .container = true, .plan = plan_run, .judge = judge_run },
        [JOB_STATE_COLLECTING] = { .state = JOB_STATE_COLLECTING, .next = JOB_STATE_EVALUATING, .name = "collect", .why = "the output is being sealed",
                                   .sandbox = SANDBOX_COLLECT, .fault_dir = JOB_DIR_RESULT, .plan = plan_collect },
        [JOB_STATE_EVALUATING] = { .state = JOB_STATE_EVALUATING, .next = JOB_STATE_GATING, .name = "evaluate", .why = "the predictions are being evaluated",
                                   .fault_dir = JOB_DIR_EVAL, .plan = plan_evaluate },
        [JOB_STATE_GATING] = { .state = JOB_STATE_GATING, .next = JOB_STATE_RELEASING, .name = "gate", .why = "the release policy is being applied",
                               .fault_dir = JOB_DIR_RELEASE, .plan = plan_gate },
};

/* The engine's stages run in the sandbox of the engine in use. */
static Sandbox sandbox_of(const Stage *s, const Daemon *d) {
        const Engine *e = s->sandbox == SANDBOX_ENGINE ? require_engine(d) : NULL;

        return e ? e->sandbox : s->sandbox;
}

const Stage *stage_of_state(JobState state) {
        return (int) state >= 0 && state < _JOB_STATE_MAX && stages[state].name ? &stages[state] : NULL;
}

/* What all stages have in common: place, journal fields, exit record, and what they must not see. */
static int add_common(const Stage *s, Job *j, UnitPlan *p) {
        _cleanup_free_ char *exits = job_path(j, JOB_DIR_EXITS);
        char mark[64], slice[UNIT_NAME_SIZE];
        const Conf *c = &j->daemon->conf;

        if (!exits || unit_name_job_slice(j->record.id, slice) < 0)
                return -ENOMEM;
        snprintf(mark, sizeof(mark), "%s-%u", s->name, j->record.attempt);
        (void) unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, 0,
                                  (const char *const[]){ HELPER("exitmark"), "--out", exits, "--name", mark, NULL });
        if (p->aux_slice) {
                (void) unit_plan_add_argument(p, "--slice");
                (void) unit_plan_add_argument(p, p->aux_slice);
        }
        (void) unit_plan_set_slice(p, slice);
        (void) unit_plan_add_log_field(p, "MORF_JOB", j->record.id);
        (void) unit_plan_add_log_field(p, "MORF_USER", j->record.user);
        (void) unit_plan_add_log_field(p, "MORF_STAGE", s->name);
        (void) unit_plan_add_hidden(p, c->spool);
        (void) unit_plan_add_hidden(p, "/etc/morf");
        (void) unit_plan_add_hidden(p, "/var/lib/morf");
        STRV_FOREACH(root, c->data)
                (void) unit_plan_add_hidden(p, *root);
        return p->error;
}

int stage_plan(const Stage *s, Job *j, UnitPlan **ret, Fault *reterr) {
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_free_ char *description = NULL;
        _cleanup_fd_ int dir = -EBADF;
        char name[UNIT_NAME_SIZE];
        int r;

        r = unit_name_service(j->record.id, s->name, j->record.attempt, name);
        if (r < 0)
                return r;
        if (asprintf(&description, "morf job %s of %s: %s", j->record.name, j->record.user, s->name) < 0)
                return -ENOMEM;
        p = unit_plan_new(name, description, sandbox_of(s, j->daemon));
        if (!p)
                return -ENOMEM;
        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        (void) unit_plan_set_times(p, HELPER_TIME_USEC, STOP_TIME_USEC);
        r = s->plan(j, dir, p, reterr);
        if (r >= 0)
                r = add_common(s, j, p);
        if (r >= 0)
                r = unit_plan_check(p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
