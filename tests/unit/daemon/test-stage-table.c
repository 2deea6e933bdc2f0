/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/engine.h"
#include "daemon/stage-table.h"
#include "daemon/workflow-plan.h"
#include "spool/image-record.h"
#include "spool/limits.h"
#include "tests/unit/daemon/fixture.h"
#include "tests/unit/daemon/installed.h"
#include "spool/receipt.h"
#include "units/name.h"

static void every_working_state_has_a_stage(_unused_ void **state) {
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                bool works = s == JOB_STATE_INTAKE || (s >= JOB_STATE_PREPARING && s <= JOB_STATE_GATING && s != JOB_STATE_RECORDING);
                const Stage *stage = stage_of_state(MANIFEST_MODE_RUN, s);

                if (!works) {
                        assert_null(stage);
                        continue;
                }
                assert_non_null(stage);
                assert_int_equal(stage->state, s);
                assert_true(job_state_may_follow(s, stage->next));
                assert_true(stage->next != s);
                assert_non_null(stage->plan);
                assert_true(strlen(stage->why) > 10);
        }
        assert_null(stage_of_state(MANIFEST_MODE_RUN, _JOB_STATE_MAX));
        assert_null(stage_of_state(MANIFEST_MODE_RUN, _JOB_STATE_INVALID));
}

/* One name a stage, in unit names and exit records; none the beginning of another with a '-' behind it. */
static void names(_unused_ void **state) {
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                const Stage *stage = stage_of_state(MANIFEST_MODE_RUN, s);
                char name[UNIT_NAME_SIZE];
                UnitServiceName parsed;

                if (!stage)
                        continue;
                assert_true(unit_stage_is_valid(stage->name));
                assert_int_equal(unit_name_service(ID_A, stage->name, 7, name), 0);
                assert_int_equal(unit_name_parse_service(name, &parsed), 0);
                assert_string_equal(parsed.stage, stage->name);
                for (JobState other = 0; other < s; other++)
                        assert_true(!stage_of_state(MANIFEST_MODE_RUN, other) || !streq(stage_of_state(MANIFEST_MODE_RUN, other)->name, stage->name));
        }
}

/* Following the table leads through all stages, once each. */
static void the_chain_is_complete(_unused_ void **state) {
        JobState s = JOB_STATE_INTAKE;
        unsigned steps = 0;

        while (s != JOB_STATE_RELEASING) {
                s = s == JOB_STATE_QUEUED ? JOB_STATE_PREPARING : stage_of_state(MANIFEST_MODE_RUN, s)->next;
                assert_true(++steps < 20);
        }
        assert_int_equal(steps, JOB_STATE_RELEASING - JOB_STATE_INTAKE - 1); /* nothing is recorded */
}

static void only_the_container_is_accounted_for_and_judged(_unused_ void **state) {
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                const Stage *stage = stage_of_state(MANIFEST_MODE_RUN, s);

                if (!stage)
                        continue;
                assert_int_equal(stage->container, s == JOB_STATE_RUNNING);
                assert_int_equal(!!stage->judge, s == JOB_STATE_RUNNING);
                /* Status 65 of a container is its own; of a helper it comes with a fault.json. */
                if (stage->container)
                        assert_null(stage->fault_dir);
        }
}

/* A workflow has two more states to work in, and of its own it needs neither. */
static void the_chain_of_a_workflow(_unused_ void **state) {
        for (unsigned controller = 0; controller < 2; controller++) {
                Job j = { .mode = MANIFEST_MODE_WORKFLOW, .has_controller = controller };
                const Stage *s = stage_of_state(j.mode, JOB_STATE_PREPARING);

                assert_int_equal(stage_next(s, &j), controller ? JOB_STATE_RECORDING : JOB_STATE_PLANNING);
                s = stage_of_state(j.mode, JOB_STATE_RUNNING);
                assert_true(s->steps && !s->plan && !s->container);
                assert_int_equal(s->next, JOB_STATE_EVALUATING);
                assert_null(stage_of_state(j.mode, JOB_STATE_COLLECTING));
        }
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                const Stage *stage = stage_of_state(MANIFEST_MODE_WORKFLOW, s);

                if (!stage)
                        continue;
                assert_int_equal(stage->state, s);
                assert_true(job_state_may_follow(s, stage->next));
                assert_true(unit_stage_is_valid(stage->name));
                assert_true(stage->plan || stage->steps);
                /* Nothing that a step is called: see workflow_step_stage(). */
                assert_false(stage->name[0] == 's' && stage->name[1] >= '0' && stage->name[1] <= '9');
        }
}

