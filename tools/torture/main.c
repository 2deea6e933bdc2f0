/* SPDX-License-Identifier: MIT */

/*
 * morf-torture: hands in jobs that do nothing, kills processes of morf at random moments, and checks that every job ended once,
 * with one mail for each event and the result of a quiet run. For staging hosts; see morfd(8).
 */

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/random.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "tools/torture/manager.h"
#include "tools/torture/verdict.h"
#include "tools/torture/victim.h"

#define EXIT_USAGE 2
#define JOBS_MAX 999u
/* How often the spool is looked at while waiting. */
#define POLL_USEC (100 * USEC_PER_MSEC)
#define COURSES_MAX 2u

static bool arg_staging;
static uint64_t arg_jobs = 20, arg_seconds = 30, arg_seed, arg_every = USEC_PER_SEC, arg_patience = 10 * USEC_PER_MINUTE;
static bool arg_seeded;
static unsigned arg_kill = 1u << VICTIM_MORFD;
static Load arg_load = { .user = "torture", .base = "busybox:latest", .box_fd = -EBADF };

static void help(void) {
        puts("Usage: morf-torture --staging [OPTION...]\n"
             "Hand in jobs, kill processes of morf at random moments, and check that nothing was lost or done twice.\n"
             "For staging hosts: it refuses to run where the spool holds anything that it has not made itself.\n"
             "\n"
             "  --staging        this host is for tests, processes may be killed here\n"
             "  --jobs N         jobs to hand in (20)\n"
             "  --seconds N      how long to kill (30)\n"
             "  --seed N         repeats the decisions of another run; without it a new one is chosen and printed\n"
             "  --kill LIST      whom: morfd, mail, helpers, dockerd (morfd)\n"
             "  --every SPAN     mean time between two kills (1s)\n"
             "  --user NAME      the account of the jobs (torture)\n"
             "  --base IMAGE     an image with a 'cp' program that the engine has (busybox:latest)\n"
             "  --patience SPAN  how long to wait for the last job after the last kill (10m)\n"
             "  --help           show this text\n"
             "  --version        show the version\n"
             "\n"
             "Exit status: 0 all is as it must be, 1 something is not, 2 wrong usage or not a staging host.");
}

static int usage(const char *option, const char *wanted) {
        fprintf(stderr, "morf-torture: --%s %s; try 'morf-torture --help'\n", option, wanted);
        return -EINVAL;
}

enum {
        OPTION_STAGING = 256,
        OPTION_JOBS,
        OPTION_SECONDS,
        OPTION_SEED,
        OPTION_KILL,
        OPTION_EVERY,
        OPTION_USER,
        OPTION_BASE,
        OPTION_PATIENCE,
        OPTION_HELP,
        OPTION_VERSION,
};

/* Options that say how much and how long. Return: 0 or -EINVAL. */
static int take_number(int c, const char *value) {
        switch (c) {
        case OPTION_JOBS:
                return parse_u64(value, 1, JOBS_MAX, &arg_jobs) < 0 ? usage("jobs", "wants a number from 1 to 999") : 0;
        case OPTION_SECONDS:
                return parse_u64(value, 0, 86400, &arg_seconds) < 0 ? usage("seconds", "wants a number from 0 to 86400") : 0;
        case OPTION_SEED:
                arg_seeded = true;
                return parse_u64(value, 0, UINT64_MAX, &arg_seed) < 0 ? usage("seed", "wants a number") : 0;
        case OPTION_EVERY:
                return parse_span(value, &arg_every) < 0 || arg_every < 10 * USEC_PER_MSEC ? usage("every", "wants a time of at least 10ms") : 0;
        case OPTION_PATIENCE:
                return parse_span(value, &arg_patience) < 0 ? usage("patience", "wants a time such as 10m") : 0;
        default:
                return -EINVAL;
        }
}

