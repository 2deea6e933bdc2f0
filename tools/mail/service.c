/* SPDX-License-Identifier: MIT */
#include "tools/mail/service.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/inotify.h>
#include <systemd/sd-daemon.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/message-id.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "tools/mail/service-internal.h"

static void service_done(Service *s) {
        for (size_t i = 0; i < SERVICE_CHILDREN_MAX; i++)
                s->children[i] = child_free(s->children[i]);
        sd_event_source_disable_unref(s->watch);
        sd_event_source_disable_unref(s->timer);
        sd_event_source_disable_unref(s->work);
        sd_event_unref(s->event);
        mail_queue_done(&s->queue);
        pace_done(&s->pace);
        mail_settings_done(&s->settings);
        fd_close(s->outbox_fd);
}

/* ---- reading the outbox --------------------------------------------------------------------------------------------------- */

/* Takes a file of the outbox into the queue. What an operator's editor leaves there is none of our business. */
static void take(Service *s, const char *name) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        _cleanup_free_ char *problem = NULL;
        MailEntry *e;
        OutboxName n;
        int r;

        /* Temporary files and our own folders. */
        if (name[0] == '.' || streq(name, OUTBOX_SENT) || streq(name, OUTBOX_UNDELIVERABLE))
                return;
        if (outbox_name_parse(name, &n) < 0) {
                _cleanup_free_ char *shown = name_escape(name, strlen(name), NAME_MAX);

                log_debug("Ignoring '%s' in outbox/: not the name of a mail", strempty(shown));
                return;
        }
        e = mail_queue_find(&s->queue, name);
        if (e && e->running)
                return;
        r = outbox_load_at(s->outbox_fd, name, &m, &problem);
        if (r == -ENOENT)
                mail_queue_remove(&s->queue, name);
        else if (r == -EBADMSG || r == -EFBIG || r == -ELOOP || r == -EMLINK)
                service_set_aside(s, name, problem ?: strerrordesc_np(-r));
        else if (r < 0)
                log_warning_errno(r, "Cannot read mail '%s', ignoring it until the next look", name);
        else {
                r = mail_queue_put(&s->queue, name, &m);
                if (r < 0 && r != -ENOBUFS)
                        log_warning_errno(r, "Cannot queue mail '%s', ignoring it until the next look", name);
        }
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Takes every file of the outbox. */
static int scan(Service *s) {
        _cleanup_(closedirp) DIR *dir = NULL;
        char **names = NULL;
        size_t n = 0, allocated = 0;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(s->outbox_fd, ".", &dir);
        if (r < 0)
                return r;
        s->queue.overflowed = false;
        while ((errno = 0, de = readdir(dir))) {
                if (de->d_name[0] == '.')
                        continue;
                if (n == allocated) {
                        char **bigger = reallocarray(names, allocated = allocated > 0 ? 2 * allocated : 256, sizeof(*bigger));

                        if (!bigger) {
                                r = -ENOMEM;
                                goto finish;
                        }
                        names = bigger;
                }
                names[n] = strdup(de->d_name);
                if (!names[n]) {
                        r = -ENOMEM;
                        goto finish;
                }
                n++;
        }
        r = errno != 0 ? negative_errno() : 0;
        /* In order, so that the oldest are known when there are more than the queue holds. */
        if (n > 0)
                qsort(names, n, sizeof(*names), compare);
        for (size_t i = 0; r >= 0 && i < n; i++)
                take(s, names[i]);
finish:
        for (size_t i = 0; i < n; i++)
                free(names[i]);
        free(names);
        return r;
}

static void purge(Service *s) {
        uint64_t now = time_now_realtime();
        unsigned removed = 0;
        int r;

        if (s->purged > 0 && now >= s->purged && now - s->purged < USEC_PER_DAY)
                return;
        s->purged = now;
        r = outbox_purge_sent(s->outbox_fd, time_sub(now, SERVICE_KEEP_USEC), &removed);
        if (r < 0)
                log_warning_errno(r, "Cannot remove old markers from sent/, ignoring");
        else if (removed > 0)
                log_info("Removed %u markers of mails sent more than 30 days ago", removed);
}

/* ---- sending -------------------------------------------------------------------------------------------------------------- */

static void work(Service *s);

static void on_child_done(Child *c, const char *name, MailResult *result, void *userdata) {
        Service *s = userdata;
        MailEntry *e = mail_queue_find(&s->queue, name);

        for (size_t i = 0; i < SERVICE_CHILDREN_MAX; i++)
                if (s->children[i] == c) {
                        s->children[i] = child_free(c);
                        s->running--;
                }
        if (e)
                e->running = false;
        service_settle(s, name, result);
        work(s);
}

