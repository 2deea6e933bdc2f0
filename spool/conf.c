/* SPDX-License-Identifier: MIT */
#include "spool/conf.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/limits.h"
#include "spool/settings.h"

static const char *const conf_engine_names[_CONF_ENGINE_MAX] = {
        [CONF_ENGINE_AUTO] = "auto",
        [CONF_ENGINE_DOCKER] = "docker",
        [CONF_ENGINE_PODMAN] = "podman",
};
DEFINE_STRING_TABLE(conf_engine, ConfEngine, CONF_ENGINE)

static const char *const conf_tls_names[_CONF_TLS_MAX] = {
        [CONF_TLS_NONE] = "none",
        [CONF_TLS_OPPORTUNISTIC] = "opportunistic",
        [CONF_TLS_REQUIRED] = "required",
};
DEFINE_STRING_TABLE(conf_tls, ConfTls, CONF_TLS)

static bool is_absolute(const char *s) {
        return s[0] == '/' && !strstr(s, "/../") && !endswith(s, "/..") && !strchr(s, ':') && !strchr(s, ',') && !strchr(s, '"');
}

static bool is_text(const char *s) {
        for (const char *p = s; *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        return false;
        return name_is_utf8(s, strlen(s));
}

static bool is_grant(const char *s) {
        return streq(s, "*") || name_is_valid(s);
}

#define MEMBER(m) offsetof(Conf, m)
#define LIMITS(group, member)                                                                                              \
        { group ".cpus", SETTING_MILLI, MEMBER(member.cpus_milli), .min = 10, .max = 1024000 },                           \
        { group ".memory", SETTING_SIZE, MEMBER(member.memory), .min = 4 * LIMIT_MIB, .max = 64 * LIMIT_TIB },             \
        { group ".time", SETTING_SPAN, MEMBER(member.time_usec), .min = USEC_PER_SEC, .max = 365 * USEC_PER_DAY },          \
        { group ".output", SETTING_SIZE, MEMBER(member.output), .min = 1, .max = 64 * LIMIT_TIB },                         \
        { group ".pids", SETTING_U64, MEMBER(member.pids), .min = 1, .max = 1000000 }

static const Setting table[] = {
        { "spool", SETTING_STRING, MEMBER(spool), .check = is_absolute },
        { "data", SETTING_STRV, MEMBER(data), .check = is_absolute },
        { "test_labels", SETTING_BOOL, MEMBER(test_labels) },
        { "scheduler.slots", SETTING_UNSIGNED, MEMBER(scheduler.slots), .min = 1, .max = 4096 },
        { "scheduler.cpus", SETTING_MILLI, MEMBER(scheduler.cpus_milli), .max = 4096000 },
        { "scheduler.memory", SETTING_SIZE, MEMBER(scheduler.memory) },
        { "scheduler.quiet", SETTING_SPAN, MEMBER(scheduler.quiet_usec), .max = USEC_PER_HOUR },
        { "scheduler.upload_timeout", SETTING_SPAN, MEMBER(scheduler.upload_usec), .min = USEC_PER_SEC },
        { "scheduler.active_per_user", SETTING_UNSIGNED, MEMBER(scheduler.active_per_user) },
        { "scheduler.attempts", SETTING_UNSIGNED, MEMBER(scheduler.attempts), .min = 1, .max = 100 },
        { "scheduler.retry", SETTING_SPAN, MEMBER(scheduler.retry_usec), .min = USEC_PER_MSEC, .max = USEC_PER_DAY },
        { "scheduler.free_space", SETTING_SIZE, MEMBER(scheduler.free_bytes) },
        { "engine.name", SETTING_ENUM, MEMBER(engine.name), .names = conf_engine_names, .max = _CONF_ENGINE_MAX },
        { "engine.build", SETTING_BOOL, MEMBER(engine.build) },
        { "engine.build_network", SETTING_BOOL, MEMBER(engine.build_network) },
        { "engine.build_time", SETTING_SPAN, MEMBER(engine.build_time_usec), .min = USEC_PER_SEC },
        LIMITS("limits.default", limits.standard),
        LIMITS("limits.maximum", limits.maximum),
        { "limits.compat", SETTING_BOOL, MEMBER(limits.compat) },
        { "release.digits", SETTING_UNSIGNED, MEMBER(release.digits), .max = 17 },
        { "release.min_cell", SETTING_UNSIGNED, MEMBER(release.min_cell), .max = 1000000 },
        { "release.round_counts", SETTING_UNSIGNED, MEMBER(release.round_counts), .max = 1000000 },
        { "release.pseudonyms", SETTING_BOOL, MEMBER(release.pseudonyms) },
        { "mail.from", SETTING_STRING, MEMBER(mail.from), .check = name_is_mail_address },
        { "mail.from_name", SETTING_STRING, MEMBER(mail.from_name), .check = is_text },
        { "mail.operator", SETTING_STRING, MEMBER(mail.operator_address), .check = name_is_mail_address },
        { "mail.domain", SETTING_STRING, MEMBER(mail.domain), .check = name_is_valid },
        { "mail.maildir", SETTING_STRING, MEMBER(mail.maildir), .check = is_absolute },
        { "mail.per_hour", SETTING_UNSIGNED, MEMBER(mail.per_hour), .min = 1 },
        { "mail.smtp.host", SETTING_STRING, MEMBER(mail.smtp_host), .check = name_is_valid },
        { "mail.smtp.port", SETTING_UNSIGNED, MEMBER(mail.smtp_port), .min = 1, .max = 65535 },
        { "mail.smtp.tls", SETTING_ENUM, MEMBER(mail.smtp_tls), .names = conf_tls_names, .max = _CONF_TLS_MAX },
        { "mail.smtp.user", SETTING_STRING, MEMBER(mail.smtp_user), .check = is_text },
        { "mail.smtp.password_file", SETTING_STRING, MEMBER(mail.smtp_password_file), .check = is_absolute },
        { "mail.smtp.ca_file", SETTING_STRING, MEMBER(mail.smtp_ca_file), .check = is_absolute },
};

static int set_defaults(Conf *c) {
        *c = (Conf){
                .scheduler = {
                        .slots = 2,
                        .quiet_usec = 5 * USEC_PER_SEC,
                        .upload_usec = USEC_PER_DAY,
                        .attempts = 5,
                        .retry_usec = 10 * USEC_PER_SEC,
                        .free_bytes = 1 * LIMIT_GIB,
                },
                .engine = { .build = true, .build_time_usec = USEC_PER_HOUR },
                .limits = {
                        .standard = { .cpus_milli = 1000, .memory = 2 * LIMIT_GIB, .time_usec = 2 * USEC_PER_HOUR, .output = LIMIT_GIB, .pids = 512 },
                        .maximum = { .cpus_milli = 64000, .memory = 256 * LIMIT_GIB, .time_usec = 7 * USEC_PER_DAY, .output = 64 * LIMIT_GIB, .pids = 4096 },
                        .compat = true,
                },
                .release = { .digits = 3, .min_cell = 10, .round_counts = 5, .pseudonyms = true },
                .mail = { .smtp_port = 25, .smtp_tls = CONF_TLS_OPPORTUNISTIC, .per_hour = 60 },
        };
        c->spool = strdup("/var/spool/morf");
        c->mail.from = strdup("morf@localhost");
        c->mail.from_name = strdup("morf");
        return c->spool && c->mail.from && c->mail.from_name ? 0 : -ENOMEM;
}

const char *conf_path(void) {
        const char *e = secure_getenv("MORF_CONF");

        return e && *e ? e : CONF_PATH;
}

/* A name beside morfd.conf. */
static char *beside(const char *name) {
        const char *path = conf_path(), *slash = strrchr(path, '/');
        char *s;

        return asprintf(&s, "%.*s%s", slash ? (int) (slash - path) + 1 : 0, path, name) < 0 ? NULL : s;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Sorted names in a directory that end in ".conf"; a directory that does not exist is empty. */
static int list_conf_files(const char *dir, char ***ret) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_strv_ char **l = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(AT_FDCWD, dir, &d);
        if (r < 0 && r != -ENOENT)
                return r;
        while (d && (de = readdir(d))) {
                if (de->d_name[0] == '.' || !endswith(de->d_name, ".conf"))
                        continue;
                r = strv_add(&l, de->d_name);
                if (r < 0)
                        return r;
        }
        if (l)
                qsort(l, strv_length(l), sizeof(char *), compare);
        *ret = TAKE_PTR(l);
        return 0;
}

/* Return: error, with a sentence. */
static int cannot_read(const char *path, int error, char **reterr) {
        if (reterr && asprintf(reterr, "cannot read %s: %s", path, strerrordesc_np(-error)) < 0)
                *reterr = NULL;
        return error;
}

static int read_one(Conf *c, const char *path, char **reterr) {
        int r;

        r = settings_read_file(table, ELEMENTSOF(table), path, c, reterr);
        return r < 0 && r != -EBADMSG ? cannot_read(path, r, reterr) : r;
}

/* What no single setting can check. */
static int check_together(const Conf *c, char **reterr) {
        const char *sentence = NULL;

        if (!*c->spool || !*c->mail.from)
                sentence = "'spool' and 'mail.from' must not be empty";
        else if (c->limits.standard.memory > c->limits.maximum.memory || c->limits.standard.cpus_milli > c->limits.maximum.cpus_milli ||
            c->limits.standard.time_usec > c->limits.maximum.time_usec || c->limits.standard.output > c->limits.maximum.output ||
            c->limits.standard.pids > c->limits.maximum.pids)
                sentence = "a value of limits.default is above limits.maximum";
        else if (c->mail.smtp_user && *c->mail.smtp_user && c->mail.smtp_tls == CONF_TLS_NONE)
                sentence = "mail.smtp.user needs mail.smtp.tls: a password is never sent in the clear";
        if (!sentence)
                return 0;
        if (reterr && asprintf(reterr, "%s: %s", conf_path(), sentence) < 0)
                *reterr = NULL;
        return -EBADMSG;
}

int conf_load(Conf *ret, char **reterr) {
        _cleanup_free_ char *dir = NULL;
        _cleanup_strv_ char **names = NULL;
        _cleanup_conf_ Conf c = {};
        int r;

        r = set_defaults(&c);
        if (r < 0)
                return r;

        r = read_one(&c, conf_path(), reterr);
        if (r < 0)
                return r;
        dir = beside("conf.d");
        if (!dir)
                return -ENOMEM;
        r = list_conf_files(dir, &names);
        if (r < 0)
                return cannot_read(dir, r, reterr);
        STRV_FOREACH(name, names) {
                _cleanup_free_ char *path = NULL;

                if (asprintf(&path, "%s/%s", dir, *name) < 0)
                        return -ENOMEM;
                r = read_one(&c, path, reterr);
                if (r < 0)
                        return r;
        }
        r = check_together(&c, reterr);
        if (r < 0)
                return r;
        *ret = c;
        c = (Conf){};
        return 0;
}

void conf_done(Conf *c) {
        settings_done(table, ELEMENTSOF(table), c);
        *c = (Conf){};
}

static const Setting user_table[] = {
        { "mail", SETTING_STRV, offsetof(ConfUser, mail), .check = name_is_mail_address },
        { "grants", SETTING_STRV, offsetof(ConfUser, grants), .check = is_grant },
        { "enabled", SETTING_BOOL, offsetof(ConfUser, enabled) },
        { "labels", SETTING_BOOL, offsetof(ConfUser, labels) },
        { "active", SETTING_UNSIGNED, offsetof(ConfUser, active) },
};

char *conf_users_dir(void) {
        return beside("users.d");
}

int conf_user_load(const char *name, ConfUser *ret, char **reterr) {
        _cleanup_conf_user_ ConfUser u = { .enabled = true };
        _cleanup_free_ char *dir = NULL, *path = NULL;
        int r;

        if (!name_is_user(name))
                return -ENOENT;
        dir = conf_users_dir();
        u.name = strdup(name);
        if (!dir || !u.name || asprintf(&path, "%s/%s.conf", dir, name) < 0)
                return -ENOMEM;
        r = settings_read_file(user_table, ELEMENTSOF(user_table), path, &u, reterr);
        if (r < 0)
                return r;
        *ret = u;
        u = (ConfUser){};
        return 0;
}

int conf_user_names(char ***ret) {
        _cleanup_strv_ char **files = NULL, **names = NULL;
        _cleanup_free_ char *dir = NULL;
        int r;

        dir = conf_users_dir();
        if (!dir)
                return -ENOMEM;
        r = list_conf_files(dir, &files);
        if (r < 0)
                return r;
        STRV_FOREACH(f, files) {
                *strrchr(*f, '.') = '\0';
                if (!name_is_user(*f))
                        continue;
                r = strv_add(&names, *f);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(names);
        return 0;
}

bool conf_user_may_see(const ConfUser *u, const char *course) {
        return strv_contains(u->grants, "*") || strv_contains(u->grants, course);
}

static void print_list(FILE *f, const char *name, char *const *l) {
        fprintf(f, "%s = [", name);
        STRV_FOREACH(s, l)
                fprintf(f, "%s\"%s\"", s == l ? "" : ", ", *s);
        fprintf(f, "];\n");
}

int conf_user_save(const ConfUser *u) {
        _cleanup_free_ char *dir = NULL, *file = NULL, *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t size;
        FILE *f;

        /* Every string passed a check that allows no quote or backslash, so that none needs escaping. */
        STRV_FOREACH(s, u->mail)
                if (!name_is_mail_address(*s))
                        return -EINVAL;
        STRV_FOREACH(s, u->grants)
                if (!is_grant(*s))
                        return -EINVAL;
        if (!name_is_user(u->name))
                return -EINVAL;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        fprintf(f, "/* Account '%s'; see morfd.conf(5). Changes take effect with the next job. */\n", u->name);
        print_list(f, "mail", u->mail);
        print_list(f, "grants", u->grants);
        fprintf(f, "enabled = %s;\n", u->enabled ? "true" : "false");
        if (u->labels)
                fprintf(f, "labels = true;\n");
        if (u->active > 0)
                fprintf(f, "active = %u;\n", u->active);
        if (fclose(f) != 0)
                return -ENOMEM;

        dir = conf_users_dir();
        if (!dir || asprintf(&file, "%s.conf", u->name) < 0)
                return -ENOMEM;
        fd = fd_open_dir_at(AT_FDCWD, dir);
        if (fd < 0)
                return fd;
        return publish_file_at(fd, file, text, size, 0640, (uid_t) -1, (gid_t) -1);
}

void conf_user_done(ConfUser *u) {
        free(u->name);
        settings_done(user_table, ELEMENTSOF(user_table), u);
        *u = (ConfUser){};
}
