/* SPDX-License-Identifier: MIT */
#include "daemon/workflow.h"

#include <signal.h>

#include "daemon/announce.h"
#include "daemon/attempt.h"
#include "daemon/container.h"
#include "daemon/daemon.h"
#include "daemon/end.h"
#include "daemon/scheduler.h"
#include "daemon/stage.h"
#include "daemon/workflow-plan.h"
#include "daemon/workflow-record.h"
#include "spool/base/fault-point.h"
#include "spool/base/message-id.h"
#include "spool/base/parse.h"
#include "spool/base/time.h"
#include "units/name.h"

static void advance(Job *j);

Workflow *workflow_free(Job *j, Workflow *w) {
        if (!w)
                return NULL;
        for (size_t i = 0; w->steps && i < w->plan.n_steps; i++) {
                if (j->daemon->units && w->steps[i].record.unit)
                        units_cancel(j->daemon->units, w->steps[i].record.unit);
                step_record_done(&w->steps[i].record);
        }
        free(w->steps);
        plan_done(&w->plan);
        free(w);
        return NULL;
}

static const PlanStep *step_of(const Job *j, unsigned number) {
        return &j->workflow->plan.steps[number - 1];
}

static bool is_container(const Job *j, unsigned number) {
        return step_of(j, number)->kind == PLAN_STEP_CONTAINER;
}

/* The stamp of messages about a step. */
static LogJob step_log(const Job *j, unsigned number) {
        LogJob stamp = job_log(j);

        stamp.unit = j->workflow->steps[number - 1].record.unit;
        return stamp;
}

static void set_live(Job *j, unsigned number, bool live) {
        WorkflowStep *s = &j->workflow->steps[number - 1];

        if (s->live == live)
                return;
        s->live = live;
        if (is_container(j, number) && live)
                j->workflow->containers++;
        else if (is_container(j, number))
                j->workflow->containers--;
}

/* Leaves "running": the unit is gone, or never was. */
static void leave(Job *j, unsigned number, StepState state) {
        StepRecord *r = &j->workflow->steps[number - 1].record;

        set_live(j, number, false);
        if (r->unit)
                units_cancel(j->daemon->units, r->unit);
        free(r->unit);
        r->unit = NULL;
        r->state = state;
        r->deadline = 0;
        r->retry_at = 0;
        if (step_state_is_final(state))
                r->finished = time_now_realtime();
}

/* ---- what people see ---- */

/* "extract_session: 14 of 27 steps done, about 6min left" */
static void tell_progress(Job *j) {
        WorkflowProgress w = workflow_progress(&j->workflow->plan, j->workflow->steps, 0);
        char span[TIME_STRING_MAX], left[TIME_STRING_MAX + 16] = "";
        const PlanPhase *phase;

        if (w.phase == 0)
                return;
        phase = &j->workflow->plan.phases[w.phase - 1];
        j->record.step = w.done;
        j->record.steps = w.containers;
        j->record.expected = w.left_usec > 0 ? time_add(time_now_realtime(), w.left_usec) : 0;
        if (w.left_usec > 0)
                snprintf(left, sizeof(left), ", about %s left", time_format_span(w.left_usec, span));
        if (j->record.hold)
                job_set_why(j, "held: no further step is started until somebody releases it (%u of %u steps done)", w.done, w.containers);
        else
                job_set_why(j, "%s: %u of %u steps done%s", call_function_to_string(phase->function), w.done, w.containers, left);
}

static void publish_progress(Job *j) {
        Workflow *w = j->workflow;

        j->record.usage = (Usage){};
        for (size_t i = 0; i < w->plan.n_steps; i++)
                workflow_add_usage(&j->record.usage, &w->steps[i].record.usage);
        if (!j->record.cancel)
                tell_progress(j);
        (void) job_save(j);
        announce_status(j);
}

/* ---- ends ---- */

/* What is left of the containers of an attempt, which may live on when their engine was killed. */
static void stop_attempt(const Job *j, unsigned number) {
        char slice[UNIT_NAME_SIZE];

        if (is_container(j, number) && unit_name_slice(j->record.id, number, j->workflow->steps[number - 1].record.attempt, slice) >= 0)
                stage_end_slice(j, slice);
}

