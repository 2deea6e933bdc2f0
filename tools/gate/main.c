/* SPDX-License-Identifier: MIT */
/*
 * morf-gate: lets out of an evaluation what the release policy allows.
 */

#include <getopt.h>

#include "spool/helper.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "tools/gate/gate.h"

static const char *arg_in, *arg_out;
static GatePolicy arg_policy;
static char **arg_courses;

static void help(void) {
        printf("morf-gate --in DIR --out DIR --digits N --min-cell N --round-counts N [OPTION...]\n\n"
               "Reads metrics.json below --in and writes what the policy allows of it to eval.csv, with release.json, below\n"
               "--out; or fault.json when nothing is left.\n\n"
               "  --in DIR          where metrics.json is\n"
               "  --out DIR         where the release goes\n"
               "  --digits N        significant digits of metrics; 0: all\n"
               "  --min-cell N      leave out results with fewer rows, or fewer in a class or a cell of the confusion table\n"
               "  --round-counts N  round counts to multiples of N; 0: exact\n"
               "  --courses A,B,..  courses whose names may be released; others are left out. Without this option\n"
               "                    courses are numbered, because their names come from the job\n"
               "  --help            show this text\n"
               "  --version         show the version\n\n"
               "Exit status: 0 success, 65 nothing may be released, 75 try again, 2 wrong usage.\n");
}

static int usage(const char *complaint) {
        fprintf(stderr, "morf-gate: %s; try 'morf-gate --help'\n", complaint);
        return HELPER_EXIT_USAGE;
}

static int parse_number(const char *s, unsigned max, unsigned *ret) {
        uint64_t v;
        int r;

        r = parse_u64(s, 0, max, &v);
        if (r < 0)
                return r;
        *ret = (unsigned) v;
        return 0;
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_IN = 256, OPTION_OUT, OPTION_DIGITS, OPTION_MIN_CELL, OPTION_ROUND, OPTION_COURSES, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "in", required_argument, NULL, OPTION_IN },
                { "out", required_argument, NULL, OPTION_OUT },
                { "digits", required_argument, NULL, OPTION_DIGITS },
                { "min-cell", required_argument, NULL, OPTION_MIN_CELL },
                { "round-counts", required_argument, NULL, OPTION_ROUND },
                { "courses", required_argument, NULL, OPTION_COURSES },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        bool has_digits = false, has_cell = false, has_round = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_IN:
                        arg_in = optarg;
                        break;
                case OPTION_OUT:
                        arg_out = optarg;
                        break;
                case OPTION_DIGITS:
                        if (parse_number(optarg, METRICS_DIGITS_MAX, &arg_policy.digits) < 0)
                                return usage("--digits wants a number from 0 to 17");
                        has_digits = true;
                        break;
                case OPTION_MIN_CELL:
                        if (parse_number(optarg, GATE_MIN_CELL_MAX, &arg_policy.min_cell) < 0)
                                return usage("--min-cell wants a number from 0 to 1000000");
                        has_cell = true;
                        break;
                case OPTION_ROUND:
                        if (parse_number(optarg, GATE_ROUND_MAX, &arg_policy.round_counts) < 0)
                                return usage("--round-counts wants a number from 0 to 1000000");
                        has_round = true;
                        break;
                case OPTION_COURSES:
                        if (helper_add_names(&arg_courses, optarg) < 0)
                                return usage("--courses wants course names separated by commas");
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-gate %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "Try 'morf-gate --help'.\n");
                        return HELPER_EXIT_USAGE;
                }
        /* The policy is the operator's: nothing of it has a default here. */
        if (optind < argc || !arg_in || !arg_out || !has_digits || !has_cell || !has_round)
                return usage("wants --in, --out, --digits, --min-cell and --round-counts, and no other arguments");
        return -1;
}

int main(int argc, char *argv[]) {
        _cleanup_fd_ int in = -EBADF, out = -EBADF;
        _cleanup_fault_ Fault fault = {};
        int r;

        log_open("morf-gate", LOG_INFO, /* force_journal= */ false);
        r = parse_argv(argc, argv);
        if (r < 0) {
                in = helper_open_dir(arg_in);
                out = helper_open_dir(arg_out);
                arg_policy.courses = arg_courses;
                r = in < 0 || out < 0 ? FAULT_EXIT_TEMPORARY : helper_finish(out, gate_run(in, out, &arg_policy, &fault), &fault);
        }
        arg_courses = strv_free(arg_courses);
        return r;
}
