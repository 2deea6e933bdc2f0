/* SPDX-License-Identifier: MIT */
/*
 * morf-assemble: makes ready what the containers of a phase see, and takes over what they left.
 *
 * Its unit sees the plan, the manifest, the data roots and (collect) the steps' directories read-only; work/, the layers of raw sessions
 * (prepare) and the caches of the job's user writable; no network, no engine. It makes whiteouts, devices 0:0, for which Linux asks no
 * privilege.
 */

#include <getopt.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/helper.h"
#include "spool/limits.h"
#include "tools/assemble/assemble.h"

#define ROOTS_MAX 64u

static const char *arg_plan, *arg_manifest, *arg_work, *arg_steps, *arg_raw, *arg_cache, *arg_features, *arg_data[ROOTS_MAX];
static size_t arg_n_data;
static char **arg_lost;
static unsigned *arg_failed;
static Assemble arg_assemble;

static void help(void) {
        printf("morf-assemble prepare|collect --plan DIR --manifest DIR --work DIR --phase N [OPTION...]\n\n"
               "prepare lays out, in --work, what the containers of a phase of a workflow see; collect takes over what they left.\n"
               "What is wrong with the job is said in fault.json there.\n\n"
               "  --plan DIR            where plan.json is\n"
               "  --manifest DIR        where manifest.json is\n"
               "  --work DIR            what the job's phases make\n"
               "  --phase N             which phase of the plan\n"
               "  --data DIR            a data root; may be given several times\n"
               "  --cache-steps DIR     outputs of earlier steps of the user\n"
               "  --cache-features DIR  features of earlier jobs of the user\n"
               "  --cache-raw DIR       prepare: raw sessions made ready\n"
               "  --image ID            prepare: the image of the job\n"
               "  --steps DIR           collect: the directories of the steps\n"
               "  --max-bytes SIZE      collect: most that one output may hold\n"
               "  --max-files N         collect: most files of one output\n"
               "  --failed N            collect: step N left no output; may be given several times\n"
               "  --lost COURSE         the job goes on without this course; may be given several times\n"
               "  --salvage             collect: only keep what was finished for another try\n"
               "  --help                show this text\n"
               "  --version             show the version\n\n"
               "Exit status: 0 success, 65 the job is wrong, 75 try again, 2 wrong usage.\n");
}

static int usage(const char *complaint) {
        fprintf(stderr, "morf-assemble: %s; try 'morf-assemble --help'\n", complaint);
        return HELPER_EXIT_USAGE;
}

static int add_failed(const char *text) {
        unsigned *bigger;
        uint64_t n;

        if (parse_u64(text, 1, LIMIT_STEPS, &n) < 0)
                return -EINVAL;
        bigger = reallocarray(arg_failed, arg_assemble.n_failed + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        bigger[arg_assemble.n_failed++] = (unsigned) n;
        arg_failed = bigger;
        return 0;
}

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_PLAN = 256, OPTION_MANIFEST, OPTION_WORK, OPTION_PHASE, OPTION_DATA, OPTION_STEPS_CACHE, OPTION_FEATURES, OPTION_RAW,
               OPTION_IMAGE, OPTION_STEPS, OPTION_BYTES, OPTION_FILES, OPTION_FAILED, OPTION_LOST, OPTION_SALVAGE, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "plan", required_argument, NULL, OPTION_PLAN },
                { "manifest", required_argument, NULL, OPTION_MANIFEST },
                { "work", required_argument, NULL, OPTION_WORK },
                { "phase", required_argument, NULL, OPTION_PHASE },
                { "data", required_argument, NULL, OPTION_DATA },
                { "cache-steps", required_argument, NULL, OPTION_STEPS_CACHE },
                { "cache-features", required_argument, NULL, OPTION_FEATURES },
                { "cache-raw", required_argument, NULL, OPTION_RAW },
                { "image", required_argument, NULL, OPTION_IMAGE },
                { "steps", required_argument, NULL, OPTION_STEPS },
                { "max-bytes", required_argument, NULL, OPTION_BYTES },
                { "max-files", required_argument, NULL, OPTION_FILES },
                { "failed", required_argument, NULL, OPTION_FAILED },
                { "lost", required_argument, NULL, OPTION_LOST },
                { "salvage", no_argument, NULL, OPTION_SALVAGE },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        uint64_t phase;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_PLAN:
                        arg_plan = optarg;
                        break;
                case OPTION_MANIFEST:
                        arg_manifest = optarg;
                        break;
                case OPTION_WORK:
                        arg_work = optarg;
                        break;
                case OPTION_PHASE:
                        if (parse_u64(optarg, 1, LIMIT_STEPS, &phase) < 0)
                                return usage("--phase wants a number");
                        arg_assemble.phase_number = (unsigned) phase;
                        break;
                case OPTION_DATA:
                        if (arg_n_data == ROOTS_MAX)
                                return usage("too many --data");
                        arg_data[arg_n_data++] = optarg;
                        break;
                case OPTION_STEPS_CACHE:
                        arg_cache = optarg;
                        break;
                case OPTION_FEATURES:
                        arg_features = optarg;
                        break;
                case OPTION_RAW:
                        arg_raw = optarg;
                        break;
                case OPTION_IMAGE:
                        arg_assemble.image = optarg;
                        break;
                case OPTION_STEPS:
                        arg_steps = optarg;
                        break;
                case OPTION_BYTES:
                        if (parse_size(optarg, &arg_assemble.max_bytes) < 0)
                                return usage("--max-bytes wants a size like 1G");
                        break;
                case OPTION_FILES:
                        if (parse_u64(optarg, 0, UINT32_MAX, &arg_assemble.max_files) < 0)
                                return usage("--max-files wants a number");
                        break;
                case OPTION_FAILED:
                        if (add_failed(optarg) < 0)
                                return usage("--failed wants the number of a step");
                        break;
                case OPTION_LOST:
                        if (strv_add(&arg_lost, optarg) < 0)
                                return usage("out of memory");
                        arg_assemble.n_lost++;
                        break;
                case OPTION_SALVAGE:
                        arg_assemble.salvage = true;
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-assemble %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "Try 'morf-assemble --help'.\n");
                        return HELPER_EXIT_USAGE;
                }
        if (optind + 1 != argc)
                return usage("wants one of the words prepare and collect");
        if (!arg_plan || !arg_manifest || !arg_work || arg_assemble.phase_number == 0 || !arg_cache || !arg_features)
                return usage("wants --plan, --manifest, --work, --phase, --cache-steps and --cache-features");
        return -1;
}

