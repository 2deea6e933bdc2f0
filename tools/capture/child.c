/* SPDX-License-Identifier: MIT */
#include "tools/capture/child.h"

#include <fcntl.h>
#include <spawn.h>

#include "spool/base/fd.h"
#include "spool/exit-record.h"

/* Large, so that a chatty command and we take turns rarely; the kernel may give less. */
#define PIPE_SIZE (1 << 20)

#define STATUS_FOLD_MIN 200
#define STATUS_FOLD_MAX 254

static int prepare_actions(posix_spawn_file_actions_t *actions, int fd) {
        int r;

        r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, fd, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, fd, STDERR_FILENO);
        return -r;
}

static int prepare_attributes(posix_spawnattr_t *attributes) {
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        r = posix_spawnattr_setsigmask(attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(attributes, &all);
        if (r == 0)
                r = posix_spawnattr_setpgroup(attributes, 0);
        if (r == 0)
                r = posix_spawnattr_setflags(
                                attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        return -r;
}

int child_spawn(char *const argv[], pid_t *ret_pid, int *ret_fd) {
        _cleanup_fd_ int reader = -EBADF, writer = -EBADF;
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int fds[2], r;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return negative_errno();
        reader = fds[0];
        writer = fds[1];
        /* Only our end: programs expect that their standard output blocks. */
        if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0)
                return negative_errno();
        (void) fcntl(reader, F_SETPIPE_SZ, PIPE_SIZE);

        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r != 0) {
                posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        r = prepare_actions(&actions, writer);
        if (r == 0)
                r = prepare_attributes(&attributes);
        if (r == 0)
                r = -posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        if (r < 0)
                return r;
        *ret_pid = pid;
        *ret_fd = TAKE_FD(reader);
        return 0;
}

void child_signal(pid_t pid, int signal) {
        (void) kill(-pid, signal);
}

int child_exit_status(const siginfo_t *si) {
        int status = si->si_status;

        if (si->si_code != CLD_EXITED)
                return 128 + status;
        return status >= STATUS_FOLD_MIN && status <= STATUS_FOLD_MAX ? EXIT_STATUS_FOLDED : status;
}
