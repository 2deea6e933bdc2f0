/* SPDX-License-Identifier: MIT */

/*
 * "morf run": a job on the caller's own machine and on data that is nobody's, with all that its containers print.
 */

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/release.h"
#include "tools/cli/drop-files.h"
#include "tools/cli/handin.h"
#include "tools/cli/local-child.h"
#include "tools/cli/local.h"
#include "tools/cli/result.h"
#include "tools/cli/verbs.h"

/* In the output directory: ours, so that another run may replace what is there. */
#define RUN_MARK ".morf-run"
#define RUN_JOB "job"
#define RUN_LOGS "logs"
/* Ended by a signal, as a shell has it. */
#define EXIT_INTERRUPTED 130

typedef struct Run {
        Local local;
        DropFiles files;
        char *output; /* --output, or made of the job's name */
        int output_fd;
        bool keep, real_data;
} Run;

static void run_done(Run *r) {
        local_done(&r->local);
        drop_files_done(&r->files);
        free(r->output);
        r->output_fd = fd_close(r->output_fd);
}

/* Paths go into options of the engine, in which these mean something. */
static int check_path(const char *path) {
        if (strpbrk(path, ",:\"\\\n"))
                return cli_fail(CLI_EXIT_USAGE, "the path '%s' has a comma, colon, quote or backslash, which docker cannot mount", path);
        return 0;
}

/* Return: 0, or an exit status after a message. */
static int add_data(Run *run, const char *given) {
        _cleanup_free_ char *path = realpath(given, NULL);
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (!path)
                return cli_fail_errno(negative_errno(), "cannot use the data in '%s'", given);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return cli_fail_errno(negative_errno(), "cannot use the data in '%s'", given);
        if (!run->real_data && faccessat(fd, DATA_SYNTHETIC_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                cli_fail(CLI_EXIT_USAGE, "'%s' was not made by 'morf synth', and everything that the job prints would be shown", given);
                cli_hint("'morf synth --out DIR' makes data to try a job on. Where you may see every line of this data yourself, say "
                         "--not-private.");
                return CLI_EXIT_USAGE;
        }
        r = check_path(path);
        if (r == 0 && strv_add(&run->local.data, path) < 0)
                return cli_fail_errno(-ENOMEM, "cannot go on");
        return r;
}

/* "clicks" of "clicks.cfg". */
static char *stem(const char *name) {
        const char *dot = strrchr(name, '.');

        return strndup(name, dot && dot > name ? (size_t) (dot - name) : strlen(name));
}

static int choose_output(Run *run) {
        _cleanup_free_ char *s = NULL;

        if (run->output)
                return 0;
        s = stem(run->files.name);
        if (!s || asprintf(&run->output, "morf-run-%s", s) < 0) {
                run->output = NULL;
                return cli_fail_errno(-ENOMEM, "cannot go on");
        }
        return 0;
}

/* Whether the directory holds anything. */
static int is_filled(int fd) {
        _cleanup_(closedirp) DIR *d = NULL;
        const struct dirent *de;
        int r;

        r = fd_open_dirstream_at(fd, ".", &d);
        while (r >= 0 && (de = readdir(d)))
                if (!streq(de->d_name, ".") && !streq(de->d_name, ".."))
                        return 1;
        return r;
}

/* What an earlier run left is replaced, what is somebody else's is not touched. */
static int clear_output(const Run *run) {
        int r;

        if (faccessat(run->output_fd, RUN_MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                r = is_filled(run->output_fd);
                if (r < 0)
                        return cli_fail_errno(r, "cannot use '%s'", run->output);
                if (r > 0) {
                        cli_fail(CLI_EXIT_USAGE, "'%s' holds something that is not of an earlier run", run->output);
                        cli_hint("Name another directory with --output.");
                        return CLI_EXIT_USAGE;
                }
        }
        r = publish_file_at(run->output_fd, RUN_MARK, "", 0, 0644, (uid_t) -1, (gid_t) -1);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(release_files); i++)
                r = fd_remove_tree_at(run->output_fd, release_files[i].name);
        if (r >= 0)
                r = fd_remove_tree_at(run->output_fd, RELEASE_NOTE);
        if (r >= 0)
                r = fd_remove_tree_at(run->output_fd, RUN_LOGS);
        if (r >= 0)
                r = fd_remove_tree_at(run->output_fd, RUN_JOB);
        return r < 0 ? cli_fail_errno(r, "cannot clear '%s' of an earlier run", run->output) : 0;
}

static int open_output(Run *run) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (mkdir(run->output, 0777) < 0 && errno != EEXIST)
                return cli_fail_errno(negative_errno(), "cannot make '%s'", run->output);
        path = realpath(run->output, NULL);
        if (!path)
                return cli_fail_errno(negative_errno(), "cannot use '%s'", run->output);
        r = check_path(path);
        if (r != 0)
                return r;
        run->output_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (run->output_fd < 0)
                return cli_fail_errno(negative_errno(), "cannot use '%s'", run->output);
        r = clear_output(run);
        if (r != 0)
                return r;
        if (asprintf(&run->local.path, "%s/" RUN_JOB, path) < 0) {
                run->local.path = NULL;
                return cli_fail_errno(-ENOMEM, "cannot go on");
        }
        /* Nobody but the caller comes as far as what containers may write to. */
        r = publish_mkdir_at(run->output_fd, RUN_JOB, 0700, (uid_t) -1, (gid_t) -1);
        if (r >= 0)
                r = run->local.fd = fd_open_dir_at(run->output_fd, RUN_JOB);
        return r < 0 ? cli_fail_errno(r, "cannot use '%s'", run->output) : 0;
}