static void fail_step(Job *j, unsigned number, const Fault *fault) {
        StepRecord *r = &j->workflow->steps[number - 1].record;
        LogJob stamp = step_log(j, number);
        const PlanStep *s = step_of(j, number);

        log_job(LOG_NOTICE, 0, MESSAGE_ID_STEP_FAILED, &stamp, "step %u%s%s%s%s failed: %s", number, s->course ? " of " : "", strempty(s->course),
                s->session ? "/" : "", strempty(s->session), strempty(fault->message));
        leave(j, number, STEP_STATE_FAILED);
        fault_done(&r->fault);
        (void) fault_copy(fault, &r->fault);
        (void) workflow_save_step(j, number);
}

/* The platform was at fault: the step is tried again after a while, or given up after so many times. */
static void retry_step(Job *j, unsigned number, const char *reason) {
        StepRecord *r = &j->workflow->steps[number - 1].record;
        const Conf *c = &j->daemon->conf;
        LogJob stamp = step_log(j, number);
        char span[TIME_STRING_MAX];
        bool disk_is_low = scheduler_disk_is_low(j->daemon);
        uint64_t delay;

        r->faults += !disk_is_low;
        if (r->faults >= c->scheduler.attempts) {
                _cleanup_fault_ Fault fault = {};

                (void) fault_set(&fault, FAULT_PLATFORM, NULL, 0, "the platform could not run step %u in %u tries (%s)", number, r->faults, reason);
                fail_step(j, number, &fault);
                return;
        }
        delay = disk_is_low ? attempt_wait_delay(c, r->attempt) : attempt_delay(c, r->faults);
        log_job(LOG_WARNING, 0, MESSAGE_ID_JOB_RETRY, &stamp, "step %u failed by the platform's fault (%s), next try in %s", number, reason,
                time_format_span(delay, span));
        leave(j, number, STEP_STATE_WAITING);
        r->retry_at = time_add(time_now_realtime(), delay);
        (void) workflow_save_step(j, number);
}

/* The engine does not answer: nothing was begun and nobody failed. Steps that ask at the same time are one question. */
static void wait_for_engine(Job *j, unsigned number) {
        StepRecord *r = &j->workflow->steps[number - 1].record;
        uint64_t now = time_now_realtime();
        char span[TIME_STRING_MAX];
        LogJob stamp;

        leave(j, number, STEP_STATE_WAITING);
        stamp = step_log(j, number);
        if (j->record.retry_at <= now) {
                uint64_t delay = attempt_wait_delay(&j->daemon->conf, j->engine_waits++);

                log_job(j->engine_waits == 1 ? LOG_NOTICE : LOG_DEBUG, 0, MESSAGE_ID_JOB_RETRY, &stamp,
                        "the container engine does not answer, asking again in %s", time_format_span(delay, span));
                j->record.retry_at = time_add(now, delay);
        }
        r->retry_at = j->record.retry_at;
        (void) workflow_save_step(j, number);
        scheduler_kick(j->daemon);
}

/* Return: 0, or a negative errno: what the step left cannot be used. */
static int accept_step(Job *j, unsigned number) {
        const PlanStep *s = step_of(j, number);
        int r = 0;

        if (s->kind != PLAN_STEP_CONTAINER)
                r = workflow_read_phase(j, s->phase);
        if (r >= 0)
                r = FAULT_POINT_ERROR("step-succeeded", plan_step_to_string(s->kind));
        return r;
}

static void step_succeeded(Job *j, unsigned number) {
        const PlanStep *s = step_of(j, number);
        int r;

        r = accept_step(j, number);
        if (r < 0) {
                LogJob stamp = step_log(j, number);

                log_job(LOG_ERR, r, NULL, &stamp, "cannot use what step %u left", number);
                retry_step(j, number, r == -ENOSPC ? "the disk is full" : "what it left cannot be used");
                return;
        }
        leave(j, number, STEP_STATE_DONE);
        /* The mail is noted first: what comes again after a crash is noted once all the same. */
        if (j->tell_phases && workflow_ends_phase(&j->workflow->plan, s) && announce_note_phase(j, s->phase) >= 0)
                (void) job_save(j);
        r = workflow_save_step(j, number);
        FAULT_POINT("step-saved", plan_step_to_string(s->kind));
        if (r >= 0 && j->tell_phases)
                (void) announce_publish(j);
}

/* The helper says that the user is at fault. */
static void step_refused(Job *j, unsigned number) {
        _cleanup_fault_ Fault fault = {};
        int r = attempt_read_fault(j, JOB_DIR_WORK, &fault);

        if (r < 0) {
                LogJob stamp = step_log(j, number);

                log_job(LOG_ERR, r, NULL, &stamp, "step %u refused the job, but its %s cannot be read", number, FAULT_FILE);
                retry_step(j, number, "a helper did not say what is wrong");
        } else
                fail_step(j, number, &fault);
}

