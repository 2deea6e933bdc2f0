/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>

#include "spool/base/fd.h"
#include "tools/cli/verbs.h"

/* The newest matches that an ambiguous prefix lists. */
#define CANDIDATES_MAX 10u
/* The name of a process in /proc. */
#define COMM_MAX 64u

int cli_init(Cli *cli) {
        const struct passwd *pw;

        *cli = (Cli){ .spool = SPOOL_EMPTY, .jobs = JOBS_EMPTY, .uid = geteuid() };
        term_init(&cli->term);
        pw = getpwuid(cli->uid);
        if (pw) {
                cli->user = strdup(pw->pw_name);
                if (!cli->user)
                        return -ENOMEM;
        }
        return 0;
}

void cli_done(Cli *cli) {
        free(cli->spool_path);
        free(cli->runtime_dir);
        free(cli->user);
        jobs_close(&cli->jobs);
        spool_close(&cli->spool);
        *cli = (Cli){ .spool = SPOOL_EMPTY, .jobs = JOBS_EMPTY };
}

static void _printf_(2, 0) print_error(const char *prefix, const char *format, va_list ap) {
        _cleanup_free_ char *text = NULL, *safe = NULL;
        Term t;

        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                return;
        }
        term_init(&t);
        safe = term_safe(&t, text);
        fflush(stdout);
        fprintf(stderr, "%s%s\n", prefix, strempty(safe));
}

int cli_fail(CliExit code, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        print_error("morf: ", format, ap);
        va_end(ap);
        return (int) code;
}

void cli_hint(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        print_error("      ", format, ap);
        va_end(ap);
}

void cli_note(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        print_error("morf: ", format, ap);
        va_end(ap);
}

int cli_fail_errno(int r, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        return cli_fail(r == -EACCES || r == -EPERM ? CLI_EXIT_DENIED : CLI_EXIT_SYSTEM, "%s: %s", text ?: format,
                        strerrordesc_np(abs(r)) ?: "unknown error");
}

static int set_path(char **member, const char *value) {
        free(*member);
        *member = strdup(value);
        return *member ? -1 : cli_fail_errno(-ENOMEM, "cannot go on");
}

int cli_common_option(Cli *cli, const char *verb, int c, char *const *argv) {
        switch (c) {
        case CLI_OPTION_JSON:
                cli->json = true;
                return -1;
        case CLI_OPTION_SPOOL:
                return set_path(&cli->spool_path, optarg);
        case CLI_OPTION_RUNTIME:
                return set_path(&cli->runtime_dir, optarg);
        case CLI_OPTION_UTC:
                cli->term.utc = true;
                return -1;
        case CLI_OPTION_HELP:
                return verbs_help(cli, verb);
        case CLI_OPTION_VERSION:
                puts("morf " MORF_VERSION);
                return CLI_EXIT_OK;
        default:
                if (c == ':')
                        cli_fail(CLI_EXIT_USAGE, "option '%s' needs a value", argv[optind - 1]);
                else
                        cli_fail(CLI_EXIT_USAGE, "unknown option '%s'", argv[optind - 1]);
                cli_hint("'morf help%s%s' lists the options.", verb ? " " : "", strempty(verb));
                return CLI_EXIT_USAGE;
        }
}

int cli_load_conf(Conf *ret) {
        _cleanup_free_ char *error = NULL;
        int r;

        r = conf_load(ret, &error);
        if (r < 0)
                return cli_fail(r == -EACCES ? CLI_EXIT_DENIED : CLI_EXIT_SYSTEM, "%s", error ?: strerrordesc_np(-r));
        return 0;
}

/* The configured spool; the default one where the caller may not read the configuration or there is none. */
static int find_spool_path(Cli *cli) {
        _cleanup_free_ char *error = NULL;
        _cleanup_conf_ Conf conf = {};
        int r;

        if (cli->spool_path)
                return 0;
        r = conf_load(&conf, &error);
        if (r == -EACCES || r == -ENOENT)
                cli->spool_path = strdup("/var/spool/morf");
        else if (r < 0)
                return cli_fail(CLI_EXIT_SYSTEM, "%s", error ?: strerrordesc_np(-r));
        else
                cli->spool_path = TAKE_PTR(conf.spool);
        return cli->spool_path ? 0 : cli_fail_errno(-ENOMEM, "cannot go on");
}

int cli_open_spool(Cli *cli) {
        _cleanup_free_ char *error = NULL;
        int r;

        if (cli->spool.path)
                return 0;
        r = find_spool_path(cli);
        if (r != 0)
                return r;
        r = spool_open_readonly(cli->spool_path, &cli->spool, &error);
        if (r < 0) {
                cli_fail(CLI_EXIT_SYSTEM, "cannot open the spool directory %s: %s", cli->spool_path,
                         strerrordesc_np(-r));
                cli_hint("Is morf installed and set up on this machine? The path is the key 'spool' of %s.",
                         conf_path());
                return r == -EACCES ? CLI_EXIT_DENIED : CLI_EXIT_SYSTEM;
        }
        cli->operator_view = cli->spool.fds[SPOOL_ACTIVE] >= 0 && cli->spool.fds[SPOOL_DONE] >= 0 &&
                             cli->spool.fds[SPOOL_FAILED] >= 0;
        return 0;
}

