/* SPDX-License-Identifier: MIT */

/*
 * morf-synth: writes a synthetic repository of MOOC exports, for trying jobs without private data.
 *
 * Everything is a function of (seed, course, session, learner, day): each of the seven files of a session is one view
 * of one stream of actions (activity.h), which is told anew for every file instead of being kept. What is kept for a
 * session is a few bytes for each person (the visits of one day, last active week, points) and the list of forum
 * contributions; so memory does not grow with the number of click events. Output does not depend on time zone,
 * locale, clock or the order of runs.
 *
 * Exit status: 0 written, 1 failed, 2 wrong usage.
 */

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>

#include "spool/base/fd.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"
#include "spool/layout.h"
#include "tools/synth/repository.h"

#define EXIT_USAGE 2

static const char *arg_out = NULL;
static bool arg_force = false;
static bool arg_progress = false;
static CampusPlan arg_plan = { .courses = 2, .sessions = 3, .users = 200, .seed = 1 };

static void help(void) {
        printf("Usage: morf-synth --out DIR [OPTION...]\n\n"
               "Write a synthetic repository of course exports below DIR.\n\n"
               "  -o --out DIR        where to write; made if it is not there\n"
               "  -c --courses N      courses, 1 to %u (default 2)\n"
               "  -n --sessions N     sessions of each course, %u to %u (default 3); the last is the holdout\n"
               "  -u --users N        mean number of learners in a session's log, %u to %u (default 200)\n"
               "  -d --days N         days from start to end, %u to %u (default: each course has its own);\n"
               "                      the course \"accounting\" has at least %u\n"
               "  -s --seed N         the same seed makes the same bytes (default 1)\n"
               "     --format v2      generation of the export format; v2 is the only one\n"
               "     --force          write into a directory that is not empty: files of the same name are replaced,\n"
               "                      others are left\n"
               "     --progress       tell about each session on standard error\n"
               "  -h --help           show this help\n"
               "     --version        show the version\n",
               CAMPUS_COURSES_MAX, CAMPUS_SESSIONS_MIN, CAMPUS_SESSIONS_MAX, CAMPUS_USERS_MIN, CAMPUS_USERS_MAX,
               CAMPUS_DAYS_MIN, CAMPUS_DAYS_MAX, CAMPUS_DAYS_MIN_ACCOUNTING);
}

static int usage_error(const char *option, uint64_t min, uint64_t max) {
        fprintf(stderr, "morf-synth: --%s takes a number from %llu to %llu, not '%s'.\n",
                option, (unsigned long long) min, (unsigned long long) max, optarg);
        return -EINVAL;
}

static int parse_number(const char *option, uint64_t min, uint64_t max, uint64_t *ret) {
        return parse_u64(optarg, min, max, ret) < 0 ? usage_error(option, min, max) : 0;
}

enum {
        ARG_VERSION = 0x100,
        ARG_FORMAT,
        ARG_FORCE,
        ARG_PROGRESS,
};

static const struct option options[] = {
        { "out",      required_argument, NULL, 'o'          },
        { "courses",  required_argument, NULL, 'c'          },
        { "sessions", required_argument, NULL, 'n'          },
        { "users",    required_argument, NULL, 'u'          },
        { "days",     required_argument, NULL, 'd'          },
        { "seed",     required_argument, NULL, 's'          },
        { "format",   required_argument, NULL, ARG_FORMAT   },
        { "force",    no_argument,       NULL, ARG_FORCE    },
        { "progress", no_argument,       NULL, ARG_PROGRESS },
        { "help",     no_argument,       NULL, 'h'          },
        { "version",  no_argument,       NULL, ARG_VERSION  },
        {},
};

/* Options that are numbers. Return: 0 or -EINVAL, told. */
static int parse_plan(int c) {
        uint64_t v;
        int r;

        switch (c) {
        case 'c':
                r = parse_number("courses", 1, CAMPUS_COURSES_MAX, &v);
                if (r >= 0)
                        arg_plan.courses = (unsigned) v;
                return r;
        case 'n':
                r = parse_number("sessions", CAMPUS_SESSIONS_MIN, CAMPUS_SESSIONS_MAX, &v);
                if (r >= 0)
                        arg_plan.sessions = (unsigned) v;
                return r;
        case 'u':
                r = parse_number("users", CAMPUS_USERS_MIN, CAMPUS_USERS_MAX, &v);
                if (r >= 0)
                        arg_plan.users = (uint32_t) v;
                return r;
        case 'd':
                r = parse_number("days", CAMPUS_DAYS_MIN, CAMPUS_DAYS_MAX, &v);
                if (r >= 0)
                        arg_plan.days = (unsigned) v;
                return r;
        default:
                return parse_number("seed", 0, UINT64_MAX, &arg_plan.seed);
        }
}

