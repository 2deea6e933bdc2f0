/* SPDX-License-Identifier: MIT */
#include "tools/mail/settings.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/json.h"

static const char *const tls_names[_CONF_TLS_MAX] = {
        [CONF_TLS_NONE] = "none",
        [CONF_TLS_OPPORTUNISTIC] = "opportunistic",
        [CONF_TLS_REQUIRED] = "required",
};

#define TEXT(key, member) { key, JSON_KIND_STRING, offsetof(MailSettings, member), JSON_OMIT_EMPTY }

static const JsonField fields[] = {
        { "spool", JSON_KIND_STRING, offsetof(MailSettings, spool), JSON_REQUIRED },
        { "from", JSON_KIND_STRING, offsetof(MailSettings, from), JSON_REQUIRED },
        TEXT("from_name", from_name),
        TEXT("operator", operator_address),
        { "domain", JSON_KIND_STRING, offsetof(MailSettings, domain), JSON_REQUIRED },
        { "maildir", JSON_KIND_STRING, offsetof(MailSettings, maildir), JSON_REQUIRED },
        TEXT("smtp_host", smtp_host),
        { "smtp_port", JSON_KIND_UNSIGNED, offsetof(MailSettings, smtp_port), JSON_REQUIRED, .max = 65535 },
        { "smtp_tls", JSON_KIND_ENUM, offsetof(MailSettings, smtp_tls), JSON_REQUIRED, .names = tls_names, .max = _CONF_TLS_MAX },
        TEXT("smtp_user", smtp_user),
        TEXT("smtp_password_file", smtp_password_file),
        TEXT("smtp_ca_file", smtp_ca_file),
        { "per_hour", JSON_KIND_UNSIGNED, offsetof(MailSettings, per_hour), JSON_REQUIRED, .min = 1 },
};
const JsonTable mail_settings_table = JSON_TABLE(fields);

void mail_settings_done(MailSettings *s) {
        json_record_done(&mail_settings_table, s);
        *s = (MailSettings){};
}

/* Copies a string that may be NULL; the empty one counts as not set. */
static int copy(const char *from, char **ret) {
        *ret = from && *from ? strdup(from) : NULL;
        return from && *from && !*ret ? -ENOMEM : 0;
}

static int domain_of(const Conf *c, char **ret) {
        char host[256] = "";

        if (c->mail.domain && *c->mail.domain)
                return copy(c->mail.domain, ret);
        if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
                strcpy(host, "localhost");
        return copy(host, ret);
}

static int maildir_of(const Conf *c, char **ret) {
        if (c->mail.maildir && *c->mail.maildir)
                return copy(c->mail.maildir, ret);
        return asprintf(ret, "%s/mail", c->spool) < 0 ? -ENOMEM : 0;
}

int mail_settings_from_conf(const Conf *c, MailSettings *ret) {
        _cleanup_mail_settings_ MailSettings s = {
                .smtp_port = c->mail.smtp_port,
                .smtp_tls = c->mail.smtp_tls,
                .per_hour = c->mail.per_hour,
        };
        const struct {
                const char *from;
                char **to;
        } strings[] = {
                { c->spool, &s.spool },
                { c->mail.from, &s.from },
                { c->mail.from_name, &s.from_name },
                { c->mail.operator_address, &s.operator_address },
                { c->mail.smtp_host, &s.smtp_host },
                { c->mail.smtp_user, &s.smtp_user },
                { c->mail.smtp_password_file, &s.smtp_password_file },
                { c->mail.smtp_ca_file, &s.smtp_ca_file },
        };

        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (copy(strings[i].from, strings[i].to) < 0)
                        return -ENOMEM;
        if (domain_of(c, &s.domain) < 0 || maildir_of(c, &s.maildir) < 0)
                return -ENOMEM;

        *ret = s;
        s = (MailSettings){};
        return 0;
}

int mail_settings_load(MailSettings *ret, char **reterr) {
        _cleanup_conf_ Conf c = {};
        int r;

        r = conf_load(&c, reterr);
        if (r < 0)
                return r;
        return mail_settings_from_conf(&c, ret);
}

static int read_password(int dirfd, const char *path, char **ret) {
        _cleanup_fd_ int fd = -EBADF;
        char *text;
        size_t n;
        int r;

        /* Not fd_read_file_at(): an operator may have made it a link. */
        fd = openat(dirfd, path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = fd_read_all(fd, MAIL_PASSWORD_MAX, &text, &n);
        if (r < 0)
                return r;
        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
                text[--n] = '\0';
        if (n == 0) {
                free(text);
                return -ENOENT;
        }
        *ret = text;
        return 0;
}

int mail_settings_password(const MailSettings *s, char **ret) {
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (directory) {
                fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (fd >= 0) {
                        r = read_password(fd, MAIL_PASSWORD_CREDENTIAL, ret);
                        if (r != -ENOENT)
                                return r;
                }
        }
        return read_password(AT_FDCWD, s->smtp_password_file ?: MAIL_PASSWORD_PATH, ret);
}
