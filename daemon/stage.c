/* SPDX-License-Identifier: MIT */
#include "daemon/stage.h"

#include <signal.h>

#include "daemon/announce.h"
#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/end.h"
#include "daemon/scheduler.h"
#include "daemon/stage-table.h"
#include "daemon/workflow.h"
#include "spool/base/fault-point.h"
#include "spool/base/message-id.h"
#include "spool/base/time.h"
#include "units/name.h"

static void stage_start(Job *j, const char *why);

void stage_end_slice(const Job *j, const char *slice) {
        /* Whoever is left in it had its SIGTERM. The engine's scopes would wait for a time of their own. */
        (void) units_kill(j->daemon->units, slice, SIGKILL, NULL, NULL);
        (void) units_stop(j->daemon->units, slice, NULL, NULL);
}

/* Before another attempt: what is left of the containers of this one, which may live on when their engine was killed, is ended. */
static void stop_attempt(const Job *j) {
        char slice[UNIT_NAME_SIZE];

        if (unit_name_slice(j->record.id, 1, j->record.attempt, slice) >= 0)
                stage_end_slice(j, slice);
}

/*
 * The engine does not answer, so nothing was begun and nobody failed: this job asks again after a while, and no other is started
 * before it got an answer (see scheduler.c).
 */
static void wait_for_engine(Job *j) {
        uint64_t delay = attempt_wait_delay(&j->daemon->conf, j->engine_waits++);
        LogJob stamp = job_log(j);
        char span[TIME_STRING_MAX];

        log_job(j->engine_waits == 1 ? LOG_NOTICE : LOG_DEBUG, 0, MESSAGE_ID_JOB_RETRY, &stamp,
                "the container engine does not answer, asking again in %s", time_format_span(delay, span));
        j->record.retry_at = time_add(time_now_realtime(), delay);
        free(j->record.unit);
        j->record.unit = NULL;
        job_set_why(j, "the container engine does not answer");
        (void) job_save(j);
        announce_status(j);
        stage_arm_timer(j, delay);
        scheduler_kick(j->daemon);
}

/* No container is started in an engine that was not probed: nobody failed, and this job asks again soon. */
static void wait_for_probe(Job *j) {
        const char *obstacle = probe_obstacle(j->daemon);
        char why[RECORD_WHY_MAX];

        snprintf(why, sizeof(why), "no container is started: %s", obstacle ?: "the container engine does not answer");
        if (!streq_ptr(j->record.why, why)) {
                free(j->record.unit);
                j->record.unit = NULL;
                job_set_why(j, "%s", why);
                (void) job_save(j);
                announce_status(j);
        }
        stage_arm_timer(j, PROBE_WAIT_USEC);
}

/* The platform was at fault: try again after a while, or give up after so many times. A full disk waits for the operator. */
static void stage_retry(Job *j, const char *reason) {
        const Conf *c = &j->daemon->conf;
        LogJob stamp = job_log(j);
        char span[TIME_STRING_MAX];
        bool disk_is_low;
        uint64_t delay;

        disk_is_low = scheduler_disk_is_low(j->daemon);
        j->record.faults += !disk_is_low;
        if (j->record.faults >= c->scheduler.attempts) {
                _cleanup_fault_ Fault fault = {};

                (void) fault_set(&fault, FAULT_PLATFORM, NULL, 0, "the platform could not run the job in %u tries (%s, at '%s')", j->record.faults,
                                 reason, job_state_to_string(j->record.state));
                job_end(j, JOB_STATE_FAILED, &fault);
                return;
        }
        delay = disk_is_low ? attempt_wait_delay(c, j->record.attempt) : attempt_delay(c, j->record.faults);
        log_job(LOG_WARNING, 0, MESSAGE_ID_JOB_RETRY, &stamp, "stage failed by the platform's fault (%s), next try in %s", reason,
                time_format_span(delay, span));
        j->record.retry_at = time_add(time_now_realtime(), delay);
        free(j->record.unit);
        j->record.unit = NULL;
        if (disk_is_low)
                job_set_why(j, "the disk is nearly full (%s); it is tried again until there is room", reason);
        else
                job_set_why(j, "the platform had a problem (%s); try %u of %u follows", reason, j->record.faults + 1, c->scheduler.attempts);
        (void) job_save(j);
        announce_status(j);
        stage_arm_timer(j, delay);
}