/* Return: 1 to go on, 0 when all is done (help), -EINVAL for wrong usage, told. */
static int parse_argv(int argc, char *argv[]) {
        int c;

        while ((c = getopt_long(argc, argv, "o:c:n:u:d:s:h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        help();
                        return 0;
                case ARG_VERSION:
                        printf("morf-synth %s\n", MORF_VERSION);
                        return 0;
                case 'o':
                        arg_out = optarg;
                        break;
                case ARG_FORMAT:
                        if (!streq(optarg, "v2")) {
                                fprintf(stderr, "morf-synth: there is no format '%s'; the only one is v2.\n", optarg);
                                return -EINVAL;
                        }
                        break;
                case ARG_FORCE:
                        arg_force = true;
                        break;
                case ARG_PROGRESS:
                        arg_progress = true;
                        break;
                case '?':
                        fprintf(stderr, "Try 'morf-synth --help'.\n");
                        return -EINVAL;
                default:
                        if (parse_plan(c) < 0)
                                return -EINVAL;
                }
        if (optind < argc) {
                fprintf(stderr, "morf-synth: unexpected argument '%s'. Try 'morf-synth --help'.\n", argv[optind]);
                return -EINVAL;
        }
        if (!arg_out) {
                fprintf(stderr, "morf-synth: --out is missing. Try 'morf-synth --help'.\n");
                return -EINVAL;
        }
        return 1;
}

/* Return: whether the directory holds anything, or a negative errno. */
static int is_filled(int fd) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *entry;
        int r;

        r = fd_open_dirstream_at(fd, ".", &d);
        if (r < 0)
                return r;
        while ((entry = readdir(d)))
                if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        return 1;
        return 0;
}

static int fail(int r, const char *what) {
        fprintf(stderr, "morf-synth: %s %s: %s\n", what, arg_out, strerror(-r));
        return EXIT_FAILURE;
}

static void on_progress(void *userdata, const Session *s, const RepositoryStats *so_far) {
        (void) userdata;
        fprintf(stderr, "%s-%s: %u learners (%llu of %u sessions, %llu events)\n", s->slug, s->name, s->learners,
                (unsigned long long) so_far->sessions, arg_plan.courses * arg_plan.sessions,
                (unsigned long long) so_far->lines);
}

/* Not where something of somebody else's may lie beside. */
static int mark(int fd) {
        static const char text[] = "Made by morf-synth: this is nobody's data.\n";

        return publish_file_at(fd, DATA_SYNTHETIC_FILE, text, strlen(text), 0644, (uid_t) -1, (gid_t) -1);
}

int main(int argc, char *argv[]) {
        _cleanup_fd_ int fd = -EBADF;
        RepositoryStats stats;
        bool filled;
        int r;

        r = parse_argv(argc, argv);
        if (r <= 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        if (mkdir(arg_out, 0755) < 0 && errno != EEXIST)
                return fail(negative_errno(), "cannot make the directory");
        fd = open(arg_out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fail(negative_errno(), "cannot open the directory");
        r = is_filled(fd);
        if (r < 0)
                return fail(r, "cannot read the directory");
        if (r > 0 && !arg_force) {
                fprintf(stderr,
                        "morf-synth: %s is not empty; name another directory, or say --force to write into this one.\n",
                        arg_out);
                return EXIT_FAILURE;
        }
        filled = r > 0;
        r = repository_write(fd, &arg_plan, arg_progress ? on_progress : NULL, NULL, &stats);
        if (r < 0)
                return fail(r, r == -E2BIG ? "too many people in all sessions together for" : "cannot write below");
        r = filled ? 0 : mark(fd);
        if (r < 0)
                return fail(r, "cannot write below");
        printf("%llu sessions, %llu learners, %llu events (%llu bytes before compression) in %s\n",
                (unsigned long long) stats.sessions, (unsigned long long) stats.learners,
                (unsigned long long) stats.lines, (unsigned long long) stats.log_bytes, arg_out);
        return EXIT_SUCCESS;
}
