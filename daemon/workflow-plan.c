/* SPDX-License-Identifier: MIT */
#include "daemon/workflow-plan.h"

#include <fcntl.h>
#include <inttypes.h>

#include "daemon/accept.h"
#include "daemon/container.h"
#include "daemon/daemon.h"
#include "daemon/stage-parts.h"
#include "daemon/stage-table.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/engine-input.h"
#include "spool/limits.h"
#include "units/name.h"

/* Where units find what was bound for them. */
#define SEEN_MANIFEST "/run/morf/manifest"
#define SEEN_RECORD "/run/morf/record"
#define SEEN_PLAN "/run/morf/plan"
#define SEEN_WORK "/run/morf/work"
#define SEEN_STEPS "/run/morf/steps"
#define SEEN_RAW "/run/morf/raw"
#define SEEN_CACHE "/run/morf/cache"
#define SEEN_FEATURES "/run/morf/features"
#define SEEN_OUT "/run/morf/out"
#define SEEN_CONTROLLER "/run/morf/controller"

/* What is kept over jobs (units/morf.tmpfiles): raw sessions made ready, and of each user the outputs of steps and the features. */
#define CACHE_RAW "/var/lib/morf/cache/raw"
#define CACHE_STEPS "/var/lib/morf/cache/steps"
#define CACHE_FEATURES "/var/lib/morf/cache/features"

/* The Python package that records what a controller calls, and what its container sees. */
#define RECORDER "/usr/lib/morf/recorder"
#define RECORD_LABEL "record"
#define RECORD_NUMBER UNIT_NUMBER_MAX /* no step has it */

/* Where the controller is. Return: a fresh path, or NULL when out of memory. */
static char *controller_path(const Job *j, const Manifest *m) {
        return job_path(j, "%s/%s", manifest_files_dir(m), m->controller);
}

/* ---- recording ---- */

int workflow_plan_recording(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        const Account *job = &j->daemon->accounts.of[ACCOUNT_JOB], *intake = &j->daemon->accounts.of[ACCOUNT_INTAKE];
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        _cleanup_strv_ char **arguments = NULL;
        _cleanup_free_ char *controller = NULL;
        _cleanup_manifest_ Manifest m = {};
        Container c;
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r < 0)
                return r;
        controller = m.controller ? controller_path(j, &m) : NULL;
        if (!controller)
                return m.controller ? -ENOMEM : -EINVAL;
        /* The controller belongs to root:morf-intake, whose group may read it: the one thing of theirs that is in sight there. */
        r = container_make_dirs(j->daemon, dirfd, JOB_DIR_RECORD, /* layers= */ NULL, job->uid, intake->gid);
        if (r >= 0)
                r = engine_input_record(RECORDER, controller, &mounts);
        if (r >= 0)
                r = engine_input_record_arguments(j->record.user, &m, &arguments);
        if (r < 0)
                return r;
        c = (Container){
                .label = RECORD_LABEL,
                .number = RECORD_NUMBER,
                .attempt = j->record.attempt,
                .dir = JOB_DIR_RECORD,
                .limits = &engine_input_record_limits,
                .profile = MANIFEST_PROFILE_STRICT, /* whatever the job's is */
                .uid = job->uid,
                .gid = intake->gid,
                .mounts = &mounts,
                .entrypoint = "python3",
                .arguments = arguments,
        };
        return container_plan(j, p, &c);
}

int workflow_clean_recording(Job *j, UnitPlan *p) {
        return container_clean(j, p, RECORD_LABEL, j->record.attempt);
}

bool workflow_judge_recording(_unused_ const Job *j, Outcome outcome, int status, const ExitRecord *e, Fault *ret) {
        const ContainerBounds bounds = { .memory = engine_input_record_limits.memory, .time_usec = engine_input_record_limits.time_usec };
        _cleanup_fault_ Fault fault = {};

        if (!container_judge(&bounds, outcome, status, e, &fault))
                return false;
        if (fault.code == FAULT_COMMAND)
                (void) fault_set(ret, FAULT_CONTROLLER, NULL, 0, "the image has no python3, which the controller needs");
        else
                (void) fault_set(ret, FAULT_CONTROLLER, NULL, 0, "what the controller calls could not be recorded: %s", fault.message);
        return true;
}

/* ---- planning ---- */