static void judge_step(Job *j, unsigned number) {
        WorkflowStep *w = &j->workflow->steps[number - 1];
        bool container = is_container(j, number), down;
        char stage[STEP_STAGE_SIZE], reason[128];
        _cleanup_fault_ Fault fault = {};
        ContainerBounds bounds;
        AttemptEnd end;

        set_live(j, number, false);
        FAULT_POINT("step-gone", plan_step_to_string(step_of(j, number)->kind));
        end = attempt_end(j, workflow_step_stage(number, stage), w->record.attempt, w->start_failed);
        bounds = (ContainerBounds){
                .memory = j->memory,
                .time_usec = time_sub(time_sub(w->record.deadline, w->record.started), CONTAINER_GRACE_USEC),
        };
        if (end.recorded && container)
                attempt_account(&w->record.usage, &end.record, w->record.started, j->memory);
        if (end.outcome != OUTCOME_SUCCESS)
                stop_attempt(j, number);
        down = container && attempt_engine_is_down(&end);
        if (container && !down)
                j->engine_waits = 0;
        if (end.outcome == OUTCOME_SUCCESS)
                step_succeeded(j, number);
        else if (end.outcome == OUTCOME_USER_FAULT && !container)
                step_refused(j, number);
        else if (down)
                wait_for_engine(j, number);
        else if (container && container_judge(&bounds, end.outcome, end.status, &end.record, &fault) && !j->record.cancel) {
                if (fault.code == FAULT_SIGNAL && attempt_may_be_lost(&end, w->record.faults, &w->record.kills))
                        retry_step(j, number, "the container was killed from outside");
                else
                        fail_step(j, number, &fault);
        } else if (j->record.cancel)
                leave(j, number, STEP_STATE_PENDING); /* its record says that it ran: the job ends, and nobody asks */
        else {
                snprintf(reason, sizeof(reason), "it ended by %s (%d)", outcome_to_string(end.outcome), end.status);
                retry_step(j, number, reason);
        }
}

/* ---- starts ---- */

static void on_started(void *userdata, const char *unit, int result, const char *message) {
        Job *j = userdata;
        unsigned number = workflow_find_unit(j, unit);
        LogJob stamp;

        if (result == 0 || number == 0)
                return;
        stamp = step_log(j, number);
        if (result == UNITS_E_EXISTS) {
                log_job(LOG_NOTICE, 0, MESSAGE_ID_JOB_ADOPTED, &stamp, "unit %s runs already, adopted", unit);
                return;
        }
        log_job(LOG_WARNING, result < 0 ? result : 0, NULL, &stamp, "cannot start %s: %s", unit, message);
        if (result == UNITS_E_FAILED) {
                j->workflow->steps[number - 1].start_failed = true; /* it is watched; workflow_gone() follows */
                return;
        }
        set_live(j, number, false);
        retry_step(j, number, "the service manager did not start it");
        advance(j);
}

/* Publishes the beginning of a step and asks the manager. Return: 0 or a negative errno: nothing runs. */
static int launch(Job *j, unsigned number, UnitPlan *plan) {
        const char *kind = plan_step_to_string(step_of(j, number)->kind);
        WorkflowStep *s = &j->workflow->steps[number - 1];
        uint64_t now = time_now_realtime();
        int r;

        free(s->record.unit);
        s->record.unit = strdup(plan->name);
        if (!s->record.unit)
                return -ENOMEM;
        s->record.state = STEP_STATE_RUNNING;
        s->record.started = now;
        s->record.retry_at = 0;
        s->record.deadline = plan->runtime_max_usec == UNIT_UNLIMITED ? 0 : time_add(now, plan->runtime_max_usec);
        s->start_failed = false;
        r = workflow_save_step(j, number);
        if (r >= 0)
                r = FAULT_POINT_ERROR("step-recorded", kind);
        if (r >= 0)
                r = units_start(j->daemon->units, plan, on_started, j);
        if (r < 0)
                return r;
        FAULT_POINT("step-asked", kind);
        set_live(j, number, true);
        return 0;
}

/* No container is started in an engine that was not probed: nobody failed, and the step asks again soon. */
static void wait_for_probe(Job *j, unsigned number) {
        StepRecord *r = &j->workflow->steps[number - 1].record;

        (void) probe_obstacle(j->daemon);
        leave(j, number, STEP_STATE_WAITING);
        r->retry_at = time_add(time_now_realtime(), PROBE_WAIT_USEC);
}

