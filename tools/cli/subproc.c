/* SPDX-License-Identifier: MIT */
#include "tools/cli/subproc.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "spool/base/fd.h"

static int spawn(char *const argv[], bool clean, int output, pid_t *ret) {
        static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8";
        char *const environment[] = { path, lang, NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attr);
        if (r != 0) {
                posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0 && output >= 0)
                r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attr, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attr, &all);
        if (r == 0)
                r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (r == 0)
                r = posix_spawn(ret, argv[0], &actions, &attr, argv, clean ? environment : environ);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int reap(pid_t pid, int *ret_status) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return negative_errno();
        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return 0;
}

int subproc_run(char *const argv[], bool clean, char **ret_output, int *ret_status) {
        _cleanup_fd_ int reader = -EBADF, writer = -EBADF;
        _cleanup_free_ char *output = NULL;
        int fds[2], r, k = 0;
        pid_t pid;

        if (ret_output) {
                if (pipe2(fds, O_CLOEXEC) < 0)
                        return negative_errno();
                reader = fds[0];
                writer = fds[1];
        }
        fflush(stdout);
        r = spawn(argv, clean, writer, &pid);
        if (r < 0)
                return r;
        if (ret_output) {
                writer = fd_close(writer);
                k = fd_read_all(reader, SUBPROC_OUTPUT_MAX, &output, NULL);
                reader = fd_close(reader);
        }
        r = reap(pid, ret_status);
        if (r < 0 || k < 0)
                return r < 0 ? r : k;
        if (ret_output)
                *ret_output = TAKE_PTR(output);
        return 0;
}
