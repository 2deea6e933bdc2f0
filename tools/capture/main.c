/* SPDX-License-Identifier: MIT */

/*
 * morf-capture: runs a command inside of a unit, keeps the head and the tail of what it prints in a file, and ends it
 * when it fills the disk. Nothing of the output goes to the journal.
 *
 * Exit status: that of the command; 128 and the signal that killed it; 199 for 200 to 254 (systemd speaks in those);
 * 250 when the watched directories outgrew their limit; 251 when the filesystem ran low; 126 or 127 when the command
 * could not be started; 252 when the container engine did not answer, 253 when it went away meanwhile; 2 for a wrong command line; 70 for trouble of its own.
 */

#include <fcntl.h>
#include <getopt.h>

#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/parse.h"
#include "tools/capture/capture.h"

#define EXIT_USAGE 2
#define DIGESTED_MAX (UINT64_C(1) << 20)
#define DEFAULT_MAX (UINT64_C(1) << 20)

static const char *arg_file, *arg_free_path, *arg_digest, *arg_digest_to;
static uint64_t arg_max = DEFAULT_MAX, arg_free_min;
static bool arg_copy;
static Watch arg_watch;
static CaptureEngine arg_engine;

static void help(void) {
        puts("Usage: morf-capture --file FILE [OPTION…] -- COMMAND [ARGUMENT…]\n\n"
             "Runs COMMAND and keeps the head and the tail of what it prints in FILE.\n\n"
             "  --max BYTES          most bytes kept (default: 1M)\n"
             "  --copy               print it as well\n"
             "  --watch DIR          end COMMAND when DIR (may be given again) grows over:\n"
             "  --watch-max BYTES      so many bytes, all together\n"
             "  --watch-entries N      so many files and directories\n"
             "  --free-path PATH     end COMMAND when the filesystem of PATH has less than:\n"
             "  --free-min BYTES       so many bytes free\n"
             "  --engine-socket PATH the container engine that COMMAND speaks to must answer there,\n"
             "  --engine-pid PATH      and be the same in the end: this file of it unchanged\n"
             "  --engine-container NAME  what COMMAND makes there: removed when COMMAND fails itself\n"
             "  --engine-stale NAME      of an earlier COMMAND: removed before this one\n"
             "  --digest FILE        when COMMAND has succeeded, write the SHA-256 of FILE\n"
             "  --digest-to FILE       to this one\n"
             "  --help, --version\n\n"
             "Exit status: that of COMMAND, or 128 and the signal that killed it; 199 for its\n"
             "200 to 254; 250: --watch limit; 251: --free-min; 252, 253: the engine was, or went,\n"
             "away; 126, 127: COMMAND not started.");
}

/* Return: 0; -EINVAL after saying what is wrong. */
static int parse_bytes(const char *option, const char *value, uint64_t *ret) {
        if (parse_size(value, ret) < 0) {
                fprintf(stderr, "morf-capture: --%s wants a number of bytes such as 64M, not '%s'.\n", option, value);
                return -EINVAL;
        }
        return 0;
}

static int parse_watch(const char *path) {
        int r = watch_add(&arg_watch, path);

        if (r < 0)
                fprintf(stderr, "morf-capture: cannot watch %s: %s.\n", path,
                                r == -E2BIG ? "too many directories" : strerrordesc_np(-r));
        return r;
}

