/* SPDX-License-Identifier: MIT */
/*
 * morf-gate: lets out of an evaluation what the release policy allows.
 */

#include <getopt.h>

#include "spool/helper.h"
#include "spool/keys.h"
#include "spool/plan.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "tools/gate/facts.h"
#include "tools/gate/gate.h"

static const char *arg_in, *arg_out, *arg_keys, *arg_plan, *arg_controller;
static Pseudonyms arg_pseudonyms;
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
               "  --pseudonyms KIND call courses by pseudonyms, hmac or sha1; wants --user and --keys\n"
               "  --user NAME       the account that they are for\n"
               "  --keys DIR        where the keys are; without this option a receipt is not signed\n"
               "  --plan DIR        where plan.json is, of a workflow, for the receipt\n"
               "  --controller FILE the controller of a workflow, for the receipt\n"
               "  --no-evaluation   the workflow evaluates nothing: a receipt is all that is released\n"
               "  --no-plots        draw nothing\n"
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
        enum {
                OPTION_IN = 256, OPTION_OUT, OPTION_DIGITS, OPTION_MIN_CELL, OPTION_ROUND, OPTION_COURSES, OPTION_PSEUDONYMS,
                OPTION_USER, OPTION_KEYS, OPTION_PLAN, OPTION_CONTROLLER, OPTION_NO_EVALUATION, OPTION_NO_PLOTS, OPTION_HELP, OPTION_VERSION,
        };
        static const struct option options[] = {
                { "in", required_argument, NULL, OPTION_IN },
                { "out", required_argument, NULL, OPTION_OUT },
                { "digits", required_argument, NULL, OPTION_DIGITS },
                { "min-cell", required_argument, NULL, OPTION_MIN_CELL },
                { "round-counts", required_argument, NULL, OPTION_ROUND },
                { "courses", required_argument, NULL, OPTION_COURSES },
                { "pseudonyms", required_argument, NULL, OPTION_PSEUDONYMS },
                { "user", required_argument, NULL, OPTION_USER },
                { "keys", required_argument, NULL, OPTION_KEYS },
                { "plan", required_argument, NULL, OPTION_PLAN },
                { "controller", required_argument, NULL, OPTION_CONTROLLER },
                { "no-evaluation", no_argument, NULL, OPTION_NO_EVALUATION },
                { "no-plots", no_argument, NULL, OPTION_NO_PLOTS },
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
                case OPTION_PSEUDONYMS:
                        arg_pseudonyms.kind = manifest_pseudonyms_from_string(optarg);
                        if ((int) arg_pseudonyms.kind < 0)
                                return usage("--pseudonyms wants hmac or sha1");
                        arg_pseudonyms.on = true;
                        break;
                case OPTION_USER:
                        if (!name_is_user(optarg))
                                return usage("--user wants the name of an account");
                        arg_pseudonyms.user = optarg;
                        break;
                case OPTION_KEYS:
                        arg_keys = optarg;
                        break;
                case OPTION_PLAN:
                        arg_plan = optarg;
                        break;
                case OPTION_CONTROLLER:
                        arg_controller = optarg;
                        break;
                case OPTION_NO_EVALUATION:
                        arg_policy.no_evaluation = true;
                        break;
                case OPTION_NO_PLOTS:
                        arg_policy.plots = false;
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
        if (optind < argc || (!arg_in && !arg_policy.no_evaluation) || !arg_out || !has_digits || !has_cell || !has_round)
                return usage("wants --in, --out, --digits, --min-cell and --round-counts, and no other arguments");
        if (arg_pseudonyms.on && (!arg_pseudonyms.user || !arg_keys))
                return usage("--pseudonyms wants --user and --keys");
        return -1;
}

/* Secrets, and what a receipt says. */
static int load(int out, char key[static KEYS_LENGTH + 1], Receipt *receipt) {
        _cleanup_fd_ int keys = -EBADF, plan = -EBADF;
        int r;

        if (arg_keys) {
                keys = helper_open_dir(arg_keys);
                r = keys < 0 ? keys : keys_read(keys, KEYS_RECEIPT, key);
                if (r >= 0 && arg_pseudonyms.on)
                        r = pseudonyms_load(&arg_pseudonyms, keys);
                if (r < 0)
                        return log_error_errno(r == -EBADMSG ? -EUCLEAN : r, "cannot read the keys");
                arg_policy.receipt_key = key;
        }
        if (arg_plan) {
                plan = helper_open_dir(arg_plan);
                if (plan < 0)
                        return plan;
        }
        r = facts_gather(out, plan, arg_controller, receipt);
        if (r == -ENOENT && !arg_plan && !arg_controller)
                return 0;
        if (r < 0)
                return log_error_errno(r == -EBADMSG ? -EUCLEAN : r, "cannot gather what the receipt says");
        arg_policy.receipt = receipt;
        return 0;
}

static int run(int in, int out) {
        char key[KEYS_LENGTH + 1] = "";
        _cleanup_receipt_ Receipt receipt = {};
        _cleanup_fault_ Fault fault = {};
        int r;

        arg_policy.courses = arg_courses;
        r = load(out, key, &receipt);
        if (arg_pseudonyms.on)
                arg_policy.pseudonyms = &arg_pseudonyms;
        if (r >= 0)
                r = gate_run(in, out, &arg_policy, &fault);
        if (r >= 0)
                r = facts_remove(out);
        explicit_bzero(key, sizeof(key));
        return helper_finish(out, r, &fault);
}

static int work(int argc, char *argv[]) {
        _cleanup_fd_ int in = -EBADF, out = -EBADF;
        int r;

        arg_policy.plots = true;
        r = parse_argv(argc, argv);
        if (r < 0) {
                if (!arg_policy.no_evaluation)
                        in = helper_open_dir(arg_in);
                out = helper_open_dir(arg_out);
                r = (in < 0 && !arg_policy.no_evaluation) || out < 0 ? FAULT_EXIT_TEMPORARY : run(in, out);
        }
        pseudonyms_done(&arg_pseudonyms);
        arg_courses = strv_free(arg_courses);
        return r;
}

int main(int argc, char *argv[]) {
        return helper_main("morf-gate", argc, argv, work);
}
