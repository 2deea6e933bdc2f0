/* SPDX-License-Identifier: MIT */
#include "daemon/recover.h"

#include <systemd/sd-daemon.h>

#include "daemon/accept.h"
#include "daemon/announce.h"
#include "daemon/claim.h"
#include "daemon/scheduler.h"
#include "daemon/stage.h"
#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/message-id.h"
#include "spool/base/publish.h"
#include "units/name.h"

/* After so many jobs the manager is told that the daemon is alive: there may be very many. */
#define WATCHDOG_JOBS 64u

/* Whether a directory below dirfd has no entries, or does not exist. */
static bool is_empty_dir(int dirfd, const char *name) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;

        if (fd_open_dirstream_at(dirfd, name, &d) < 0)
                return true;
        while ((de = readdir(d)))
                if (!streq(de->d_name, ".") && !streq(de->d_name, ".."))
                        return false;
        return true;
}

static void set_aside(Daemon *d, const char *name, const char *reason) {
        int r = publish_rename(d->spool.fds[SPOOL_ACTIVE], name, d->spool.fds[SPOOL_CORRUPT], name);

        log_full(LOG_ERR, r < 0 ? r : 0, MESSAGE_ID_DROP_CORRUPT, NULL, "active/%s is not a job that can be read: %s; %s", name, reason,
                 r < 0 ? "it could not be moved to corrupt/" : "moved to corrupt/");
}

/* Reads one job back. Return: 0, also when it turned out to be none; -ENOMEM. */
static int read_job(Daemon *d, const char *name) {
        _cleanup_(job_freep) Job *j = NULL;
        _cleanup_free_ char *error = NULL;
        _cleanup_fd_ int dir = -EBADF;
        int r;

        dir = fd_open_dir_at(d->spool.fds[SPOOL_ACTIVE], name);
        if (dir < 0) {
                set_aside(d, name, strerrordesc_np(-dir));
                return 0;
        }
        j = job_new(d);
        if (!j)
                return -ENOMEM;
        r = record_read_at(dir, &j->record, &error);
        if (r >= 0 && !streq(j->record.id, name))
                r = -EBADMSG;
        /* Killed between making the directory and taking the drop: the drop is still in its box. */
        if ((r == -ENOENT || (r >= 0 && j->record.state == JOB_STATE_INTAKE)) && is_empty_dir(dir, JOB_DIR_DROP)) {
                log_debug("active/%s holds no drop, removing", name);
                return fd_remove_tree_at(d->spool.fds[SPOOL_ACTIVE], name) == -ENOMEM ? -ENOMEM : 0;
        }
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                set_aside(d, name, error ?: strerrordesc_np(-r));
                return 0;
        }
        (void) publish_sweep(dir, 0);
        if (j->record.state == JOB_STATE_INTAKE) {
                r = claim_finish(j);
                if (r < 0)
                        log_warning_errno(r, "cannot take the drop of job %s over, ignoring", name);
        } else if (!job_state_is_final(j->record.state)) {
                r = accept_remember(j);
                if (r < 0)
                        log_warning_errno(r, "cannot read the manifest of job %s, ignoring", name);
        }
        r = job_table_add(&d->jobs, j);
        if (r >= 0)
                TAKE_PTR(j);
        return r;
}

static int compare_ids(const void *a, const void *b) {
        return strcmp(((const Id *) a)->text, ((const Id *) b)->text);
}

/* All ids below active/, in order: so the table of jobs only ever grows at its end. */
static int list_jobs(const Daemon *d, Id **ret, size_t *ret_n) {
        _cleanup_(closedirp) DIR *stream = NULL;
        _cleanup_free_ Id *ids = NULL;
        size_t n = 0, allocated = 0;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(d->spool.fds[SPOOL_ACTIVE], ".", &stream);
        if (r < 0)
                return r;
        while ((de = readdir(stream))) {
                if (de->d_name[0] == '.')
                        continue;
                if (!id_is_valid(de->d_name)) {
                        log_warning("active/%s is not a job of ours, ignoring", de->d_name);
                        continue;
                }
                if (n == allocated) {
                        Id *bigger = reallocarray(ids, allocated > 0 ? allocated * 2 : 64, sizeof(*ids));

                        if (!bigger)
                                return -ENOMEM;
                        ids = bigger;
                        allocated = allocated > 0 ? allocated * 2 : 64;
                }
                memcpy(ids[n++].text, de->d_name, sizeof(ids->text));
        }
        if (n > 0)
                qsort(ids, n, sizeof(*ids), compare_ids);
        *ret = TAKE_PTR(ids);
        *ret_n = n;
        return 0;
}

int recover_read_jobs(Daemon *d) {
        _cleanup_free_ Id *ids = NULL;
        size_t n = 0;
        int r;

        /* morf-mail writes there too. */
        (void) publish_sweep(d->spool.fds[SPOOL_OUTBOX], 60);
        r = list_jobs(d, &ids, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = read_job(d, ids[i].text);
        if (r < 0)
                return r;
        if (n > 0)
                log_info("%zu jobs were found from before", d->jobs.n);
        return 0;
}

void recover_resume(Daemon *d) {
        _cleanup_free_ Id *ids = NULL;
        UnitState *units = NULL;
        size_t n_units = 0, n_ids = d->jobs.n;
        int r;

        ids = malloc((n_ids + 1) * sizeof(*ids));
        if (!ids) {
                log_error_errno(-ENOMEM, "cannot go on with the jobs that were found");
                return;
        }

        r = units_list(d->units, UNIT_SERVICE_PATTERN, &units, &n_units);
        if (r < 0) {
                log_warning_errno(r, "cannot list the units that are running; trying again when the bus is back");
                return;
        }
        /* Resuming may end a job and so change the table: go by ids. */
        for (size_t i = 0; i < n_ids; i++)
                memcpy(ids[i].text, d->jobs.jobs[i]->record.id, sizeof(ids[i].text));
        for (size_t i = 0; i < n_ids; i++) {
                Job *j = job_table_find(&d->jobs, ids[i].text);

                if (!j)
                        continue;
                if (i % WATCHDOG_JOBS == 0)
                        (void) sd_notify(/* unset_environment= */ false, "WATCHDOG=1");
                if (!job_state_is_final(j->record.state))
                        (void) announce_publish(j);
                stage_resume(j, units, n_units);
        }
        units_list_free(units, n_units);
        d->recovered = true;
        probe_begin(d);
        scheduler_kick(d);
        daemon_report(d);
        if (d->boxes.work)
                (void) sd_event_source_set_enabled(d->boxes.work, SD_EVENT_ONESHOT);
}
