/* SPDX-License-Identifier: MIT */
#include <sys/random.h>

#include "spool/base/log.h"
#include "spool/base/fault-point.h"
#include "spool/base/message-id.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "tools/mail/service-internal.h"

static LogJob log_of(const MailRequest *m) {
        return (LogJob){ .id = m->id, .user = m->user };
}

/* Adds those of more that are missing. */
static int merge(char ***list, char *const *more) {
        STRV_FOREACH(s, more) {
                int r;

                if (strv_contains(*list, *s))
                        continue;
                r = strv_add(list, *s);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- the notice to the operator ------------------------------------------------------------------------------------------- */

/* "a@b, c@d: 550 no such mailbox" */
static char *explain(char *const *refused, const char *answer) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *f;

        f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        STRV_FOREACH(s, refused)
                fprintf(f, "%s%s", s == refused ? "" : ", ", *s);
        fprintf(f, "%s%s", refused ? ": " : "", strempty(answer));
        if (fclose(f) != 0)
                return NULL;
        return name_escape(text, strlen(text), (OUTBOX_TEXT_MAX - 3) / 4);
}

/*
 * One notice an undeliverable mail, and never one about a notice. Its name follows from that of the mail, so it is written once
 * however often this runs.
 */
static int publish_notice(Service *s, const char *name, const MailRequest *m, const char *answer) {
        _cleanup_mail_request_ MailRequest notice = MAIL_REQUEST_INIT;
        OutboxName n;
        int r;

        if (!s->settings.operator_address || outbox_name_parse(name, &n) < 0 || n.event == MAIL_EVENT_NOTICE)
                return 0;

        notice.event = MAIL_EVENT_NOTICE;
        notice.created = time_now_realtime();
        notice.id = strdup(n.id);
        notice.user = strdup(m && m->user ? m->user : "unknown");
        notice.job = m && m->job ? strdup(m->job) : NULL;
        notice.drop = strdup(name);
        notice.why = explain(m ? m->refused : NULL, answer);
        if (!notice.id || !notice.user || (m && m->job && !notice.job) || !notice.drop || !notice.why)
                return -ENOMEM;
        r = strv_add(&notice.to, s->settings.operator_address);
        if (r < 0)
                return r;
        return outbox_publish(s->outbox_fd, &notice, n.number, (uid_t) -1, (gid_t) -1);
}

/* ---- what became of a mail ------------------------------------------------------------------------------------------------ */

static void forget(Service *s, const char *name) {
        mail_queue_remove(&s->queue, name);
}

/* Tries again later; also where the file cannot be written now, so that nothing is tried in a loop. */
static void postpone(Service *s, const char *name, MailRequest *m, MailResult *result) {
        LogJob job = log_of(m);
        uint64_t random = 0;
        char when[TIME_STRING_MAX];
        MailEntry *e;
        int r;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                random = 0;
        m->attempts++;
        m->next_try = time_add(time_now_realtime(), pace_backoff(m->attempts, random));
        free(m->last_error);
        m->last_error = TAKE_PTR(result->text);

        r = outbox_postpone(s->outbox_fd, name, m);
        if (r < 0)
                log_job(LOG_WARNING, r, NULL, &job, "Cannot write the retry state of mail '%s', ignoring", name);
        if (mail_queue_put(&s->queue, name, m) < 0) {
                e = mail_queue_find(&s->queue, name);
                if (e)
                        e->next_try = m->next_try;
        }
        log_job(LOG_NOTICE, 0, MESSAGE_ID_MAIL_DEFERRED, &job, "Mail '%s' could not be sent (try %u): %s; next try %s", name, m->attempts,
                strempty(m->last_error), time_format_local(m->next_try, when));
}

static void give_up(Service *s, const char *name, MailRequest *m, const MailResult *result) {
        LogJob job = log_of(m);
        int r;

        /* The file says for which addresses it is there, and the notice is safe before the mail is out of the way. */
        free(m->last_error);
        m->last_error = strdup(strempty(result->text));
        r = outbox_postpone(s->outbox_fd, name, m);
        if (r >= 0)
                r = publish_notice(s, name, m, result->text);
        if (r >= 0)
                r = outbox_mark_undeliverable(s->outbox_fd, name);
        if (r < 0 && r != -ENOENT) {
                MailEntry *e = mail_queue_find(&s->queue, name);

                log_job(LOG_WARNING, r, NULL, &job, "Cannot move mail '%s' to undeliverable/, trying again later", name);
                if (e)
                        e->next_try = time_add(time_now_realtime(), SERVICE_BUSY_USEC);
                return;
        }
        log_job(LOG_WARNING, 0, MESSAGE_ID_MAIL_UNDELIVERABLE, &job, "Mail '%s' was refused for good and lies in undeliverable/: %s", name,
                strempty(result->text));
        forget(s, name);
}

static void sent(Service *s, const char *name, const MailRequest *m, const MailResult *result) {
        LogJob job = log_of(m);
        int r;

        /* As a rule the process that sent it has moved it already. */
        r = outbox_mark_sent(s->outbox_fd, name);
        if (r < 0 && r != -ENOENT)
                log_job(LOG_WARNING, r, NULL, &job, "Mail '%s' was sent but cannot be moved to sent/; it may be sent again", name);
        log_job(LOG_INFO, 0, MESSAGE_ID_MAIL_SENT, &job, "Mail '%s' was sent: %s", name, strempty(result->text));
        forget(s, name);
}

static void settle_waiting(Service *s, const char *name, MailRequest *m, MailResult *result) {
        bool complete = true;

        if (merge(&m->delivered, result->delivered) < 0 || merge(&m->refused, result->refused) < 0)
                result->outcome = MAIL_OUTCOME_RETRY;
        STRV_FOREACH(to, m->to)
                complete = complete && (strv_contains(m->delivered, *to) || strv_contains(m->refused, *to));
        if (!complete || result->outcome == MAIL_OUTCOME_RETRY)
                postpone(s, name, m, result);
        else if (m->refused)
                give_up(s, name, m, result);
        else
                sent(s, name, m, result);
}

void service_settle(Service *s, const char *name, MailResult *result) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        MailEntry *e = mail_queue_find(&s->queue, name);
        _cleanup_free_ char *problem = NULL;
        OutboxName parsed;
        LogJob job = {};
        int r;

        if (outbox_name_parse(name, &parsed) >= 0)
                FAULT_POINT("mail-settled", mail_event_to_string(parsed.event));
        if (result->outcome == MAIL_OUTCOME_INVALID) {
                service_set_aside(s, name, result->text);
                return;
        }
        if (result->outcome == MAIL_OUTCOME_BUSY) {
                if (e)
                        e->next_try = time_add(time_now_realtime(), SERVICE_BUSY_USEC);
                return;
        }
        r = outbox_load_at(s->outbox_fd, name, &m, &problem);
        if (r == -ENOENT) {
                job.id = e ? e->parsed.id : NULL;
                if (result->outcome == MAIL_OUTCOME_SENT)
                        log_job(LOG_INFO, 0, MESSAGE_ID_MAIL_SENT, &job, "Mail '%s' was sent: %s", name, strempty(result->text));
                forget(s, name);
        } else if (r == -EBADMSG)
                service_set_aside(s, name, problem);
        else if (r < 0) {
                log_warning_errno(r, "Cannot read mail '%s', trying again later", name);
                if (e)
                        e->next_try = time_add(time_now_realtime(), SERVICE_BUSY_USEC);
        } else
                settle_waiting(s, name, &m, result);
}

void service_set_aside(Service *s, const char *name, const char *problem) {
        _cleanup_free_ char *why = NULL;
        int r;

        if (asprintf(&why, "not a mail request: %s", strempty(problem)) < 0)
                why = NULL;
        r = publish_notice(s, name, /* m= */ NULL, why);
        if (r < 0)
                log_warning_errno(r, "Cannot write a notice about '%s', ignoring", name);
        r = outbox_mark_undeliverable(s->outbox_fd, name);
        if (r < 0 && r != -ENOENT)
                log_warning_errno(r, "Cannot move '%s' to undeliverable/, ignoring it", name);
        else
                log_full(LOG_WARNING, 0, MESSAGE_ID_MAIL_UNDELIVERABLE, NULL, "'%s' in outbox/ was moved to undeliverable/: %s", name,
                         strempty(why));
        forget(s, name);
}
