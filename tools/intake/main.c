/* SPDX-License-Identifier: MIT */
/*
 * morf-intake: reads one drop and says what job it is, or what is wrong with it. It runs unprivileged, without a
 * network, and sees nothing but a private copy of the drop.
 */

#include <getopt.h>
#include <sys/utsname.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/helper.h"
#include "tools/intake/check.h"
#include "tools/intake/context.h"
#include "tools/intake/intake.h"

static const char *arg_drop, *arg_out, *arg_check;
static bool arg_json;

static void help(void) {
        printf("morf-intake --drop DIR --out DIR\n"
               "morf-intake --check PATH [--json]\n\n"
               "Reads the drop in DIR (a job file with its attachments, a job zip, or a directory with a job file) "
               "and\n"
               "writes manifest.json, and context/ where an image is to be built, or fault.json.\n\n"
               "  --drop DIR    a directory that holds one drop and nothing else\n"
               "  --out DIR     where the results go\n"
               "  --check PATH  judge a job file, job zip or directory, as 'morf check' does\n"
               "  --json        with --check: print the manifest or the fault as JSON\n"
               "  --help        show this text\n"
               "  --version     show the version\n\n"
               "Exit status: 0 success, 65 the drop is wrong, 75 try again, 2 wrong usage.\n");
}

static int usage(const char *complaint) {
        fprintf(stderr, "morf-intake: %s; try 'morf-intake --help'\n", complaint);
        return HELPER_EXIT_USAGE;
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_DROP = 256, OPTION_OUT, OPTION_CHECK, OPTION_JSON, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "drop", required_argument, NULL, OPTION_DROP },
                { "out", required_argument, NULL, OPTION_OUT },
                { "check", required_argument, NULL, OPTION_CHECK },
                { "json", no_argument, NULL, OPTION_JSON },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_DROP:
                        arg_drop = optarg;
                        break;
                case OPTION_OUT:
                        arg_out = optarg;
                        break;
                case OPTION_CHECK:
                        arg_check = optarg;
                        break;
                case OPTION_JSON:
                        arg_json = true;
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-intake %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "morf-intake: try 'morf-intake --help'\n");
                        return HELPER_EXIT_USAGE;
                }
        if (optind < argc)
                return usage("there are arguments without an option");
        if (arg_check ? arg_drop || arg_out : !arg_drop || !arg_out || arg_json)
                return usage("either --drop and --out, or --check with or without --json, must be given");
        return -1;
}

static int run(void) {
        static const char *const results[] = { CONTEXT_DIRECTORY, CONTEXT_UNPACKED_DIRECTORY, MANIFEST_FILE, NULL };
        _cleanup_fd_ int drop_fd = -EBADF, out_fd = -EBADF;
        _cleanup_manifest_ Manifest m = {};
        _cleanup_fault_ Fault f = {};
        struct utsname machine;
        int r;

        drop_fd = helper_open_dir(arg_drop);
        if (drop_fd < 0)
                return FAULT_EXIT_TEMPORARY;
        out_fd = helper_open_dir(arg_out);
        if (out_fd < 0)
                return FAULT_EXIT_TEMPORARY;
        r = helper_clear(out_fd, results);
        if (r < 0) {
                log_error_errno(r, "cannot empty the output directory");
                return FAULT_EXIT_TEMPORARY;
        }
        if (uname(&machine) < 0)
                machine.machine[0] = '\0';
        r = intake_run(&(IntakeRequest){ .drop_fd = drop_fd,
                               .may_need = true,
                               .machine = machine.machine,
                               .out_fd = out_fd,
                               .durable = true },
                &m, &f);
        if (r >= 0)
                r = manifest_write_at(out_fd, &m);
        return helper_finish(out_fd, r, &f);
}

static int work(int argc, char *argv[]) {
        int status;

        status = parse_argv(argc, argv);
        if (status >= 0)
                return status;
        return arg_check ? check_run(arg_check, arg_json) : run();
}

int main(int argc, char *argv[]) {
        return helper_main("morf-intake", argc, argv, work);
}
