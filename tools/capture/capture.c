/* SPDX-License-Identifier: MIT */
#include "tools/capture/capture.h"

#include <inttypes.h>
#include <systemd/sd-event.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "tools/capture/child.h"

#define READ_SIZE (256u * 1024u)
/*
 * Reads in one turn of the loop, so that timers and signals get theirs however much there is to read; more than a pipe
 * holds.
 */
#define READS_PER_TURN 32u

typedef struct Capture {
        sd_event *event;
        Output *output;
        const Watch *watch;
        const CaptureEngine *engine;
        char *buffer;
        pid_t pid;
        int fd;
        int status; /* 0: that of the command; else what we ended it for */
        bool write_error_told;
} Capture;

/*
 * Reads what there is. Return: 1: there may be more; 0: nothing for now; -EPIPE: nothing ever; or another negative
 * errno.
 */
static int pump(Capture *c) {
        for (unsigned i = 0; i < READS_PER_TURN; i++) {
                ssize_t n = read(c->fd, c->buffer, READ_SIZE);

                if (n == 0)
                        return -EPIPE;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return negative_errno();
                if (n > 0)
                        output_add(c->output, c->buffer, (size_t) n);
                if (c->output->error < 0 && !c->write_error_told) {
                        log_warning_errno(c->output->error, "cannot write all of the output to its file, ignoring");
                        c->write_error_told = true;
                }
        }
        return 1;
}

static int on_output(sd_event_source *source, _unused_ int fd, _unused_ uint32_t events, void *userdata) {
        int r;

        r = pump(userdata);
        if (r < 0)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF); /* nobody holds it any more */
        return 0;
}

static int on_kill(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Capture *c = userdata;

        child_signal(c->pid, SIGKILL);
        return 0;
}

static int end_command(Capture *c, int status) {
        c->status = status;
        child_signal(c->pid, SIGTERM);
        /* A floating source: it lives as long as the loop. */
        return sd_event_add_time_relative(
                        c->event, /* ret= */ NULL, CLOCK_MONOTONIC, CAPTURE_GRACE_SEC * USEC_PER_SEC, 0, on_kill, c);
}

static int on_check(sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        uint64_t bytes, entries, begun = time_now_boottime(), took, delay;
        Capture *c = userdata;
        int r;

        r = watch_check(c->watch, &bytes, &entries);
        if (r == WATCH_FULL) {
                log_warning("the watched directories hold %" PRIu64 " bytes in %" PRIu64 " files or more, over the "
                            "limit; ending the command", bytes, entries);
                return end_command(c, EXIT_STATUS_OUTPUT_LIMIT);
        }
        if (r == WATCH_LOW) {
                log_warning("the filesystem has less than %" PRIu64 " bytes or too few inodes free; ending the command",
                                c->watch->min_free);
                return end_command(c, EXIT_STATUS_DISK_LOW);
        }
        if (r < 0)
                log_debug_errno(r, "cannot measure the watched directories this time, ignoring");

        took = time_sub(time_now_boottime(), begun);
        delay = CAPTURE_CHECK_MSEC * USEC_PER_MSEC;
        if (took * 10 > delay)
                delay = took * 10;
        r = sd_event_source_set_time_relative(source, delay);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_signal(_unused_ sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Capture *c = userdata;

        child_signal(c->pid, (int) si->ssi_signo);
        /* A command whose engine hangs can neither end nor end its container, and what is killed tells nothing. */
        if (!capture_engine_answers(c->engine)) {
                c->status = EXIT_STATUS_ENGINE_LOST;
                child_signal(c->pid, SIGKILL);
        }
        return 0;
}

/* Why a command may have failed before the next check saw it: an exit status, or 0. */
static int find_shortage(const Capture *c) {
        uint64_t bytes, entries;

        if (!watch_is_needed(c->watch))
                return 0;
        switch (watch_check(c->watch, &bytes, &entries)) {
        case WATCH_FULL:
                return EXIT_STATUS_OUTPUT_LIMIT;
        case WATCH_LOW:
                return EXIT_STATUS_DISK_LOW;
        default:
                return 0;
        }
}

static int on_child(_unused_ sd_event_source *source, const siginfo_t *si, void *userdata) {
        Capture *c = userdata;
        int status = child_exit_status(si);

        if (status == EXIT_STATUS_FOLDED && si->si_status != EXIT_STATUS_FOLDED)
                log_notice("the command ended with status %d, which is passed on as %d",
                                si->si_status, EXIT_STATUS_FOLDED);
        /*
         * What the pipe holds, and not to its end: what the command left running in the background may write for ever.
         */
        (void) pump(c);
        /* One that could not write any more is not to blame where the disk is the host's matter. */
        if (status != 0 && c->status == 0)
                c->status = find_shortage(c);
        return sd_event_exit(c->event, c->status ?: status);
}

static int add_sources(Capture *c) {
        static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
        sd_event_source *source;
        int r;

        r = sd_event_add_io(c->event, /* ret= */ NULL, c->fd, EPOLLIN, on_output, c);
        if (r < 0)
                return r;
        r = sd_event_add_child(c->event, /* ret= */ NULL, c->pid, WEXITED, on_child, c);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                r = sd_event_add_signal(c->event, /* ret= */ NULL, signals[i], on_signal, c);
                if (r < 0)
                        return r;
        }
        if (!watch_is_needed(c->watch))
                return 0;
        r = sd_event_add_time_relative(
                        c->event, &source, CLOCK_MONOTONIC, CAPTURE_CHECK_MSEC * USEC_PER_MSEC, 0, on_check, c);
        if (r < 0)
                return r;
        r = sd_event_source_set_exit_on_failure(source, true);
        if (r >= 0)
                r = sd_event_source_set_floating(source, true);
        sd_event_source_unref(source);
        return r;
}