static void start(Service *s, MailEntry *e, uint64_t now) {
        size_t slot = 0;
        int r;

        while (slot < SERVICE_CHILDREN_MAX && s->children[slot])
                slot++;
        if (slot == SERVICE_CHILDREN_MAX)
                return;
        r = child_start(s->event, &s->settings, e->name, s->deadline_usec, on_child_done, s, &s->children[slot]);
        if (r < 0) {
                log_warning_errno(r, "Cannot start a process to send mail '%s', trying again later", e->name);
                e->next_try = time_add(now, SERVICE_BUSY_USEC);
                return;
        }
        e->running = true;
        s->running++;
        if (pace_count(&s->pace, e->to, now) < 0)
                log_warning("Out of memory: mail '%s' is not counted for its addresses, ignoring", e->name);
}

/*
 * Starts what is due and there is room for. Return: when the next mail is due (USEC_INFINITY: none); ret_next: that mail.
 */
static uint64_t start_due(Service *s, const MailEntry **ret_next) {
        uint64_t now = time_now_realtime(), next = USEC_INFINITY;
        size_t position = 0;
        MailEntry *e;

        *ret_next = NULL;
        while ((e = mail_queue_next_head(&s->queue, &position))) {
                uint64_t due, paced;

                if (e->running)
                        continue;
                due = pace_due(e->next_try, now);
                paced = pace_check(&s->pace, e->to, s->settings.per_hour, now);
                if (paced > due)
                        due = paced;
                if (due <= now && s->running < SERVICE_CHILDREN_MAX) {
                        start(s, e, now);
                        if (e->running)
                                continue;
                        due = e->next_try;
                }
                if (due < next) {
                        next = due;
                        *ret_next = e;
                }
        }
        return next;
}

static void tell(const Service *s, uint64_t next, const MailEntry *e) {
        struct tm tm;
        time_t when = (time_t) (next / USEC_PER_SEC);
        char clock[16] = "soon";

        if (s->queue.n == 0) {
                (void) sd_notify(0, "STATUS=No mails waiting.");
                return;
        }
        if (next == USEC_INFINITY || !e) {
                (void) sd_notifyf(0, "STATUS=%zu mails waiting, %u being sent.", s->queue.n, s->running);
                return;
        }
        if (next > time_now_realtime() && localtime_r(&when, &tm))
                (void) strftime(clock, sizeof(clock), "%H:%M", &tm);
        (void) sd_notifyf(0, "STATUS=%zu mail%s waiting, next try %s%s%.120s%s", s->queue.n, s->queue.n == 1 ? "" : "s", clock,
                          e->last_error ? " (" : "", strempty(e->last_error), e->last_error ? ")" : "");
}

/* Does what there is to do now and sets the timer for the rest. */
static void work(Service *s) {
        const MailEntry *e;
        uint64_t next;
        int r;

        if (s->stopping) {
                if (s->running == 0)
                        (void) sd_event_exit(s->event, 0);
                return;
        }
        if (s->queue.overflowed && s->queue.n < MAIL_QUEUE_MAX / 2) {
                r = scan(s);
                if (r < 0)
                        log_warning_errno(r, "Cannot read outbox/, ignoring until the next mail");
        }
        next = start_due(s, &e);
        /* With all hands busy, the end of one of them is the next event. */
        if (s->running >= SERVICE_CHILDREN_MAX)
                next = USEC_INFINITY;
        (void) sd_event_source_set_time(s->timer, next);
        (void) sd_event_source_set_enabled(s->timer, next == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        tell(s, next, e);
        purge(s);
}

/* ---- events --------------------------------------------------------------------------------------------------------------- */

static int on_work(sd_event_source *source _unused_, void *userdata) {
        work(userdata);
        return 0;
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        work(userdata);
        return 0;
}

/* One file is looked at for each event, so that a long queue is not read again for every mail of it. */
static int on_change(sd_event_source *source _unused_, const struct inotify_event *event, void *userdata) {
        Service *s = userdata;
        int r;

        if (event->mask & (IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF)) {
                log_error("outbox/ was removed or moved away; ending, to be started again");
                return sd_event_exit(s->event, 1);
        }
        if (event->mask & IN_Q_OVERFLOW) {
                r = scan(s);
                if (r < 0)
                        log_warning_errno(r, "Cannot read outbox/, ignoring until the next mail");
        } else if (event->len > 0)
                take(s, event->name);
        /* Once for all events that are waiting. */
        (void) sd_event_source_set_enabled(s->work, SD_EVENT_ONESHOT);
        return 0;
}

static int on_grace(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        Service *s = userdata;

        log_notice("Stopping although %u mails are being sent; they stay in outbox/", s->running);
        return sd_event_exit(s->event, 0);
}

static int on_terminate(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_, void *userdata) {
        Service *s = userdata;

        if (s->stopping)
                return 0;
        s->stopping = true;
        (void) sd_notify(0, "STOPPING=1\nSTATUS=Stopping.");
        (void) sd_event_source_set_enabled(s->watch, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (s->running == 0)
                return sd_event_exit(s->event, 0);
        return sd_event_add_time_relative(s->event, NULL, CLOCK_BOOTTIME, SERVICE_GRACE_USEC, USEC_PER_SEC, on_grace, s);
}

/* New settings, and a new chance for every mail: as a rule something was just mended. */
static int on_reload(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_, void *userdata) {
        _cleanup_mail_settings_ MailSettings settings = {};
        _cleanup_free_ char *problem = NULL;
        Service *s = userdata;
        int r;

        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long) time_now_boottime());
        r = mail_settings_load(&settings, &problem);
        if (r < 0)
                log_full(LOG_ERR, 0, MESSAGE_ID_CONF_REFUSED, NULL, "The configuration is refused, keeping the old one: %s",
                         problem ?: strerrordesc_np(-r));
        else {
                MailSettings old = s->settings;

                s->settings = settings;
                settings = old;
                log_full(LOG_INFO, 0, MESSAGE_ID_CONF_RELOADED, NULL, "The configuration was read again");
        }
        for (size_t i = 0; i < s->queue.n; i++)
                s->queue.entries[i]->next_try = 0;
        work(s);
        (void) sd_notify(0, "READY=1");
        return 0;
}