/* ---- how a container's end is judged ---- */

#define UNKNOWN EXIT_RECORD_UNKNOWN

static void judge_run(_unused_ void **state) {
        /* code FAULT_NONE: the platform's fault. */
        static const struct {
                Outcome outcome;
                int status;
                uint64_t oom_kills, pids_max_hits;
                FaultCode code;
                const char *message;
        } cases[] = {
                { OUTCOME_EXIT, 1, 0, 0, FAULT_EXIT, "the container ended with status 1" },
                { OUTCOME_EXIT, 1, UNKNOWN, UNKNOWN, FAULT_EXIT, "the container ended with status 1" },
                { OUTCOME_EXIT, 64, 0, 0, FAULT_EXIT, "the container ended with status 64" },
                { OUTCOME_USER_FAULT, 65, 0, 0, FAULT_EXIT, "the container ended with status 65" },
                { OUTCOME_EXIT, 75, 0, 0, FAULT_EXIT, "the container ended with status 75" },
                { OUTCOME_EXIT, 124, 0, 0, FAULT_EXIT, "the container ended with status 124" },
                { OUTCOME_EXIT, 125, 0, 0, FAULT_NONE, NULL }, /* the engine itself */
                { OUTCOME_EXIT, 125, 1, 0, FAULT_NONE, NULL },
                { OUTCOME_EXIT, 126, 0, 0, FAULT_COMMAND, "the image's command could not be run (status 126)" },
                { OUTCOME_EXIT, 127, 0, 0, FAULT_COMMAND, "the image's command could not be run (status 127)" },
                { OUTCOME_EXIT, 128, 0, 0, FAULT_EXIT, "the container ended with status 128" },
                { OUTCOME_EXIT, 129, 0, 0, FAULT_SIGNAL, "the container was ended by signal 1" },
                { OUTCOME_EXIT, 137, 0, 0, FAULT_SIGNAL, "the container was ended by signal 9" },
                { OUTCOME_EXIT, 137, 1, 0, FAULT_MEMORY, "the container ran out of its 2 GiB of memory" },
                { OUTCOME_EXIT, 137, UNKNOWN, UNKNOWN, FAULT_SIGNAL, "the container was ended by signal 9" },
                { OUTCOME_EXIT, 1, 1, 0, FAULT_MEMORY, "the container ran out of its 2 GiB of memory" },
                { OUTCOME_EXIT, 139, 0, 0, FAULT_SIGNAL, "the container was ended by signal 11" },
                { OUTCOME_EXIT, 192, 0, 0, FAULT_SIGNAL, "the container was ended by signal 64" },
                { OUTCOME_EXIT, 193, 0, 0, FAULT_EXIT, "the container ended with status 193" },
                { OUTCOME_EXIT, EXIT_STATUS_FOLDED, 0, 0, FAULT_EXIT, "the container ended with status 199" },
                { OUTCOME_EXIT, 1, 0, 3, FAULT_PIDS, "the container hit its limit of processes and ended with status 1" },
                { OUTCOME_EXIT, 1, 1, 3, FAULT_MEMORY, "the container ran out of its 2 GiB of memory" },
                { OUTCOME_EXIT, EXIT_STATUS_OUTPUT_LIMIT, 0, 0, FAULT_DISK, "the container wrote more than it may to /output and /input" },
                { OUTCOME_EXIT, EXIT_STATUS_OUTPUT_LIMIT, 1, 1, FAULT_DISK, "the container wrote more than it may to /output and /input" },
                { OUTCOME_EXIT, EXIT_STATUS_DISK_LOW, 0, 0, FAULT_NONE, NULL },
                { OUTCOME_OOM, 0, 1, 0, FAULT_MEMORY, "the container ran out of its 2 GiB of memory" },
                { OUTCOME_TIMEOUT, 0, 0, 0, FAULT_TIME, "the container did not end within its time limit of 2h 0min" },
                { OUTCOME_SIGNAL, 9, 0, 0, FAULT_NONE, NULL }, /* the unit's own process: the operator, or the machine */
                { OUTCOME_START_FAILED, 203, 0, 0, FAULT_NONE, NULL },
                { OUTCOME_VANISHED, 0, UNKNOWN, UNKNOWN, FAULT_NONE, NULL },
        };
        const Stage *s = stage_of_state(MANIFEST_MODE_RUN, JOB_STATE_RUNNING);
        Job j = { .memory = 2 * LIMIT_GIB };

        j.record.started = 1000000;
        j.record.deadline = j.record.started + UINT64_C(7200) * 1000000 + 5000000; /* with its grace */
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ExitRecord e = EXIT_RECORD_INIT;
                _cleanup_fault_ Fault f = {};
                bool users;

                e.oom_kills = cases[i].oom_kills;
                e.pids_max_hits = cases[i].pids_max_hits;
                users = s->judge(&j, cases[i].outcome, cases[i].status, &e, &f);
                if (users != (cases[i].code != FAULT_NONE) || f.code != cases[i].code)
                        fail_msg("case %zu: %s", i, users ? f.message : "the platform's fault");
                if (users)
                        assert_string_equal(f.message, cases[i].message);
        }
}

