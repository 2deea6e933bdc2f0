/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What morf-mail takes from the configuration. The service reads it once (and on SIGHUP) and hands it, as one line of JSON,
 * to the process that sends a mail, so that every mail is sent with settings that were checked as a whole.
 */

#include "spool/conf.h"

/* Where the password lies unless systemd hands it over or the configuration names another file. */
#define MAIL_PASSWORD_PATH "/etc/morf/smtp-password"
#define MAIL_PASSWORD_CREDENTIAL "smtp-password"
#define MAIL_PASSWORD_MAX 1024u
#define MAIL_SETTINGS_SIZE_MAX 65536u

typedef struct MailSettings {
        char *spool;
        char *from;
        char *from_name;
        char *operator_address; /* or NULL: no notices */
        char *domain;           /* of Message-IDs, and the name given to the server */
        char *maildir;          /* where mails go as long as smtp_host is NULL */
        char *smtp_host;        /* or NULL */
        unsigned smtp_port;
        ConfTls smtp_tls;
        char *smtp_user; /* or NULL: no authentication */
        char *smtp_password_file;
        char *smtp_ca_file;
        unsigned per_hour; /* most mails to one address in an hour */
} MailSettings;

extern const JsonTable mail_settings_table;

/* Takes the configuration over, fills in what it leaves open. Return: 0 or -ENOMEM. */
int mail_settings_from_conf(const Conf *c, MailSettings *ret);

/* conf_load() and mail_settings_from_conf(). Return: as conf_load(). */
int mail_settings_load(MailSettings *ret, char **reterr);

/*
 * The SMTP password: credential smtp-password of systemd, else the configured file, else MAIL_PASSWORD_PATH. Line ends at its
 * end do not count. Return: 0 and a fresh string; -ENOENT where there is none; or another negative errno.
 */
int mail_settings_password(const MailSettings *s, char **ret);

void mail_settings_done(MailSettings *s);
#define _cleanup_mail_settings_ _cleanup_(mail_settings_done)
