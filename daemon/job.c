/* SPDX-License-Identifier: MIT */
#include "daemon/job.h"

#include <stdarg.h>

#include "daemon/announce.h"
#include "daemon/daemon.h"
#include "daemon/workflow.h"
#include "spool/base/fault-point.h"
#include "spool/base/fd.h"
#include "spool/base/message-id.h"
#include "spool/base/time.h"

Job *job_new(Daemon *d) {
        Job *j = calloc(1, sizeof(*j));

        if (!j)
                return NULL;
        j->daemon = d;
        j->record.version = RECORD_VERSION;
        return j;
}

Job *job_free(Job *j) {
        if (!j)
                return NULL;
        sd_event_source_disable_unref(j->timer);
        if (j->daemon->units && j->record.unit)
                units_cancel(j->daemon->units, j->record.unit);
        j->workflow = workflow_free(j, j->workflow);
        record_done(&j->record);
        free(j->image);
        free(j);
        return NULL;
}

LogJob job_log(const Job *j) {
        return (LogJob){
                .id = j->record.id,
                .user = j->record.user,
                .state = job_state_to_string(j->record.state),
                .unit = j->record.unit && *j->record.unit ? j->record.unit : NULL,
                .fault = j->record.fault.code != FAULT_NONE ? fault_to_string(j->record.fault.code) : NULL,
        };
}

int job_open_dir(const Job *j) {
        return fd_open_dir_at(j->daemon->spool.fds[SPOOL_ACTIVE], j->record.id);
}

char *job_dir_path(const Job *j) {
        char *path;

        return asprintf(&path, "%s/%s/%s", j->daemon->spool.path, spool_dir_name(SPOOL_ACTIVE), j->record.id) < 0 ? NULL : path;
}

char *job_path(const Job *j, const char *format, ...) {
        _cleanup_free_ char *name = NULL;
        va_list ap;
        char *path;
        int r;

        va_start(ap, format);
        r = vasprintf(&name, format, ap);
        va_end(ap);
        if (r < 0) {
                name = NULL;
                return NULL;
        }
        return asprintf(&path, "%s/%s/%s/%s", j->daemon->spool.path, spool_dir_name(SPOOL_ACTIVE), j->record.id, name) < 0 ? NULL : path;
}

int job_save(Job *j) {
        _cleanup_fd_ int fd = -EBADF;
        LogJob stamp = job_log(j);
        int r;

        fd = job_open_dir(j);
        r = fd < 0 ? fd : json_record_publish_at(&record_table, &j->record, fd, RECORD_FILE, 0640, 0, j->daemon->accounts.admin);
        if (r < 0)
                return log_job(LOG_ERR, r, NULL, &stamp, "cannot save the record of the job");
        return 0;
}

static void _printf_(2, 0) set_why(Job *j, const char *format, va_list ap) {
        char *why;

        if (vasprintf(&why, format, ap) < 0)
                return; /* out of memory: the old reason is better than none */
        if (strlen(why) > RECORD_WHY_MAX) {
                size_t n = RECORD_WHY_MAX;

                /* Half a character could not be saved. */
                while (n > 0 && ((unsigned char) why[n] & 0xc0) == 0x80)
                        n--;
                why[n] = '\0';
        }
        free(j->record.why);
        j->record.why = why;
}

void job_set_why(Job *j, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        set_why(j, format, ap);
        va_end(ap);
}

void job_enter(Job *j, JobState state) {
        JobState old = j->record.state;
        LogJob stamp;

        if (!job_state_may_follow(old, state)) {
                log_error("bug: job %s would go from %s to %s", j->record.id, job_state_to_string(old), job_state_to_string(state));
                abort();
        }
        if (old == state)
                return;
        j->record.changed = time_now_realtime();
        j->record.state = state;
        stamp = job_log(j);
        log_job(LOG_INFO, 0, MESSAGE_ID_JOB_STATE, &stamp, "%s -> %s", job_state_to_string(old), job_state_to_string(state));
}

int job_set_state(Job *j, JobState state, const char *why, ...) {
        va_list ap;
        int r;

        va_start(ap, why);
        set_why(j, why, ap);
        va_end(ap);
        job_enter(j, state);
        FAULT_POINT("state-entered", job_state_to_string(state));
        r = job_save(j);
        FAULT_POINT("state-saved", job_state_to_string(state));
        if (!job_state_is_final(state)) /* job_finish_end() tells the rest, also after a crash */
                announce_status(j);
        daemon_report(j->daemon);
        return r;
}

int job_load_manifest(const Job *j, Manifest *ret, char **reterr) {
        _cleanup_fd_ int dir = -EBADF, intake = -EBADF;

        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        intake = fd_open_dir_at(dir, JOB_DIR_INTAKE);
        if (intake < 0)
                return intake;
        return manifest_read_at(intake, ret, reterr);
}