static void start_step(Job *j, unsigned number, bool salvage) {
        WorkflowStep *s = &j->workflow->steps[number - 1];
        _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
        _cleanup_fault_ Fault fault = {};
        LogJob stamp;
        int r;

        if (is_container(j, number) && !probe_permits(j->daemon)) {
                wait_for_probe(j, number);
                return;
        }
        s->record.attempt++;
        r = workflow_plan_step(j, number, salvage, &plan, &fault);
        if (r == -EBADMSG && fault.code != FAULT_NONE) {
                fail_step(j, number, &fault);
                return;
        }
        if (r >= 0)
                r = FAULT_POINT_ERROR("step-planned", plan_step_to_string(step_of(j, number)->kind));
        if (r >= 0)
                r = launch(j, number, plan);
        if (r == -ENOTCONN) {
                /* Nothing was started, and the record may say so; recover_resume() goes on when the bus is back. */
                leave(j, number, STEP_STATE_WAITING);
                s->record.retry_at = time_add(time_now_realtime(), USEC_PER_SEC);
                (void) workflow_save_step(j, number);
        } else if (r < 0) {
                stamp = step_log(j, number);
                log_job(LOG_ERR, r, NULL, &stamp, "cannot start step %u", number);
                retry_step(j, number, r == -ENOSPC ? "the disk is full" : "it cannot be set up");
        }
}

/* ---- what is next ---- */

static WorkflowChoice choose(const Job *j) {
        Workflow *w = j->workflow;

        return workflow_choose(&w->plan, w->steps, w->partial, time_now_realtime(), &w->from);
}

static bool is_live(const Workflow *w) {
        for (size_t i = w->from; i < w->plan.n_steps; i++)
                if (w->steps[i].live)
                        return true;
        return false;
}

/* Arms the one timer of the job for what comes first: another try, or a step past its deadline. */
static void arm(Job *j, uint64_t retry_at) {
        uint64_t now = time_now_realtime(), next = retry_at;
        const Workflow *w = j->workflow;

        for (size_t i = w->from; i < w->plan.n_steps; i++) {
                const StepRecord *r = &w->steps[i].record;
                uint64_t stuck = time_add(r->deadline, ATTEMPT_STUCK_USEC);

                if (w->steps[i].live && r->deadline > 0 && stuck < next)
                        next = stuck;
        }
        if (next != UINT64_MAX)
                stage_arm_timer(j, time_sub(next, now));
        else
                j->timer = sd_event_source_disable_unref(j->timer);
}

static void end_failed(Job *j, unsigned number) {
        _cleanup_fault_ Fault fault = {};

        if (workflow_describe_failure(j, number, &fault) == -ENOMEM)
                (void) fault_set(&fault, FAULT_PLATFORM, NULL, 0, "out of memory");
        j->workflow = workflow_free(j, j->workflow);
        job_end(j, JOB_STATE_FAILED, &fault);
}

static void end_done(Job *j) {
        publish_progress(j);
        j->record.expected = 0;
        (void) workflow_note_lost(j);
        j->workflow = workflow_free(j, j->workflow);
        stage_steps_done(j);
}

/* Does what is to be done, until there is nothing left but to wait. j may be freed. */
static void advance(Job *j) {
        Workflow *w = j->workflow;

        for (;;) {
                WorkflowChoice c;

                if (j->record.cancel) {
                        if (is_live(w)) {
                                arm(j, UINT64_MAX);
                                return;
                        }
                        j->workflow = workflow_free(j, w);
                        job_end_cancelled(j);
                        return;
                }
                if (!unit_manager_is_connected(j->daemon->units))
                        return; /* recover_resume() comes when it is */
                c = choose(j);
                switch (c.next) {
                case WORKFLOW_NEXT_START:
                        if (j->record.hold) {
                                arm(j, c.retry_at);
                                return;
                        }
                        /* One container always; more are the scheduler's to give. */
                        if (is_container(j, c.number) && w->containers > 0) {
                                scheduler_kick(j->daemon);
                                arm(j, c.retry_at);
                                return;
                        }
                        start_step(j, c.number, false);
                        break;
                case WORKFLOW_NEXT_SALVAGE:
                        start_step(j, c.number, true);
                        break;
                case WORKFLOW_NEXT_SKIP:
                        leave(j, c.number, STEP_STATE_SKIPPED);
                        (void) workflow_save_step(j, c.number);
                        break;
                case WORKFLOW_NEXT_WAIT:
                        arm(j, c.retry_at);
                        return;
                case WORKFLOW_NEXT_FAIL:
                        end_failed(j, c.number);
                        return;
                case WORKFLOW_NEXT_DONE:
                        end_done(j);
                        return;
                }
        }
}

