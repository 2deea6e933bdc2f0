/* SPDX-License-Identifier: MIT */
#include "daemon/scheduler.h"

#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "daemon/announce.h"
#include "daemon/daemon.h"
#include "daemon/engine.h"
#include "daemon/stage.h"
#include "daemon/user-tally.h"
#include "daemon/workflow.h"
#include "spool/base/message-id.h"
#include "spool/base/parse.h"
#include "spool/base/time.h"

/* How often a want of disk space or of an engine is looked at again. */
#define RECHECK_USEC (10 * USEC_PER_SEC)
/* With fewer free inodes no job is started: each has a few dozen files, and what runs is to end well. */
#define INODES_MIN 1024u

static void add_load(SchedulerLoad *l, const Job *j) {
        unsigned n = j->workflow && j->workflow->containers > 1 ? j->workflow->containers : 1;

        l->slots++;
        l->memory += n * j->memory;
        l->cpus_milli += n * j->cpus_milli;
}

SchedulerLoad scheduler_load(const Daemon *d) {
        SchedulerLoad load = {};

        for (size_t i = 0; i < d->jobs.n; i++)
                if (job_state_holds_slot(d->jobs.jobs[i]->record.state))
                        add_load(&load, d->jobs.jobs[i]);
        return load;
}

void scheduler_configure(Daemon *d) {
        struct sysinfo info;

        d->memory = d->conf.scheduler.memory;
        if (d->memory == 0 && sysinfo(&info) == 0)
                d->memory = (uint64_t) info.totalram * info.mem_unit / 4 * 3;
        d->cpus_milli = d->conf.scheduler.cpus_milli;
        if (d->cpus_milli == 0)
                d->cpus_milli = (uint64_t) sysconf(_SC_NPROCESSORS_ONLN) * 1000;
}

SchedulerCounts scheduler_count(const Daemon *d) {
        SchedulerCounts c = {};

        for (size_t i = 0; i < d->jobs.n; i++) {
                const Record *r = &d->jobs.jobs[i]->record;

                if (r->state == JOB_STATE_INTAKE)
                        c.intake++;
                else if (r->state == JOB_STATE_QUEUED && r->hold)
                        c.held++;
                else if (r->state == JOB_STATE_QUEUED)
                        c.queued++;
                else if (job_state_holds_slot(r->state))
                        c.running++;
        }
        return c;
}

/* A job that the engine did not answer asks again and again; as long as it does, no other needs to try. */
static bool engine_is_down(const Daemon *d) {
        for (size_t i = 0; i < d->jobs.n; i++)
                if (d->jobs.jobs[i]->engine_waits > 0)
                        return true;
        return false;
}

bool scheduler_disk_is_low(const Daemon *d) {
        struct statvfs st;

        if (fstatvfs(d->spool.fds[SPOOL_ACTIVE], &st) < 0)
                return false;
        /* Filesystems that make inodes as they need them say that they have none. */
        return (uint64_t) st.f_bavail * st.f_frsize < d->conf.scheduler.free_bytes || (st.f_files > 0 && st.f_favail < INODES_MIN);
}

/* What keeps every job waiting. */
typedef struct Obstacle {
        const char *text; /* or NULL: nothing */
        const char *message_id; /* or NULL: it has been logged by whose trouble it is */
} Obstacle;

static Obstacle find_obstacle(Daemon *d) {
        if (!unit_manager_is_connected(d->units))
                return (Obstacle){ "the service manager does not answer", MESSAGE_ID_ENGINE_DOWN };
        if (!engine_find(d->conf.engine.name))
                return (Obstacle){ "no container engine is installed", MESSAGE_ID_ENGINE_DOWN };
        if (engine_is_down(d))
                return (Obstacle){ "the container engine does not answer", MESSAGE_ID_ENGINE_DOWN };
        if (scheduler_disk_is_low(d))
                return (Obstacle){ "the disk is nearly full", MESSAGE_ID_DISK_LOW };
        return (Obstacle){ probe_obstacle(d), NULL };
}