/* Directories for the steps to come, empty: whatever an earlier try has left. */
static int make_fresh(const Job *j, int dirfd) {
        int r;

        r = fd_remove_tree_at(dirfd, JOB_DIR_STEPS);
        if (r >= 0)
                r = publish_mkdir_at(dirfd, JOB_DIR_STEPS, 0711, 0, 0);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_WORK, 0711, ACCOUNT_EVAL);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_PLAN, 0750, ACCOUNT_EVAL);
        return r;
}

int workflow_plan_planning(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        _cleanup_conf_user_ ConfUser user = {};
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_load_courses(j, &m, &courses, reterr);
        if (r >= 0)
                r = conf_user_load(j->record.user, &user, /* reterr= */ NULL);
        if (r >= 0)
                r = make_fresh(j, dirfd);
        if (r < 0)
                return r;
        (void) stage_set_account(p, ACCOUNT_EVAL);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("plan"), "--manifest", SEEN_MANIFEST, "--out", SEEN_OUT, "--record", NULL });
        if (m.controller) {
                (void) unit_plan_add_argument(p, SEEN_RECORD);
                (void) stage_bind(j, p, JOB_DIR_RECORD "/output", SEEN_RECORD, false);
        } else
                (void) unit_plan_add_argument(p, "-");
        if (user.labels)
                (void) unit_plan_add_argument(p, "--labels-allowed");
        (void) stage_bind(j, p, JOB_DIR_INTAKE, SEEN_MANIFEST, false);
        (void) stage_add_data(j, p);
        (void) stage_add_courses(p, &courses);
        return stage_bind(j, p, JOB_DIR_PLAN, SEEN_OUT, true);
}

/* ---- evaluating and gating ---- */

int workflow_plan_evaluating(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_RESULT, 0750, ACCOUNT_EVAL);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_EVAL, 0750, ACCOUNT_EVAL);
        if (r < 0)
                return r;
        (void) stage_set_account(p, ACCOUNT_EVAL);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("evaluate"), "--workflow", "--plan", SEEN_PLAN, "--work", SEEN_WORK, "--out", SEEN_OUT, NULL });
        (void) unit_plan_add_argumentf(p, "--min-cell=%u", j->daemon->conf.release.min_cell);
        (void) unit_plan_add_argumentf(p, "--round-counts=%u", j->daemon->conf.release.round_counts);
        if (m.partial)
                (void) unit_plan_add_argument(p, "--partial");
        (void) stage_bind(j, p, JOB_DIR_PLAN, SEEN_PLAN, false);
        (void) stage_bind(j, p, JOB_DIR_WORK, SEEN_WORK, false);
        (void) stage_add_data(j, p);
        return stage_bind(j, p, JOB_DIR_EVAL, SEEN_OUT, true);
}

/* A workflow that evaluates nothing has no results, and yet the gate is to say so. */
static int make_result(const Job *j, int dirfd) {
        int r = 0;

        if (!workflow_is_evaluated(j)) {
                r = stage_fresh_dir(j, dirfd, JOB_DIR_RESULT, 0750, ACCOUNT_EVAL);
                if (r >= 0)
                        r = stage_fresh_dir(j, dirfd, JOB_DIR_EVAL, 0750, ACCOUNT_EVAL);
        }
        return r;
}

int workflow_plan_gating(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = make_result(j, dirfd);
        if (r >= 0)
                r = stage_plan_gate(j, dirfd, p, reterr);
        if (r < 0)
                return r;
        (void) unit_plan_add_argument(p, "--plan");
        (void) unit_plan_add_argument(p, SEEN_PLAN);
        if (!workflow_is_evaluated(j))
                (void) unit_plan_add_argument(p, "--no-evaluation");
        if (m.controller) {
                _cleanup_free_ char *path = controller_path(j, &m);

                if (!path)
                        return -ENOMEM;
                /* It belongs to root:morf-intake. */
                (void) unit_plan_add_group(p, account_name(ACCOUNT_INTAKE));
                (void) unit_plan_add_bind(p, path, SEEN_CONTROLLER, false);
                (void) unit_plan_add_argument(p, "--controller");
                (void) unit_plan_add_argument(p, SEEN_CONTROLLER);
        }
        return stage_bind(j, p, JOB_DIR_PLAN, SEEN_PLAN, false);
}

/* ---- steps ---- */

const char *workflow_step_stage(unsigned number, char buffer[static STEP_STAGE_SIZE]) {
        snprintf(buffer, STEP_STAGE_SIZE, "s%u", number);
        return buffer;
}