/* ---- plans ---- */

static bool has(const UnitExec *e, const char *argument) {
        return strv_contains(e->argv, argument);
}

static bool has_ending(const UnitExec *e, const char *end) {
        STRV_FOREACH(a, e->argv)
                if (endswith(*a, end))
                        return true;
        return false;
}

/* The first of its kind. */
static const UnitExec *command(const UnitPlan *p, UnitExecWhen when) {
        const UnitExec *found = NULL;

        for (size_t i = 0; i < p->n_execs; i++)
                if (p->execs[i].when == when && !found)
                        found = &p->execs[i];
        assert_non_null(found);
        return found;
}

static const UnitBind *bind_at(const UnitPlan *p, const char *destination) {
        for (size_t i = 0; i < p->n_binds; i++)
                if (streq(p->binds[i].destination, destination))
                        return &p->binds[i];
        fail_msg("nothing is bound at %s", destination);
        return NULL;
}

/* A job whose every stage can be planned. */
static Job *prepared(Fixture *f, const char *settings, JobState state) {
        Job *j;

        INSTALL("/usr/bin/docker");
        fixture_init(f, settings);
        fixture_dir(f, "data/accounting");
        fixture_dir(f, "data/biology");
        fixture_account(f, "alice", "grants = [\"*\"];");
        j = fixture_job(f, ID_A, "alice", state);
        fixture_write_plain_manifest(j);
        fixture_file(f, j, "image/" IMAGE_RECORD_FILE,
                     "{\"version\":1,\"id\":\"sha256:" DIGEST_A "\",\"digest\":\"" DIGEST_A "\",\"built\":false,\"reused\":true}");
        fixture_file(f, j, "data/labels-train.csv", "");
        {
                char name[128];

                snprintf(name, sizeof(name), "spool/active/%s/result", ID_A);
                fixture_dir(f, name);
        }
        return j;
}

static UnitPlan *plan_of(Job *j) {
        _cleanup_fault_ Fault fault = {};
        UnitPlan *p = NULL;
        int r = stage_plan(stage_of(j), j, &p, &fault);

        if (r < 0)
                fail_msg("%s: %d %s", job_state_to_string(j->record.state), r, strempty(fault.message));
        return p;
}

/* A helper has an empty file for its exit record, its own to write, and starts nothing behind it. */
static void assert_own_witness(Job *j, const UnitPlan *p, const char *mark) {
        const Account *a = accounts_find(&j->daemon->accounts, p->user);
        _cleanup_free_ char *file = job_path(j, "exits/%s.json", mark);
        const UnitBind *bind = bind_at(p, "/run/morf/exit");
        struct stat st;

        for (size_t i = 0; i < p->n_execs; i++)
                assert_int_equal(p->execs[i].when, UNIT_EXEC_START);
        assert_non_null(bind);
        assert_true(bind->writable);
        assert_string_equal(bind->source, file);
        assert_true(strv_contains(p->environment, "MORF_EXIT_RECORD=/run/morf/exit"));
        assert_return_code(lstat(file, &st), errno);
        assert_true(S_ISREG(st.st_mode) && st.st_size == 0 && (st.st_mode & 07777) == 0640);
        assert_int_equal(st.st_uid, a ? a->uid : 0);
}

