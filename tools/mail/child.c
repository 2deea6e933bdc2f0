/* SPDX-License-Identifier: MIT */
#include "tools/mail/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "spool/base/fd.h"
#include "spool/base/time.h"

struct Child {
        char name[OUTBOX_NAME_SIZE];
        uint64_t deadline_usec;
        int result_fd;
        bool late;
        sd_event_source *process, *deadline;
        ChildDone done;
        void *userdata;
};

Child *child_free(Child *c) {
        if (!c)
                return NULL;
        if (c->process)
                (void) sd_event_source_send_child_signal(c->process, SIGKILL, NULL, 0);
        sd_event_source_disable_unref(c->process);
        sd_event_source_disable_unref(c->deadline);
        fd_close(c->result_fd);
        free(c);
        return NULL;
}

/* What it wrote; a process that ended without a word is a failed try. */
static void read_result(Child *c, const siginfo_t *si, MailResult *ret) {
        _cleanup_free_ char *text = NULL;
        char sentence[96];
        size_t size = 0;
        int r;

        r = fd_read_all(c->result_fd, MAIL_RESULT_SIZE_MAX, &text, &size);
        if (r >= 0 && size > 0 && json_record_parse(&mail_result_table, text, size, ret, /* reterr= */ NULL) >= 0)
                return;

        mail_result_done(ret);
        ret->outcome = MAIL_OUTCOME_RETRY;
        if (c->late)
                snprintf(sentence, sizeof(sentence), "no end after %u seconds", (unsigned) (c->deadline_usec / USEC_PER_SEC));
        else if (si->si_code == CLD_EXITED)
                snprintf(sentence, sizeof(sentence), "the sending process ended with status %d", si->si_status);
        else
                snprintf(sentence, sizeof(sentence), "the sending process was ended by signal %d", si->si_status);
        (void) mail_result_set_text(ret, sentence, strlen(sentence));
}

static int on_exit_of_process(sd_event_source *source _unused_, const siginfo_t *si, void *userdata) {
        _cleanup_mail_result_ MailResult result = {};
        char name[OUTBOX_NAME_SIZE];
        Child *c = userdata;
        ChildDone done = c->done;
        void *its_userdata = c->userdata;

        read_result(c, si, &result);
        memcpy(name, c->name, sizeof(name));
        /* It is reaped: nothing is left to be killed. */
        c->process = sd_event_source_disable_unref(c->process);
        done(c, name, &result, its_userdata);
        return 0;
}

static int on_deadline(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        Child *c = userdata;

        c->late = true;
        (void) sd_event_source_send_child_signal(c->process, SIGKILL, NULL, 0);
        return 0;
}

/* The settings as a file that can be read from its beginning. */
static int settings_file(const MailSettings *s) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = json_record_format(&mail_settings_table, s, &text);
        if (r < 0)
                return r;
        fd = memfd_create("mail-settings", MFD_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = fd_write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return negative_errno();
        return TAKE_FD(fd);
}

static int spawn(const char *name, uint64_t deadline_usec, int input_fd, int output_fd, pid_t *ret) {
        char mail[OUTBOX_NAME_SIZE], seconds[24];
        char *argv[] = { (char[]){ "morf-mail" }, (char[]){ "--send" }, mail, (char[]){ "--deadline" }, seconds, NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        snprintf(mail, sizeof(mail), "%s", name);
        snprintf(seconds, sizeof(seconds), "%u", (unsigned) (deadline_usec / USEC_PER_SEC));
        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r != 0) {
                (void) posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        r = posix_spawn_file_actions_adddup2(&actions, input_fd, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attributes, &all);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (r == 0) /* Ourselves, even when the file was replaced by an upgrade. */
                r = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, argv, environ);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&actions);
        return -r;
}

int child_start(
                sd_event *event, const MailSettings *s, const char *name, uint64_t deadline_usec, ChildDone done, void *userdata, Child **ret) {
        _cleanup_fd_ int input = -EBADF, output = -EBADF;
        _cleanup_(child_freep) Child *c = NULL;
        int fds[2], r;
        pid_t pid;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->result_fd = -EBADF;
        c->done = done;
        c->userdata = userdata;
        c->deadline_usec = deadline_usec;
        snprintf(c->name, sizeof(c->name), "%s", name);

        input = settings_file(s);
        if (input < 0)
                return input;
        /* Not blocking, at our end: a stranger that inherited the other end must not hold us up. */
        if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
                return negative_errno();
        c->result_fd = fds[0];
        output = fds[1];

        r = spawn(name, deadline_usec, input, output, &pid);
        if (r < 0)
                return r;
        r = sd_event_add_child(event, &c->process, pid, WEXITED, on_exit_of_process, c);
        if (r < 0) {
                /* Nobody would ever reap it. */
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                return r;
        }
        r = sd_event_add_time_relative(event, &c->deadline, CLOCK_BOOTTIME, deadline_usec, USEC_PER_SEC, on_deadline, c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}
