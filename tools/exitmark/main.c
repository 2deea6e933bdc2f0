/* SPDX-License-Identifier: MIT */

/*
 * morf-exitmark: the last command of every unit of a stage (ExecStopPost=+, as root). Publishes how the unit ended and
 * what its control group has used as an exit record, so that neither a lost bus nor a dead daemon loses a result.
 *
 * Missing accounting is no failure. Only a record that cannot be written is one, as the daemon then has to take the
 * stage for lost.
 */

#include <getopt.h>
#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "tools/exitmark/cgroup.h"
#include "tools/exitmark/mark.h"

#define EXIT_USAGE 2

static const char *arg_out, *arg_name, *arg_slice, *arg_cgroup, *arg_cgroup_root;

static void help(void) {
        puts("Usage: morf-exitmark --out DIR --name NAME [OPTION…]\n\n"
             "Writes DIR/NAME.json: how the unit that runs this as ExecStopPost= ended\n"
             "($SERVICE_RESULT, $EXIT_CODE, $EXIT_STATUS), and what its control group used.\n\n"
             "  --slice SLICE       account for this slice instead of the unit itself\n"
             "  --cgroup PATH       account for this control group, \"/a.slice/b.service\"\n"
             "  --cgroup-root DIR   where the cgroup filesystem is (default: " CGROUP_ROOT ")\n"
             "  --help, --version");
}

/* Return: 0 to go on, 1 when all is done, -EINVAL after saying what is wrong. */
static int parse_argv(int argc, char *argv[]) {
        enum { ARG_HELP = 256, ARG_VERSION, ARG_OUT, ARG_NAME, ARG_SLICE, ARG_CGROUP, ARG_CGROUP_ROOT };
        static const struct option options[] = {
                { "help", no_argument, NULL, ARG_HELP },
                { "version", no_argument, NULL, ARG_VERSION },
                { "out", required_argument, NULL, ARG_OUT },
                { "name", required_argument, NULL, ARG_NAME },
                { "slice", required_argument, NULL, ARG_SLICE },
                { "cgroup", required_argument, NULL, ARG_CGROUP },
                { "cgroup-root", required_argument, NULL, ARG_CGROUP_ROOT },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case ARG_HELP:
                        help();
                        return 1;
                case ARG_VERSION:
                        puts("morf-exitmark " MORF_VERSION);
                        return 1;
                case ARG_OUT:
                        arg_out = optarg;
                        break;
                case ARG_NAME:
                        arg_name = optarg;
                        break;
                case ARG_SLICE:
                        arg_slice = optarg;
                        break;
                case ARG_CGROUP:
                        arg_cgroup = optarg;
                        break;
                case ARG_CGROUP_ROOT:
                        arg_cgroup_root = optarg;
                        break;
                default:
                        fputs("Try 'morf-exitmark --help'.\n", stderr);
                        return -EINVAL;
                }
        if (!arg_out || !arg_name || !name_is_valid(arg_name) || optind < argc) {
                fputs("morf-exitmark needs --out DIR and --name NAME; try 'morf-exitmark --help'.\n", stderr);
                return -EINVAL;
        }
        return 0;
}

static int read_proc(const char *file, char ret[static CGROUP_PATH_SIZE]) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int fd = open(file, O_RDONLY | O_CLOEXEC);
        int r;

        if (fd < 0)
                return negative_errno();
        r = fd_read_all(fd, 65536, &text, /* ret_size= */ NULL);
        return r < 0 ? r : cgroup_path_in_proc(text, ret);
}

/* Path of the control group to account for, below the mount point. */
static int find_cgroup(char ret[static CGROUP_PATH_SIZE]) {
        char root[CGROUP_PATH_SIZE] = "", slice[CGROUP_PATH_SIZE];
        const char *path = arg_cgroup;
        int r;

        if (!arg_slice && !arg_cgroup)
                return read_proc("/proc/self/cgroup", ret);
        if (arg_slice) {
                r = cgroup_path_of_slice(arg_slice, slice);
                if (r < 0)
                        return r;
                path = slice;
                /* A manager inside of a container does not sit at the root of the tree. */
                if (!arg_cgroup_root && read_proc("/proc/1/cgroup", root) >= 0)
                        cgroup_path_to_root(root);
        }
        r = snprintf(ret, CGROUP_PATH_SIZE, "%s%s", root, path);
        return r < (int) CGROUP_PATH_SIZE ? 0 : -ENAMETOOLONG;
}

static void account(ExitRecord *record) {
        _cleanup_fd_ int rootfd = -EBADF;
        char path[CGROUP_PATH_SIZE];
        int r;

        r = find_cgroup(path);
        if (r >= 0) {
                rootfd = open(arg_cgroup_root ?: CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                r = rootfd < 0 ? negative_errno() : 0;
        }
        if (r < 0) {
                log_warning_errno(r, "cannot find the control group of the unit, ignoring");
                return;
        }
        mark_account(record, rootfd, path);
}

int main(int argc, char *argv[]) {
        ExitRecord record = EXIT_RECORD_INIT;
        _cleanup_fd_ int out = -EBADF;
        int r;

        log_open("morf-exitmark", LOG_INFO, /* force_journal= */ false);
        r = parse_argv(argc, argv);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;

        mark_ending(&record, getenv("SERVICE_RESULT"), getenv("EXIT_CODE"), getenv("EXIT_STATUS"));
        account(&record);
        record.finished = time_now_realtime();

        out = open(arg_out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = out < 0 ? negative_errno() : exit_record_write_at(out, arg_name, &record);
        if (r < 0) {
                log_error_errno(r, "cannot write the exit record %s/%s.json", arg_out, arg_name);
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
