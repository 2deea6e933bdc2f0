/* SPDX-License-Identifier: MIT */
#include "tools/cli/local-child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "spool/base/fd.h"
#include "spool/base/time.h"

#define NUDGE_USEC (USEC_PER_SEC / 2)
/* A child that was told to end has so long. */
#define GRACE_USEC (15 * USEC_PER_SEC)

/* Of signals there is one set in a process. */
static bool interrupted;

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };

static void signals(sigset_t *ret) {
        sigemptyset(ret);
        sigaddset(ret, SIGCHLD);
        for (size_t i = 0; i < ELEMENTSOF(ending); i++)
                sigaddset(ret, ending[i]);
}

int local_child_begin(void) {
        sigset_t set;

        signals(&set);
        return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? negative_errno() : 0;
}

bool local_child_interrupted(void) {
        return interrupted;
}

static int spawn(char *const argv[], int output, pid_t *ret) {
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
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attr, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attr, &all);
        if (r == 0)
                r = posix_spawnattr_setpgroup(&attr, 0);
        if (r == 0)
                r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        if (r == 0)
                r = posix_spawn(ret, argv[0], &actions, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* Waits for a signal, at most so long. Return: its number, or 0. */
static int wait_signal(uint64_t usec) {
        struct timespec t = { .tv_sec = (time_t) (usec / USEC_PER_SEC), .tv_nsec = (long) (usec % USEC_PER_SEC) * 1000 };
        sigset_t set;
        int n;

        signals(&set);
        n = sigtimedwait(&set, NULL, &t);
        return n < 0 ? 0 : n;
}

int local_child_run(char *const argv[], int output, uint64_t timeout_usec, LocalChildNudge nudge, void *userdata, LocalChildEnd *ret_end,
                    int *ret_status) {
        uint64_t deadline = timeout_usec > 0 ? time_add(time_now_boottime(), timeout_usec) : UINT64_MAX, told = 0;
        LocalChildEnd end = LOCAL_CHILD_ENDED;
        int status, r;
        pid_t pid, w;

        r = spawn(argv, output, &pid);
        if (r < 0)
                return r;
        while ((w = waitpid(pid, &status, WNOHANG)) <= 0) {
                uint64_t now = time_now_boottime();
                int n;

                if (w < 0 && errno != EINTR)
                        return negative_errno();
                if (told == 0 && (interrupted || now >= deadline)) {
                        end = interrupted ? LOCAL_CHILD_INTERRUPTED : LOCAL_CHILD_TIMEOUT;
                        told = now;
                        (void) kill(-pid, SIGTERM);
                } else if (told > 0 && now - told > GRACE_USEC)
                        (void) kill(-pid, SIGKILL);
                else if (told > 0 && nudge)
                        nudge(userdata);
                /* A child that ends between waitpid() and here leaves its signal pending. */
                n = wait_signal(told > 0 || deadline - now > NUDGE_USEC ? NUDGE_USEC : deadline - now);
                interrupted = interrupted || (n > 0 && n != SIGCHLD);
        }
        *ret_end = end;
        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return 0;
}

void local_child_quiet(char *const argv[]) {
        _cleanup_fd_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        pid_t pid;

        if (null < 0 || spawn(argv, null, &pid) < 0)
                return;
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}
