/* SPDX-License-Identifier: MIT */
#include "daemon/stage-table.h"

#include <inttypes.h>

#include "daemon/accept.h"
#include "daemon/claim.h"
#include "daemon/daemon.h"
#include "daemon/stage-parts.h"
#include "daemon/stage-run.h"
#include "daemon/workflow-plan.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/keys.h"
#include "spool/limits.h"
#include "spool/receipt.h"
#include "units/name.h"

/* Where a unit finds what was bound for it. */
#define SEEN_IN "/run/morf/in"
#define SEEN_OUT "/run/morf/out"
#define SEEN_CONTEXT "/run/morf/context"
#define SEEN_KEYS "/run/morf/keys"
#define SEEN_STORE "/run/morf/store"

/* Which image was made of which archive or Dockerfile directory, kept over jobs (units/morf.tmpfiles). */
#define IMAGE_STORE "/var/lib/morf/images"

/* Input and output of a helper that reads one directory and writes another. */
static int plan_filter(Job *j, UnitPlan *p, AccountName a, const char *in, const char *out) {
        (void) stage_set_account(p, a);
        (void) stage_bind(j, p, in, SEEN_IN, false);
        return stage_bind(j, p, out, SEEN_OUT, true);
}

/* ---- intake ---- */

static int plan_intake(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        int r;

        r = j->unfinished ? claim_finish(j) : 0;
        if (r < 0)
                return r;
        j->unfinished = false;
        r = stage_fresh_dir(j, dirfd, JOB_DIR_INTAKE, 0750, ACCOUNT_INTAKE);
        if (r < 0)
                return r;
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("intake"), "--drop", SEEN_IN, "--out", SEEN_OUT, NULL });
        return plan_filter(j, p, ACCOUNT_INTAKE, JOB_DIR_DROP, JOB_DIR_INTAKE);
}

/* ---- preparing: the image ---- */

static int plan_image(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        const Engine *e = stage_engine(j);
        const Conf *c = &j->daemon->conf;
        char slice[UNIT_NAME_SIZE];
        bool archive;
        int r;

        if (!e)
                return -ENOPKG;
        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_IMAGE, 0750, ACCOUNT_ENGINE);
        if (r >= 0)
                r = unit_name_job_slice(j->record.id, slice);
        if (r < 0)
                return r;
        archive = m.image.kind == MANIFEST_IMAGE_ARCHIVE;
        (void) stage_set_engine_account(p, e);
        /* The archive belongs to root:morf-intake. */
        (void) unit_plan_add_group(p, account_name(ACCOUNT_INTAKE));
        (void) unit_plan_set_times(p, c->engine.build_time_usec, STAGE_STOP_USEC);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("image"), "prepare", "--engine", e->path, "--kind",
                                                         manifest_image_to_string(m.image.kind), "--digest", m.image.digest, "--out", SEEN_OUT,
                                                         "--log", SEEN_OUT "/build.log", NULL });
        if (e->socket) {
                (void) unit_plan_add_argument(p, "--engine-socket");
                (void) unit_plan_add_argument(p, e->socket);
        }
        (void) unit_plan_add_argument(p, "--store");
        (void) unit_plan_add_argument(p, SEEN_STORE);
        (void) unit_plan_add_bind(p, IMAGE_STORE, SEEN_STORE, true);
        if (archive) {
                (void) unit_plan_add_argument(p, "--archive");
                (void) unit_plan_add_argumentf(p, "%s/%s", SEEN_IN, m.image.file);
                (void) stage_bind(j, p, manifest_files_dir(&m), SEEN_IN, false);
        } else {
                (void) unit_plan_add_argument(p, "--context");
                (void) unit_plan_add_argument(p, SEEN_CONTEXT);
                (void) unit_plan_add_argument(p, "--build-network");
                (void) unit_plan_add_argument(p, c->engine.build_network && !e->daemonless ? "default" : "none");
                if (e->daemonless) {
                        (void) unit_plan_add_argument(p, "--cgroup-parent");
                        (void) unit_plan_add_argument(p, slice);
                }
                (void) stage_bind(j, p, JOB_DIR_INTAKE "/context", SEEN_CONTEXT, false);
        }
        return stage_bind(j, p, JOB_DIR_IMAGE, SEEN_OUT, true);
}

static int image_succeeded(Job *j, _unused_ Fault *reterr) {
        _cleanup_image_record_ ImageRecord image = {};

        return stage_read_image(j, &image);
}

/* ---- planning: the data the job may see ---- */

static int plan_data(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_load_courses(j, &m, &courses, reterr);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_DATA, 0755, ACCOUNT_EVAL);
        if (r < 0)
                return r;
        (void) stage_set_account(p, ACCOUNT_EVAL);
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ HELPER("stage"), "--out", SEEN_OUT, NULL });
        (void) stage_add_data(j, p);
        (void) stage_add_courses(p, &courses);
        if (j->daemon->conf.test_labels)
                (void) unit_plan_add_argument(p, "--test-labels");
        return stage_bind(j, p, JOB_DIR_DATA, SEEN_OUT, true);
}