/* The job's files, copied as the server takes them. */
static int drop(const Run *run) {
        _cleanup_handin_ Handin h = HANDIN_EMPTY;
        _cleanup_free_ char *dropped = NULL, *bad = NULL;
        bool reused;
        int r;

        r = publish_mkdir_at(run->local.fd, JOB_DIR_DROP, 0755, (uid_t) -1, (gid_t) -1);
        if (r >= 0)
                r = h.fd = fd_open_dir_at(run->local.fd, JOB_DIR_DROP);
        STRV_FOREACH(a, run->files.attachments) {
                _cleanup_free_ char *name = drop_files_last_component(*a);

                if (r >= 0)
                        r = name ? handin_put(&h, *a, name, NULL, &reused, &bad) : -ENOMEM;
        }
        if (r >= 0)
                r = handin_put(&h, run->files.path, run->files.name, &dropped, &reused, &bad);
        if (r == -ELOOP || r == -EBADMSG)
                return cli_fail(CLI_EXIT_JOB, "'%s%s%s' is a link or a special file; a job is made of files and directories only", run->files.path,
                                bad ? "/" : "", strempty(bad));
        return r < 0 ? cli_fail_errno(r, "cannot copy '%s'", run->files.path) : 0;
}

/* What containers printed, one file each, so that it is there when the directory of the job is not. */
static void keep_logs(const Run *run) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_fd_ int logs = -EBADF;
        const struct dirent *de;

        if (fd_open_dirstream_at(run->local.fd, JOB_DIR_STEPS, &d) < 0 || publish_mkdir_at(run->output_fd, RUN_LOGS, 0755, (uid_t) -1, (gid_t) -1) < 0)
                return;
        logs = fd_open_dir_at(run->output_fd, RUN_LOGS);
        while (logs >= 0 && (de = readdir(d))) {
                char from[NAME_MAX + 32], to[NAME_MAX + 8];

                if (!name_is_valid(de->d_name))
                        continue;
                snprintf(from, sizeof(from), "%s/log/container.log", de->d_name);
                snprintf(to, sizeof(to), "%s.log", de->d_name);
                (void) renameat(dirfd(d), from, logs, to);
        }
}

static int keep_results(const Run *run) {
        _cleanup_fd_ int release = fd_open_dir_at(run->local.fd, JOB_DIR_RELEASE);
        int r = release < 0 ? release : 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(release_files); i++)
                if (renameat(release, release_files[i].name, run->output_fd, release_files[i].name) < 0 && errno != ENOENT)
                        r = negative_errno();
        if (r >= 0 && renameat(release, RELEASE_NOTE, run->output_fd, RELEASE_NOTE) < 0 && errno != ENOENT)
                r = negative_errno();
        return r < 0 ? cli_fail_errno(r, "cannot put the results into '%s'", run->output) : 0;
}

/* Containers that run as root leave files of root. */
static void remove_job(const Run *run) {
        if (run->keep)
                return;
        if (fd_remove_tree_at(run->output_fd, RUN_JOB) < 0) {
                cli_note("what containers left in %s/" RUN_JOB " belongs to root and stays", run->output);
                cli_hint("'sudo rm -r %s/" RUN_JOB "' removes it.", run->output);
        }
}

