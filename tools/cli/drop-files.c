/* SPDX-License-Identifier: MIT */
#include "tools/cli/drop-files.h"

#include <ini.h>
#include <libconfig.h>
#include <sys/stat.h>

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tools/cli/cli.h"

void drop_files_done(DropFiles *s) {
        free(s->name);
        strv_free(s->attachments);
        s->name = NULL;
        s->attachments = NULL;
}

char *drop_files_last_component(const char *path) {
        _cleanup_free_ char *real = NULL;
        size_t end, start;

        if (streq(path, ".") || streq(path, "..") || endswith(path, "/.") || endswith(path, "/..")) {
                real = realpath(path, NULL);
                path = real ?: path;
        }
        for (end = strlen(path); end > 0 && path[end - 1] == '/'; end--)
                ;
        for (start = end; start > 0 && path[start - 1] != '/'; start--)
                ;
        return strndup(path + start, end - start);
}

/* path/../name. Return: a fresh string or NULL. */
static char *beside_path(const char *path, const char *name) {
        const char *slash = strrchr(path, '/');
        char *s;

        return asprintf(&s, "%.*s%s", slash ? (int) (slash + 1 - path) : 0, path, name) < 0 ? NULL : s;
}

/* Adds what the job file names, when it is there and not given already. Return: 0 or -ENOMEM. */
static int add_named(DropFiles *d, const char *value) {
        _cleanup_free_ char *name = NULL, *path = NULL;

        name = drop_files_last_component(value);
        if (!name || !name_is_valid(name))
                return 0;
        STRV_FOREACH(a, d->attachments) {
                _cleanup_free_ char *other = drop_files_last_component(*a);

                if (streq_ptr(other, name))
                        return 0;
        }
        path = beside_path(d->path, value);
        if (!path)
                return -ENOMEM;
        return access(path, F_OK) == 0 ? strv_add(&d->attachments, path) : 0;
}

/* Of a client.config; its URLs name files beside it by their last component. Return: 1 (go on) or 0. */
static int on_client_config(void *user, const char *section, const char *key, const char *value) {
        DropFiles *d = user;
        _cleanup_free_ char *plain = strndup(value, strcspn(value, "?#")), *name = NULL;

        if (!streq(section, "client") || (strcasecmp(key, "docker_url") != 0 && strcasecmp(key, "controller_url") != 0))
                return 1;
        name = plain ? drop_files_last_component(plain) : NULL;
        return name && add_named(d, name) >= 0;
}

static int add_named_attachments(DropFiles *d) {
        static const char *const keys[] = { "job.image", "job.dockerfile", "job.controller" };
        config_t config;
        int r = 0;

        /* What is wrong with the file, the check says better. */
        if (endswith(d->name, ".config")) {
                (void) ini_parse(d->path, on_client_config, d);
                return 0;
        }
        config_init(&config);
        if (config_read_file(&config, d->path) == CONFIG_TRUE)
                for (size_t i = 0; r == 0 && i < ELEMENTSOF(keys); i++) {
                        const char *value;

                        if (config_lookup_string(&config, keys[i], &value) == CONFIG_TRUE)
                                r = add_named(d, value);
                }
        config_destroy(&config);
        return r;
}

/* Return: 0, or an exit status after a message. */
static int look_at_attachments(DropFiles *d) {
        if (strv_length(d->attachments) > LIMIT_NEEDS)
                return cli_fail(CLI_EXIT_USAGE, "a job has at most %u attachments", LIMIT_NEEDS);
        STRV_FOREACH(a, d->attachments) {
                _cleanup_free_ char *name = drop_files_last_component(*a), *beside = NULL;
                struct stat given, found;

                if (stat(*a, &given) < 0)
                        return cli_fail_errno(negative_errno(), "cannot use the attachment '%s'", *a);
                if (!name || !name_is_valid(name)) {
                        cli_fail(CLI_EXIT_JOB, "the attachment '%s' has a name that a job file cannot use", *a);
                        cli_hint("Rename it: letters, digits, '.', '_' and '-', at most %u of them.", NAME_MAX_LENGTH);
                        return CLI_EXIT_JOB;
                }
                beside = beside_path(d->path, name);
                if (!beside || stat(beside, &found) < 0 || found.st_dev != given.st_dev || found.st_ino != given.st_ino)
                        d->elsewhere = true;
        }
        return 0;
}

int drop_files_find(DropFiles *d) {
        struct stat st;
        int r;

        if (stat(d->path, &st) < 0)
                return cli_fail_errno(negative_errno(), "cannot use '%s'", d->path);
        d->name = drop_files_last_component(d->path);
        if (!d->name)
                return cli_fail_errno(-ENOMEM, "cannot go on");
        /* Blanks and the like would be a nuisance in every message about the job. */
        for (char *p = d->name; *p; p++)
                if (!strchr("._-", *p) && !(*p >= '0' && *p <= '9') && !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
                        *p = '-';
        if (strlen(d->name) + 4 > LIMIT_DROP_NAME_BYTES || d->name[0] == '\0' || strchr(".-_", d->name[0]))
                return cli_fail(CLI_EXIT_JOB,
                                "'%s' cannot be the name of a drop: rename it to letters and digits, at most %u",
                                d->path, LIMIT_DROP_NAME_BYTES - 4);
        if (S_ISDIR(st.st_mode))
                return d->attachments ? cli_fail(CLI_EXIT_USAGE,
                                                 "a directory is handed in as it is, without attachments")
                                      : 0;
        if (!S_ISREG(st.st_mode))
                return cli_fail(CLI_EXIT_JOB, "'%s' is neither a file nor a directory", d->path);
        if (endswith(d->name, ".zip"))
                return d->attachments ? cli_fail(CLI_EXIT_USAGE, "a job zip has no attachments: all is in it") : 0;
        if (!endswith(d->name, ".cfg") && !endswith(d->name, ".config")) {
                cli_fail(CLI_EXIT_JOB, "'%s' is not a job: its name must end in .cfg or .config (a job file) or .zip (a job zip)",
                         d->path);
                return CLI_EXIT_JOB;
        }
        r = add_named_attachments(d);
        return r < 0 ? cli_fail_errno(r, "cannot go on") : look_at_attachments(d);
}
