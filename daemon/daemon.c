/* SPDX-License-Identifier: MIT */
#include "daemon/daemon.h"

#include <fcntl.h>
#include <sys/file.h>
#include <systemd/sd-daemon.h>

#include "daemon/control.h"
#include "daemon/engine.h"
#include "daemon/recover.h"
#include "daemon/scheduler.h"
#include "daemon/stage.h"
#include "daemon/workflow.h"
#include "spool/base/fd.h"
#include "spool/base/message-id.h"
#include "spool/base/publish.h"
#include "spool/base/time.h"
#include "units/name.h"

#define RUNTIME_DIR "/run/morf"
#define STATUS_FILE "status.json"
/* Changes within this time make one report. */
#define REPORT_USEC (200 * USEC_PER_MSEC)

static void on_connected(void *userdata) {
        Daemon *d = userdata;

        if (d->recovered)
                log_full(LOG_NOTICE, 0, MESSAGE_ID_BUS_FOUND, NULL, "the service manager answers again");
        recover_resume(d);
}

static void on_disconnected(void *userdata, int error) {
        log_full(LOG_WARNING, error, MESSAGE_ID_BUS_LOST, NULL, "the service manager does not answer; stages that run go on, new ones wait");
        daemon_report(userdata);
}

static void on_gone(void *userdata, const char *unit) {
        Daemon *d = userdata;
        UnitServiceName name;
        Job *j;

        if (probe_gone(d, unit) || unit_name_parse_service(unit, &name) < 0)
                return;
        j = job_table_find(&d->jobs, name.id.text);
        if (j && j->workflow) {
                workflow_gone(j, unit);
                scheduler_kick(d);
                return;
        }
        if (!j || !streq_ptr(j->record.unit, unit)) {
                log_debug("unit %s ended, which no job waits for, ignoring", unit);
                return;
        }
        stage_gone(j);
        scheduler_kick(d);
}

/* Two daemons on one spool would both claim. The lock dies with its holder. */
static int lock_spool(const Spool *s, char **reterr) {
        if (flock(s->fds[SPOOL_ROOT], LOCK_EX | LOCK_NB) >= 0)
                return 0;
        if (asprintf(reterr, "another morfd works on %s already", s->path) < 0)
                *reterr = NULL;
        return -EBUSY;
}

int daemon_init(Daemon *d, Conf *conf, char **reterr) {
        static const UnitManagerHandlers handlers = { on_connected, on_disconnected, on_gone };
        int r;

        *d = (Daemon){ .spool = SPOOL_EMPTY };
        d->conf = *conf;
        *conf = (Conf){};
        scheduler_configure(d);

        r = accounts_load(&d->accounts, reterr);
        if (r >= 0)
                r = spool_open(d->conf.spool, &d->spool, reterr);
        if (r >= 0)
                r = lock_spool(&d->spool, reterr);
        if (r >= 0)
                r = sd_event_default(&d->event);
        if (r >= 0)
                r = sd_event_set_watchdog(d->event, true);
        if (r >= 0)
                r = recover_read_jobs(d);
        if (r >= 0)
                r = dropboxes_start(d);
        if (r >= 0)
                r = control_start(d);
        if (r >= 0)
                r = unit_manager_new(d->event, /* address= */ NULL, &handlers, d, &d->units);
        return r < 0 ? r : 0;
}

void daemon_done(Daemon *d) {
        d->units = unit_manager_free(d->units);
        dropboxes_done(&d->boxes);
        job_table_done(&d->jobs);
        probe_done(&d->probe);
        free(d->held_up);
        sd_event_source_disable_unref(d->control);
        sd_event_source_disable_unref(d->schedule);
        sd_event_source_disable_unref(d->recheck);
        sd_event_source_disable_unref(d->reporter);
        sd_event_unref(d->event);
        spool_close(&d->spool);
        conf_done(&d->conf);
        *d = (Daemon){ .spool = SPOOL_EMPTY };
}

void daemon_reload(Daemon *d, Conf *conf) {
        if (!streq(conf->spool, d->conf.spool)) {
                log_warning("'spool' cannot change while morfd runs; restart it for that. The old one stays in use");
                free(conf->spool);
                conf->spool = TAKE_PTR(d->conf.spool);
        }
        conf_done(&d->conf);
        d->conf = *conf;
        *conf = (Conf){};
        scheduler_configure(d);
        (void) dropboxes_refresh(d);
        scheduler_kick(d);
}

/* Requests in the outbox that were not sent yet. */
static unsigned count_mails(const Daemon *d) {
        _cleanup_(closedirp) DIR *stream = NULL;
        struct dirent *de;
        unsigned n = 0;

        if (fd_open_dirstream_at(d->spool.fds[SPOOL_OUTBOX], ".", &stream) < 0)
                return 0;
        while ((de = readdir(stream)))
                if (de->d_name[0] != '.' && endswith(de->d_name, ".json"))
                        n++;
        return n;
}