/* What our own programs wrote: not the researcher's fault. */
static int read_records(Assemble *a) {
        _cleanup_fd_ int plan = -EBADF, manifest = -EBADF;
        _cleanup_free_ char *error = NULL;
        int r;

        plan = helper_open_dir(arg_plan);
        manifest = helper_open_dir(arg_manifest);
        if (plan < 0 || manifest < 0)
                return plan < 0 ? plan : manifest;
        r = plan_read_at(plan, &a->plan, &error);
        if (r >= 0)
                r = manifest_read_at(manifest, &a->manifest, &error);
        if (r < 0)
                return log_error_errno(r == -EBADMSG ? -EINVAL : r, "cannot read the plan or the manifest: %s", strempty(error));
        if (a->phase_number > a->plan.n_phases)
                return log_error_errno(-EINVAL, "the plan has no phase %u", a->phase_number);
        a->phase = &a->plan.phases[a->phase_number - 1];
        return 0;
}

static int open_optional(const char *path) {
        return path ? helper_open_dir(path) : -EBADF;
}

static int work(int argc, char *argv[]) {
        _cleanup_fd_ int work = -EBADF, steps = -EBADF, raw = -EBADF, cache = -EBADF, features = -EBADF;
        static const char *const made[] = { NULL };
        Assemble *a = &arg_assemble;
        _cleanup_fault_ Fault fault = {};
        int roots[ROOTS_MAX], r;
        bool prepare;
        size_t n = 0;

        r = parse_argv(argc, argv);
        if (r >= 0) {
                free(arg_failed);
                strv_free(arg_lost);
                return r;
        }
        prepare = streq(argv[optind], "prepare");
        if (!prepare && !streq(argv[optind], "collect"))
                return usage("wants one of the words prepare and collect");
        if (prepare ? !arg_raw || !a->image : !arg_steps)
                return usage(prepare ? "prepare wants --cache-raw and --image" : "collect wants --steps");
        work = helper_open_dir(arg_work);
        if (work < 0)
                return FAULT_EXIT_TEMPORARY;
        r = helper_clear(work, made);
        if (r >= 0)
                r = read_records(a);
        steps = open_optional(arg_steps);
        raw = open_optional(arg_raw);
        cache = open_optional(arg_cache);
        features = open_optional(arg_features);
        for (; r >= 0 && n < arg_n_data; n++) {
                roots[n] = helper_open_dir(arg_data[n]);
                if (roots[n] < 0) {
                        r = roots[n];
                        break;
                }
        }
        if (r >= 0 && (cache < 0 || features < 0 || (prepare ? raw : steps) < 0))
                r = -ENOENT; /* which has been logged */
        a->work_fd = work;
        a->steps_fd = steps;
        a->cache_raw_fd = raw;
        a->cache_steps_fd = cache;
        a->cache_features_fd = features;
        a->roots = roots;
        a->n_roots = n;
        a->failed = arg_failed;
        a->lost = (const char *const *) arg_lost;
        if (r >= 0)
                r = prepare ? assemble_prepare(a, &fault) : assemble_collect(a, &fault);
        while (n > 0)
                fd_close(roots[--n]);
        plan_done(&a->plan);
        manifest_done(&a->manifest);
        free(arg_failed);
        strv_free(arg_lost);
        return helper_finish(work, r, &fault);
}

int main(int argc, char *argv[]) {
        return helper_main("morf-assemble", argc, argv, work);
}
