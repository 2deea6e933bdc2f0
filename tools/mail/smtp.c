/* SPDX-License-Identifier: MIT */
#include "tools/mail/smtp.h"

/* libesmtp.h offers its authentication calls only behind auth-client.h. */
#include <auth-client.h>

#include <libesmtp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/outbox.h"
#include "tools/mail/smtp-dialogue.h"

typedef struct Transaction {
        const MailSettings *settings;
        bool strict;        /* no TLS or no valid certificate: no mail */
        char *password;
        char nothing[1];    /* the empty answer */
        char *data;         /* with CRLF */
        size_t size;
        bool given;         /* data was handed to libesmtp */
        char problem[256];  /* what we found wrong ourselves */
        SmtpDialogue dialogue;
        smtp_session_t session;
        smtp_message_t message;
        auth_context_t auth;
        struct {
                const char *address;
                smtp_recipient_t handle;
        } recipients[OUTBOX_RECIPIENTS_MAX];
        size_t n_recipients;
} Transaction;

static void transaction_done(Transaction *t) {
        if (t->session)
                smtp_destroy_session(t->session);
        if (t->auth)
                auth_destroy_context(t->auth);
        if (t->password)
                explicit_bzero(t->password, strlen(t->password));
        free(t->password);
        free(t->data);
}

/* libesmtp wants CRLF and does the dots itself. */
static int set_data(Transaction *t, const char *data, size_t size) {
        size_t lines = 0;
        char *p;

        for (size_t i = 0; i < size; i++)
                lines += data[i] == '\n';
        t->data = p = malloc(size + lines + 3);
        if (!p)
                return -ENOMEM;
        for (size_t i = 0; i < size; i++) {
                if (data[i] == '\r')
                        continue;
                if (data[i] == '\n')
                        *p++ = '\r';
                *p++ = data[i];
        }
        if (size > 0 && data[size - 1] != '\n')
                p = mempcpy(p, "\r\n", 2);
        t->size = (size_t) (p - t->data);
        return 0;
}

/* ---- callbacks of libesmtp ---------------------------------------------------------------------------------------------- */

static const char *on_message(void **context _unused_, int *length, void *userdata) {
        Transaction *t = userdata;

        if (!length) { /* rewind */
                t->given = false;
                return NULL;
        }
        *length = t->given ? 0 : (int) t->size;
        if (t->given)
                return NULL;
        t->given = true;
        return t->data;
}

static int on_interact(auth_client_request_t request, char **result, int fields, void *userdata) {
        Transaction *t = userdata;

        for (int i = 0; i < fields; i++)
                if (request[i].flags & AUTH_PASS)
                        result[i] = t->password;
                else if (request[i].flags & AUTH_USER)
                        result[i] = t->settings->smtp_user;
                else
                        result[i] = t->nothing;
        return 1;
}

static void on_monitor(const char *data, int size, int writing, void *userdata) {
        Transaction *t = userdata;

        if (size > 0 && writing != SMTP_CB_HEADERS)
                smtp_dialogue_add(&t->dialogue, writing == SMTP_CB_WRITING, data, (size_t) size);
}

static void _printf_(2, 3) found(Transaction *t, const char *format, ...) {
        va_list ap;

        if (t->problem[0] != '\0')
                return;
        va_start(ap, format);
        vsnprintf(t->problem, sizeof(t->problem), format, ap);
        va_end(ap);
}

