/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The operator's configuration: /etc/morf/morfd.conf, then /etc/morf/conf.d/ *.conf in name order (libconfig; morfd.conf(5)),
 * and the accounts in /etc/morf/users.d/. The environment variable MORF_CONF names another morfd.conf; conf.d and users.d
 * are looked for beside it.
 */

#include "spool/base/string-table.h"
#include "spool/manifest.h"

#define CONF_PATH "/etc/morf/morfd.conf"

typedef enum ConfEngine {
        CONF_ENGINE_AUTO, /* docker where installed, else podman */
        CONF_ENGINE_DOCKER,
        CONF_ENGINE_PODMAN,
        _CONF_ENGINE_MAX,
        _CONF_ENGINE_INVALID = -EINVAL,
} ConfEngine;
DECLARE_STRING_TABLE(conf_engine, ConfEngine);

typedef enum ConfTls {
        CONF_TLS_NONE,
        CONF_TLS_OPPORTUNISTIC, /* STARTTLS where offered */
        CONF_TLS_REQUIRED,      /* STARTTLS with a valid certificate, or no mail */
        _CONF_TLS_MAX,
        _CONF_TLS_INVALID = -EINVAL,
} ConfTls;
DECLARE_STRING_TABLE(conf_tls, ConfTls);

typedef struct Conf {
        char *spool;
        char **data;      /* roots of course data, one per institution */
        bool test_labels; /* whether run jobs see labels-test*.csv */

        struct {
                unsigned slots;          /* jobs past "queued" at a time */
                uint64_t cpus_milli;     /* budget of all running containers; 0: the machine's processors */
                uint64_t memory;         /* bytes; 0: three quarters of the machine's memory */
                uint64_t quiet_usec;     /* a file put directly must have rested so long */
                uint64_t upload_usec;    /* an upload that is not complete by then is given up */
                unsigned active_per_user; /* most jobs of one user that are accepted and not ended; 0: no limit */
                unsigned attempts;       /* tries of a stage that fails by the platform's fault */
                uint64_t retry_usec;     /* wait before the second try; doubles with each */
                uint64_t free_bytes;     /* below this much free space no job is started */
        } scheduler;

        struct {
                ConfEngine name;
                bool build;         /* whether Dockerfiles are built at all */
                bool build_network; /* whether their RUN steps have a network */
                uint64_t build_time_usec;
        } engine;

        struct {
                ManifestLimits standard; /* where the job asks for nothing */
                ManifestLimits maximum;
                bool compat; /* whether the compat profile is allowed */
        } limits;

        struct {
                unsigned digits;       /* significant digits of metrics; 0: all */
                unsigned min_cell;     /* smallest count that is released */
                unsigned round_counts; /* counts are rounded to a multiple of it */
                bool pseudonyms;       /* whether results of workflows hide the names of courses */
        } release;

        struct {
                char *from;
                char *from_name;
                char *operator_address; /* "" or NULL: none */
                char *domain;           /* of Message-IDs; NULL: the host's name */
                char *maildir;          /* used where smtp_host is not set */
                char *smtp_host;
                unsigned smtp_port;
                ConfTls smtp_tls;
                char *smtp_user;
                char *smtp_password_file;
                char *smtp_ca_file;
                unsigned per_hour; /* most mails to one address in an hour */
        } mail;
} Conf;

/* The path of morfd.conf: MORF_CONF or the default. */
const char *conf_path(void);

/*
 * Defaults, then the files. Return: 0; -EBADMSG with a sentence in reterr (file, line, what is wrong); or the negative errno
 * of reading them, with a sentence too.
 */
int conf_load(Conf *ret, char **reterr);

void conf_done(Conf *c);
#define _cleanup_conf_ _cleanup_(conf_done)

/* A researcher's account. */
typedef struct ConfUser {
        char *name;
        char **mail;
        char **grants; /* course names, or "*" for all */
        bool enabled;
        bool labels;     /* its jobs may make tables of labels: extract_session(labels=True) */
        unsigned active; /* overrides scheduler.active_per_user when not 0 */
} ConfUser;

/* Reads users.d/NAME.conf. Return: 0; -ENOENT (no such user); -EBADMSG with reterr; another negative errno. */
int conf_user_load(const char *name, ConfUser *ret, char **reterr);

/* Names of all accounts, sorted. Return: 0 or a negative errno. */
int conf_user_names(char ***ret);

/* Whether the account may see a course. */
bool conf_user_may_see(const ConfUser *u, const char *course);

/* The directory of accounts, beside conf_path(). Return: a fresh string or NULL. */
char *conf_users_dir(void);

/* Writes users.d/NAME.conf durably. Return: 0 or a negative errno. */
int conf_user_save(const ConfUser *u);

void conf_user_done(ConfUser *u);
#define _cleanup_conf_user_ _cleanup_(conf_user_done)