/* What every plan has: a witness, a place, and nothing of spool, data and configuration in sight but what is bound. */
static void what_plans_have_in_common(_unused_ void **state) {
        skip_unless_root();
        for (JobState s = 0; s < _JOB_STATE_MAX; s++) {
                _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
                char name[UNIT_NAME_SIZE], mark[64];
                _cleanup_fixture_ Fixture f;
                Job *j;

                if (!stage_of_state(MANIFEST_MODE_RUN, s))
                        continue;
                j = prepared(&f, "", s);
                j->record.attempt = 3;
                p = plan_of(j);
                assert_int_equal(unit_name_service(ID_A, stage_of_state(MANIFEST_MODE_RUN, s)->name, 3, name), 0);
                assert_string_equal(p->name, name);
                assert_string_equal(p->slice, "morf-jobs-" ID_A ".slice");
                assert_true(p->runtime_max_usec > 0 && p->runtime_max_usec != UNIT_UNLIMITED);
                snprintf(mark, sizeof(mark), "%s-3", stage_of_state(MANIFEST_MODE_RUN, s)->name);
                if (s == JOB_STATE_RUNNING) {
                        const UnitExec *post = command(p, UNIT_EXEC_STOP_POST);

                        assert_non_null(endswith(post->argv[0], "/morf-exitmark"));
                        assert_true(has(post, mark));
                        assert_true(has(post, "--out"));
                        assert_true(has(post, "--slice"));
                } else
                        assert_own_witness(j, p, mark);
                assert_true(strv_contains(p->hidden, f.d.conf.spool) && strv_contains(p->hidden, "/etc/morf"));
                assert_true(strv_contains(p->hidden, f.d.conf.data[0]) && strv_contains(p->hidden, f.d.conf.data[1]));
                assert_true(strv_contains(p->log_fields, "MORF_JOB=" ID_A) && strv_contains(p->log_fields, "MORF_USER=alice"));
                /* Only the job's own directory; course data for the one stage that reads it; and what the engine's stages know about images. */
                for (size_t i = 0; i < p->n_binds; i++) {
                        _cleanup_free_ char *own = job_path(j, "%s", "");
                        const UnitBind *b = &p->binds[i];
                        bool of_engine = stage_of_state(MANIFEST_MODE_RUN, s)->sandbox == SANDBOX_ENGINE;
                        bool allowed = startswith(b->source, own) || (s == JOB_STATE_PLANNING && !b->writable) ||
                                       (of_engine && !b->writable && startswith(b->source, "/run/")) ||
                                       (s == JOB_STATE_PREPARING && streq(b->source, "/var/lib/morf/images")) ||
                                       (s == JOB_STATE_GATING && !b->writable && streq(b->source, "/var/lib/morf/keys"));

                        if (!allowed)
                                fail_msg("%s sees %s", stage_of_state(MANIFEST_MODE_RUN, s)->name, b->source);
                        assert_non_null(startswith(b->destination, "/run/morf/"));
                }
                /* Helpers have no engine and nobody but the engine's stages has its group. */
                if (p->sandbox == SANDBOX_HELPER || p->sandbox == SANDBOX_COLLECT) {
                        assert_int_equal(strv_length(p->groups), 0);
                        assert_int_equal(p->ambient_capabilities, 0);
                        assert_true(streq(p->user, s == JOB_STATE_INTAKE ? "morf-intake" : "morf-eval"));
                }
        }
}

