/* SPDX-License-Identifier: MIT */
/*
 * morf-plan: makes plan.json from the calls of a workflow and the courses there are.
 */

#include <getopt.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/strv.h"
#include "spool/helper.h"
#include "spool/manifest.h"
#include "tools/plan/campus.h"
#include "tools/plan/compile.h"
#include "tools/plan/recording.h"

#define ROOTS_MAX 64u

static const char *arg_data[ROOTS_MAX], *arg_manifest, *arg_record, *arg_out;
static size_t arg_n_data;
static char **arg_courses;
static bool arg_labels_allowed;

static void help(void) {
        printf("morf-plan --manifest DIR --record DIR|- --data DIR... --courses A,B,.. --out DIR [OPTION...]\n\n"
               "Makes plan.json in --out: what the calls of a workflow mean for the courses there are.\n\n"
               "  --manifest DIR     where manifest.json is, which may have the calls\n"
               "  --record DIR       where calls.json is, what a controller calls; '-' when there is no controller\n"
               "  --data DIR         a data root; may be given several times\n"
               "  --courses A,B,..   the courses; may be given several times\n"
               "  --out DIR          where the plan goes\n"
               "  --labels-allowed   the user may make tables of labels\n"
               "  --help             show this text\n"
               "  --version          show the version\n\n"
               "Exit status: 0 success, 65 the calls are wrong (see fault.json), 75 try again, 2 wrong usage.\n");
}

static int usage(const char *complaint) {
        fprintf(stderr, "morf-plan: %s; try 'morf-plan --help'\n", complaint);
        return HELPER_EXIT_USAGE;
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_MANIFEST = 256, OPTION_RECORD, OPTION_DATA, OPTION_COURSES, OPTION_OUT, OPTION_LABELS_ALLOWED, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "manifest", required_argument, NULL, OPTION_MANIFEST },
                { "record", required_argument, NULL, OPTION_RECORD },
                { "data", required_argument, NULL, OPTION_DATA },
                { "courses", required_argument, NULL, OPTION_COURSES },
                { "out", required_argument, NULL, OPTION_OUT },
                { "labels-allowed", no_argument, NULL, OPTION_LABELS_ALLOWED },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_MANIFEST:
                        arg_manifest = optarg;
                        break;
                case OPTION_RECORD:
                        arg_record = optarg;
                        break;
                case OPTION_DATA:
                        if (arg_n_data == ROOTS_MAX)
                                return usage("too many --data");
                        arg_data[arg_n_data++] = optarg;
                        break;
                case OPTION_COURSES:
                        if (helper_add_names(&arg_courses, optarg) < 0)
                                return usage("--courses wants course names separated by commas");
                        break;
                case OPTION_OUT:
                        arg_out = optarg;
                        break;
                case OPTION_LABELS_ALLOWED:
                        arg_labels_allowed = true;
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-plan %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "Try 'morf-plan --help'.\n");
                        return HELPER_EXIT_USAGE;
                }
        if (optind < argc || !arg_manifest || !arg_record || arg_n_data == 0 || !arg_courses || !arg_out)
                return usage("wants --manifest, --record, --data, --courses and --out, and no other arguments");
        return -1;
}

static int read_manifest(Manifest *ret) {
        _cleanup_free_ char *error = NULL;
        _cleanup_fd_ int dir = -EBADF;
        int r;

        dir = helper_open_dir(arg_manifest);
        if (dir < 0)
                return dir;
        r = manifest_read_at(dir, ret, &error);
        /* Our own intake wrote it: not a matter of the researcher's. */
        if (r < 0)
                return log_error_errno(r == -EBADMSG ? -EINVAL : r, "cannot read the manifest: %s", strempty(error));
        return 0;
}

static int read_calls(const Manifest *m, Calls *ret, Fault *reterr) {
        _cleanup_fd_ int dir = -EBADF;

        if (!m->controller)
                return 0;
        dir = helper_open_dir(arg_record);
        return dir < 0 ? dir : recording_read(dir, m->controller, ret, reterr);
}

static int list_courses(Plan *p) {
        int roots[ROOTS_MAX], r = 0;
        size_t n = 0;

        for (; n < arg_n_data; n++) {
                roots[n] = helper_open_dir(arg_data[n]);
                if (roots[n] < 0) {
                        r = roots[n];
                        break;
                }
        }
        if (r >= 0) {
                r = campus_list(roots, n, arg_courses, p);
                if (r < 0)
                        log_error_errno(r, "cannot list the courses");
        }
        while (n > 0)
                fd_close(roots[--n]);
        return r;
}

static int make_plan(int out, Fault *reterr) {
        _cleanup_plan_ Plan p = { .version = PLAN_VERSION };
        _cleanup_manifest_ Manifest m = {};
        _cleanup_free_ char *error = NULL;
        _cleanup_calls_ Calls calls = {};
        CompileOptions options = { .labels_allowed = arg_labels_allowed };
        int r;

        r = read_manifest(&m);
        if (r >= 0)
                r = read_calls(&m, &calls, reterr);
        if (r >= 0)
                r = list_courses(&p);
        if (r < 0)
                return r;
        options.file = m.controller ? m.controller : "workflow";
        r = m.controller ? compile_calls(&options, calls.items, calls.n, &p, reterr) : compile_calls(&options, m.calls, m.n_calls, &p, reterr);
        if (r < 0)
                return r;
        r = plan_check(&p, &error);
        if (r < 0)
                return log_error_errno(r == -EBADMSG ? -EINVAL : r, "the plan is not valid: %s", strempty(error));
        return plan_write_at(out, &p);
}

static int work(int argc, char *argv[]) {
        static const char *const made[] = { PLAN_FILE, NULL };
        _cleanup_fault_ Fault fault = {};
        _cleanup_fd_ int out = -EBADF;
        int r;

        r = parse_argv(argc, argv);
        if (r >= 0)
                goto finish;
        out = helper_open_dir(arg_out);
        r = out < 0 ? out : helper_clear(out, made);
        if (r >= 0)
                r = make_plan(out, &fault);
        r = out < 0 ? FAULT_EXIT_TEMPORARY : helper_finish(out, r, &fault);
finish:
        arg_courses = strv_free(arg_courses);
        return r;
}

int main(int argc, char *argv[]) {
        return helper_main("morf-plan", argc, argv, work);
}