static void on_started(void *userdata, const char *unit, int result, const char *message) {
        Job *j = userdata;
        LogJob stamp = job_log(j);

        if (result == 0)
                return;
        if (result == UNITS_E_EXISTS) {
                log_job(LOG_NOTICE, 0, MESSAGE_ID_JOB_ADOPTED, &stamp, "unit %s runs already, adopted", unit);
                return;
        }
        log_job(LOG_WARNING, result < 0 ? result : 0, NULL, &stamp, "cannot start %s: %s", unit, message);
        if (result == UNITS_E_FAILED) {
                j->start_failed = true; /* it is watched; stage_gone() follows */
                return;
        }
        j->unit_live = false;
        stage_retry(j, "the service manager did not start the stage");
}

/* Publishes the stage's beginning and asks the manager. Return: 0 or a negative errno: nothing runs. */
static int launch(Job *j, const Stage *s, UnitPlan *plan, const char *why) {
        uint64_t now = time_now_realtime();
        int r;

        free(j->record.unit);
        j->record.unit = strdup(plan->name);
        if (!j->record.unit)
                return -ENOMEM;
        j->record.started = now;
        j->record.retry_at = 0;
        j->record.deadline = plan->runtime_max_usec == UNIT_UNLIMITED ? 0 : time_add(now, plan->runtime_max_usec);
        j->start_failed = false;
        r = job_set_state(j, s->state, "%s", why);
        if (r >= 0)
                r = FAULT_POINT_ERROR("stage-recorded", s->name);
        if (r >= 0)
                r = units_start(j->daemon->units, plan, on_started, j);
        if (r < 0)
                return r;
        FAULT_POINT("stage-asked", s->name);
        j->unit_live = true;
        if (plan->runtime_max_usec != UNIT_UNLIMITED)
                stage_arm_timer(j, time_add(plan->runtime_max_usec, plan->stop_timeout_usec + ATTEMPT_STUCK_USEC));
        return 0;
}

/* A workflow's steps are units of their own. */
static void start_steps(Job *j) {
        LogJob stamp = job_log(j);
        int r = workflow_start(j);

        if (r == -ENOTCONN || r >= 0)
                return; /* recover_resume() goes on when the bus is back */
        log_job(LOG_ERR, r, NULL, &stamp, "cannot begin the steps of the workflow");
        stage_retry(j, r == -ENOSPC ? "the disk is full" : "its steps cannot be begun");
}

static void stage_start(Job *j, const char *why) {
        const Stage *s = stage_of(j);
        _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
        _cleanup_fault_ Fault fault = {};
        LogJob stamp = job_log(j);
        int r;

        if (s->steps) {
                start_steps(j);
                return;
        }
        if (s->clean && !probe_permits(j->daemon)) { /* what has a container to clean up starts one */
                wait_for_probe(j);
                return;
        }
        j->record.attempt++;
        r = stage_plan(s, j, &plan, &fault);
        if (r == -EBADMSG && fault.code != FAULT_NONE) {
                job_end(j, JOB_STATE_FAILED, &fault);
                return;
        }
        if (r >= 0)
                r = FAULT_POINT_ERROR("stage-planned", s->name);
        if (r >= 0)
                r = launch(j, s, plan, why);
        if (r == -ENOTCONN) {
                /* Nothing was started, and the record may say so; recover_resume() goes on when the bus is back. */
                free(j->record.unit);
                j->record.unit = NULL;
                (void) job_save(j);
                return;
        }
        if (r < 0) {
                log_job(LOG_ERR, r, NULL, &stamp, "cannot start the stage '%s'", s->name);
                stage_retry(j, r == -ENOSPC ? "the disk is full" : "the stage cannot be set up");
        }
}