/* Whether a running job is preparing the same image: the second one waits, then finds it ready. */
static bool image_is_busy(const Daemon *d, const Job *j) {
        for (size_t i = 0; i < d->jobs.n; i++) {
                const Job *other = d->jobs.jobs[i];

                if (other != j && other->record.state == JOB_STATE_PREPARING && j->image && streq_ptr(other->image, j->image))
                        return true;
        }
        return false;
}

/* Why a job that is next in its user's line does not start, or NULL: it may. */
static bool explain(const Daemon *d, const SchedulerLoad *load, const Job *j, char *why, size_t size) {
        char wanted[FORMAT_SIZE_MAX], budget[FORMAT_SIZE_MAX];

        if (load->slots >= d->conf.scheduler.slots)
                snprintf(why, size, "waiting for a free slot (%u of %u are taken)", load->slots, d->conf.scheduler.slots);
        else if (j->memory > time_sub(d->memory, load->memory))
                snprintf(why, size, "waiting for %s of memory (%s in all are for jobs)", format_size(j->memory, wanted),
                         format_size(d->memory, budget));
        else if (j->cpus_milli > time_sub(d->cpus_milli, load->cpus_milli))
                snprintf(why, size, "waiting for %g processors (%g in all are for jobs)", (double) j->cpus_milli / 1000,
                         (double) d->cpus_milli / 1000);
        else if (image_is_busy(d, j))
                snprintf(why, size, "waiting for the same image, which another job is preparing");
        else
                return false;
        return true;
}

static void tell_why(Job *j, const char *why) {
        if (streq_ptr(j->record.why, why))
                return;
        job_set_why(j, "%s", why);
        (void) job_save(j);
        announce_status(j);
}

static bool is_candidate(const Job *j) {
        return j->record.state == JOB_STATE_QUEUED && !j->record.hold && !j->record.cancel;
}

/* Whether the job is the first in its user's line; asked once for each job, in their order. */
static bool is_first_of_user(UserTallies *tallies, const Job *j) {
        UserTally *t;

        if (!is_candidate(j))
                return false;
        t = user_tallies_find(tallies, j->record.user);
        if (t->passed)
                return false;
        t->passed = true;
        return true;
}

/*
 * The job to start next: of all users whose first job fits, the one with the fewest jobs running; among equals not the user who was
 * served last; among equals the one who came first.
 */
Job *scheduler_choose(Daemon *d, const SchedulerLoad *load) {
        _cleanup_user_tallies_ UserTallies tallies = {};
        unsigned best_running = 0;
        Job *best = NULL;

        if (user_tallies_init(&tallies, &d->jobs) < 0)
                return NULL;
        for (size_t i = 0; i < d->jobs.n; i++) {
                Job *j = d->jobs.jobs[i];
                char why[RECORD_WHY_MAX];
                unsigned running;

                if (!is_first_of_user(&tallies, j))
                        continue;
                if (explain(d, load, j, why, sizeof(why))) {
                        tell_why(j, why);
                        continue;
                }
                running = user_tallies_find(&tallies, j->record.user)->running;
                if (!best || running < best_running || (running == best_running && streq(best->record.user, d->last_served))) {
                        best = j;
                        best_running = running;
                }
        }
        return best;
}

/* The first in each user's line learns what keeps all of them waiting. */
static void tell_obstacle(const Daemon *d, const char *obstacle) {
        _cleanup_user_tallies_ UserTallies tallies = {};

        if (user_tallies_init(&tallies, &d->jobs) < 0)
                return;
        for (size_t i = 0; i < d->jobs.n; i++) {
                Job *j = d->jobs.jobs[i];
                char why[RECORD_WHY_MAX];

                if (!is_first_of_user(&tallies, j))
                        continue;
                snprintf(why, sizeof(why), "no job is started: %s", obstacle);
                tell_why(j, why);
        }
}

static void set_obstacle(Daemon *d, const Obstacle *o) {
        if (streq_ptr(d->held_up, o->text))
                return;
        if (!o->text)
                log_notice("jobs are started again");
        else if (o->message_id)
                log_full(LOG_WARNING, 0, o->message_id, NULL, "no job is started: %s", o->text);
        else
                log_debug("no job is started: %s", o->text);
        free(d->held_up);
        d->held_up = o->text ? strdup(o->text) : NULL;
        daemon_report(d);
}

