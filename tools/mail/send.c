/* SPDX-License-Identifier: MIT */
#include "tools/mail/send.h"

#include <fcntl.h>
#include <sys/file.h>

#include "spool/base/fault-point.h"
#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "tools/mail/compose.h"
#include "tools/mail/maildir.h"
#include "tools/mail/smtp.h"

/*
 * Opens and locks a waiting mail. Return: a descriptor that holds the lock; -EBUSY (somebody else sends it); -ENOENT (it is no
 * longer waiting); or another negative errno.
 */
static int open_locked(int outbox_fd, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat ours, there;

        fd = fd_open_regular_at(outbox_fd, name, LIMIT_MAIL_REQUEST_BYTES, &ours);
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : negative_errno();
        /* Whoever held the lock before may have moved the mail on. */
        if (fstatat(outbox_fd, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        if (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev)
                return -EBUSY;
        return TAKE_FD(fd);
}

int send_compose(const MailSettings *s, int outbox_fd, const OutboxName *n, const MailRequest *m, char **ret, size_t *ret_size) {
        _cleanup_free_ char *first = NULL;
        OutboxName root = *n;
        _cleanup_body_ Body body = {};
        int r;

        r = body_compose(m, &body);
        if (r < 0)
                return r;
        root.number = 1;
        if (n->number > 1 && n->event != MAIL_EVENT_NOTICE && outbox_find_first(outbox_fd, n->id, &root.event) >= 0) {
                r = compose_message_id(&root, s->domain, &first);
                if (r < 0)
                        return r;
        }
        return compose_mail(s, m, n, &body, first, ret, ret_size);
}

static int deliver_locally(
                const MailSettings *s, const OutboxName *n, uint64_t created, const char *data, size_t size, char *const *to,
                MailResult *ret) {
        _cleanup_mail_result_ MailResult result = { .outcome = MAIL_OUTCOME_SENT };
        _cleanup_free_ char *unique = NULL, *text = NULL;
        int q, r;

        if (asprintf(&unique, "%llu.%s-%02u-%s.%s", (unsigned long long) (created / USEC_PER_SEC), n->id, n->number,
                     mail_event_to_string(n->event), s->domain) < 0) {
                unique = NULL;
                return -ENOMEM;
        }
        q = maildir_deliver(s->maildir, unique, data, size);
        if (q < 0)
                result.outcome = MAIL_OUTCOME_RETRY;
        else {
                result.code = 250;
                r = strv_copy(to, &result.delivered);
                if (r < 0)
                        return r;
        }
        if (asprintf(&text, "%s%s%s", s->maildir, q < 0 ? ": " : "", q < 0 ? strerrordesc_np(-q) : "") < 0) {
                text = NULL;
                return -ENOMEM;
        }
        r = mail_result_set_text(&result, text, strlen(text));
        if (r < 0)
                return r;
        *ret = result;
        result = (MailResult){};
        return 0;
}

int send_deliver(
                const MailSettings *s, const OutboxName *n, uint64_t created, const char *data, size_t size, char *const *to, FILE *transcript,
                MailResult *ret) {
        if (s->smtp_host)
                return smtp_send(s, data, size, to, transcript, ret);
        return deliver_locally(s, n, created, data, size, to, ret);
}

/* The addresses that no try has served yet. */
static int left_of(const MailRequest *m, char ***ret) {
        STRV_FOREACH(s, m->to) {
                int r;

                if (strv_contains(m->delivered, *s) || strv_contains(m->refused, *s))
                        continue;
                r = strv_add(ret, *s);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int send_request(const MailSettings *s, int outbox_fd, const char *name, const MailRequest *m, MailResult *ret) {
        _cleanup_free_ char *data = NULL;
        _cleanup_strv_ char **to = NULL;
        OutboxName n;
        size_t size;
        int r;

        r = outbox_name_parse(name, &n);
        if (r < 0)
                return r;
        r = left_of(m, &to);
        if (r < 0)
                return r;
        if (!to) {
                ret->outcome = MAIL_OUTCOME_SENT;
                return 0;
        }
        r = send_compose(s, outbox_fd, &n, m, &data, &size);
        if (r < 0)
                return r;
        return send_deliver(s, &n, m->created, data, size, to, /* transcript= */ NULL, ret);
}

int send_mail(const MailSettings *s, int outbox_fd, const char *name, MailResult *ret) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        _cleanup_free_ char *problem = NULL;
        _cleanup_fd_ int lock = -EBADF;
        int r;

        lock = open_locked(outbox_fd, name);
        if (lock == -EBUSY || lock == -ENOENT) {
                ret->outcome = lock == -EBUSY ? MAIL_OUTCOME_BUSY : MAIL_OUTCOME_GONE;
                return 0;
        }
        if (lock < 0)
                return lock;

        r = outbox_load_at(outbox_fd, name, &m, &problem);
        if (r == -EBADMSG) {
                ret->outcome = MAIL_OUTCOME_INVALID;
                return mail_result_set_text(ret, strempty(problem), strlen(strempty(problem)));
        }
        if (r < 0)
                return r;
        r = FAULT_POINT_ERROR("mail-loaded", mail_event_to_string(m.event));
        if (r >= 0)
                r = send_request(s, outbox_fd, name, &m, ret);
        if (r >= 0)
                r = FAULT_POINT_ERROR("mail-delivered", mail_event_to_string(m.event));
        if (r < 0)
                return r;
        if (ret->outcome != MAIL_OUTCOME_SENT || ret->refused || m.refused)
                return 0;
        r = outbox_mark_sent(outbox_fd, name);
        FAULT_POINT("mail-marked", mail_event_to_string(m.event));
        return r;
}