/* Binds the part of a cache that is the user's own, making it when it is their first. */
static int bind_cache(const Job *j, UnitPlan *p, const char *option, const char *path, const char *seen) {
        const Account *a = &j->daemon->accounts.of[ACCOUNT_EVAL];
        _cleanup_free_ char *own = NULL;
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = fd_open_dir_at(AT_FDCWD, path);
        if (fd < 0)
                return fd;
        r = publish_mkdir_at(fd, j->record.user, 0750, a->uid, a->gid);
        if (r < 0 && r != -EEXIST)
                return r;
        if (asprintf(&own, "%s/%s", path, j->record.user) < 0) {
                own = NULL;
                return -ENOMEM;
        }
        (void) unit_plan_add_argument(p, option);
        (void) unit_plan_add_argument(p, seen);
        return unit_plan_add_bind(p, own, seen, true);
}

/* What both helpers of a phase see. What is kept for another try is kept of all courses. */
static int add_helper(Job *j, UnitPlan *p, const char *verb, unsigned phase, bool salvage) {
        const Plan *plan = &j->workflow->plan;
        int r;

        (void) stage_set_account(p, ACCOUNT_EVAL);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("assemble"), verb, "--plan", SEEN_PLAN, "--manifest", SEEN_MANIFEST, "--work",
                                                         SEEN_WORK, NULL });
        (void) unit_plan_add_argumentf(p, "--phase=%u", phase);
        (void) stage_bind(j, p, JOB_DIR_PLAN, SEEN_PLAN, false);
        (void) stage_bind(j, p, JOB_DIR_INTAKE, SEEN_MANIFEST, false);
        (void) stage_bind(j, p, JOB_DIR_WORK, SEEN_WORK, true);
        (void) stage_add_data(j, p);
        for (size_t i = 0; j->workflow->partial && !salvage && i < plan->n_courses; i++)
                if (workflow_course_is_lost(plan, j->workflow->steps, plan->courses[i].name))
                        (void) unit_plan_add_argumentf(p, "--lost=%s", plan->courses[i].name);
        r = bind_cache(j, p, "--cache-steps", CACHE_STEPS, SEEN_CACHE);
        return r < 0 ? r : bind_cache(j, p, "--cache-features", CACHE_FEATURES, SEEN_FEATURES);
}

static int plan_prepare(Job *j, const PlanStep *s, UnitPlan *p) {
        _cleanup_image_record_ ImageRecord image = {};
        int r;

        r = stage_read_image(j, &image);
        if (r >= 0)
                r = add_helper(j, p, "prepare", s->phase, false);
        if (r < 0)
                return r;
        (void) unit_plan_add_argument(p, "--image");
        (void) unit_plan_add_argument(p, image.id);
        (void) unit_plan_add_argument(p, "--cache-raw");
        (void) unit_plan_add_argument(p, SEEN_RAW);
        return unit_plan_add_bind(p, CACHE_RAW, SEEN_RAW, true);
}

/* Steps without an output are named, so that what they lack is a course left out or a failed job, and not a surprise. */
static int plan_collect(Job *j, const PlanStep *s, const Manifest *m, bool salvage, UnitPlan *p) {
        ManifestLimits limits = accept_limits(&j->daemon->conf, &m->limits);
        const Workflow *w = j->workflow;
        int r;

        r = add_helper(j, p, "collect", s->phase, salvage);
        if (r < 0)
                return r;
        (void) unit_plan_add_argument(p, "--steps");
        (void) unit_plan_add_argument(p, SEEN_STEPS);
        (void) stage_bind(j, p, JOB_DIR_STEPS, SEEN_STEPS, false);
        for (size_t i = 0; i < w->plan.n_steps; i++) {
                StepState state = w->steps[i].record.state;

                if (w->plan.steps[i].phase == s->phase && w->plan.steps[i].kind == PLAN_STEP_CONTAINER && state != STEP_STATE_DONE &&
                    state != STEP_STATE_CACHED)
                        (void) unit_plan_add_argumentf(p, "--failed=%u", w->plan.steps[i].number);
        }
        if (salvage)
                (void) unit_plan_add_argument(p, "--salvage");
        (void) unit_plan_add_argumentf(p, "--max-bytes=%" PRIu64, limits.output);
        return unit_plan_add_argumentf(p, "--max-files=%u", LIMIT_DROP_ENTRIES);
}