static void on_event(smtp_session_t session _unused_, int event, void *userdata, ...) {
        Transaction *t = userdata;
        const char *name;
        long verify;
        va_list ap;
        int *ok;

        va_start(ap, userdata);
        switch (event) {
        case SMTP_EV_EXTNA_STARTTLS:
                found(t, "the mail server does not offer STARTTLS, which is required");
                break;
        case SMTP_EV_INVALID_PEER_CERTIFICATE:
                verify = va_arg(ap, long);
                ok = va_arg(ap, int *);
                *ok = !t->strict;
                if (t->strict)
                        found(t, "the certificate of the mail server is not valid: %s", X509_verify_cert_error_string(verify));
                break;
        case SMTP_EV_WRONG_PEER_CERTIFICATE:
                ok = va_arg(ap, int *);
                name = va_arg(ap, const char *);
                *ok = !t->strict;
                if (t->strict)
                        found(t, "the certificate of the mail server is for '%.100s', not for '%.100s'", name, t->settings->smtp_host);
                break;
        case SMTP_EV_NO_PEER_CERTIFICATE:
                ok = va_arg(ap, int *);
                *ok = !t->strict;
                if (t->strict)
                        found(t, "the mail server showed no certificate");
                break;
        case SMTP_EV_WEAK_CIPHER:
                found(t, "the mail server wants a weak cipher");
                break;
        case SMTP_EV_UNUSABLE_CA_LIST:
        case SMTP_EV_UNUSABLE_CLIENT_CERTIFICATE:
                found(t, "the certificates cannot be read");
                break;
        default:
                break;
        }
        va_end(ap);
}

/* ---- setting up ----------------------------------------------------------------------------------------------------------- */

/*
 * TLS 1.2 and no other. libesmtp takes anything that can be read for an answer, also the session tickets that a TLS 1.3 server
 * sends of its own accord, and then waits for the real answer to a command that it has not sent yet: about every second mail
 * was stuck until its deadline.
 */
static const char openssl_conf[] =
        "openssl_conf = conf\n"
        "[conf]\n"
        "ssl_conf = ssl\n"
        "[ssl]\n"
        "system_default = tls\n"
        "[tls]\n"
        "MinProtocol = TLSv1.2\n"
        "MaxProtocol = TLSv1.2\n"
        "CipherString = DEFAULT:@SECLEVEL=2\n";

