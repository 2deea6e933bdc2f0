/* SPDX-License-Identifier: MIT */
#include "daemon/dropbox.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/inotify.h>

#include "daemon/attachment.h"
#include "daemon/box-scan.h"
#include "daemon/claim.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/message-id.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/time.h"
#include "spool/limits.h"

/* Drops claimed before other events get their turn. */
#define CLAIMS_PER_TURN 16u

struct Dropbox {
        Daemon *daemon;
        char *user; /* NULL: the box of local submitters */
        int fd;
        sd_event_source *watch;
        bool awaited;    /* fd is the home: the box in it does not exist yet, and is watched for */
        bool dirty;      /* to be scanned */
        bool incomplete; /* something in it is still being uploaded */
        BoxScan scan;
};

static Dropbox *dropbox_free(Dropbox *b) {
        if (!b)
                return NULL;
        sd_event_source_disable_unref(b->watch);
        box_scan_done(&b->scan);
        fd_close(b->fd);
        free(b->user);
        free(b);
        return NULL;
}
DEFINE_CLEANUP(Dropbox *, dropbox_free);

void dropboxes_done(Dropboxes *b) {
        for (size_t i = 0; i < b->n; i++)
                dropbox_free(b->boxes[i]);
        free(b->boxes);
        sd_event_source_disable_unref(b->homes);
        sd_event_source_disable_unref(b->work);
        sd_event_source_disable_unref(b->timer);
        *b = (Dropboxes){};
}

static const char *box_name(const Dropbox *b) {
        return b->user ? "sftp" : "incoming";
}

int dropbox_open(const Daemon *d, const char *box, const char *user) {
        _cleanup_fd_ int home = -EBADF;

        if (streq(box, "incoming"))
                return fd_open_dir_at(d->spool.fds[SPOOL_ROOT], "incoming");
        home = fd_open_dir_at(d->spool.fds[SPOOL_SFTP], user);
        return home < 0 ? home : fd_open_dir_at(home, "incoming");
}

static void work_soon(Daemon *d) {
        if (d->boxes.work)
                (void) sd_event_source_set_enabled(d->boxes.work, SD_EVENT_ONESHOT);
}

void dropbox_look_soon(Daemon *d, const char *box, const char *user) {
        for (size_t i = 0; i < d->boxes.n; i++) {
                Dropbox *b = d->boxes.boxes[i];

                if (streq(box, box_name(b)) && (!b->user || streq(b->user, user)))
                        b->dirty = true;
        }
        work_soon(d);
}

static int on_box_event(_unused_ sd_event_source *source, const struct inotify_event *e, void *userdata) {
        Dropbox *b = userdata;

        if (e->mask & (IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF))
                log_warning("drop box of %s is gone; restart morfd when it is back", b->user ?: "local submitters");
        if ((e->mask & IN_MOVED_TO) && e->len > 0)
                box_scan_note_moved(&b->scan, e->name);
        b->dirty = true;
        work_soon(b->daemon);
        return 0;
}

/* Who dropped this: the box's user, or the owner of the file. Return: NULL when it is nobody's. */
static const char *identity(const Dropbox *b, const struct stat *st) {
        const struct passwd *pw;

        if (b->user)
                return b->user;
        pw = getpwuid(st->st_uid);
        return pw && name_is_user(pw->pw_name) ? pw->pw_name : NULL;
}

/* Puts something that is nobody's job out of the way, as it came, with the reason beside it. */
static void set_aside(Dropbox *b, const char *name, const char *sentence) {
        int corrupt = b->daemon->spool.fds[SPOOL_CORRUPT];
        _cleanup_free_ char *shown = name_escape(name, strlen(name), LIMIT_DROP_NAME_BYTES);
        _cleanup_fault_ Fault fault = {};
        _cleanup_fd_ int dir = -EBADF;
        Id id;
        int r;

        (void) fault_set(&fault, FAULT_USER, NULL, 0, "'%s': %s", strempty(shown), sentence);
        r = id_new(&id);
        if (r >= 0)
                r = publish_mkdir_at(corrupt, id.text, 0700, 0, 0);
        if (r >= 0)
                r = dir = fd_open_dir_at(corrupt, id.text);
        if (r >= 0)
                r = publish_rename(b->fd, name, dir, "drop");
        if (r >= 0)
                r = json_record_publish_at(&fault_table, &fault, dir, "reason.json", 0640, 0, 0);
        log_full(LOG_WARNING, r < 0 ? r : 0, MESSAGE_ID_DROP_CORRUPT, NULL, "%s%s", strempty(fault.message),
                 r < 0 ? "; it could not be moved to corrupt/" : "; moved to corrupt/");
}