void stage_begin(Job *j, JobState state) {
        const Stage *s = stage_of_state(j->mode, state);

        job_enter(j, state);
        j->record.faults = j->record.kills = 0;
        j->record.attempt = attempt_last(j, s->name);
        if ((s->container || s->steps) && j->tell_started && announce_note(j, MAIL_EVENT_STARTED) >= 0)
                (void) announce_publish(j);
        stage_start(j, s->why);
}

/* Its time was up, and yet it is there: the manager or the kernel is in trouble. */
static void stage_stuck(Job *j) {
        LogJob stamp = job_log(j);

        log_job(LOG_ERR, 0, MESSAGE_ID_JOB_STUCK, &stamp, "unit %s is past its deadline and does not end; killing it", j->record.unit);
        job_set_why(j, "past its deadline, the operator was told");
        (void) job_save(j);
        announce_status(j);
        (void) units_kill(j->daemon->units, j->record.unit, SIGKILL, NULL, NULL);
        stage_arm_timer(j, ATTEMPT_STUCK_USEC);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Job *j = userdata;

        if (j->workflow)
                workflow_timer(j);
        else if (j->unit_live)
                stage_stuck(j);
        else if (job_state_is_final(j->record.state)) {
                if (job_save(j) < 0)
                        stage_arm_timer(j, j->daemon->conf.scheduler.retry_usec);
                else
                        job_finish_end(j);
        } else if (j->record.state == JOB_STATE_QUEUED)
                scheduler_enqueue(j);
        else
                stage_start(j, stage_of(j)->why);
        return 0;
}

void stage_arm_timer(Job *j, uint64_t delay_usec) {
        LogJob stamp = job_log(j);
        int r;

        j->timer = sd_event_source_disable_unref(j->timer);
        r = sd_event_add_time_relative(j->daemon->event, &j->timer, CLOCK_BOOTTIME, delay_usec, 0, on_timer, j);
        if (r < 0)
                log_job(LOG_ERR, r, NULL, &stamp, "cannot set the timer of the job; restart morfd to take it up again");
}

/* The stage did its work: what it left is read, and the next one begins. */
static void stage_succeeded(Job *j, const Stage *s) {
        _cleanup_fault_ Fault fault = {};
        LogJob stamp = job_log(j);
        JobState next;
        int r;

        r = s->succeeded ? s->succeeded(j, &fault) : 0;
        if (r == 0)
                r = FAULT_POINT_ERROR("stage-succeeded", s->name);
        if (r == -EBADMSG && fault.code != FAULT_NONE)
                job_end(j, s->state == JOB_STATE_INTAKE ? JOB_STATE_REJECTED : JOB_STATE_FAILED, &fault);
        else if (r < 0) {
                log_job(LOG_ERR, r, NULL, &stamp, "cannot use what the stage '%s' left", s->name);
                stage_retry(j, r == -ENOSPC ? "the disk is full" : "what the stage left cannot be used");
        } else if (r == STAGE_WAITS)
                return;
        else {
                next = stage_next(s, j);
                if (next == JOB_STATE_QUEUED)
                        scheduler_enqueue(j);
                else if (next == JOB_STATE_RELEASING) {
                        job_enter(j, JOB_STATE_RELEASING); /* not saved: a crash here finds the gate's exit record again */
                        job_end(j, JOB_STATE_DONE, NULL);
                } else
                        stage_begin(j, next);
        }
}

void stage_steps_done(Job *j) {
        stage_succeeded(j, stage_of(j));
}

/* The helper says that the user is at fault, in a fault.json. */
static void stage_refused(Job *j, const Stage *s) {
        _cleanup_fault_ Fault fault = {};
        LogJob stamp = job_log(j);
        int r;

        r = attempt_read_fault(j, s->fault_dir, &fault);
        if (r < 0) {
                log_job(LOG_ERR, r, NULL, &stamp, "the stage '%s' refused the job, but its %s cannot be read", s->name, FAULT_FILE);
                stage_retry(j, "a helper did not say what is wrong");
                return;
        }
        job_end(j, s->state == JOB_STATE_INTAKE ? JOB_STATE_REJECTED : JOB_STATE_FAILED, &fault);
}