/* ---- after the run ---- */

static int plan_collect(Job *j, int dirfd, UnitPlan *p, _unused_ Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        ManifestLimits limits;
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_RESULT, 0750, ACCOUNT_EVAL);
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

        r = stage_fresh_dir(j, dirfd, JOB_DIR_EVAL, 0750, ACCOUNT_EVAL);
        if (r < 0)
                return r;
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0,
                                  (const char *const[]){ HELPER("evaluate"), "--in", SEEN_IN, "--out", SEEN_OUT, NULL });
        return plan_filter(j, p, ACCOUNT_EVAL, JOB_DIR_SEALED, JOB_DIR_EVAL);
}

/* What the receipt says of the job, for the gate to sign. The rest it finds by itself. */
static int write_facts(const Job *j, int dirfd, const Manifest *m) {
        const Account *a = &j->daemon->accounts.of[ACCOUNT_EVAL];
        _cleanup_image_record_ ImageRecord image = {};
        char received[TIME_STRING_MAX], tool[] = "morf " MORF_VERSION;
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int release = -EBADF;
        Receipt facts = RECEIPT_INIT;
        int r;

        r = stage_read_image(j, &image);
        if (r < 0)
                return r;
        release = fd_open_dir_at(dirfd, JOB_DIR_RELEASE);
        if (release < 0)
                return release;
        /* Borrowed: nothing of it is released. */
        facts.tool = tool;
        facts.job = j->record.id;
        facts.user = j->record.user;
        facts.name = m->name;
        facts.mode = (char *) manifest_mode_to_string(m->mode);
        facts.configuration = m->drop_digest;
        facts.image = image.id;
        facts.received = (char *) time_format_utc(j->record.created, received);
        facts.usage = j->record.usage;
        r = json_record_format(&receipt_table, &facts, &text);
        /* After a power cut the stage begins anew, with facts of its own. */
        return r < 0 ? r : publish_volatile_file_at(release, RECEIPT_FACTS_FILE, text, strlen(text), 0640, a->uid, a->gid);
}

/* Keys for pseudonyms and receipts, which the daemon made when it started. */
static int add_keys(const Job *j, UnitPlan *p, const Manifest *m) {
        (void) unit_plan_add_bind(p, KEYS_DIR, SEEN_KEYS, false);
        (void) unit_plan_add_argument(p, "--keys");
        (void) unit_plan_add_argument(p, SEEN_KEYS);
        if (m->mode == MANIFEST_MODE_WORKFLOW && j->daemon->conf.release.pseudonyms) {
                (void) unit_plan_add_argumentf(p, "--pseudonyms=%s", manifest_pseudonyms_to_string(m->pseudonyms));
                (void) unit_plan_add_argumentf(p, "--user=%s", j->record.user);
        }
        return p->error;
}

/* The gate knows which courses were granted: a name of any other in the results is the container's text and stays here. */
int stage_plan_gate(Job *j, int dirfd, UnitPlan *p, Fault *reterr) {
        const Conf *c = &j->daemon->conf;
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0)
                r = stage_load_courses(j, &m, &courses, reterr);
        if (r >= 0)
                r = stage_fresh_dir(j, dirfd, JOB_DIR_RELEASE, 0750, ACCOUNT_EVAL);
        if (r >= 0)
                r = write_facts(j, dirfd, &m);
        if (r < 0)
                return r;
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ HELPER("gate"), "--in", SEEN_IN, "--out", SEEN_OUT, NULL });
        (void) unit_plan_add_argumentf(p, "--digits=%u", c->release.digits);
        (void) unit_plan_add_argumentf(p, "--min-cell=%u", c->release.min_cell);
        (void) unit_plan_add_argumentf(p, "--round-counts=%u", c->release.round_counts);
        for (size_t i = 0; i < courses.n; i++)
                (void) unit_plan_add_argumentf(p, "--courses=%s", courses.items[i].name);
        r = add_keys(j, p, &m);
        if (r < 0)
                return r;
        return plan_filter(j, p, ACCOUNT_EVAL, JOB_DIR_EVAL, JOB_DIR_RELEASE);
}

/* ---- the table ---- */

/* What all modes have in common; a mode that has a stage of its own for a state does that instead. */
static const Stage common_stages[_JOB_STATE_MAX] = {
        [JOB_STATE_INTAKE] = { .state = JOB_STATE_INTAKE, .next = JOB_STATE_QUEUED, .name = "intake", .why = "the drop is being checked",
                               .fault_dir = JOB_DIR_INTAKE, .plan = plan_intake, .succeeded = accept_job },
        [JOB_STATE_PREPARING] = { .state = JOB_STATE_PREPARING, .next = JOB_STATE_PLANNING, .name = "image", .why = "the image is being loaded or built",
                                  .sandbox = SANDBOX_ENGINE, .fault_dir = JOB_DIR_IMAGE, .plan = plan_image, .succeeded = image_succeeded },
};