static void helpers(_unused_ void **state) {
        static const struct {
                JobState state;
                const char *program, *in, *out;
                const char *const arguments[5];
        } cases[] = {
                { JOB_STATE_INTAKE, "morf-intake", "drop", "intake", { "--drop", "/run/morf/in", "--out", "/run/morf/out" } },
                { JOB_STATE_COLLECTING, "morf-collect", "steps/001/output", "result", { "--expect", "output.csv", "--max-bytes=1073741824" } },
                { JOB_STATE_EVALUATING, "morf-evaluate", "result/sealed", "result/eval", { "--in", "/run/morf/in" } },
                { JOB_STATE_GATING, "morf-gate", "result/eval", "release",
                  { "--digits=3", "--min-cell=10", "--round-counts=5", "--courses=accounting", "--courses=biology" } },
        };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *in = NULL, *out = NULL;
                _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
                _cleanup_fixture_ Fixture f;
                const UnitExec *start;
                Job *j = prepared(&f, "", cases[i].state);

                p = plan_of(j);
                start = command(p, UNIT_EXEC_START);
                assert_non_null(endswith(start->argv[0], cases[i].program));
                for (size_t k = 0; k < ELEMENTSOF(cases[i].arguments) && cases[i].arguments[k]; k++)
                        if (!has(start, cases[i].arguments[k]))
                                fail_msg("%s has no %s", cases[i].program, cases[i].arguments[k]);
                in = job_path(j, "%s", cases[i].in);
                out = job_path(j, "%s", cases[i].out);
                assert_int_equal(p->n_binds, cases[i].state == JOB_STATE_GATING ? 4 : 3); /* with the one for its exit record */
                assert_string_equal(bind_at(p, "/run/morf/in")->source, in);
                assert_false(bind_at(p, "/run/morf/in")->writable);
                assert_string_equal(bind_at(p, "/run/morf/out")->source, out);
                assert_true(bind_at(p, "/run/morf/out")->writable);
        }
}

static void data_is_of_the_granted_courses(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL, *with_labels = NULL;
        _cleanup_fixture_ Fixture f;
        const UnitExec *start;
        Job *j;

        skip_unless_root();
        j = prepared(&f, "", JOB_STATE_PLANNING);
        fixture_account(&f, "alice", "grants = [\"biology\"];");
        p = plan_of(j);
        start = command(p, UNIT_EXEC_START);
        assert_non_null(endswith(start->argv[0], "morf-stage"));
        assert_true(has(start, "biology"));
        assert_false(has(start, "accounting"));
        assert_false(has(start, "--test-labels"));
        assert_string_equal(bind_at(p, "/run/morf/data/0")->source, f.d.conf.data[0]);
        assert_int_equal(p->n_binds, 3); /* the second root does not exist */
        f.d.conf.test_labels = true;
        with_labels = plan_of(j);
        assert_true(has(command(with_labels, UNIT_EXEC_START), "--test-labels"));
}

/* What was granted when the job was accepted may be gone when it runs. */
static void grants_are_asked_again(_unused_ void **state) {
        static const JobState states[] = { JOB_STATE_PLANNING, JOB_STATE_RUNNING, JOB_STATE_GATING };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                _cleanup_fault_ Fault fault = {}, gone = {};
                _cleanup_fixture_ Fixture f;
                UnitPlan *p = NULL;
                Job *j;

                j = prepared(&f, "", states[i]);
                fixture_account(&f, "alice", "grants = [];");
                assert_int_equal(stage_plan(stage_of_state(MANIFEST_MODE_RUN, states[i]), j, &p, &fault), -EBADMSG);
                assert_int_equal(fault.code, FAULT_GRANT);
                assert_int_equal(unlinkat(f.s.fd, "users.d/alice.conf", 0), 0);
                assert_int_equal(stage_plan(stage_of_state(MANIFEST_MODE_RUN, states[i]), j, &p, &gone), -EBADMSG);
                assert_int_equal(gone.code, FAULT_USER);
                assert_string_equal(gone.message, "there is no account 'alice' any more");
                assert_null(p);
        }
}

