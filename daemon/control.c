/* SPDX-License-Identifier: MIT */
#include "daemon/control.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "daemon/accept.h"
#include "daemon/announce.h"
#include "daemon/daemon.h"
#include "daemon/scheduler.h"
#include "daemon/stage.h"
#include "daemon/workflow.h"
#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/message-id.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"

/* Requests done in one go. */
#define REQUESTS_PER_TURN 256u

static void do_cancel(Job *j) {
        stage_cancel(j);
}

static void set_hold(Job *j, bool hold) {
        if (j->record.hold == hold || (job_state_holds_slot(j->record.state) && !j->workflow))
                return; /* what runs already is not stopped by a hold */
        j->record.hold = hold;
        if (j->workflow) {
                Daemon *d = j->daemon;

                workflow_hold(j);
                scheduler_kick(d);
                return;
        }
        if (j->record.state == JOB_STATE_QUEUED)
                job_set_why(j, hold ? "held until somebody releases it" : "waiting for its turn");
        (void) job_save(j);
        announce_status(j);
        daemon_report(j->daemon);
        scheduler_kick(j->daemon);
}

static void do_hold(Job *j) {
        set_hold(j, true);
}

static void do_release(Job *j) {
        set_hold(j, false);
}

static const struct {
        const char *name;
        void (*apply)(Job *j); /* NULL: on a job that has ended */
} requests[] = {
        { "cancel", do_cancel },
        { "hold", do_hold },
        { "release", do_release },
        { "retry", NULL },
};

static int find_request(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(requests); i++)
                if (streq(requests[i].name, name))
                        return (int) i;
        return -ENOENT;
}

/* The one job in the table whose id begins so. */
static Job *find_job(const Daemon *d, const char *prefix) {
        Job *found = NULL;

        for (size_t i = 0; i < d->jobs.n; i++)
                if (startswith(d->jobs.jobs[i]->record.id, prefix)) {
                        if (found)
                                return NULL;
                        found = d->jobs.jobs[i];
                }
        return found;
}

/* The one job in failed/ whose id begins so. Return: 0, -ENOENT or another negative errno. */
static int find_failed(const Daemon *d, const char *prefix, Id *ret) {
        _cleanup_(closedirp) DIR *stream = NULL;
        struct dirent *de;
        unsigned n = 0;
        int r;

        r = fd_open_dirstream_at(d->spool.fds[SPOOL_FAILED], ".", &stream);
        if (r < 0)
                return r;
        while ((de = readdir(stream)))
                if (id_is_valid(de->d_name) && startswith(de->d_name, prefix)) {
                        strcpy(ret->text, de->d_name);
                        n++;
                }
        return n == 1 ? 0 : -ENOENT;
}

static void refuse(const char *op, const char *id, const char *user, const char *reason) {
        log_full(LOG_NOTICE, 0, MESSAGE_ID_CONTROL_REFUSED, NULL, "'%s' of job %s by %s was refused: %s", op, id, user, reason);
}

/* Queues a job again that failed or was cancelled. What it had finished is done again, from the image on. */
static void retry(Daemon *d, const char *prefix, const char *user) {
        _cleanup_(job_freep) Job *j = NULL;
        _cleanup_fd_ int dir = -EBADF;
        Job *queued;
        Id id;
        int r;

        r = find_failed(d, prefix, &id);
        if (r < 0) {
                refuse("retry", prefix, user ?: "root", "no job that failed has this id");
                return;
        }
        j = job_new(d);
        if (!j)
                return;
        dir = fd_open_dir_at(d->spool.fds[SPOOL_FAILED], id.text);
        r = dir < 0 ? dir : record_read_at(dir, &j->record, /* reterr= */ NULL);
        if (r < 0 || !streq_ptr(j->record.id, id.text) || (user && !streq(j->record.user, user))) {
                refuse("retry", prefix, user ?: "root", "no job of theirs that failed has this id");
                return;
        }
        if (j->record.state == JOB_STATE_REJECTED || !j->record.form || !*j->record.form) {
                refuse("retry", prefix, user ?: "root", "it was rejected; it must be corrected and submitted again");
                return;
        }
        r = publish_rename(d->spool.fds[SPOOL_FAILED], id.text, d->spool.fds[SPOOL_ACTIVE], id.text);
        if (r >= 0)
                r = accept_remember(j);
        if (r >= 0)
                r = job_table_add(&d->jobs, j);
        if (r < 0) {
                log_error_errno(r, "cannot take job %s up again", id.text);
                return;
        }
        queued = TAKE_PTR(j);
        queued->record.cancel = queued->record.hold = false;
        queued->record.faults = queued->record.kills = 0;
        queued->record.finished = 0;
        queued->record.step = 0;
        queued->record.expected = 0;
        free(queued->record.left_out);
        queued->record.left_out = NULL;
        queued->record.usage = (Usage){};
        fault_done(&queued->record.fault);
        scheduler_enqueue(queued);
}