static const Stage run_stages[_JOB_STATE_MAX] = {
        [JOB_STATE_PLANNING] = { .state = JOB_STATE_PLANNING, .next = JOB_STATE_RUNNING, .name = "data", .why = "the data is being laid out",
                                 .sandbox = SANDBOX_COLLECT, .plan = plan_data },
        [JOB_STATE_RUNNING] = { .state = JOB_STATE_RUNNING, .next = JOB_STATE_COLLECTING, .name = "run", .why = "the container is running",
                                .sandbox = SANDBOX_ENGINE, .container = true, .plan = stage_run_plan, .judge = stage_run_judge,
                                .clean = stage_run_clean },
        [JOB_STATE_COLLECTING] = { .state = JOB_STATE_COLLECTING, .next = JOB_STATE_EVALUATING, .name = "collect", .why = "the output is being sealed",
                                   .sandbox = SANDBOX_COLLECT, .fault_dir = JOB_DIR_RESULT, .plan = plan_collect },
        [JOB_STATE_EVALUATING] = { .state = JOB_STATE_EVALUATING, .next = JOB_STATE_GATING, .name = "evaluate", .why = "the predictions are being evaluated",
                                   .fault_dir = JOB_DIR_EVAL, .plan = plan_evaluate },
        [JOB_STATE_GATING] = { .state = JOB_STATE_GATING, .next = JOB_STATE_RELEASING, .name = "gate", .why = "the release policy is being applied",
                               .fault_dir = JOB_DIR_RELEASE, .plan = stage_plan_gate },
};

static bool has_controller(const Job *j) {
        return j->has_controller;
}

static const Stage workflow_stages[_JOB_STATE_MAX] = {
        [JOB_STATE_PREPARING] = { .state = JOB_STATE_PREPARING, .next = JOB_STATE_RECORDING, .name = "image", .why = "the image is being loaded or built",
                                  .sandbox = SANDBOX_ENGINE, .fault_dir = JOB_DIR_IMAGE, .plan = plan_image, .succeeded = image_succeeded },
        [JOB_STATE_RECORDING] = { .state = JOB_STATE_RECORDING, .next = JOB_STATE_PLANNING, .name = "record", .why = "the controller is being read",
                                  .needed = has_controller, .sandbox = SANDBOX_ENGINE, .plan = workflow_plan_recording,
                                  .judge = workflow_judge_recording, .clean = workflow_clean_recording },
        [JOB_STATE_PLANNING] = { .state = JOB_STATE_PLANNING, .next = JOB_STATE_RUNNING, .name = "plan", .why = "its steps are being worked out",
                                 .sandbox = SANDBOX_COLLECT, .fault_dir = JOB_DIR_PLAN, .plan = workflow_plan_planning },
        [JOB_STATE_RUNNING] = { .state = JOB_STATE_RUNNING, .next = JOB_STATE_EVALUATING, .name = "steps", .why = "its steps are running", .steps = true },
        [JOB_STATE_EVALUATING] = { .state = JOB_STATE_EVALUATING, .next = JOB_STATE_GATING, .name = "evaluate", .why = "the predictions are being evaluated",
                                   .needed = workflow_is_evaluated, .fault_dir = JOB_DIR_EVAL, .plan = workflow_plan_evaluating },
        [JOB_STATE_GATING] = { .state = JOB_STATE_GATING, .next = JOB_STATE_RELEASING, .name = "gate", .why = "the release policy is being applied",
                               .fault_dir = JOB_DIR_RELEASE, .plan = workflow_plan_gating },
};

static const Stage *const stages_of_modes[_MANIFEST_MODE_MAX] = {
        [MANIFEST_MODE_RUN] = run_stages,
        [MANIFEST_MODE_WORKFLOW] = workflow_stages,
};

const Stage *stage_of_state(ManifestMode mode, JobState state) {
        if ((int) state < 0 || state >= _JOB_STATE_MAX || (int) mode < 0 || mode >= _MANIFEST_MODE_MAX)
                return NULL;
        if (stages_of_modes[mode][state].name)
                return &stages_of_modes[mode][state];
        return common_stages[state].name ? &common_stages[state] : NULL;
}

const Stage *stage_of(const Job *j) {
        return stage_of_state(j->mode, j->record.state);
}

JobState stage_next(const Stage *s, const Job *j) {
        const Stage *next = stage_of_state(j->mode, s->next);

        while (next && next->needed && !next->needed(j)) {
                s = next;
                next = stage_of_state(j->mode, s->next);
        }
        return s->next;
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
        p = unit_plan_new(name, description, stage_sandbox(j, s->sandbox));
        if (!p)
                return -ENOMEM;
        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        (void) unit_plan_set_times(p, STAGE_HELPER_USEC, STAGE_STOP_USEC);
        r = s->plan(j, dir, p, reterr);
        if (r >= 0)
                r = stage_finish_plan(j, p, s->name, j->record.attempt);
        if (r >= 0 && s->clean)
                r = s->clean(j, p);
        if (r >= 0)
                r = unit_plan_check(p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
