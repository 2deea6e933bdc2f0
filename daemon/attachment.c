/* SPDX-License-Identifier: MIT */
#include "daemon/attachment.h"

#include "daemon/claim.h"
#include "daemon/daemon.h"
#include "daemon/end.h"
#include "daemon/stage-table.h"
#include "daemon/stage.h"
#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"

int attachment_wait(Job *j, char *const *needs) {
        _cleanup_strv_ char **copy = NULL;
        int r;

        r = strv_copy(needs, &copy);
        if (r < 0)
                return r;
        strv_free(j->record.needs);
        j->record.needs = TAKE_PTR(copy);
        free(j->record.unit);
        j->record.unit = NULL;
        r = job_set_state(j, JOB_STATE_INTAKE, "waiting for '%s' to be uploaded beside the job file", j->record.needs[0]);
        if (r < 0)
                return r;
        dropbox_look_soon(j->daemon, j->record.box, j->record.user);
        return STAGE_WAITS;
}

static void give_up(Job *j) {
        _cleanup_fault_ Fault fault = {};

        (void) fault_set(&fault, FAULT_ATTACHMENT, j->record.drop, 0, "the file '%s' that it names did not come", j->record.needs[0]);
        job_end(j, JOB_STATE_REJECTED, &fault);
}

void attachment_look(Job *j) {
        Daemon *d = j->daemon;
        _cleanup_fd_ int box = -EBADF;
        LogJob stamp = job_log(j);

        box = dropbox_open(d, j->record.box, j->record.user);
        STRV_FOREACH(name, j->record.needs) {
                int r = box < 0 ? box : claim_attachment(j, box, *name);

                if (r == CLAIM_E_INCOMPLETE || r == -ENOENT) {
                        if (time_sub(time_now_realtime(), j->record.changed) > d->conf.scheduler.upload_usec)
                                give_up(j);
                        return;
                }
                if (r < 0 && r != -EEXIST) {
                        log_job(LOG_WARNING, r, NULL, &stamp, "cannot take the attachment '%s'", *name);
                        return;
                }
        }
        j->record.needs = strv_free(j->record.needs);
        stage_begin(j, JOB_STATE_INTAKE);
}