static void the_container(_unused_ void **state) {
        static const char *const tables[] = { ".hidden.csv", "a,readonly=false.csv", "notes.txt", "-x.csv", "labels-dates.csv" };
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_fixture_ Fixture f;
        const UnitExec *start;
        unsigned tables_seen = 0;
        struct stat st;
        Job *j;

        skip_unless_root();
        j = prepared(&f, "", JOB_STATE_RUNNING);
        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                char name[64];

                snprintf(name, sizeof(name), "data/%s", tables[i]);
                fixture_file(&f, j, name, "");
        }
        p = plan_of(j);
        start = command(p, UNIT_EXEC_START);
        assert_non_null(endswith(start->argv[0], "/morf-capture"));
        assert_true(has(start, "--watch-max=1073741824") && has(start, "--free-min=536870912"));
        assert_true(has(start, "--name=morf-" ID_A "-001-1") && has(start, "sha256:" DIGEST_A));
        assert_true(has(start, "--cgroup-parent=morf-jobs-" ID_A "-1a1.slice"));
        assert_string_equal(p->aux_slice, "morf-jobs-" ID_A "-1a1.slice");
        assert_int_equal(p->aux_limits.memory_max, 2 * LIMIT_GIB);
        assert_int_equal(p->aux_limits.cpu_quota_usec_per_sec, 1000000);
        assert_int_equal(p->aux_limits.tasks_max, 512);
        /* Its time, and a little to end in. */
        assert_int_equal(p->runtime_max_usec, UINT64_C(7200) * 1000000 + 5000000);
        STRV_FOREACH(a, start->argv) {
                tables_seen += endswith(*a, ".csv,readonly") != NULL;
                assert_null(strstr(*a, "readonly=false"));
        }
        assert_int_equal(tables_seen, 2); /* labels-train.csv and labels-dates.csv */
        {
                _cleanup_fd_ int dir = job_open_dir(j);

                assert_int_equal(fstatat(dir, "steps/001/output", &st, 0), 0);
                assert_int_equal(fstatat(dir, "steps/001/input/upper/accounting", &st, 0), 0);
                /* For a database server that is another user in the container. */
                assert_int_equal(st.st_mode & 0777, 0777);
                assert_int_equal(fstatat(dir, "steps/001/input/work/biology", &st, 0), 0);
        }
}

static Manifest workflow_manifest(void) {
        Manifest m = fixture_plain_manifest();

        m.mode = MANIFEST_MODE_WORKFLOW;
        m.controller = strdup("controller.py");
        return m;
}

/* A controller runs in the job's image with nothing but itself and what records it in sight, and no rights. */
static void the_recording(_unused_ void **state) {
        static const char *const wanted[] = {
                "--network=none", "--cap-drop=ALL", "--read-only", "--memory=268435456", "--entrypoint=python3",
                "--mount=type=bind,src=/usr/lib/morf/recorder,dst=/morf/recorder,readonly", "/morf/recorder/record.py", "/morf/controller.py",
        };
        _cleanup_manifest_ Manifest m = workflow_manifest();
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_fixture_ Fixture f;
        const UnitExec *start;
        unsigned mounts = 0;
        Job *j;

        skip_unless_root();
        j = prepared(&f, "", JOB_STATE_RECORDING);
        fixture_manifest(j, &m);
        j->mode = MANIFEST_MODE_WORKFLOW;
        p = plan_of(j);
        start = command(p, UNIT_EXEC_START);
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                if (!has(start, wanted[i]))
                        fail_msg("there is no %s", wanted[i]);
        STRV_FOREACH(a, start->argv) {
                mounts += startswith(*a, "--mount=") != NULL;
                assert_null(startswith(*a, "--cap-add"));
        }
        assert_int_equal(mounts, 3); /* and /output */
        assert_true(has_ending(start, "/drop/controller.py,dst=/morf/controller.py,readonly"));
        assert_string_equal(start->argv[strv_length(start->argv) - 1], "/output");

        /* One that came in a zip lies elsewhere. */
        m.unpacked = true;
        fixture_manifest(j, &m);
        unit_plan_free(p);
        p = plan_of(j);
        assert_true(has_ending(command(p, UNIT_EXEC_START), "/intake/unpacked/controller.py,dst=/morf/controller.py,readonly"));
}

static void judge_recording(_unused_ void **state) {
        const Stage *s = stage_of_state(MANIFEST_MODE_WORKFLOW, JOB_STATE_RECORDING);
        ExitRecord e = EXIT_RECORD_INIT;
        _cleanup_fault_ Fault f = {}, g = {};
        Job j = {};

        assert_true(s->judge(&j, OUTCOME_EXIT, 127, &e, &f));
        assert_int_equal(f.code, FAULT_CONTROLLER);
        assert_string_equal(f.message, "the image has no python3, which the controller needs");
        assert_true(s->judge(&j, OUTCOME_TIMEOUT, 0, &e, &g));
        assert_int_equal(g.code, FAULT_CONTROLLER);
        assert_false(s->judge(&j, OUTCOME_EXIT, 125, &e, &f));
}