/* Whether an upload has been lying there for so long that nobody will complete it. */
static bool is_overdue(const Daemon *d, const struct stat *st) {
        uint64_t changed = (uint64_t) st->st_ctim.tv_sec * USEC_PER_SEC;

        return time_sub(time_now_realtime(), changed) > d->conf.scheduler.upload_usec;
}

static void look_at(Dropbox *b, const BoxEntry *e) {
        Daemon *d = b->daemon;
        DropKind kind = claim_kind(b->fd, e->name, &e->st);
        bool given_up = false;
        const char *user;
        int r;

        if (b->user && control_apply_dropped(d, b->fd, e->name, b->user))
                return;
        if (kind == DROP_KIND_IGNORED || kind == DROP_KIND_OTHER)
                return;
        r = claim_is_complete(d, b->fd, e->name, &e->st, kind, e->renamed);
        if (r == CLAIM_E_INCOMPLETE) {
                given_up = is_overdue(d, &e->st);
                if (!given_up) {
                        b->incomplete = true;
                        return;
                }
        }
        user = identity(b, &e->st);
        if (!user) {
                set_aside(b, e->name, "its owner is not a user who may submit jobs");
                return;
        }
        if (r >= 0)
                r = claim_drop(d, b->fd, box_name(b), e->name, user, given_up);
        if (r < 0 && r != -ENOENT) {
                log_error_errno(r, "cannot take a drop of %s, it stays where it is", user);
                b->incomplete = true; /* look again later */
        }
}

/* Jobs that wait for attachments from this box. */
static void look_for_attachments(Dropbox *b) {
        Daemon *d = b->daemon;

        for (size_t i = d->jobs.n; i-- > 0;) {
                Job *j = d->jobs.jobs[i];

                if (!j->record.needs || !streq(j->record.box, box_name(b)) || (b->user && !streq(b->user, j->record.user)))
                        continue;
                b->incomplete = true;
                attachment_look(j); /* may remove the job: so from the end */
        }
}

/* Looks at a box afresh. */
static void scan(Dropbox *b) {
        int r;

        b->dirty = b->incomplete = false;
        r = box_scan_look(&b->scan, b->fd);
        if (r < 0)
                log_error_errno(r, "cannot read the drop box of %s", b->user ?: "local submitters");
        look_for_attachments(b);
}

/* One turn of work on one box. Return: whether there is more to do now. */
static bool take_turn(Dropbox *b) {
        Daemon *d = b->daemon;
        const BoxEntry *e;
        unsigned claims = 0;

        if (b->awaited)
                return false;
        if (!box_scan_has_more(&b->scan)) {
                if (!b->dirty)
                        return false;
                scan(b);
        }
        while (claims < CLAIMS_PER_TURN) {
                size_t before = d->jobs.n;

                if (d->jobs.n >= DAEMON_JOBS_MAX) {
                        b->incomplete = true; /* the rest stays on disk for now */
                        box_scan_drop_rest(&b->scan);
                        break;
                }
                e = box_scan_next(&b->scan);
                if (!e)
                        break;
                look_at(b, e);
                claims += d->jobs.n != before;
        }
        return box_scan_has_more(&b->scan) || b->dirty;
}

/* What is not complete makes no event when it has rested: look again then. */
static void arm_timer(Daemon *d) {
        uint64_t delay = d->conf.scheduler.quiet_usec / 2 + 100 * USEC_PER_MSEC;
        bool incomplete = false;

        for (size_t i = 0; i < d->boxes.n; i++)
                incomplete = incomplete || d->boxes.boxes[i]->incomplete;
        if (!incomplete)
                return;
        (void) sd_event_source_set_time_relative(d->boxes.timer, delay);
        (void) sd_event_source_set_enabled(d->boxes.timer, SD_EVENT_ONESHOT);
}

static int on_work(_unused_ sd_event_source *source, void *userdata) {
        Daemon *d = userdata;
        bool more = false;

        if (!d->recovered)
                return 0;
        for (size_t i = 0; i < d->boxes.n; i++)
                if (take_turn(d->boxes.boxes[i]))
                        more = true;
        if (more)
                work_soon(d);
        else
                arm_timer(d);
        return 0;
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Daemon *d = userdata;

        for (size_t i = 0; i < d->boxes.n; i++)
                if (d->boxes.boxes[i]->incomplete)
                        d->boxes.boxes[i]->dirty = true;
        work_soon(d);
        return 0;
}

