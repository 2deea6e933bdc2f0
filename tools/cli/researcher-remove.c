/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "tools/cli/login.h"
#include "tools/cli/researcher.h"

/* A job that is being removed is renamed first, so that no part of one is ever taken for a job. */
#define REMOVED_PREFIX ".removed-"

static int remove_conf(const char *name) {
        _cleanup_free_ char *dir = conf_users_dir(), *file = NULL;
        _cleanup_fd_ int fd = -EBADF;

        if (!dir || asprintf(&file, "%s.conf", name) < 0) {
                file = NULL;
                return -ENOMEM;
        }
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (unlinkat(fd, file, 0) < 0)
                return errno == ENOENT ? 0 : negative_errno();
        return publish_sync_dir(fd);
}

static size_t count_active(const Jobs *jobs, const char *name) {
        _cleanup_id_list_ IdList ids = {};
        size_t n = 0;

        (void) jobs_list(jobs, 0, "", &ids);
        for (size_t i = 0; i < ids.n; i++) {
                _cleanup_record_ Record r = {};

                if (jobs_read_in(jobs, 0, ids.items[i].text, &r, NULL) == 0 && streq(r.user, name))
                        n++;
        }
        return n;
}

static int remove_job(int dirfd, const char *id) {
        char removed[sizeof(REMOVED_PREFIX) + ID_LENGTH];

        snprintf(removed, sizeof(removed), REMOVED_PREFIX "%s", id);
        if (renameat2(dirfd, id, dirfd, removed, RENAME_NOREPLACE) < 0)
                return errno == ENOENT ? 0 : negative_errno();
        return fd_remove_tree_at(dirfd, removed);
}

/* What an earlier removal that was interrupted left. */
static void remove_leftovers(int dirfd) {
        _cleanup_(closedirp) DIR *dir = NULL;
        const struct dirent *de;

        if (fd_open_dirstream_at(dirfd, ".", &dir) < 0)
                return;
        while ((de = readdir(dir))) {
                const char *id = startswith(de->d_name, REMOVED_PREFIX);

                if (id && id_is_valid(id))
                        (void) fd_remove_tree_at(dirfd, de->d_name);
        }
}

static int purge_jobs(const Jobs *jobs, const char *name, size_t *ret_n) {
        int r, result = 0;

        *ret_n = 0;
        for (size_t place = 1; place < jobs->n; place++) {
                _cleanup_id_list_ IdList ids = {};

                remove_leftovers(jobs->fds[place]);
                r = jobs_list(jobs, place, "", &ids);
                if (r < 0)
                        return r;
                for (size_t i = 0; i < ids.n; i++) {
                        _cleanup_record_ Record record = {};

                        if (jobs_read_in(jobs, place, ids.items[i].text, &record, NULL) < 0 ||
                            !streq(record.user, name))
                                continue;
                        r = remove_job(jobs->fds[place], ids.items[i].text);
                        if (r < 0 && result == 0)
                                result = r;
                        if (r >= 0)
                                (*ret_n)++;
                }
        }
        return result;
}

static int end_login(const char *name, ResearcherAccess access, bool purge) {
        switch (access) {
        case RESEARCHER_SFTP:
                return purge ? login_remove(name) : login_disable(name);
        case RESEARCHER_LOCAL:
                return login_leave(name, LOGIN_GROUP_SUBMIT);
        case RESEARCHER_NONE:
        case _RESEARCHER_MAX:
        case _RESEARCHER_INVALID:
                break;
        }
        return 0;
}

/* Keeps the first failure; the others are told all the same. */
static void note_failure(int *result, int r, const char *what, const char *name) {
        if (r >= 0)
                return;
        r = cli_fail_errno(r, "%s of '%s' is left", what, name);
        if (*result == 0)
                *result = r;
}

int researcher_remove(Cli *cli, const char *name, bool purge) {
        ResearcherAccess access = researcher_access(name);
        size_t active, purged = 0;
        int result = 0;

        active = count_active(&cli->jobs, name);
        if (purge && active > 0) {
                cli_fail(CLI_EXIT_SYSTEM, "%zu job%s of '%s' %s on; nothing was removed", active,
                         active == 1 ? "" : "s", name, active == 1 ? "goes" : "go");
                cli_hint("Cancel first: 'morf list --user %s --state active' and 'morf cancel ID'.", name);
                return CLI_EXIT_SYSTEM;
        }
        /* What lets in goes first. */
        note_failure(&result, researcher_remove_keys(name), "the key file", name);
        note_failure(&result, remove_conf(name), "the configuration", name);
        note_failure(&result, end_login(name, access, purge),
                     access == RESEARCHER_LOCAL ? "the membership in " LOGIN_GROUP_SUBMIT : "the Unix account", name);
        if (purge) {
                note_failure(&result, purge_jobs(&cli->jobs, name, &purged), "a job", name);
                note_failure(&result, fd_remove_tree_at(cli->spool.fds[SPOOL_SFTP], name), "the directory sftp/", name);
        }
        if (result != 0) {
                cli_hint("Mend the cause and run 'morf user remove %s%s' again.", name, purge ? " --purge" : "");
                return result;
        }
        if (cli->json)
                return cli_print_json(json_pack("{s:s, s:b, s:I, s:I}", "name", name, "purged", purge, "jobs_removed",
                                                (json_int_t) purged, "jobs_active", (json_int_t) active));
        term_line(&cli->term, "Removed '%s'.", name);
        if (purge)
                term_line(&cli->term, "Its %zu ended job%s and its directory are gone.", purged,
                          purged == 1 ? "" : "s");
        else
                term_line(&cli->term, "Its jobs are kept; 'morf user remove %s --purge' removes them too.", name);
        if (active > 0)
                term_line(&cli->term, "%zu job%s of it still %s on: 'morf list --user %s --state active'.", active,
                          active == 1 ? "" : "s", active == 1 ? "goes" : "go", name);
        if (access == RESEARCHER_SFTP)
                term_line(&cli->term, "A session that is open now ends when it is closed, or with 'pkill -u %s sshd'.",
                          name);
        return CLI_EXIT_OK;
}