int cli_open(Cli *cli) {
        int r;

        if (cli->jobs.n > 0)
                return 0;
        r = cli_open_spool(cli);
        if (r != 0)
                return r;
        r = jobs_open(&cli->spool, cli->operator_view ? NULL : strempty(cli->user), &cli->jobs);
        if (r < 0) {
                cli_fail(CLI_EXIT_DENIED, "you ('%s') have no account with morf here", cli->user ?: "?");
                cli_hint("The operator makes one with 'morf user add %s --mail ADDRESS'.", cli->user ?: "NAME");
                return CLI_EXIT_DENIED;
        }
        return 0;
}

/* As the id is written, whatever case and dots people copied from a shortened one. */
static int normalise(const char *prefix, char ret[static ID_LENGTH + 1]) {
        size_t n = strlen(prefix);

        if (n > ID_LENGTH)
                return -EINVAL;
        for (size_t i = 0; i <= n; i++)
                ret[i] = (char) tolower((unsigned char) prefix[i]);
        return id_is_prefix(ret) ? 0 : -EINVAL;
}

static int ambiguous(Cli *cli, const char *prefix, const IdList *found) {
        cli_fail(CLI_EXIT_NO_JOB, "'%s' is the beginning of %zu job ids; give more of it:", prefix, found->n);
        for (size_t i = 0; i < found->n && i < CANDIDATES_MAX; i++) {
                _cleanup_record_ Record record = {};
                char when[TIME_STRING_MAX];

                if (jobs_read(&cli->jobs, found->items[i].text, &record, NULL, NULL) < 0)
                        cli_hint("%s", found->items[i].text);
                else
                        cli_hint("%s  %s  %s  %s  %s", record.id, term_time(&cli->term, record.created, when),
                                 record.user, job_state_to_string(record.state), record.name);
        }
        if (found->n > CANDIDATES_MAX)
                cli_hint("... and %zu more", found->n - CANDIDATES_MAX);
        return CLI_EXIT_NO_JOB;
}

int cli_find_job(Cli *cli, const char *prefix, Id *ret) {
        _cleanup_id_list_ IdList found = {};
        char id[ID_LENGTH + 1];
        int r;

        r = cli_open(cli);
        if (r != 0)
                return r;
        if (normalise(prefix, id) < 0) {
                cli_fail(CLI_EXIT_NO_JOB, "'%s' is not a job id", prefix);
                cli_hint("An id has 26 digits, of which the first few (at least 4) do; 'morf list' shows them.");
                return CLI_EXIT_NO_JOB;
        }
        r = jobs_find(&cli->jobs, id, &found);
        if (r < 0)
                return cli_fail_errno(r, "cannot look for the job");
        if (found.n == 0) {
                cli_fail(CLI_EXIT_NO_JOB, "no job '%s'%s", prefix, cli->operator_view ? "" : " of yours");
                cli_hint("'morf list --all' shows every job%s.", cli->operator_view ? "" : " that you may see");
                return CLI_EXIT_NO_JOB;
        }
        if (found.n > 1)
                return ambiguous(cli, prefix, &found);
        *ret = found.items[0];
        return 0;
}

/* Whether a process is the daemon, as far as can be told. */
static bool process_is_daemon(pid_t pid) {
        _cleanup_free_ char *name = NULL;
        char path[64];

        if (kill(pid, 0) < 0 && errno == ESRCH)
                return false;
        snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
        return fd_read_file_at(AT_FDCWD, path, COMM_MAX, &name, NULL) < 0 || startswith(name, "morfd");
}

int cli_daemon_runs(const Cli *cli) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_json_ json_t *report = NULL;
        json_int_t pid;
        size_t size;
        int r;

        if (asprintf(&path, "%s/" CLI_REPORT_FILE, cli->runtime_dir ?: CLI_RUNTIME_DIR) < 0) {
                path = NULL;
                return -EAGAIN;
        }
        r = fd_read_file_at(AT_FDCWD, path, CLI_REPORT_MAX, &text, &size);
        if (r < 0)
                return r == -ENOENT ? 0 : -EAGAIN;
        report = json_loadb(text, size, 0, NULL);
        pid = json_integer_value(json_object_get(report, "pid"));
        return pid <= 0 || pid > INT_MAX || process_is_daemon((pid_t) pid);
}

char *cli_helper_path(const char *name) {
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        char *path;

        if (n > 0) {
                self[n] = '\0';
                *strrchr(self, '/') = '\0';
                if (asprintf(&path, "%s/%s", self, name) < 0)
                        return NULL;
                if (access(path, X_OK) == 0)
                        return path;
                free(path);
        }
        return asprintf(&path, CLI_LIBEXEC_DIR "/%s", name) < 0 ? NULL : path;
}

int cli_print_json(json_t *value) {
        _cleanup_json_ json_t *owned = value;

        if (!owned || json_dumpf(owned, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF || fflush(stdout) == EOF)
                return cli_fail(CLI_EXIT_SYSTEM, "cannot print the answer");
        return CLI_EXIT_OK;
}