/* Steps of each kind, as their units. */
static void the_units_of_steps(_unused_ void **state) {
        static const char *const wanted[] = {
                "--course", "accounting", "--session", "001", "--mode", "extract", "--name=morf-" ID_A "-002-1",
                "--cgroup-parent=morf-jobs-" ID_A "-2a1.slice",
        };
        PlanStep steps[] = {
                { .number = 1, .phase = 1, .kind = PLAN_STEP_PREPARE },
                { .number = 2, .phase = 1, .kind = PLAN_STEP_CONTAINER, .course = (char *) "accounting", .session = (char *) "001" },
                { .number = 3, .phase = 1, .kind = PLAN_STEP_COLLECT },
        };
        PlanSession session = { .name = (char *) "001", .version = (char *) DIGEST_A };
        PlanCourse course = { .name = (char *) "accounting", .sessions = &session, .n_sessions = 1 };
        PlanPhase phase = { .function = CALL_EXTRACT_SESSION, .mode = PLAN_MODE_EXTRACT, .level = PLAN_LEVEL_SESSION };
        WorkflowStep records[ELEMENTSOF(steps)] = { { .record.attempt = 1 }, { .record.attempt = 1 }, { .record.attempt = 1 } };
        Workflow w = {
                .plan = { .courses = &course, .n_courses = 1, .phases = &phase, .n_phases = 1, .steps = steps, .n_steps = ELEMENTSOF(steps) },
                .steps = records,
        };
        _cleanup_manifest_ Manifest m = workflow_manifest();
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_fault_ Fault fault = {}, refused = {};
        _cleanup_free_ char *overlay = NULL;
        _cleanup_fixture_ Fixture f;
        const UnitExec *start;
        UnitPlan *none = NULL;
        Job *j;

        skip_unless_root();
        j = prepared(&f, "", JOB_STATE_RUNNING);
        fixture_manifest(j, &m);
        fixture_dir(&f, "spool/active/" ID_A "/steps");
        j->mode = MANIFEST_MODE_WORKFLOW;
        j->workflow = &w;
        assert_int_equal(workflow_plan_step(j, 2, false, &p, &fault), 0);
        start = command(p, UNIT_EXEC_START);
        assert_string_equal(p->name, "morf-" ID_A "-s2-1.service");
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                if (!has(start, wanted[i]))
                        fail_msg("there is no %s", wanted[i]);
        assert_true(has(command(p, UNIT_EXEC_STOP_POST), "s2-1"));
        assert_true(strv_contains(p->log_fields, "MORF_STEP=2") && strv_contains(p->log_fields, "MORF_MODE=extract"));
        assert_true(strv_contains(p->log_fields, "MORF_COURSE=accounting") && strv_contains(p->log_fields, "MORF_SESSION=001"));
        assert_true(asprintf(&overlay, "lowerdir=/var/lib/morf/cache/raw/" DIGEST_A ":%s/accounting/001,upperdir=", f.d.conf.data[0]) > 0);
        {
                unsigned found = 0;

                STRV_FOREACH(a, start->argv) {
                        found += strstr(*a, overlay) != NULL;
                        assert_null(strstr(*a, "/morf-data"));
                }
                assert_int_equal(found, 1);
        }
        /* What was granted when it was planned may be gone. */
        fixture_account(&f, "alice", "grants = [\"biology\"];");
        assert_int_equal(workflow_plan_step(j, 2, false, &none, &refused), -EBADMSG);
        assert_int_equal(refused.code, FAULT_GRANT);
        j->workflow = NULL;
}