bool workflow_wants_more(const Job *j) {
        WorkflowChoice c;

        if (!j->workflow || j->record.cancel || j->record.hold || j->workflow->containers == 0 || j->engine_waits > 0)
                return false;
        c = choose(j);
        return c.next == WORKFLOW_NEXT_START && is_container(j, c.number);
}

void workflow_start_more(Job *j) {
        WorkflowChoice c = choose(j);

        if (c.next == WORKFLOW_NEXT_START)
                start_step(j, c.number, false);
        advance(j);
}

/* ---- events ---- */

void workflow_gone(Job *j, const char *unit) {
        unsigned number = workflow_find_unit(j, unit);

        if (number == 0)
                return;
        judge_step(j, number);
        publish_progress(j);
        advance(j);
}

/* Its time was up, and yet it is there: the manager or the kernel is in trouble. */
static void kill_stuck(Job *j) {
        const Workflow *w = j->workflow;
        uint64_t now = time_now_realtime();

        for (unsigned i = 0; i < w->plan.n_steps; i++) {
                StepRecord *r = &w->steps[i].record;
                LogJob stamp = step_log(j, i + 1);

                if (!w->steps[i].live || r->deadline == 0 || time_add(r->deadline, ATTEMPT_STUCK_USEC) > now)
                        continue;
                log_job(LOG_ERR, 0, MESSAGE_ID_JOB_STUCK, &stamp, "unit %s is past its deadline and does not end; killing it", r->unit);
                (void) units_kill(j->daemon->units, r->unit, SIGKILL, NULL, NULL);
                r->deadline = now; /* in memory: asked again after the same time */
        }
}

void workflow_timer(Job *j) {
        kill_stuck(j);
        advance(j);
}

void workflow_cancel(Job *j) {
        const Workflow *w = j->workflow;

        (void) job_save(j);
        announce_status(j);
        for (size_t i = w->from; i < w->plan.n_steps; i++)
                if (w->steps[i].live)
                        (void) units_stop(j->daemon->units, w->steps[i].record.unit, NULL, NULL);
        advance(j);
}

void workflow_hold(Job *j) {
        publish_progress(j);
        advance(j);
}

/* Steps that ran when this daemon, or an earlier one, lost sight of them. */
static void take_up(Job *j, const UnitState *units, size_t n_units) {
        Workflow *w = j->workflow;

        for (unsigned number = 1; number <= w->plan.n_steps; number++) {
                WorkflowStep *s = &w->steps[number - 1];
                LogJob stamp = step_log(j, number);

                if (s->record.state != STEP_STATE_RUNNING || s->live)
                        continue;
                if (s->record.unit && attempt_is_alive(s->record.unit, units, n_units)) {
                        if (units_watch(j->daemon->units, s->record.unit) < 0)
                                continue;
                        set_live(j, number, true);
                        log_job(LOG_INFO, 0, MESSAGE_ID_JOB_ADOPTED, &stamp, "unit %s is running, adopted", s->record.unit);
                        if (j->record.cancel)
                                (void) units_stop(j->daemon->units, s->record.unit, NULL, NULL);
                } else
                        judge_step(j, number);
        }
}

static int go_on(Job *j, const UnitState *units, size_t n_units) {
        int r;

        r = j->workflow ? 0 : workflow_load(j);
        if (r < 0)
                return r;
        j->record.faults = j->record.kills = 0;
        take_up(j, units, n_units);
        publish_progress(j);
        advance(j);
        return 0;
}

int workflow_resume(Job *j, const UnitState *units, size_t n_units) {
        return go_on(j, units, n_units);
}

int workflow_start(Job *j) {
        UnitState *units = NULL;
        size_t n = 0;
        int r;

        r = units_list(j->daemon->units, UNIT_SERVICE_PATTERN, &units, &n);
        if (r < 0)
                return r;
        free(j->record.unit);
        j->record.unit = NULL;
        j->record.retry_at = j->record.deadline = 0;
        r = job_set_state(j, JOB_STATE_RUNNING, "its steps are running");
        if (r >= 0)
                r = go_on(j, units, n);
        units_list_free(units, n);
        return r;
}