/* Return: 0 to go on, 1 when all is done, a negative errno after saying what is wrong. */
static int parse_argv(int argc, char *argv[]) {
        enum {
                ARG_HELP = 256,
                ARG_VERSION,
                ARG_FILE,
                ARG_MAX,
                ARG_COPY,
                ARG_WATCH,
                ARG_WATCH_MAX,
                ARG_WATCH_ENTRIES,
                ARG_FREE_PATH,
                ARG_FREE_MIN,
                ARG_ENGINE_SOCKET,
                ARG_ENGINE_PID,
                ARG_ENGINE_CONTAINER,
                ARG_ENGINE_STALE,
                ARG_DIGEST,
                ARG_DIGEST_TO,
        };
        static const struct option options[] = {
                { "help", no_argument, NULL, ARG_HELP },
                { "version", no_argument, NULL, ARG_VERSION },
                { "file", required_argument, NULL, ARG_FILE },
                { "max", required_argument, NULL, ARG_MAX },
                { "copy", no_argument, NULL, ARG_COPY },
                { "watch", required_argument, NULL, ARG_WATCH },
                { "watch-max", required_argument, NULL, ARG_WATCH_MAX },
                { "watch-entries", required_argument, NULL, ARG_WATCH_ENTRIES },
                { "free-path", required_argument, NULL, ARG_FREE_PATH },
                { "free-min", required_argument, NULL, ARG_FREE_MIN },
                { "engine-socket", required_argument, NULL, ARG_ENGINE_SOCKET },
                { "engine-pid", required_argument, NULL, ARG_ENGINE_PID },
                { "engine-container", required_argument, NULL, ARG_ENGINE_CONTAINER },
                { "engine-stale", required_argument, NULL, ARG_ENGINE_STALE },
                { "digest", required_argument, NULL, ARG_DIGEST },
                { "digest-to", required_argument, NULL, ARG_DIGEST_TO },
                {},
        };
        int c, r = 0;

        while (r >= 0 && (c = getopt_long(argc, argv, "+", options, NULL)) >= 0)
                switch (c) {
                case ARG_HELP:
                        help();
                        return 1;
                case ARG_VERSION:
                        puts("morf-capture " MORF_VERSION);
                        return 1;
                case ARG_FILE:
                        arg_file = optarg;
                        break;
                case ARG_MAX:
                        r = parse_bytes("max", optarg, &arg_max);
                        break;
                case ARG_COPY:
                        arg_copy = true;
                        break;
                case ARG_WATCH:
                        r = parse_watch(optarg);
                        break;
                case ARG_WATCH_MAX:
                        r = parse_bytes("watch-max", optarg, &arg_watch.max_bytes);
                        break;
                case ARG_WATCH_ENTRIES:
                        r = parse_bytes("watch-entries", optarg, &arg_watch.max_entries);
                        break;
                case ARG_FREE_PATH:
                        arg_free_path = optarg;
                        break;
                case ARG_FREE_MIN:
                        r = parse_bytes("free-min", optarg, &arg_free_min);
                        break;
                case ARG_ENGINE_SOCKET:
                        arg_engine.socket = optarg;
                        break;
                case ARG_ENGINE_PID:
                        arg_engine.pid_file = optarg;
                        break;
                case ARG_ENGINE_CONTAINER:
                        arg_engine.container = optarg;
                        break;
                case ARG_ENGINE_STALE:
                        arg_engine.stale = optarg;
                        break;
                case ARG_DIGEST:
                        arg_digest = optarg;
                        break;
                case ARG_DIGEST_TO:
                        arg_digest_to = optarg;
                        break;
                default:
                        fputs("Try 'morf-capture --help'.\n", stderr);
                        return -EINVAL;
                }
        if (r < 0)
                return r;
        if (!arg_digest != !arg_digest_to) {
                fputs("morf-capture: --digest and --digest-to go together.\n", stderr);
                return -EINVAL;
        }
        if (!arg_file || optind >= argc) {
                fputs("morf-capture needs --file FILE and a command; try 'morf-capture --help'.\n", stderr);
                return -EINVAL;
        }
        if (arg_max < OUTPUT_MAX_MIN || arg_max > OUTPUT_MAX_MAX) {
                fputs("morf-capture: --max must be between 1K and 256M.\n", stderr);
                return -EINVAL;
        }
        return 0;
}

/* What the command left may be anything: only a small regular file is read. */
static int write_digest(void) {
        _cleanup_fd_ int from = -EBADF, to = -EBADF;
        char digest[DIGEST_LENGTH + 1];
        int r;

        from = fd_open_regular_at(AT_FDCWD, arg_digest, DIGESTED_MAX, NULL);
        if (from < 0)
                return from;
        r = digest_fd(from, digest);
        if (r < 0)
                return r;
        to = open(arg_digest_to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
        if (to < 0)
                return negative_errno();
        digest[DIGEST_LENGTH] = '\n';
        return fd_write_all(to, digest, sizeof(digest));
}

static int run(char *const argv[]) {
        _cleanup_(output_done) Output output = OUTPUT_INIT;
        int r;

        if (arg_free_path) {
                r = watch_set_free(&arg_watch, arg_free_path, arg_free_min);
                if (r < 0) {
                        log_error_errno(r, "cannot look at the filesystem of %s", arg_free_path);
                        return CAPTURE_STATUS_INTERNAL;
                }
        }
        r = output_open(arg_file, arg_max, &output);
        if (r < 0) {
                log_error_errno(r, "cannot create %s", arg_file);
                return CAPTURE_STATUS_INTERNAL;
        }
        output.copy = arg_copy;
        r = capture_run(argv, &output, &arg_watch, &arg_engine);
        if (r == 0 && arg_digest) {
                r = write_digest();
                if (r < 0) {
                        log_error_errno(r, "cannot take the digest of %s", arg_digest);
                        return CAPTURE_STATUS_INTERNAL;
                }
        }
        return r;
}

int main(int argc, char *argv[]) {
        int r;

        log_open("morf-capture", LOG_INFO, /* force_journal= */ false);
        arg_watch = WATCH_INIT;
        r = parse_argv(argc, argv);
        if (r == 0)
                r = run(argv + optind);
        else
                r = r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        watch_done(&arg_watch);
        return r;
}
