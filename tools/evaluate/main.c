/* SPDX-License-Identifier: MIT */
/*
 * morf-evaluate: computes the metrics of the predictions that a job left in output.csv.
 */

#include <getopt.h>

#include "spool/helper.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/parse.h"
#include "tools/evaluate/evaluate.h"

static const char *arg_in, *arg_out;
static uint64_t arg_memory; /* 0: the default */

static void help(void) {
        printf("morf-evaluate --in DIR --out DIR [OPTION...]\n\n"
               "Reads output.csv (y_true,y_pred,y_score and, optionally, course) below the directory --in and writes\n"
               "eval.csv and metrics.json below --out, or fault.json when the table is wrong.\n\n"
               "  --in DIR       where output.csv is\n"
               "  --out DIR      where the results go\n"
               "  --memory SIZE  memory for scores (default 256M); beyond it they go to a temporary file below --out\n"
               "  --help         show this text\n"
               "  --version      show the version\n\n"
               "log_loss clips scores to [1e-15, 1-1e-15]. A metric that is undefined is an empty cell.\n"
               "Exit status: 0 success, 65 the table is wrong, 75 try again, 2 wrong usage.\n");
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_IN = 256, OPTION_OUT, OPTION_MEMORY, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "in", required_argument, NULL, OPTION_IN },
                { "out", required_argument, NULL, OPTION_OUT },
                { "memory", required_argument, NULL, OPTION_MEMORY },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_IN:
                        arg_in = optarg;
                        break;
                case OPTION_OUT:
                        arg_out = optarg;
                        break;
                case OPTION_MEMORY:
                        if (parse_size(optarg, &arg_memory) < 0 || arg_memory == 0) {
                                fprintf(stderr, "morf-evaluate: --memory wants a size like 256M\n");
                                return HELPER_EXIT_USAGE;
                        }
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-evaluate %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "Try 'morf-evaluate --help'.\n");
                        return HELPER_EXIT_USAGE;
                }
        if (optind < argc || !arg_in || !arg_out) {
                fprintf(stderr, "morf-evaluate: wants --in DIR and --out DIR and nothing else; try 'morf-evaluate --help'\n");
                return HELPER_EXIT_USAGE;
        }
        return -1;
}

int main(int argc, char *argv[]) {
        _cleanup_fd_ int in = -EBADF, out = -EBADF;
        _cleanup_fault_ Fault fault = {};
        int r;

        log_open("morf-evaluate", LOG_INFO, /* force_journal= */ false);
        r = parse_argv(argc, argv);
        if (r >= 0)
                return r;
        in = helper_open_dir(arg_in);
        out = helper_open_dir(arg_out);
        if (in < 0 || out < 0)
                return FAULT_EXIT_TEMPORARY;
        return helper_finish(out, evaluate_run(in, out, arg_memory, &fault), &fault);
}