static void images(_unused_ void **state) {
        static const ManifestImageKind kinds[] = { MANIFEST_IMAGE_ARCHIVE, MANIFEST_IMAGE_DOCKERFILE };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                _cleanup_manifest_ Manifest m = fixture_plain_manifest();
                _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
                _cleanup_fixture_ Fixture f;
                const UnitExec *start;
                Job *j = prepared(&f, "", JOB_STATE_PREPARING);

                m.image.kind = kinds[i];
                fixture_manifest(j, &m);
                p = plan_of(j);
                start = command(p, UNIT_EXEC_START);
                assert_non_null(endswith(start->argv[0], "/morf-image"));
                assert_true(has(start, DIGEST_A));
                if (kinds[i] == MANIFEST_IMAGE_ARCHIVE)
                        assert_true(has(start, "--archive") && has(start, "/run/morf/in/image.tar"));
                else
                        assert_true(has(start, "--context") && has(start, "--build-network") && has(start, "none"));
        }
}

static void without_an_engine_nothing_is_planned(_unused_ void **state) {
        static const JobState states[] = { JOB_STATE_PREPARING, JOB_STATE_RUNNING };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                _cleanup_fault_ Fault fault = {};
                _cleanup_fixture_ Fixture f;
                UnitPlan *p = NULL;
                Job *j = prepared(&f, "", states[i]);

                INSTALL("/usr/bin/lxc");
                assert_int_equal(stage_plan(stage_of_state(MANIFEST_MODE_RUN, states[i]), j, &p, &fault), -ENOPKG);
                assert_int_equal(fault.code, FAULT_NONE);
                assert_null(p);
        }
}

/* Podman is run as root and cleaned up behind: after the witness, which comes first whatever happens. */
static void podman(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        j = prepared(&f, "engine: { name = \"podman\"; };", JOB_STATE_RUNNING);
        INSTALL("/usr/bin/docker", "/usr/bin/podman");
        p = plan_of(j);
        assert_int_equal(p->sandbox, SANDBOX_ENGINE_ROOT);
        assert_string_equal(p->user, "root");
        assert_int_equal(p->n_execs, 3);
        assert_non_null(endswith(p->execs[1].argv[0], "/morf-exitmark"));
        assert_string_equal(p->execs[2].argv[0], "/usr/bin/podman");
        assert_true(has(&p->execs[2], "morf-" ID_A "-001-1"));
}

/* A stage begins on an empty directory, whatever an earlier try left there. */
static void what_was_left_is_removed(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        j = prepared(&f, "", JOB_STATE_GATING);
        fixture_file(&f, j, "release/eval.csv", "of another try");
        p = plan_of(j);
        assert_int_equal(scratch_count(&f.s, "spool/active/" ID_A "/release"), 1);
}

/* What the receipt will say: of the job, its drop and its image, in the directory of the gate and readable there. */
static void the_gate_learns_the_facts(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_receipt_ Receipt facts = {};
        _cleanup_free_ char *text = NULL;
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        j = prepared(&f, "", JOB_STATE_GATING);
        p = plan_of(j);
        text = scratch_read(&f.s, "spool/active/" ID_A "/release/" RECEIPT_FACTS_FILE);
        assert_non_null(text);
        assert_int_equal(receipt_parse(text, strlen(text), &facts, NULL), 0);
        assert_string_equal(facts.job, ID_A);
        assert_string_equal(facts.user, "alice");
        assert_string_equal(facts.mode, "run");
        assert_non_null(startswith(facts.image, "sha256:"));
        assert_null(facts.released);
        assert_int_equal(facts.n_files, 0);
        assert_true(has(command(p, UNIT_EXEC_START), "--keys"));
        assert_false(has(command(p, UNIT_EXEC_START), "--pseudonyms=hmac"));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_working_state_has_a_stage), cmocka_unit_test(names), cmocka_unit_test(the_chain_is_complete),
                cmocka_unit_test(only_the_container_is_accounted_for_and_judged), cmocka_unit_test(judge_run),
                cmocka_unit_test(what_plans_have_in_common), cmocka_unit_test(helpers), cmocka_unit_test(data_is_of_the_granted_courses),
                cmocka_unit_test(grants_are_asked_again), cmocka_unit_test(the_container), cmocka_unit_test(the_chain_of_a_workflow), cmocka_unit_test(the_recording),
                cmocka_unit_test(judge_recording), cmocka_unit_test(the_units_of_steps), cmocka_unit_test(images),
                cmocka_unit_test(without_an_engine_nothing_is_planned), cmocka_unit_test(podman), cmocka_unit_test(what_was_left_is_removed),
                cmocka_unit_test(the_gate_learns_the_facts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