void stage_gone(Job *j) {
        const Stage *s = stage_of(j);
        _cleanup_fault_ Fault fault = {};
        bool engine_down;
        AttemptEnd end;

        j->unit_live = false;
        j->timer = sd_event_source_disable_unref(j->timer);
        if (!s)
                return;
        FAULT_POINT("stage-gone", s->name);
        end = attempt_end(j, s->name, j->record.attempt, j->start_failed);
        /* What our helpers use is no matter of the job's owner. */
        if (end.recorded && s->container)
                attempt_account(&j->record.usage, &end.record, j->record.started, j->memory);

        if (s->container && end.outcome == OUTCOME_SUCCESS)
                j->record.step++;
        else if (s->container)
                stop_attempt(j);
        engine_down = s->sandbox == SANDBOX_ENGINE && attempt_engine_is_down(&end);
        if (!engine_down)
                j->engine_waits = 0;
        if (j->record.cancel)
                job_end_cancelled(j);
        else if (end.outcome == OUTCOME_SUCCESS)
                stage_succeeded(j, s);
        else if (end.outcome == OUTCOME_USER_FAULT && s->fault_dir)
                stage_refused(j, s);
        else if (engine_down)
                wait_for_engine(j);
        else if (s->judge && s->judge(j, end.outcome, end.status, &end.record, &fault)) {
                if (fault.code == FAULT_SIGNAL && attempt_may_be_lost(&end, j->record.faults, &j->record.kills))
                        stage_retry(j, "the container was killed from outside");
                else
                        job_end(j, JOB_STATE_FAILED, &fault);
        }
        else {
                char reason[128];

                snprintf(reason, sizeof(reason), "stage '%s' ended by %s (%d)", s->name, outcome_to_string(end.outcome), end.status);
                stage_retry(j, reason);
        }
}

bool stage_is_fresh_intake(const Job *j) {
        return j->record.state == JOB_STATE_INTAKE && !j->unit_live && !j->record.needs && j->record.retry_at == 0 &&
               (!j->record.unit || !*j->record.unit);
}

void stage_resume(Job *j, const UnitState *units, size_t n_units) {
        const Stage *s = stage_of(j);
        LogJob stamp = job_log(j);
        uint64_t now = time_now_realtime();

        if (j->unit_live)
                return;
        if (job_state_is_final(j->record.state)) {
                job_finish_end(j);
                return;
        }
        if (j->record.state == JOB_STATE_RELEASING) {
                job_end(j, JOB_STATE_DONE, NULL);
                return;
        }
        if (!s || j->record.state == JOB_STATE_QUEUED)
                return;
        if (s->steps) {
                int r = workflow_resume(j, units, n_units);

                if (r < 0) {
                        log_job(LOG_ERR, r, NULL, &stamp, "cannot go on with the steps of the workflow");
                        stage_retry(j, "its steps cannot be gone on with");
                }
                return;
        }
        if (!j->record.unit || !*j->record.unit) {
                if (j->record.needs || stage_is_fresh_intake(j))
                        return; /* the drop box or the scheduler will go on */
                stage_arm_timer(j, time_sub(j->record.retry_at, now));
                return;
        }
        if (attempt_is_alive(j->record.unit, units, n_units)) {
                if (units_watch(j->daemon->units, j->record.unit) < 0)
                        return;
                j->unit_live = true;
                log_job(LOG_INFO, 0, MESSAGE_ID_JOB_ADOPTED, &stamp, "unit %s is running, adopted", j->record.unit);
                if (j->record.cancel)
                        stage_cancel(j);
                return;
        }
        if (!attempt_end(j, s->name, j->record.attempt, false).recorded)
                log_job(LOG_NOTICE, 0, NULL, &stamp, "unit %s is not running and left no exit record", j->record.unit);
        stage_gone(j);
}

void stage_cancel(Job *j) {
        if (job_state_is_final(j->record.state))
                return;
        j->record.cancel = true;
        job_set_why(j, "being cancelled");
        if (j->workflow) {
                workflow_cancel(j);
                return;
        }
        if (!j->unit_live) {
                job_end_cancelled(j);
                return;
        }
        (void) job_save(j);
        (void) units_stop(j->daemon->units, j->record.unit, NULL, NULL);
}