static bool have_box(const Daemon *d, const char *user) {
        for (size_t i = 0; i < d->boxes.n; i++)
                if (streq_ptr(d->boxes.boxes[i]->user, user))
                        return true;
        return false;
}

static int append_box(Daemon *d, Dropbox *b) {
        Dropbox **bigger = reallocarray(d->boxes.boxes, d->boxes.n + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        d->boxes.boxes = bigger;
        d->boxes.boxes[d->boxes.n++] = b;
        return 0;
}

static int on_homes(sd_event_source *source, const struct inotify_event *e, void *userdata);

/* A home whose drop box is still to be made. */
static int await_box(Daemon *d, const char *user) {
        _cleanup_(dropbox_freep) Dropbox *b = NULL;
        int r;

        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->daemon = d;
        b->awaited = true;
        b->fd = fd_open_dir_at(d->spool.fds[SPOOL_SFTP], user);
        if (b->fd < 0)
                return b->fd;
        b->user = strdup(user);
        if (!b->user)
                return -ENOMEM;
        r = sd_event_add_inotify_fd(d->event, &b->watch, b->fd, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR, on_homes, d);
        if (r >= 0)
                r = append_box(d, b);
        if (r >= 0)
                TAKE_PTR(b);
        return r;
}

static int add_box(Daemon *d, const char *user) {
        _cleanup_(dropbox_freep) Dropbox *b = NULL;
        int r;

        if (have_box(d, user))
                return 0;
        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->daemon = d;
        b->dirty = true;
        b->user = user ? strdup(user) : NULL;
        b->fd = dropbox_open(d, user ? "sftp" : "incoming", user);
        if (b->fd < 0)
                return b->fd;
        /* Watch first, then scan: what comes between the two is seen twice, never missed. */
        r = sd_event_add_inotify_fd(d->event, &b->watch, b->fd, IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ATTRIB | IN_ONLYDIR,
                                    on_box_event, b);
        if (r < 0)
                return r;
        r = append_box(d, b);
        if (r < 0)
                return r;
        TAKE_PTR(b);
        work_soon(d);
        return 0;
}

static void remove_box(Daemon *d, size_t i) {
        dropbox_free(d->boxes.boxes[i]);
        memmove(d->boxes.boxes + i, d->boxes.boxes + i + 1, (d->boxes.n - i - 1) * sizeof(*d->boxes.boxes));
        d->boxes.n--;
}

int dropboxes_refresh(Daemon *d) {
        _cleanup_(closedirp) DIR *stream = NULL;
        struct dirent *de;
        int r;

        for (size_t i = d->boxes.n; i-- > 0;) {
                Dropbox *b = d->boxes.boxes[i];
                struct stat st;

                if (b->user && (b->awaited || fstat(b->fd, &st) < 0 || st.st_nlink == 0))
                        remove_box(d, i);
        }
        r = fd_open_dirstream_at(d->spool.fds[SPOOL_SFTP], ".", &stream);
        if (r < 0)
                return r;
        while ((de = readdir(stream))) {
                if (!name_is_user(de->d_name))
                        continue;
                r = add_box(d, de->d_name);
                if (r == -ENOENT)
                        r = await_box(d, de->d_name);
                if (r < 0)
                        log_warning_errno(r, "cannot watch the drop box of %s, ignoring", de->d_name);
        }
        return 0;
}

static int on_homes(_unused_ sd_event_source *source, _unused_ const struct inotify_event *e, void *userdata) {
        (void) dropboxes_refresh(userdata);
        return 0;
}

int dropboxes_start(Daemon *d) {
        int r;

        r = sd_event_add_defer(d->event, &d->boxes.work, on_work, d);
        if (r >= 0)
                r = sd_event_source_set_priority(d->boxes.work, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_add_time_relative(d->event, &d->boxes.timer, CLOCK_BOOTTIME, 0, 0, on_timer, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->boxes.timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_inotify_fd(d->event, &d->boxes.homes, d->spool.fds[SPOOL_SFTP],
                                            IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR, on_homes, d);
        if (r >= 0)
                r = add_box(d, /* user= */ NULL);
        return r < 0 ? r : dropboxes_refresh(d);
}
