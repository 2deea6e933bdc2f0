/* SPDX-License-Identifier: MIT */
#include "tools/cli/researcher.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "tools/cli/login.h"
#include "tools/cli/sshkey.h"

#define KEYS_DIR "ssh"

static const char *const researcher_access_names[_RESEARCHER_MAX] = {
        [RESEARCHER_NONE] = "none",
        [RESEARCHER_LOCAL] = "local",
        [RESEARCHER_SFTP] = "sftp",
};

DEFINE_STRING_TABLE(researcher_access, ResearcherAccess, RESEARCHER)

ResearcherAccess researcher_access(const char *name) {
        Login l;

        if (login_find(name, &l) < 0)
                return RESEARCHER_NONE;
        return l.sftp ? RESEARCHER_SFTP : l.submit ? RESEARCHER_LOCAL : RESEARCHER_NONE;
}

/* The directory of morfd.conf, opened. Return: a descriptor or a negative errno. */
static int open_conf_dir(void) {
        const char *path = conf_path(), *slash = strrchr(path, '/');
        _cleanup_free_ char *dir = slash ? strndup(path, (size_t) (slash + 1 - path)) : strdup("./");
        int fd;

        if (!dir)
                return -ENOMEM;
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

static int open_keys_dir(bool make) {
        _cleanup_fd_ int conf = open_conf_dir();
        int r;

        if (conf < 0)
                return conf;
        r = make ? publish_mkdir_at(conf, KEYS_DIR, 0711, 0, 0) : 0;
        if (r < 0 && r != -EEXIST)
                return r;
        return fd_open_dir_at(conf, KEYS_DIR);
}

int researcher_read_keys(const char *name, char ***ret) {
        _cleanup_free_ char *file = NULL, *text = NULL;
        _cleanup_fd_ int dir = open_keys_dir(false);
        char *rest, *line;
        int r;

        *ret = NULL;
        if (dir < 0)
                return dir == -ENOENT ? 0 : dir;
        if (asprintf(&file, "%s.keys", name) < 0) {
                file = NULL;
                return -ENOMEM;
        }
        r = fd_read_file_at(dir, file, SSHKEY_TEXT_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        rest = text;
        while ((line = strsep(&rest, "\n")))
                if (line[0] != '\0' && line[0] != '#') {
                        r = strv_add(ret, line);
                        if (r < 0)
                                return r;
                }
        return 0;
}

int researcher_write_keys(const char *name, char *const *keys) {
        _cleanup_free_ char *file = NULL, *text = NULL;
        _cleanup_fd_ int dir = open_keys_dir(true);
        size_t size;
        FILE *f;

        if (dir < 0)
                return dir;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        STRV_FOREACH(k, keys)
                fprintf(f, "%s\n", *k);
        if (fclose(f) != 0 || asprintf(&file, "%s.keys", name) < 0)
                return -ENOMEM;
        /* sshd reads it as the account that logs in, or as root; it is no secret. */
        return publish_file_at(dir, file, text, size, 0644, 0, 0);
}

int researcher_remove_keys(const char *name) {
        _cleanup_fd_ int dir = open_keys_dir(false);
        _cleanup_free_ char *file = NULL;

        if (dir < 0)
                return dir == -ENOENT ? 0 : dir;
        if (asprintf(&file, "%s.keys", name) < 0) {
                file = NULL;
                return -ENOMEM;
        }
        if (unlinkat(dir, file, 0) < 0)
                return errno == ENOENT ? 0 : negative_errno();
        return publish_sync_dir(dir);
}

/* An account in the making; what is true was made here and is undone when a later step fails. */
typedef struct Making {
        Cli *cli;
        const ConfUser *u;
        char *const *keys;
        Login login;
        int sftp, home; /* sftp/ and sftp/NAME/ */
        bool made_login, joined, made_home, made_incoming, made_jobs, made_keys;
} Making;

static void undone(const char *what, const char *name, int r) {
        if (r < 0 && r != -ENOENT)
                cli_hint("Left behind: %s of '%s' (%s).", what, name, strerrordesc_np(-r));
}

#define UNDO(made, what, call)                                \
        do {                                                  \
                if (made)                                     \
                        undone(what, m->u->name, (call));     \
        } while (false)

static int remove_dir(int dirfd, const char *name) {
        return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? negative_errno() : 0;
}

/* Return: code. */
static int undo(Making *m, int code) {
        UNDO(m->made_keys, "the key file", researcher_remove_keys(m->u->name));
        UNDO(m->made_jobs, "the directory jobs", remove_dir(m->home, "jobs"));
        UNDO(m->made_incoming, "the directory incoming", remove_dir(m->home, "incoming"));
        UNDO(m->made_home, "the directory", remove_dir(m->sftp, m->u->name));
        UNDO(m->joined, "the membership in " LOGIN_GROUP_SUBMIT, login_leave(m->u->name, LOGIN_GROUP_SUBMIT));
        UNDO(m->made_login, "the Unix account", login_remove(m->u->name));
        cli_hint("The account was not made.");
        return code;
}

/* Makes a directory, or sets owner and mode of the one that is there. */
static int ensure_dir(int dirfd, const char *name, mode_t mode, uid_t uid, gid_t gid, bool *made, int *ret_fd) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = publish_mkdir_at(dirfd, name, mode, uid, gid);
        if (r < 0 && r != -EEXIST)
                return r;
        *made = r == 0;
        fd = fd_open_dir_at(dirfd, name);
        if (fd < 0)
                return fd;
        if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
                return negative_errno();
        r = publish_sync_dir(dirfd);
        if (r >= 0 && ret_fd)
                *ret_fd = TAKE_FD(fd);
        return r;
}

static int make_dirs(Making *m) {
        int r;

        /* The chroot: sshd wants it, and all above it, to be root's alone. */
        r = ensure_dir(m->sftp, m->u->name, 0755, 0, 0, &m->made_home, &m->home);
        if (r >= 0)
                r = ensure_dir(m->home, "incoming", 0700, m->login.uid, m->login.gid, &m->made_incoming, NULL);
        if (r >= 0)
                r = ensure_dir(m->home, "jobs", 0750, 0, m->login.gid, &m->made_jobs, NULL);
        return r < 0 ? cli_fail_errno(r, "cannot make the directories %s/sftp/%s/{incoming,jobs}", m->cli->spool.path,
                                      m->u->name)
                     : 0;
}

static int tool_failed(int r, const char *what, const char *name) {
        if (r == -EREMOTEIO)
                return cli_fail(CLI_EXIT_SYSTEM, "cannot %s '%s'; the reason stands above", what, name);
        return cli_fail_errno(r, "cannot %s '%s'", what, name);
}

static int make_sftp_login(Making *m) {
        _cleanup_free_ char *home = NULL;
        const char *name = m->u->name;
        int r;

        r = login_find(name, &m->login);
        if (r == 0 && !m->login.sftp) {
                cli_fail(CLI_EXIT_SYSTEM, "there is a Unix account '%s' already that is not an SFTP account of morf",
                         name);
                cli_hint("A key for it would let its owner in by SFTP. Choose another name, or leave --ssh-key out to "
                         "let it submit locally.");
                return CLI_EXIT_SYSTEM;
        }
        /* An account of ours that was removed before had expired. */
        if (r == 0)
                return (r = login_enable(name)) < 0 ? tool_failed(r, "enable the Unix account", name) : 0;
        if (r != -ENOENT)
                return cli_fail_errno(r, "cannot look up the Unix account '%s'", name);
        if (!login_group_exists(LOGIN_GROUP_SFTP)) {
                cli_fail(CLI_EXIT_SYSTEM, "there is no group " LOGIN_GROUP_SFTP);
                cli_hint("'systemd-sysusers morf.conf' makes it.");
                return CLI_EXIT_SYSTEM;
        }
        if (asprintf(&home, "%s/sftp/%s", m->cli->spool.path, name) < 0) {
                home = NULL;
                return cli_fail_errno(-ENOMEM, "cannot go on");
        }
        r = login_create_sftp(name, home);
        if (r < 0)
                return tool_failed(r, "make the Unix account", name);
        m->made_login = true;
        r = login_find(name, &m->login);
        return r < 0 ? cli_fail_errno(r, "cannot look up the new Unix account '%s'", name) : 0;
}

static int make_local_login(Making *m) {
        const char *name = m->u->name;
        int r;

        r = login_find(name, &m->login);
        if (r == -ENOENT) {
                cli_fail(CLI_EXIT_NO_JOB, "there is no Unix account '%s'", name);
                cli_hint("Give --ssh-key to make one that comes by SFTP only, or make an ordinary one first ('adduser "
                         "%s').",
                         name);
                return CLI_EXIT_NO_JOB;
        }
        if (r < 0)
                return cli_fail_errno(r, "cannot look up the Unix account '%s'", name);
        if (m->login.sftp) {
                cli_fail(CLI_EXIT_SYSTEM, "the Unix account '%s' comes by SFTP only and needs a key", name);
                cli_hint("Give its key with --ssh-key.");
                return CLI_EXIT_SYSTEM;
        }
        if (m->login.uid == 0)
                return cli_fail(CLI_EXIT_SYSTEM, "'%s' is the superuser and cannot be a researcher", name);
        if (!m->login.submit) {
                r = login_join(name, LOGIN_GROUP_SUBMIT);
                if (r < 0)
                        return tool_failed(r, "add to the group " LOGIN_GROUP_SUBMIT " the account", name);
                m->joined = true;
        }
        if (!m->login.private_group)
                cli_note("the primary group of '%s' is not its own: other members can read the status of its jobs",
                         name);
        return 0;
}

/* Whether the account may be made over what is there. Return: 0, or an exit status after a message. */
static int check_existing(const ConfUser *u, bool *ret_new) {
        _cleanup_free_ char *error = NULL;
        _cleanup_conf_user_ ConfUser old = {};
        int r;

        r = conf_user_load(u->name, &old, &error);
        *ret_new = r == -ENOENT;
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return cli_fail(r == -EACCES ? CLI_EXIT_DENIED : CLI_EXIT_SYSTEM, "%s", error ?: strerrordesc_np(-r));
        if (strv_length(old.mail) == strv_length(u->mail) && strv_length(old.grants) == strv_length(u->grants) &&
            old.enabled == u->enabled) {
                bool same = old.active == u->active && old.labels == u->labels;

                STRV_FOREACH(s, u->mail)
                        same = same && strv_contains(old.mail, *s);
                STRV_FOREACH(s, u->grants)
                        same = same && strv_contains(old.grants, *s);
                if (same)
                        return 0;
        }
        cli_fail(CLI_EXIT_SYSTEM, "the account '%s' exists with other settings", u->name);
        cli_hint("'morf user show %s' shows it, 'morf user set %s ...' changes it.", u->name, u->name);
        return CLI_EXIT_SYSTEM;
}

int researcher_add(Cli *cli, const ConfUser *u, char *const *keys, bool *ret_new) {
        Making making = { .cli = cli, .u = u, .keys = keys, .sftp = cli->spool.fds[SPOOL_SFTP], .home = -EBADF },
               *m = &making;
        _cleanup_strv_ char **old_keys = NULL;
        int r;

        r = check_existing(u, ret_new);
        if (r != 0)
                return r;
        if (m->sftp < 0)
                return cli_fail(CLI_EXIT_SYSTEM,
                                "there is no directory %s/sftp; 'systemd-tmpfiles --create morf.conf' makes it",
                                cli->spool.path);
        r = keys ? make_sftp_login(m) : make_local_login(m);
        if (r == 0)
                r = make_dirs(m);
        if (r == 0 && keys) {
                (void) researcher_read_keys(u->name, &old_keys);
                r = researcher_write_keys(u->name, keys);
                m->made_keys = r == 0 && !old_keys;
                r = r < 0 ? cli_fail_errno(r, "cannot write the keys of '%s'", u->name) : 0;
        }
        /* Last: from here on the daemon takes jobs. */
        if (r == 0) {
                r = conf_user_save(u);
                r = r < 0 ? cli_fail_errno(r, "cannot write users.d/%s.conf beside %s", u->name, conf_path()) : 0;
        }
        if (r != 0)
                r = undo(m, r);
        fd_close(m->home);
        return r;
}
