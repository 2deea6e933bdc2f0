/* SPDX-License-Identifier: MIT */
/*
 * morf-collect: takes over the output of a container that has ended.
 */

#include <getopt.h>

#include "spool/helper.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "tools/collect/collect.h"

static const char *arg_output, *arg_out;
static CollectOptions arg_options;

static void help(void) {
        printf("morf-collect --output DIR --out DIR --max-bytes SIZE --max-files N [OPTION...]\n\n"
               "Walks the directory --output that a container left, counts it, and copies what is wanted of it to\n"
               "sealed/ below --out, with a report in collect.json; or writes fault.json there. Everything but regular\n"
               "files with one name is ignored.\n\n"
               "  --output DIR      what the container left\n"
               "  --out DIR         where sealed/ and collect.json go\n"
               "  --max-bytes SIZE  most that all files together may hold, like 1G\n"
               "  --max-files N     most files and directories\n"
               "  --expect NAME     a file that must be there; it is copied\n"
               "  --all             copy every file\n"
               "  --help            show this text\n"
               "  --version         show the version\n\n"
               "Exit status: 0 success, 65 the output is wrong, 75 try again, 2 wrong usage.\n");
}

static int usage(const char *complaint) {
        fprintf(stderr, "morf-collect: %s; try 'morf-collect --help'\n", complaint);
        return HELPER_EXIT_USAGE;
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_OUTPUT = 256, OPTION_OUT, OPTION_BYTES, OPTION_FILES, OPTION_EXPECT, OPTION_ALL, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "output", required_argument, NULL, OPTION_OUTPUT },
                { "out", required_argument, NULL, OPTION_OUT },
                { "max-bytes", required_argument, NULL, OPTION_BYTES },
                { "max-files", required_argument, NULL, OPTION_FILES },
                { "expect", required_argument, NULL, OPTION_EXPECT },
                { "all", no_argument, NULL, OPTION_ALL },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        bool has_bytes = false, has_files = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_OUTPUT:
                        arg_output = optarg;
                        break;
                case OPTION_OUT:
                        arg_out = optarg;
                        break;
                case OPTION_BYTES:
                        if (parse_size(optarg, &arg_options.max_bytes) < 0)
                                return usage("--max-bytes wants a size like 1G");
                        has_bytes = true;
                        break;
                case OPTION_FILES:
                        if (parse_u64(optarg, 0, UINT32_MAX, &arg_options.max_files) < 0)
                                return usage("--max-files wants a number");
                        has_files = true;
                        break;
                case OPTION_EXPECT:
                        if (!name_is_valid(optarg))
                                return usage("--expect wants the plain name of a file");
                        arg_options.expect = optarg;
                        break;
                case OPTION_ALL:
                        arg_options.all = true;
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-collect %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "Try 'morf-collect --help'.\n");
                        return HELPER_EXIT_USAGE;
                }
        if (optind < argc || !arg_output || !arg_out || !has_bytes || !has_files)
                return usage("wants --output, --out, --max-bytes and --max-files, and no other arguments");
        return -1;
}

static int work(int argc, char *argv[]) {
        _cleanup_fd_ int output = -EBADF, out = -EBADF;
        _cleanup_fault_ Fault fault = {};
        int r;

        r = parse_argv(argc, argv);
        if (r >= 0)
                return r;
        output = helper_open_dir(arg_output);
        out = helper_open_dir(arg_out);
        if (output < 0 || out < 0)
                return FAULT_EXIT_TEMPORARY;
        return helper_finish(out, collect_run(output, out, &arg_options, &fault), &fault);
}

int main(int argc, char *argv[]) {
        return helper_main("morf-collect", argc, argv, work);
}