/* Return: 0 to go on, 1 when all is done, or -EINVAL. */
static int parse_argv(int argc, char *argv[]) {
        static const struct option options[] = {
                { "staging", no_argument, NULL, OPTION_STAGING },
                { "jobs", required_argument, NULL, OPTION_JOBS },
                { "seconds", required_argument, NULL, OPTION_SECONDS },
                { "seed", required_argument, NULL, OPTION_SEED },
                { "kill", required_argument, NULL, OPTION_KILL },
                { "every", required_argument, NULL, OPTION_EVERY },
                { "user", required_argument, NULL, OPTION_USER },
                { "base", required_argument, NULL, OPTION_BASE },
                { "patience", required_argument, NULL, OPTION_PATIENCE },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int c, r = 0;

        while (r >= 0 && (c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_STAGING:
                        arg_staging = true;
                        break;
                case OPTION_JOBS:
                case OPTION_SECONDS:
                case OPTION_SEED:
                case OPTION_EVERY:
                case OPTION_PATIENCE:
                        r = take_number(c, optarg);
                        break;
                case OPTION_KILL:
                        if (victim_parse_set(optarg, &arg_kill) < 0)
                                r = usage("kill", "wants some of morfd, mail, helpers, dockerd, with commas between");
                        break;
                case OPTION_USER:
                        arg_load.user = optarg;
                        if (!name_is_user(optarg))
                                r = usage("user", "wants the name of an account");
                        break;
                case OPTION_BASE:
                        arg_load.base = optarg;
                        if (strpbrk(optarg, " \t\r\n") || !*optarg)
                                r = usage("base", "wants the name of an image");
                        break;
                case OPTION_HELP:
                        help();
                        return 1;
                case OPTION_VERSION:
                        puts("morf-torture " MORF_VERSION);
                        return 1;
                default:
                        fputs("Try 'morf-torture --help'.\n", stderr);
                        return -EINVAL;
                }
        if (r >= 0 && optind < argc) {
                fputs("morf-torture: unexpected argument; try 'morf-torture --help'.\n", stderr);
                return -EINVAL;
        }
        return r;
}

/* ---- getting ready ---- */

static int refuse(const char *reason) {
        fprintf(stderr, "morf-torture: %s. Nothing was done.\n", reason);
        return -EPERM;
}

/* Some courses that the account may see. */
static int choose_courses(const Conf *conf, const ConfUser *user, char ***ret) {
        STRV_FOREACH(root, conf->data) {
                _cleanup_(closedirp) DIR *d = NULL;
                struct dirent *de;

                if (fd_open_dirstream_at(AT_FDCWD, *root, &d) < 0)
                        continue;
                while (strv_length(*ret) < COURSES_MAX && (de = readdir(d))) {
                        int r = 0;

                        if (de->d_type == DT_DIR && name_is_valid(de->d_name) && conf_user_may_see(user, de->d_name))
                                r = strv_add(ret, de->d_name);
                        if (r < 0)
                                return r;
                }
        }
        return strv_length(*ret) > 0 ? 0 : -ENODATA;
}

static int make_ready(const Conf *conf, const Spool *spool) {
        _cleanup_conf_user_ ConfUser user = {};
        _cleanup_free_ char *error = NULL;
        int r;

        if (!arg_staging)
                return refuse("it kills processes; --staging says that this host is for that");
        if (geteuid() != 0)
                return refuse("only root can do that");
        r = conf_user_load(arg_load.user, &user, &error);
        if (r < 0) {
                fprintf(stderr, "morf-torture: account '%s': %s; make one: morf user add %s --mail root@localhost --grant-all\n", arg_load.user,
                        error ?: strerrordesc_np(-r), arg_load.user);
                return r;
        }
        r = inventory_is_ours(spool, arg_load.user, &error);
        if (r < 0)
                return log_error_errno(r, "cannot read the spool");
        if (r == 0)
                return refuse(error ?: "the spool holds jobs of others");
        r = choose_courses(conf, &user, &arg_load.courses);
        if (r < 0)
                return refuse("the account may see no course");
        r = load_open(&arg_load, spool);
        if (r < 0)
                return log_error_errno(r, "cannot open the drop box of '%s'", arg_load.user);
        snprintf(arg_load.token, sizeof(arg_load.token), "%" PRIx64, time_now_realtime() / USEC_PER_SEC);
        return 0;
}

/* ---- the run ---- */

/* Jobs of this run that have ended and are in their last place. */
static unsigned count_ended(const Spool *spool) {
        _cleanup_inventory_ Inventory all = {};
        char prefix[LOAD_NAME_SIZE];
        unsigned n = 0;

        if (inventory_take(spool, load_prefix(&arg_load, prefix), &all) < 0)
                return 0;
        for (size_t i = 0; i < all.n; i++)
                n += all.items[i].place != SPOOL_ACTIVE;
        return n;
}

static bool mails_are_sent(const Spool *spool) {
        /* Beside the mails there are the two directories. */
        return inventory_count(spool->fds[SPOOL_OUTBOX], ".", true) <= 2;
}

/* Waits until so many jobs have ended and their mails are sent. Return: 0 or -ETIMEDOUT. */
static int wait_ended(const Spool *spool, unsigned n) {
        uint64_t deadline = time_add(time_now_boottime(), arg_patience);

        while (count_ended(spool) < n || !mails_are_sent(spool)) {
                if (time_now_boottime() >= deadline)
                        return -ETIMEDOUT;
                (void) usleep(POLL_USEC);
        }
        return 0;
}

static void torture(Random *random, unsigned struck[static _VICTIM_MAX]) {
        uint64_t end = time_add(time_now_boottime(), arg_seconds * USEC_PER_SEC);

        while (time_now_boottime() < end) {
                Strike s = strike_next(random, arg_kill, arg_every);
                int r;

                (void) usleep((useconds_t) s.delay_usec);
                r = s.kind == VICTIM_DOCKERD ? manager_forgive_engine(/* start= */ false) : 0;
                if (r >= 0)
                        r = strike_do(&s);
                if (r < 0)
                        log_error_errno(r, "cannot kill one of '%s', ignoring", victim_to_string(s.kind));
                struck[s.kind] += r > 0;
        }
        if ((arg_kill & (1u << VICTIM_DOCKERD)) != 0)
                (void) manager_forgive_engine(/* start= */ true);
}

static void report_kills(const unsigned struck[static _VICTIM_MAX], uint64_t began) {
        char span[TIME_STRING_MAX];

        printf("killed:");
        for (VictimKind k = 0; k < _VICTIM_MAX; k++)
                if ((arg_kill & (1u << k)) != 0)
                        printf(" %s %u times", victim_to_string(k), struck[k]);
        printf("; all ended after %s\n", time_format_span(time_sub(time_now_boottime(), began), span));
}

/* Return: how many things are wrong, or a negative errno. */
static int run(const Conf *conf, const Spool *spool) {
        Verdict v = { .conf = conf, .spool = spool, .load = &arg_load, .jobs = (unsigned) arg_jobs };
        unsigned struck[_VICTIM_MAX] = {};
        Random random = { .state = arg_seed };
        uint64_t began;
        int r;

        printf("seed %" PRIu64 ", %" PRIu64 " jobs of '%s' (%s%s-…)\n", arg_seed, arg_jobs, arg_load.user, LOAD_PREFIX, arg_load.token);
        fflush(stdout);
        r = load_drop(&arg_load, 0);
        if (r < 0)
                return log_error_errno(r, "cannot hand in a job");
        r = wait_ended(spool, 1);
        if (r < 0)
                return log_error_errno(r, "the first job, before any kill, did not end");
        began = time_now_boottime();
        for (unsigned i = 1; i <= arg_jobs; i++) {
                r = load_drop(&arg_load, i);
                if (r < 0)
                        return log_error_errno(r, "cannot hand in a job");
        }
        torture(&random, struck);
        r = wait_ended(spool, (unsigned) arg_jobs + 1);
        report_kills(struck, began);
        if (r < 0)
                puts("  FAULT: not all jobs have ended, or not all mails were sent, in time");
        v.faults += r < 0;
        verdict_on_jobs(&v);
        verdict_on_mails(&v);
        verdict_on_leftovers(&v);
        printf("%u faults; --seed %" PRIu64 " repeats the decisions of this run\n", v.faults, arg_seed);
        return (int) v.faults;
}

int main(int argc, char *argv[]) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_free_ char *error = NULL;
        _cleanup_conf_ Conf conf = {};
        int r;

        r = parse_argv(argc, argv);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        log_open("morf-torture", LOG_INFO, /* force_journal= */ false);
        if (!arg_seeded && getrandom(&arg_seed, sizeof(arg_seed), 0) != sizeof(arg_seed))
                arg_seed = time_now_realtime();

        r = conf_load(&conf, &error);
        if (r >= 0)
                r = spool_open_readonly(conf.spool, &spool, &error);
        if (r < 0)
                log_error("%s", error ?: strerrordesc_np(-r));
        else
                r = make_ready(&conf, &spool);
        if (r < 0)
                return EXIT_USAGE;
        r = run(&conf, &spool);
        load_done(&arg_load);
        strv_free(arg_load.courses);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