static int tell_result(const Run *run) {
        _cleanup_fd_ int eval = openat(run->output_fd, RELEASE_EVAL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        const Term *t = &run->local.cli->term;

        if (run->local.cli->json)
                return cli_print_json(json_pack("{s:s, s:s, s:s, s:o}", "state", "done", "name", run->local.manifest.name, "output", run->output,
                                                "result", eval >= 0 ? result_to_json(eval) : json_array()));
        putchar('\n');
        if (eval >= 0 && result_print(eval, t) >= 0)
                putchar('\n');
        term_line(t, "The job runs. Its results are in %s, what its containers printed is in %s/" RUN_LOGS ".", run->output, run->output);
        term_line(t, "What next: 'morf submit %s' on the server, or upload it there; the figures will be those of the real data.", run->files.path);
        return CLI_EXIT_OK;
}

static int tell_fault(const Run *run) {
        const Local *l = &run->local;

        if (l->cli->json)
                (void) cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "state", "failed", "output", run->output, "code",
                                                fault_to_string(l->fault.code), "message", strempty(l->fault.message), "hint", l->fault.hint, "step",
                                                l->step));
        cli_fail(CLI_EXIT_JOB, "%s%s%s", strempty(l->step), l->step ? ": " : "", strempty(l->fault.message));
        if (l->fault.hint)
                cli_hint("%s", l->fault.hint);
        cli_hint("The server would end the job so, too (%s).", fault_to_string(l->fault.code));
        return CLI_EXIT_JOB;
}

static int finish(Run *run, int r) {
        int code = CLI_EXIT_OK;

        keep_logs(run);
        if (r == 0)
                code = keep_results(run);
        remove_job(run);
        if (r == LOCAL_E_INTERRUPTED) {
                cli_fail(CLI_EXIT_SYSTEM, "interrupted");
                return EXIT_INTERRUPTED;
        }
        if (r == LOCAL_E_FAULT)
                return tell_fault(run);
        if (r == -EREMOTEIO) {
                cli_hint("This is not the job's fault. Does 'docker version' work?");
                return CLI_EXIT_SYSTEM;
        }
        if (r < 0)
                return cli_fail_errno(r, "cannot go on");
        return code == 0 ? tell_result(run) : code;
}

static int run_job(Run *run, char *const *data) {
        Local *l = &run->local;
        int r = 0;

        if (access(engine_command(CONF_ENGINE_DOCKER), X_OK) < 0) {
                cli_fail(CLI_EXIT_SYSTEM, "docker is not installed, which runs the containers");
                return CLI_EXIT_SYSTEM;
        }
        STRV_FOREACH(d, data)
                if (r == 0)
                        r = add_data(run, *d);
        if (r == 0)
                r = drop_files_find(&run->files);
        if (r == 0)
                r = cli_load_conf(&l->conf);
        if (r == 0)
                r = choose_output(run);
        if (r == 0)
                r = open_output(run);
        if (r == 0)
                r = drop(run);
        if (r != 0)
                return r;
        l->user = l->cli->user && name_is_user(l->cli->user) ? l->cli->user : "me";
        l->show = l->cli->json ? STDERR_FILENO : STDOUT_FILENO;
        r = id_new(&l->id);
        if (r >= 0)
                r = local_child_begin();
        if (r >= 0)
                r = local_run(l);
        return finish(run, r);
}

int verb_run(Cli *cli, int argc, char **argv) {
        static const struct option options[] = {
                { "data", required_argument, NULL, 'd' },
                { "output", required_argument, NULL, 'o' },
                { "keep", no_argument, NULL, 'k' },
                { "not-private", no_argument, NULL, 'P' },
                CLI_COMMON_OPTIONS,
        };
        _cleanup_(run_done) Run run = { .local = LOCAL_INIT, .output_fd = -EBADF };
        _cleanup_strv_ char **data = NULL;
        int c, r;

        run.local.cli = cli;
        while ((c = getopt_long(argc, argv, ":d:o:", options, NULL)) >= 0)
                switch (c) {
                case 'd':
                        if (strv_add(&data, optarg) < 0)
                                return cli_fail_errno(-ENOMEM, "cannot go on");
                        break;
                case 'o':
                        free(run.output);
                        run.output = strdup(optarg);
                        if (!run.output)
                                return cli_fail_errno(-ENOMEM, "cannot go on");
                        break;
                case 'k':
                        run.keep = true;
                        break;
                case 'P':
                        run.real_data = true;
                        break;
                default:
                        r = cli_common_option(cli, argv[0], c, argv);
                        if (r >= 0)
                                return r;
                }
        if (optind == argc || strv_length(data) == 0) {
                cli_fail(CLI_EXIT_USAGE, "'morf run' needs a job file, a job zip or a directory, and --data DIR");
                cli_hint("'morf synth --out DIR' makes data to try a job on; 'morf help run' says more.");
                return CLI_EXIT_USAGE;
        }
        run.files.path = argv[optind];
        for (int i = optind + 1; i < argc; i++)
                if (strv_add(&run.files.attachments, argv[i]) < 0)
                        return cli_fail_errno(-ENOMEM, "cannot go on");
        return run_job(&run, data);
}
