/* SPDX-License-Identifier: MIT */
/*
 * morf-stage: writes reduced copies of the label and date tables for a job.
 */

#include <getopt.h>

#include "spool/helper.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/strv.h"
#include "tools/stage/stage.h"

static const char *arg_data[STAGE_ROOTS_MAX], *arg_out;
static size_t arg_n_data;
static char **arg_courses;
static bool arg_all, arg_test_labels;

static void help(void) {
        printf("morf-stage --data DIR... --courses A,B,..|--all --out DIR [OPTION...]\n\n"
               "Writes copies of labels-train.csv, coursera_course_dates.csv and their forms with underscores to --out, with only\n"
               "the rows of the courses named. The tables of several data roots are joined.\n\n"
               "  --data DIR         a data root; may be given several times\n"
               "  --courses A,B,..   keep the rows of these courses; may be given several times\n"
               "  --all              keep all rows\n"
               "  --out DIR          where the copies go\n"
               "  --test-labels      copy labels-test.csv and its form with underscores as well\n"
               "  --help             show this text\n"
               "  --version          show the version\n\n"
               "Exit status: 0 success, 75 a table cannot be read, 2 wrong usage.\n");
}

static int usage(const char *complaint) {
        fprintf(stderr, "morf-stage: %s; try 'morf-stage --help'\n", complaint);
        return HELPER_EXIT_USAGE;
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_DATA = 256, OPTION_COURSES, OPTION_ALL, OPTION_OUT, OPTION_TEST_LABELS, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "data", required_argument, NULL, OPTION_DATA },
                { "courses", required_argument, NULL, OPTION_COURSES },
                { "all", no_argument, NULL, OPTION_ALL },
                { "out", required_argument, NULL, OPTION_OUT },
                { "test-labels", no_argument, NULL, OPTION_TEST_LABELS },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_DATA:
                        if (arg_n_data == STAGE_ROOTS_MAX)
                                return usage("too many --data");
                        arg_data[arg_n_data++] = optarg;
                        break;
                case OPTION_COURSES:
                        if (helper_add_names(&arg_courses, optarg) < 0)
                                return usage("--courses wants course names separated by commas");
                        break;
                case OPTION_ALL:
                        arg_all = true;
                        break;
                case OPTION_OUT:
                        arg_out = optarg;
                        break;
                case OPTION_TEST_LABELS:
                        arg_test_labels = true;
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-stage %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "Try 'morf-stage --help'.\n");
                        return HELPER_EXIT_USAGE;
                }
        /* Leaving --courses out by mistake must not show everything. */
        if (optind < argc || arg_n_data == 0 || !arg_out || arg_all == (arg_courses != NULL))
                return usage("wants --data, --out, and either --courses or --all, and no other arguments");
        return -1;
}

static int run(void) {
        int roots[STAGE_ROOTS_MAX], r = 0;
        _cleanup_free_ char *error = NULL;
        _cleanup_fd_ int out = -EBADF;
        StageOptions options = { .roots = roots, .names = arg_data, .courses = arg_courses, .test_labels = arg_test_labels };

        out = helper_open_dir(arg_out);
        if (out < 0)
                return out;
        for (; r >= 0 && options.n_roots < arg_n_data; options.n_roots++) {
                r = helper_open_dir(arg_data[options.n_roots]);
                roots[options.n_roots] = r;
        }
        if (r >= 0) {
                r = stage_run(&options, out, &error);
                if (r < 0)
                        log_error_errno(error ? 0 : r, "%s", error ?: "cannot write the tables");
        }
        for (size_t i = 0; i < options.n_roots; i++)
                fd_close(roots[i]);
        return r;
}

static int work(int argc, char *argv[]) {
        int r;

        r = parse_argv(argc, argv);
        if (r < 0)
                r = run() < 0 ? FAULT_EXIT_TEMPORARY : 0;
        arg_courses = strv_free(arg_courses);
        return r;
}

int main(int argc, char *argv[]) {
        return helper_main("morf-stage", argc, argv, work);
}