/* OpenSSL has no other way in: libesmtp makes its own context, and the one that smtp_starttls_set_ctx() takes is not used. */
static int choose_protocol(int *ret_fd) {
        _cleanup_fd_ int fd = -EBADF;
        char path[64];
        int r;

        fd = memfd_create("openssl.cnf", MFD_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = fd_write_all(fd, openssl_conf, strlen(openssl_conf));
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (setenv("OPENSSL_CONF", path, 1) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* libesmtp looks for certificates below $HOME/.authenticate and else takes OpenSSL's defaults, which these variables override. */
static int choose_certificates(const MailSettings *s) {
        if (setenv("HOME", "/nonexistent", 1) < 0)
                return negative_errno();
        if (!s->smtp_ca_file)
                return 0;
        if (access(s->smtp_ca_file, R_OK) < 0)
                return negative_errno();
        if (setenv("SSL_CERT_FILE", s->smtp_ca_file, 1) < 0 || setenv("SSL_CERT_DIR", "/nonexistent", 1) < 0)
                return negative_errno();
        return 0;
}

static int set_up_authentication(Transaction *t) {
        int r;

        if (!t->settings->smtp_user)
                return 0;
        r = mail_settings_password(t->settings, &t->password);
        if (r < 0) {
                found(t, "the password for the mail server cannot be read: %s", strerrordesc_np(-r));
                return r;
        }
        auth_client_init();
        t->auth = auth_create_context();
        if (!t->auth)
                return -ENOMEM;
        auth_set_mechanism_flags(t->auth, AUTH_PLUGIN_PLAIN, 0);
        auth_set_interact_cb(t->auth, on_interact, t);
        return smtp_auth_set_context(t->session, t->auth) ? 0 : -ENOMEM;
}

static int set_up_session(Transaction *t) {
        const MailSettings *s = t->settings;
        char server[300];

        t->session = smtp_create_session();
        if (!t->session)
                return -ENOMEM;
        snprintf(server, sizeof(server), "%.255s:%u", s->smtp_host, s->smtp_port);
        if (!smtp_set_server(t->session, server) || !smtp_set_hostname(t->session, s->domain) ||
            !smtp_set_eventcb(t->session, on_event, t) || !smtp_set_monitorcb(t->session, on_monitor, t, /* headers= */ 0))
                return -ENOMEM;
        if (!smtp_starttls_enable(t->session, t->strict                       ? Starttls_REQUIRED
                                              : s->smtp_tls == CONF_TLS_NONE ? Starttls_DISABLED
                                                                             : Starttls_ENABLED))
                return -EOPNOTSUPP;
        for (int which = Timeout_GREETING; which <= Timeout_DATA2; which++)
                (void) smtp_set_timeout(t->session, which | Timeout_OVERRIDE_RFC2822_MINIMUM, SMTP_SILENCE_MSEC);
        return 0;
}

static int set_up_message(Transaction *t, char *const *to) {
        t->message = smtp_add_message(t->session);
        if (!t->message || !smtp_set_reverse_path(t->message, t->settings->from) ||
            !smtp_set_messagecb(t->message, on_message, t) || !smtp_size_set_estimate(t->message, t->size))
                return -ENOMEM;
        STRV_FOREACH(s, to) {
                smtp_recipient_t handle;

                if (t->n_recipients >= ELEMENTSOF(t->recipients))
                        return -E2BIG;
                handle = smtp_add_recipient(t->message, *s);
                if (!handle)
                        return -ENOMEM;
                t->recipients[t->n_recipients].address = *s;
                t->recipients[t->n_recipients++].handle = handle;
        }
        return 0;
}

/* ---- the outcome ---------------------------------------------------------------------------------------------------------- */

/* Return: 0 or -ENOMEM. */
static int set_answer(MailResult *r, const smtp_status_t *status) {
        _cleanup_free_ char *text = NULL;
        int n;

        if (status->enh_class > 0)
                n = asprintf(&text, "%d %d.%d.%d %s", status->code, status->enh_class, status->enh_subject, status->enh_detail,
                             strempty(status->text));
        else
                n = asprintf(&text, "%d %s", status->code, strempty(status->text));
        if (n < 0) {
                text = NULL;
                return -ENOMEM;
        }
        r->code = (unsigned) status->code;
        return mail_result_set_text(r, text, strlen(text));
}

/* Whether a refusal is the operator's to mend. */
static bool wants_authentication(const Transaction *t, int code) {
        return code == 530 || code == 534 || code == 535 || code == 538 || (t->auth && !t->dialogue.authenticated);
}

/* The answer that decided about a recipient; code 0 where none came. */
static smtp_status_t decisive(const smtp_status_t *recipient, const smtp_status_t *mail) {
        int class = recipient->code / 100;

        return class == 2 ? *mail : *recipient;
}

static int judge(Transaction *t, MailResult *r) {
        const smtp_status_t *mail = smtp_message_transfer_status(t->message);
        bool left = false, said = false;
        int q;

        for (size_t i = 0; i < t->n_recipients; i++) {
                smtp_status_t status = decisive(smtp_recipient_status(t->recipients[i].handle), mail);
                bool refused = status.code / 100 == 5 && !wants_authentication(t, status.code);
                bool delivered = status.code / 100 == 2;

                if (delivered || refused) {
                        q = strv_add(delivered ? &r->delivered : &r->refused, t->recipients[i].address);
                        if (q < 0)
                                return q;
                }
                left = left || (!delivered && !refused);
                /* The first answer that is not good is the one to tell. */
                if (status.code >= 400 && !said) {
                        q = set_answer(r, &status);
                        if (q < 0)
                                return q;
                        said = true;
                }
        }
        r->outcome = left ? MAIL_OUTCOME_RETRY : MAIL_OUTCOME_SENT;
        return said || left ? 0 : set_answer(r, mail);
}

/* Why nothing came of the session, where no answer about the mail says it. */
static int explain(Transaction *t, bool lost, MailResult *r) {
        const smtp_status_t *sender = smtp_reverse_path_status(t->message);
        char error[128] = "", text[640];

        if (t->problem[0] != '\0')
                return mail_result_set_text(r, t->problem, strlen(t->problem));
        if (sender->code >= 400)
                return set_answer(r, sender);
        if (t->dialogue.code >= 400) {
                r->code = t->dialogue.code;
                return mail_result_set_text(r, t->dialogue.line, strlen(t->dialogue.line));
        }
        if (lost || smtp_errno() != 0)
                (void) smtp_strerror(smtp_errno(), error, sizeof(error));
        if (error[0] == '\0')
                snprintf(error, sizeof(error), "the connection was lost");
        snprintf(text, sizeof(text), "%s port %u: %s", t->settings->smtp_host, t->settings->smtp_port, error);
        return mail_result_set_text(r, text, strlen(text));
}

static int run(Transaction *t, MailResult *r) {
        int started, q;

        /* A server that hangs up must be an answer, not a signal. */
        (void) signal(SIGPIPE, SIG_IGN);
        started = smtp_start_session(t->session);
        q = judge(t, r);
        if (q < 0)
                return q;
        /* Whatever was refused later was refused because of this. */
        if (r->outcome == MAIL_OUTCOME_RETRY && t->auth && !t->dialogue.authenticated && t->dialogue.denied[0] != '\0')
                return mail_result_set_text(r, t->dialogue.denied, strlen(t->dialogue.denied));
        return r->text ? 0 : explain(t, !started, r);
}

/* Addresses that would need SMTPUTF8 (RFC 6531), which libesmtp does not speak, are refused before anybody is asked. */
static int split(char *const *to, char ***ret_ascii, MailResult *r) {
        int q;

        STRV_FOREACH(s, to) {
                bool ascii = true;

                for (const char *c = *s; *c; c++)
                        ascii = ascii && (unsigned char) *c < 0x80;
                q = strv_add(ascii ? ret_ascii : &r->refused, *s);
                if (q < 0)
                        return q;
        }
        return 0;
}

int smtp_send(const MailSettings *s, const char *data, size_t size, char *const *to, FILE *transcript, MailResult *ret) {
        static const char no_utf8[] = "553 5.6.7 the address is not ASCII, and SMTPUTF8 is not supported";
        _cleanup_(transaction_done) Transaction t = { .settings = s, .dialogue = { .transcript = transcript } };
        _cleanup_mail_result_ MailResult result = {};
        _cleanup_strv_ char **ascii = NULL;
        _cleanup_fd_ int conf_fd = -EBADF;
        int r;

        t.strict = s->smtp_tls == CONF_TLS_REQUIRED || s->smtp_user;
        r = split(to, &ascii, &result);
        if (r < 0)
                return r;
        if (!ascii) {
                result.outcome = MAIL_OUTCOME_SENT;
                result.code = 553;
                r = mail_result_set_text(&result, no_utf8, strlen(no_utf8));
                goto finish;
        }

        r = set_data(&t, data, size);
        if (r < 0)
                return r;
        r = choose_certificates(s);
        if (r < 0)
                found(&t, "%s cannot be read: %s", s->smtp_ca_file, strerrordesc_np(-r));
        if (r >= 0)
                r = choose_protocol(&conf_fd);
        if (r >= 0)
                r = set_up_session(&t);
        if (r >= 0)
                r = set_up_authentication(&t);
        if (r >= 0)
                r = set_up_message(&t, ascii);
        if (r >= 0)
                r = run(&t, &result);
        else if (t.problem[0] != '\0') {
                result.outcome = MAIL_OUTCOME_RETRY;
                r = mail_result_set_text(&result, t.problem, strlen(t.problem));
        }
finish:
        if (r < 0)
                return r;
        *ret = result;
        result = (MailResult){};
        return 0;
}