/* ---- setting up ----------------------------------------------------------------------------------------------------------- */

static int open_outbox(Service *s) {
        _cleanup_free_ char *path = NULL;
        int fd, r;

        if (asprintf(&path, "%s/outbox", s->settings.spool) < 0)
                return -ENOMEM;
        s->outbox_fd = fd_open_dir_at(AT_FDCWD, path);
        if (s->outbox_fd < 0)
                return log_error_errno(s->outbox_fd, "Cannot open %s", path);
        for (size_t i = 0; i < 2; i++) {
                const char *name = i == 0 ? OUTBOX_SENT : OUTBOX_UNDELIVERABLE;

                r = publish_mkdir_at(s->outbox_fd, name, 0700, (uid_t) -1, (gid_t) -1);
                if (r < 0 && r != -EEXIST)
                        return log_error_errno(r, "Cannot make %s/%s", path, name);
                fd = fd_open_dir_at(s->outbox_fd, name);
                if (fd < 0)
                        return log_error_errno(fd, "Cannot open %s/%s", path, name);
                fd_close(fd);
        }
        return 0;
}

static int add_sources(Service *s) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGHUP);
        (void) sigaddset(&signals, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return negative_errno();
        if ((r = sd_event_default(&s->event)) < 0 || (r = sd_event_set_watchdog(s->event, 1)) < 0 ||
            (r = sd_event_add_signal(s->event, NULL, SIGTERM, on_terminate, s)) < 0 ||
            (r = sd_event_add_signal(s->event, NULL, SIGINT, on_terminate, s)) < 0 ||
            (r = sd_event_add_signal(s->event, NULL, SIGHUP, on_reload, s)) < 0 ||
            (r = sd_event_add_time(s->event, &s->timer, CLOCK_REALTIME, 0, USEC_PER_SEC, on_timer, s)) < 0 ||
            (r = sd_event_add_defer(s->event, &s->work, on_work, s)) < 0)
                return r;
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);

        /* The watch before the first look, so that nothing falls between. */
        r = sd_event_add_inotify_fd(s->event, &s->watch, s->outbox_fd,
                                    IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR, on_change, s);
        if (r < 0)
                return r;
        /* Without it the service would be deaf: better to end and be started again. */
        return sd_event_source_set_exit_on_failure(s->watch, 1);
}

int service_run(MailSettings *settings, uint64_t deadline_usec) {
        _cleanup_(service_done) Service s = { .settings = *settings, .deadline_usec = deadline_usec, .outbox_fd = -EBADF };
        int r;

        *settings = (MailSettings){};
        r = open_outbox(&s);
        if (r < 0)
                return r;
        r = add_sources(&s);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop");
        r = scan(&s);
        if (r < 0)
                return log_error_errno(r, "Cannot read outbox/");
        if (s.settings.smtp_host)
                log_info("Ready: %zu mails waiting, sending by %s port %u", s.queue.n, s.settings.smtp_host, s.settings.smtp_port);
        else
                log_info("Ready: %zu mails waiting, delivering into %s as no mail server is configured", s.queue.n, s.settings.maildir);
        (void) sd_notify(0, "READY=1");

        r = sd_event_loop(s.event);
        if (r < 0)
                return log_error_errno(r, "The event loop failed");
        return r > 0 ? -EIO : 0;
}
