/* SPDX-License-Identifier: MIT */
#include "daemon/end.h"

#include <sys/stat.h>

#include "daemon/announce.h"
#include "daemon/daemon.h"
#include "daemon/scheduler.h"
#include "daemon/stage.h"
#include "spool/base/fault-point.h"
#include "spool/base/fd.h"
#include "spool/base/message-id.h"
#include "spool/base/publish.h"
#include "spool/base/time.h"
#include "units/name.h"

/* What goes with each final state. */
static const struct {
        SpoolDir directory;
        MailEvent event;
        const char *message_id;
        int level;
} ends[_JOB_STATE_MAX] = {
        [JOB_STATE_DONE] = { SPOOL_DONE, MAIL_EVENT_FINISHED, MESSAGE_ID_JOB_DONE, LOG_INFO },
        [JOB_STATE_FAILED] = { SPOOL_FAILED, MAIL_EVENT_FAILED, MESSAGE_ID_JOB_FAILED, LOG_NOTICE },
        [JOB_STATE_REJECTED] = { SPOOL_FAILED, MAIL_EVENT_REJECTED, MESSAGE_ID_JOB_REJECTED, LOG_NOTICE },
        [JOB_STATE_CANCELLED] = { SPOOL_FAILED, MAIL_EVENT_CANCELLED, MESSAGE_ID_JOB_CANCELLED, LOG_NOTICE },
};

/* What came with a job file that ran well is kept no longer; a failed job may be tried again and needs it. */
static int remove_attachments(int job_fd) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r, first = 0;

        r = fd_open_dirstream_at(job_fd, JOB_DIR_DROP, &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                if (de->d_name[0] == '.' || endswith(de->d_name, ".cfg") || endswith(de->d_name, ".config"))
                        continue;
                r = fd_remove_tree_at(dirfd(d), de->d_name);
                if (r < 0 && first == 0)
                        first = r;
        }
        return first;
}

/* Inputs and outputs of all containers. */
static int remove_steps(int job_fd) {
        static const char *const scratch[] = { "input", "output" };
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r, first = 0;

        r = fd_open_dirstream_at(job_fd, JOB_DIR_STEPS, &d);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        while ((de = readdir(d))) {
                _cleanup_fd_ int step = -EBADF;

                if (de->d_name[0] < '0' || de->d_name[0] > '9' || endswith(de->d_name, ".json"))
                        continue;
                step = fd_open_dir_at(dirfd(d), de->d_name);
                for (size_t i = 0; i < ELEMENTSOF(scratch); i++) {
                        r = step < 0 ? step : fd_remove_tree_at(step, scratch[i]);
                        if (r < 0)
                                first = r;
                }
        }
        return first;
}

/* A container's scratch is of no use to anybody once its job has ended. Logs, results, records and the job file stay. */
static void remove_scratch(const Job *j) {
        static const char *const scratch[] = { JOB_DIR_DATA, JOB_DIR_WORK };
        _cleanup_fd_ int dir = job_open_dir(j);
        LogJob stamp = job_log(j);
        int r, first = dir < 0 ? dir : 0;

        if (dir >= 0)
                first = remove_steps(dir);
        for (size_t i = 0; dir >= 0 && i < ELEMENTSOF(scratch); i++) {
                r = fd_remove_tree_at(dir, scratch[i]);
                if (r < 0)
                        first = r;
        }
        if (dir >= 0 && j->record.state == JOB_STATE_DONE) {
                r = fd_remove_tree_at(dir, JOB_DIR_INTAKE "/context");
                if (r >= 0)
                        r = fd_remove_tree_at(dir, JOB_DIR_UNPACKED);
                if (r >= 0)
                        r = remove_attachments(dir);
                if (r < 0)
                        first = r;
        }
        if (first < 0)
                log_job(LOG_WARNING, first, NULL, &stamp, "cannot remove all of the job's scratch files, ignoring");
}

static void stop_slice(const Job *j) {
        char slice[UNIT_NAME_SIZE];

        if (j->record.attempt > 0 && unit_name_job_slice(j->record.id, slice) >= 0)
                stage_end_slice(j, slice);
}

/* What time heals: other errors, as of a home that somebody changed, must not keep the job for ever. */
static bool may_pass(int r) {
        return r == -ENOSPC || r == -EDQUOT || r == -EIO || r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

void job_finish_end(Job *j) {
        Daemon *d = j->daemon;
        JobState state = j->record.state;
        LogJob stamp = job_log(j);
        int r;

        r = announce_status(j);
        if (r >= 0 || !may_pass(r))
                r = announce_publish(j);
        if (r >= 0) {
                FAULT_POINT("end-announced", NULL);
                remove_scratch(j);
                FAULT_POINT("end-cleaned", NULL);
                r = publish_rename(d->spool.fds[SPOOL_ACTIVE], j->record.id, d->spool.fds[ends[state].directory], j->record.id);
                if (r < 0)
                        log_job(LOG_ERR, r, NULL, &stamp, "cannot move the job to %s/", spool_dir_name(ends[state].directory));
        }
        if (r < 0) {
                stage_arm_timer(j, d->conf.scheduler.retry_usec);
                return;
        }
        FAULT_POINT("end-moved", NULL);
        log_job(ends[state].level, 0, ends[state].message_id, &stamp, "job '%s' of %s ended: %s%s%s", j->record.name, j->record.user,
                job_state_to_string(state), j->record.fault.code != FAULT_NONE ? ": " : "",
                j->record.fault.code != FAULT_NONE ? strempty(j->record.fault.message) : "");
        stop_slice(j);
        job_table_remove(&d->jobs, j);
        job_free(j);
        daemon_report(d);
        scheduler_kick(d);
}

void job_end(Job *j, JobState state, const Fault *fault) {
        int r = 0;

        fault_done(&j->record.fault);
        if (fault)
                r = fault_copy(fault, &j->record.fault);
        if (r >= 0)
                r = announce_note(j, ends[state].event);
        FAULT_POINT("end-noted", NULL);
        j->record.finished = time_now_realtime();
        j->record.retry_at = j->record.deadline = j->record.expected = 0;
        free(j->record.unit);
        j->record.unit = NULL;
        if (state == JOB_STATE_DONE)
                r = job_set_state(j, state, "the result was released");
        else
                r = job_set_state(j, state, "%s", fault ? strempty(fault->message) : "");
        if (r < 0) {
                /* Not saved, so not ended: the timer comes here again by way of job_finish_end(). */
                stage_arm_timer(j, j->daemon->conf.scheduler.retry_usec);
                return;
        }
        job_finish_end(j);
}

void job_end_cancelled(Job *j) {
        _cleanup_fault_ Fault fault = {};

        (void) fault_set(&fault, FAULT_CANCELLED, NULL, 0, "cancelled on request");
        job_end(j, JOB_STATE_CANCELLED, &fault);
}
