/* SPDX-License-Identifier: MIT */
/*
 * morf-evaluate: computes the metrics of the predictions that a job left in output.csv, or that the containers of a workflow left.
 */

#include <getopt.h>

#include "spool/helper.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/parse.h"
#include "tools/evaluate/evaluate.h"

#define ROOTS_MAX 64u
#define COUNT_MAX 1000000u

static const char *arg_in, *arg_out, *arg_plan, *arg_work;
static const char *arg_roots[ROOTS_MAX];
static size_t arg_n_roots;
static bool arg_workflow, arg_partial;
static unsigned arg_min_cell, arg_round;
static uint64_t arg_memory; /* 0: the default */

static void help(void) {
        printf("morf-evaluate --in DIR --out DIR [OPTION...]\n\n"
               "Reads output.csv (y_true,y_pred,y_score and, optionally, course) below the directory --in and writes\n"
               "eval.csv and metrics.json below --out, or fault.json when the table is wrong.\n\n"
               "morf-evaluate --workflow --plan DIR --work DIR --data ROOT... --out DIR [OPTION...]\n\n"
               "Joins test.csv or cv.csv below --work with the labels below each --data, as plan.json below --plan says.\n\n"
               "  --in DIR          where output.csv is\n"
               "  --out DIR         where the results go\n"
               "  --memory SIZE     memory for scores (default 256M); beyond it they go to a temporary file below --out\n"
               "  --partial         leave out courses that cannot be evaluated\n"
               "  --min-cell N      numbers of learners in faults: smaller ones are not told\n"
               "  --round-counts N  numbers of learners in faults: rounded to multiples of N\n"
               "  --help            show this text\n"
               "  --version         show the version\n\n"
               "log_loss clips scores to [1e-15, 1-1e-15]. A metric that is undefined is an empty cell.\n"
               "Exit status: 0 success, 65 the table is wrong, 75 try again, 2 wrong usage.\n");
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum {
                OPTION_IN = 256, OPTION_OUT, OPTION_MEMORY, OPTION_WORKFLOW, OPTION_PLAN, OPTION_WORK, OPTION_DATA, OPTION_PARTIAL,
                OPTION_MIN_CELL, OPTION_ROUND, OPTION_HELP, OPTION_VERSION,
        };
        static const struct option options[] = {
                { "in", required_argument, NULL, OPTION_IN },
                { "out", required_argument, NULL, OPTION_OUT },
                { "memory", required_argument, NULL, OPTION_MEMORY },
                { "workflow", no_argument, NULL, OPTION_WORKFLOW },
                { "plan", required_argument, NULL, OPTION_PLAN },
                { "work", required_argument, NULL, OPTION_WORK },
                { "data", required_argument, NULL, OPTION_DATA },
                { "partial", no_argument, NULL, OPTION_PARTIAL },
                { "min-cell", required_argument, NULL, OPTION_MIN_CELL },
                { "round-counts", required_argument, NULL, OPTION_ROUND },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        uint64_t number;
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
                case OPTION_WORKFLOW:
                        arg_workflow = true;
                        break;
                case OPTION_PLAN:
                        arg_plan = optarg;
                        break;
                case OPTION_WORK:
                        arg_work = optarg;
                        break;
                case OPTION_DATA:
                        if (arg_n_roots == ROOTS_MAX) {
                                fprintf(stderr, "morf-evaluate: --data may be given %u times\n", ROOTS_MAX);
                                return HELPER_EXIT_USAGE;
                        }
                        arg_roots[arg_n_roots++] = optarg;
                        break;
                case OPTION_PARTIAL:
                        arg_partial = true;
                        break;
                case OPTION_MIN_CELL:
                case OPTION_ROUND:
                        if (parse_u64(optarg, 0, COUNT_MAX, &number) < 0) {
                                fprintf(stderr, "morf-evaluate: --min-cell and --round-counts want a number from 0 to 1000000\n");
                                return HELPER_EXIT_USAGE;
                        }
                        *(c == OPTION_ROUND ? &arg_round : &arg_min_cell) = (unsigned) number;
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
        if (optind < argc || !arg_out || (arg_workflow ? !arg_plan || !arg_work || arg_n_roots == 0 || arg_in : !arg_in || arg_plan || arg_work)) {
                fprintf(stderr, "morf-evaluate: wants --in DIR and --out DIR, or --workflow with --plan, --work, --data and --out; "
                                "try 'morf-evaluate --help'\n");
                return HELPER_EXIT_USAGE;
        }
        return -1;
}

static int run_workflow(int out_dirfd, Fault *reterr) {
        _cleanup_fd_ int plan_dirfd = helper_open_dir(arg_plan), work = helper_open_dir(arg_work);
        _cleanup_free_ char *error = NULL;
        _cleanup_plan_ Plan plan = {};
        int roots[ROOTS_MAX];
        WorkflowOptions o = {
                .plan = &plan, .work_dirfd = work, .roots = roots, .partial = arg_partial, .min_cell = arg_min_cell,
                .round_counts = arg_round, .memory_max = arg_memory,
        };
        int r;

        if (plan_dirfd < 0 || work < 0)
                return plan_dirfd < 0 ? plan_dirfd : work;
        r = plan_read_at(plan_dirfd, &plan, &error);
        if (r < 0)
                return log_error_errno(r == -EBADMSG ? -EUCLEAN : r, "cannot read the plan: %s", error ?: "not a plan");
        for (; r >= 0 && o.n_roots < arg_n_roots; o.n_roots++) {
                roots[o.n_roots] = helper_open_dir(arg_roots[o.n_roots]);
                if (roots[o.n_roots] < 0) {
                        r = roots[o.n_roots];
                        break;
                }
        }
        if (r >= 0)
                r = evaluate_run_workflow(&o, out_dirfd, reterr);
        for (size_t i = 0; i < o.n_roots; i++)
                fd_close(roots[i]);
        return r;
}

static int work(int argc, char *argv[]) {
        _cleanup_fd_ int in = -EBADF, out = -EBADF;
        _cleanup_fault_ Fault fault = {};
        int r;

        r = parse_argv(argc, argv);
        if (r >= 0)
                return r;
        out = helper_open_dir(arg_out);
        if (out < 0)
                return FAULT_EXIT_TEMPORARY;
        if (arg_workflow)
                return helper_finish(out, run_workflow(out, &fault), &fault);
        in = helper_open_dir(arg_in);
        if (in < 0)
                return FAULT_EXIT_TEMPORARY;
        return helper_finish(out, evaluate_run(in, out, arg_memory, &fault), &fault);
}

int main(int argc, char *argv[]) {
        return helper_main("morf-evaluate", argc, argv, work);
}