static int run(Capture *c, char *const argv[]) {
        sigset_t mask;
        int r;

        /* Before the command exists, so that none of them is missed. */
        sigemptyset(&mask);
        sigaddset(&mask, SIGCHLD);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGINT);
        sigaddset(&mask, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return negative_errno();
        r = child_spawn(argv, &c->pid, &c->fd);
        if (r < 0) {
                log_error_errno(r, "cannot start '%s'", argv[0]);
                return r == -ENOENT ? CAPTURE_STATUS_NOT_FOUND : CAPTURE_STATUS_NOT_STARTED;
        }
        r = add_sources(c);
        if (r >= 0)
                r = sd_event_loop(c->event);
        if (r < 0)
                child_signal(c->pid, SIGKILL);
        return r;
}

int capture_run(char *const argv[], Output *output, Watch *watch, CaptureEngine *engine) {
        Capture c = { .output = output, .watch = watch, .engine = engine, .fd = -EBADF };
        int r, q;

        if (!capture_engine_begin(engine))
                return EXIT_STATUS_ENGINE_DOWN;
        c.buffer = malloc(READ_SIZE);
        r = c.buffer ? sd_event_new(&c.event) : -ENOMEM;
        if (r >= 0)
                r = run(&c, argv);
        if (r < 0) {
                log_error_errno(r, "cannot go on watching the command, killed it");
                r = CAPTURE_STATUS_INTERNAL;
        }
        q = output_finish(output);
        if (q < 0 && !c.write_error_told)
                log_warning_errno(q, "cannot write all of the output to its file, ignoring");
        sd_event_unref(c.event);
        fd_close(c.fd);
        free(c.buffer);
        /* An engine that hung just now is not asked again: there is little time left to tell it. */
        if (c.status == EXIT_STATUS_ENGINE_LOST)
                return r;
        if (!capture_engine_is_same(engine))
                r = EXIT_STATUS_ENGINE_LOST;
        /* 125 is how the command says that it failed itself; and what a signal ended could not tidy up. */
        if (r == EXIT_STATUS_ENGINE_LOST || r == 125 || (c.status == 0 && r > 128 && r <= 128 + 64))
                capture_engine_clean(engine);
        return r;
}