static int plan_container(Job *j, int dirfd, const PlanStep *s, const Manifest *m, UnitPlan *p, Fault *reterr) {
        const Account *account = &j->daemon->accounts.of[ACCOUNT_JOB];
        bool strict = m->profile == MANIFEST_PROFILE_STRICT;
        _cleanup_strv_ char **layers = NULL, **arguments = NULL;
        char label[STEP_RECORD_NAME_SIZE], dir[64];
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        _cleanup_courses_ Courses courses = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_fd_ int steps = -EBADF;
        ManifestLimits limits;
        Container c;
        int r;

        snprintf(dir, sizeof(dir), JOB_DIR_STEPS "/%s", step_dir_name(s->number, label));
        steps = fd_open_dir_at(dirfd, JOB_DIR_STEPS);
        if (steps < 0)
                return steps;
        path = job_dir_path(j);
        if (!path)
                return -ENOMEM;
        r = stage_load_courses(j, m, &courses, reterr);
        if (r >= 0)
                r = engine_input_step(path, dir, CACHE_RAW, &j->workflow->plan, s, &courses, &mounts, &layers, reterr);
        if (r >= 0)
                r = engine_input_step_arguments(&j->workflow->plan, s, m, &arguments);
        if (r >= 0)
                r = container_make_dirs(j->daemon, steps, label, layers, strict ? account->uid : 0, strict ? account->gid : 0);
        if (r < 0)
                return r;
        limits = accept_limits(&j->daemon->conf, &m->limits);
        c = (Container){
                .label = label,
                .number = s->number,
                .attempt = j->workflow->steps[s->number - 1].record.attempt,
                .dir = dir,
                .limits = &limits,
                .profile = m->profile,
                .uid = account->uid,
                .gid = account->gid,
                .mounts = &mounts,
                .arguments = arguments,
        };
        return container_plan(j, p, &c);
}

static int plan_kind(Job *j, int dirfd, const PlanStep *s, const Manifest *m, bool salvage, UnitPlan *p, Fault *reterr) {
        switch (s->kind) {
        case PLAN_STEP_PREPARE:
                return plan_prepare(j, s, p);
        case PLAN_STEP_CONTAINER:
                return plan_container(j, dirfd, s, m, p, reterr);
        case PLAN_STEP_COLLECT:
                return plan_collect(j, s, m, salvage, p);
        case _PLAN_STEP_MAX:
        case _PLAN_STEP_INVALID:
                break;
        }
        return -EINVAL;
}

static void add_fields(const Plan *plan, const PlanStep *s, UnitPlan *p) {
        char number[16];

        snprintf(number, sizeof(number), "%u", s->number);
        (void) unit_plan_add_log_field(p, "MORF_STEP", number);
        (void) unit_plan_add_log_field(p, "MORF_MODE", plan_mode_to_string(plan_phase_of(plan, s)->mode));
        if (s->course)
                (void) unit_plan_add_log_field(p, "MORF_COURSE", s->course);
        if (s->session)
                (void) unit_plan_add_log_field(p, "MORF_SESSION", s->session);
}

int workflow_plan_step(Job *j, unsigned number, bool salvage, UnitPlan **ret, Fault *reterr) {
        const PlanStep *s = plan_step(&j->workflow->plan, number);
        unsigned attempt = j->workflow->steps[number - 1].record.attempt;
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        char name[UNIT_NAME_SIZE], stage[STEP_STAGE_SIZE], label[STEP_RECORD_NAME_SIZE];
        _cleanup_free_ char *description = NULL;
        _cleanup_manifest_ Manifest m = {};
        _cleanup_fd_ int dir = -EBADF;
        int r;

        r = unit_name_service(j->record.id, workflow_step_stage(number, stage), attempt, name);
        if (r < 0)
                return r;
        if (asprintf(&description, "morf job %s of %s: step %u, %s %s", j->record.name, j->record.user, number,
                     call_function_to_string(plan_phase_of(&j->workflow->plan, s)->function), plan_step_to_string(s->kind)) < 0) {
                description = NULL;
                return -ENOMEM;
        }
        p = unit_plan_new(name, description, s->kind == PLAN_STEP_CONTAINER ? stage_sandbox(j, SANDBOX_ENGINE) : SANDBOX_COLLECT);
        if (!p)
                return -ENOMEM;
        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        (void) unit_plan_set_times(p, STAGE_HELPER_USEC, STAGE_STOP_USEC);
        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = plan_kind(j, dir, s, &m, salvage, p, reterr);
        if (r >= 0)
                r = stage_finish_plan(j, p, stage, attempt);
        if (r >= 0 && s->kind == PLAN_STEP_CONTAINER)
                r = container_clean(j, p, step_dir_name(number, label), attempt);
        if (r < 0)
                return r;
        add_fields(&j->workflow->plan, s, p);
        r = unit_plan_check(p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