/* user: who asks; NULL for root, who may ask anything. */
static void apply(Daemon *d, const char *op, const char *prefix, const char *user) {
        int i = find_request(op);
        Job *j;

        if (!requests[i].apply) {
                retry(d, prefix, user);
                return;
        }
        j = find_job(d, prefix);
        if (!j || (user && !streq(j->record.user, user)))
                refuse(op, prefix, user ?: "root", "no job of theirs that is on its way has this id");
        else {
                LogJob stamp = job_log(j);

                log_job(LOG_NOTICE, 0, NULL, &stamp, "'%s' was asked for by %s", op, user ?: "root");
                requests[i].apply(j);
        }
}

bool control_apply_dropped(Daemon *d, int box, const char *name, const char *user) {
        const char *dot = strrchr(name, '.');
        char prefix[ID_LENGTH + 1];
        size_t n = dot ? (size_t) (dot - name) : 0;

        if (n == 0 || n > ID_LENGTH || find_request(dot + 1) < 0)
                return false;
        memcpy(prefix, name, n);
        prefix[n] = '\0';
        if (!id_is_prefix(prefix) || unlinkat(box, name, 0) < 0)
                return false;
        apply(d, dot + 1, prefix, user);
        return true;
}

/* One file of control/: "cancel.ID". It is removed whatever it is. */
static void do_file(Daemon *d, int fd, const char *name) {
        _cleanup_free_ char *op = NULL;
        const char *dot = strchr(name, '.');
        const struct passwd *pw;
        struct stat st;

        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        (void) fd_remove_tree_at(fd, name);
        if (!S_ISREG(st.st_mode) || !dot || !id_is_prefix(dot + 1))
                return;
        op = strndup(name, (size_t) (dot - name));
        if (!op || find_request(op) < 0)
                return;
        pw = st.st_uid == 0 ? NULL : getpwuid(st.st_uid);
        if (st.st_uid != 0 && (!pw || !name_is_user(pw->pw_name))) {
                refuse(op, dot + 1, "somebody without an account", "only root and the job's owner may");
                return;
        }
        apply(d, op, dot + 1, pw ? pw->pw_name : NULL);
}

static int scan(Daemon *d) {
        _cleanup_(closedirp) DIR *stream = NULL;
        _cleanup_strv_ char **names = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(d->spool.fds[SPOOL_CONTROL], ".", &stream);
        if (r < 0)
                return r;
        while ((de = readdir(stream)) && strv_length(names) < REQUESTS_PER_TURN) {
                if (de->d_name[0] == '.')
                        continue;
                r = strv_add(&names, de->d_name);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(name, names)
                do_file(d, d->spool.fds[SPOOL_CONTROL], *name);
        return 0;
}

static int on_event(_unused_ sd_event_source *source, _unused_ const struct inotify_event *e, void *userdata) {
        int r = scan(userdata);

        if (r < 0)
                log_error_errno(r, "cannot read control/");
        return 0;
}

int control_start(Daemon *d) {
        int r;

        r = sd_event_add_inotify_fd(d->event, &d->control, d->spool.fds[SPOOL_CONTROL], IN_CREATE | IN_MOVED_TO | IN_ONLYDIR, on_event, d);
        return r < 0 ? r : scan(d);
}