static void arm_recheck(Daemon *d) {
        if (d->recheck && sd_event_source_set_time_relative(d->recheck, RECHECK_USEC) >= 0)
                (void) sd_event_source_set_enabled(d->recheck, SD_EVENT_ONESHOT);
}

/* Drops are checked a few at a time, in order of arrival, whatever the slots do. */
static void begin_intakes(Daemon *d) {
        unsigned live = 0;

        for (size_t i = 0; i < d->jobs.n; i++)
                live += d->jobs.jobs[i]->record.state == JOB_STATE_INTAKE && d->jobs.jobs[i]->unit_live;
        for (size_t i = 0; i < d->jobs.n && live < DAEMON_INTAKES_MAX && unit_manager_is_connected(d->units); i++) {
                Job *j = d->jobs.jobs[i];

                if (stage_is_fresh_intake(j)) {
                        stage_begin(j, JOB_STATE_INTAKE);
                        if (i < d->jobs.n && d->jobs.jobs[i] != j)
                                i--; /* it ended at once */
                        live++;
                }
        }
}

/* The workflow with the fewest containers of those that could run another one, also by what is left of the budgets. */
static Job *choose_more(const Daemon *d, const SchedulerLoad *load) {
        Job *best = NULL;

        for (size_t i = 0; i < d->jobs.n; i++) {
                Job *j = d->jobs.jobs[i];

                if (j->workflow && (!best || j->workflow->containers < best->workflow->containers) &&
                    j->memory <= time_sub(d->memory, load->memory) && j->cpus_milli <= time_sub(d->cpus_milli, load->cpus_milli) &&
                    workflow_wants_more(j))
                        best = j;
        }
        return best;
}

/* What is left of the budgets goes to workflows, but not before those in the queue who wait for just that. */
static void start_more(Daemon *d) {
        SchedulerLoad load = scheduler_load(d);
        Job *j;

        if (load.slots < d->conf.scheduler.slots && scheduler_count(d).queued > 0)
                return;
        while ((j = choose_more(d, &load))) {
                workflow_start_more(j);
                load = scheduler_load(d);
        }
}

static bool anybody_wants_more(const Daemon *d) {
        for (size_t i = 0; i < d->jobs.n; i++)
                if (workflow_wants_more(d->jobs.jobs[i]))
                        return true;
        return false;
}

static void pass(Daemon *d) {
        Obstacle obstacle = {};
        SchedulerLoad load;
        Job *next;

        if (!d->recovered)
                return;
        begin_intakes(d);
        if (scheduler_count(d).queued > 0 || engine_is_down(d) || anybody_wants_more(d))
                obstacle = find_obstacle(d);
        set_obstacle(d, &obstacle);
        if (obstacle.text) {
                tell_obstacle(d, obstacle.text);
                arm_recheck(d);
                return;
        }
        load = scheduler_load(d);
        while ((next = scheduler_choose(d, &load))) {
                add_load(&load, next);
                snprintf(d->last_served, sizeof(d->last_served), "%s", next->record.user);
                stage_begin(next, JOB_STATE_PREPARING);
        }
        start_more(d);
}

static int on_schedule(_unused_ sd_event_source *source, void *userdata) {
        pass(userdata);
        return 0;
}

static int on_recheck(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        scheduler_kick(userdata);
        return 0;
}

void scheduler_kick(Daemon *d) {
        if (!d->schedule && sd_event_add_defer(d->event, &d->schedule, on_schedule, d) < 0)
                return;
        (void) sd_event_source_set_enabled(d->schedule, SD_EVENT_ONESHOT);
        if (!d->recheck && sd_event_add_time_relative(d->event, &d->recheck, CLOCK_BOOTTIME, 0, 0, on_recheck, d) >= 0)
                (void) sd_event_source_set_enabled(d->recheck, SD_EVENT_OFF);
}

void scheduler_enqueue(Job *j) {
        if (job_set_state(j, JOB_STATE_QUEUED, "accepted, waiting for its turn") < 0) {
                /* The disk is full. A restart would find the job in intake; both ways lead here again. */
                stage_arm_timer(j, j->daemon->conf.scheduler.retry_usec);
                return;
        }
        (void) announce_publish(j);
        scheduler_kick(j->daemon);
}
