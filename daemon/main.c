/* SPDX-License-Identifier: MIT */

/*
 * morfd: claims dropped jobs, runs their stages as transient units, and releases their results. See morfd(8).
 *
 * Crash-only: it can be killed at any instruction. SIGTERM leaves running stages alone; the next start takes them up again.
 */

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/daemon.h"
#include "spool/keys.h"
#include "spool/base/fault-point.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/message-id.h"
#include "spool/base/time.h"

static bool arg_check = false;
static bool arg_debug = false;

static void help(void) {
        puts("morfd [OPTIONS...]\n"
             "\n"
             "Runs MORF jobs that are dropped into a spool directory. Started by systemd; see morfd(8).\n"
             "\n"
             "  -c, --check     check the configuration and the accounts, and exit\n"
             "  -d, --debug     log everything\n"
             "  -h, --help      show this help\n"
             "      --version   show the version\n"
             "\n"
             "Configuration: /etc/morf/morfd.conf (or the file that MORF_CONF names), see morfd.conf(5).");
}

/* Return: 1 to go on, 0 to end well, negative: usage error. */
static int parse_arguments(int argc, char **argv) {
        static const struct option options[] = {
                { "check", no_argument, NULL, 'c' },
                { "debug", no_argument, NULL, 'd' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },
#ifdef MORF_FAULT_POINTS
                { "fault-points", no_argument, NULL, 'p' },
#endif
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "cdh", options, NULL)) >= 0)
                switch (c) {
                case 'c':
                        arg_check = true;
                        break;
                case 'd':
                        arg_debug = true;
                        break;
                case 'h':
                        help();
                        return 0;
                case 'v':
                        puts("morfd " MORF_VERSION);
                        return 0;
#ifdef MORF_FAULT_POINTS
                case 'p':
                        fault_point_list("morfd");
                        return 0;
#endif
                default:
                        fputs("Try 'morfd --help'.\n", stderr);
                        return -EINVAL;
                }
        if (optind < argc) {
                fprintf(stderr, "morfd: unexpected argument '%s'. Try 'morfd --help'.\n", argv[optind]);
                return -EINVAL;
        }
        return 1;
}

/* Every account is read, so that a broken one is found now and not with the user's next job. */
static int check_users(void) {
        char **names = NULL;
        int r, first = 0;

        r = conf_user_names(&names);
        if (r < 0)
                return log_error_errno(r, "cannot list the accounts");
        for (char **n = names; n && *n; n++) {
                _cleanup_conf_user_ ConfUser u = {};
                _cleanup_free_ char *error = NULL;

                r = conf_user_load(*n, &u, &error);
                if (r < 0) {
                        log_error("account '%s': %s", *n, error ?: strerrordesc_np(-r));
                        first = first < 0 ? first : r;
                }
                free(*n);
        }
        free(names);
        return first;
}

static int check(const Conf *c) {
        int r = check_users();

        if (r < 0)
                return r;
        printf("%s: OK (spool %s, %u slots)\n", conf_path(), c->spool, c->scheduler.slots);
        return 0;
}

static int on_hangup(_unused_ sd_event_source *source, _unused_ const struct signalfd_siginfo *si, void *userdata) {
        _cleanup_free_ char *error = NULL;
        _cleanup_conf_ Conf conf = {};
        struct timespec ts;
        int r;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        (void) sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                          (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000);
        r = conf_load(&conf, &error);
        if (r < 0)
                log_full(LOG_ERR, 0, MESSAGE_ID_CONF_REFUSED, NULL, "%s; the old configuration stays in force", error ?: strerrordesc_np(-r));
        else {
                daemon_reload(userdata, &conf);
                log_full(LOG_INFO, 0, MESSAGE_ID_CONF_RELOADED, NULL, "the configuration was read again");
        }
        (void) sd_notify(false, "READY=1");
        return 0;
}

static int add_signals(Daemon *d) {
        sigset_t set;
        int r;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return negative_errno();
        r = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
        return r;
}

/* What an operator must mend first (configuration, accounts, spool) is told apart from what a restart may mend. */
static int refuse(const char *message_id, const char *sentence, int error) {
        log_full(LOG_ERR, 0, message_id, NULL, "cannot start: %s", sentence ?: strerrordesc_np(abs(error)));
        (void) sd_notifyf(false, "STATUS=Cannot start: %s\nERRNO=%d", sentence ?: strerrordesc_np(abs(error)), abs(error));
        return sentence ? EX_CONFIG : EXIT_FAILURE;
}

/* Results are not released without. */
static int make_keys(const Daemon *d, char **reterr) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = open(KEYS_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = fd < 0 ? negative_errno() : keys_make(fd, d->accounts.of[ACCOUNT_EVAL].gid);
        if (r < 0 && asprintf(reterr, "cannot make the keys in " KEYS_DIR ": %s; 'systemd-tmpfiles --create morf.conf' makes the directory",
                              strerrordesc_np(-r)) < 0)
                *reterr = NULL;
        return r;
}

/* Return: an exit status. */
static int run(void) {
        _cleanup_free_ char *error = NULL;
        _cleanup_conf_ Conf conf = {};
        Daemon d = { .spool = SPOOL_EMPTY };
        int r;

        r = conf_load(&conf, &error);
        if (r < 0)
                return refuse(MESSAGE_ID_CONF_REFUSED, error, r);
        if (arg_check)
                return check(&conf) < 0 ? EX_CONFIG : EXIT_SUCCESS;

        r = daemon_init(&d, &conf, &error);
        if (r >= 0)
                r = make_keys(&d, &error);
        if (r >= 0)
                r = add_signals(&d);
        if (r < 0) {
                daemon_done(&d);
                return refuse(MESSAGE_ID_SPOOL_REFUSED, error, r);
        }
        log_full(LOG_INFO, 0, MESSAGE_ID_DAEMON_STARTED, NULL, "morfd %s is ready, %zu jobs on their way", MORF_VERSION, d.jobs.n);
        daemon_report(&d);
        (void) sd_notify(false, "READY=1");
        r = sd_event_loop(d.event);
        (void) sd_notify(false, "STOPPING=1");
        log_full(LOG_INFO, 0, MESSAGE_ID_DAEMON_STOPPED, NULL, "stopped; stages that run go on");
        daemon_done(&d);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        int r;

        log_open("morfd", LOG_INFO, false);
        r = parse_arguments(argc, argv);
        if (r <= 0)
                return r < 0 ? 2 : 0;
        if (arg_debug)
                log_open("morfd", LOG_DEBUG, false);
        umask(0077);
        return run();
}