/* /run/morf/status.json, for `morf status` and monitors. */
typedef struct StatusReport {
        char *version, *engine;
        uint64_t pid, changed;
        unsigned intake, queued, held, running, slots, mails_waiting;
        uint64_t memory, memory_used, cpus_milli, cpus_milli_used; /* budgets, and what running jobs take of them */
        char *isolation; /* how the probe stands */
        char **problems;
} StatusReport;

static const JsonField report_fields[] = {
        { "version", JSON_KIND_STRING, offsetof(StatusReport, version) },
        { "pid", JSON_KIND_U64, offsetof(StatusReport, pid) },
        { "changed", JSON_KIND_U64, offsetof(StatusReport, changed) },
        { "intake", JSON_KIND_UNSIGNED, offsetof(StatusReport, intake) },
        { "queued", JSON_KIND_UNSIGNED, offsetof(StatusReport, queued) },
        { "held", JSON_KIND_UNSIGNED, offsetof(StatusReport, held) },
        { "running", JSON_KIND_UNSIGNED, offsetof(StatusReport, running) },
        { "slots", JSON_KIND_UNSIGNED, offsetof(StatusReport, slots) },
        { "mails_waiting", JSON_KIND_UNSIGNED, offsetof(StatusReport, mails_waiting) },
        { "memory", JSON_KIND_U64, offsetof(StatusReport, memory) },
        { "memory_used", JSON_KIND_U64, offsetof(StatusReport, memory_used) },
        { "cpus_milli", JSON_KIND_U64, offsetof(StatusReport, cpus_milli) },
        { "cpus_milli_used", JSON_KIND_U64, offsetof(StatusReport, cpus_milli_used) },
        { "engine", JSON_KIND_STRING, offsetof(StatusReport, engine) },
        { "isolation", JSON_KIND_STRING, offsetof(StatusReport, isolation) },
        { "problems", JSON_KIND_STRV, offsetof(StatusReport, problems) },
};
static const JsonTable report_table = JSON_TABLE(report_fields);

static void write_report(const Daemon *d, const SchedulerCounts *c) {
        const Engine *e = engine_find(d->conf.engine.name);
        const char *complaint = probe_complaint(d);
        SchedulerLoad load = scheduler_load(d);
        /* Who waits for the probe has said so already. */
        char *problems[] = { (char *) (d->held_up ?: complaint), NULL };
        StatusReport report = {
                .version = (char *) MORF_VERSION,
                .engine = (char *) (e ? conf_engine_to_string(e->name) : ""),
                .pid = (uint64_t) getpid(),
                .changed = time_now_realtime(),
                .intake = c->intake,
                .queued = c->queued,
                .held = c->held,
                .running = c->running,
                .slots = d->conf.scheduler.slots,
                .mails_waiting = count_mails(d),
                .memory = d->memory,
                .memory_used = load.memory,
                .cpus_milli = d->cpus_milli,
                .cpus_milli_used = load.cpus_milli,
                .isolation = (char *) (complaint ?: probe_proof(d, MANIFEST_PROFILE_COMPAT)->time > 0 && probe_permits(d) ? "containers are isolated" : "no proof of the isolation of containers"),
                .problems = problems,
        };
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int dir = -EBADF;
        int r;

        dir = fd_open_dir_at(AT_FDCWD, RUNTIME_DIR);
        r = dir < 0 ? dir : json_record_format(&report_table, &report, &text);
        if (r >= 0)
                r = publish_volatile_file_at(dir, STATUS_FILE, text, strlen(text), 0644, 0, 0);
        if (r < 0)
                log_debug_errno(r, "cannot write %s/%s, ignoring", RUNTIME_DIR, STATUS_FILE);
}

static int on_report(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Daemon *d = userdata;
        SchedulerCounts c = scheduler_count(d);
        const char *trouble = d->held_up ?: probe_complaint(d);

        if (!unit_manager_is_connected(d->units))
                (void) sd_notify(false, "STATUS=The service manager does not answer; trying again.");
        else
                (void) sd_notifyf(false, "STATUS=%u running, %u queued%s%s", c.running, c.queued + c.intake, trouble ? "; no job is started: " : "",
                                  strempty(trouble));
        write_report(d, &c);
        return 0;
}

void daemon_report(Daemon *d) {
        int enabled;

        if (!d->reporter) {
                (void) sd_event_add_time_relative(d->event, &d->reporter, CLOCK_BOOTTIME, 0, 0, on_report, d);
                return;
        }
        if (sd_event_source_get_enabled(d->reporter, &enabled) >= 0 && enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(d->reporter, REPORT_USEC);
        (void) sd_event_source_set_enabled(d->reporter, SD_EVENT_ONESHOT);
}
