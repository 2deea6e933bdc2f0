/* SPDX-License-Identifier: MIT */
#include "tools/torture/victim.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/pidfd.h>

#include "spool/base/fd.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"

#define LIBEXEC "/usr/libexec/morf/morf-"
/* More processes of one kind are not looked at. */
#define CANDIDATES_MAX 256u

static const char *const victim_names[_VICTIM_MAX] = {
        [VICTIM_MORFD] = "morfd",
        [VICTIM_MAIL] = "mail",
        [VICTIM_HELPERS] = "helpers",
        [VICTIM_DOCKERD] = "dockerd",
};

DEFINE_STRING_TABLE(victim, VictimKind, VICTIM)

/* Program files of each kind. */
static const char *const programs[_VICTIM_MAX][8] = {
        [VICTIM_MORFD] = { "/usr/sbin/morfd" },
        [VICTIM_MAIL] = { LIBEXEC "mail" },
        [VICTIM_HELPERS] = { LIBEXEC "intake", LIBEXEC "image", LIBEXEC "stage", LIBEXEC "capture", LIBEXEC "collect",
                             LIBEXEC "evaluate", LIBEXEC "gate", LIBEXEC "exitmark" },
        [VICTIM_DOCKERD] = { "/usr/sbin/dockerd", "/usr/bin/dockerd" },
};

int victim_parse_set(const char *list, unsigned *ret) {
        _cleanup_free_ char *copy = strdup(list);
        char *state = NULL;
        unsigned set = 0;

        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
                VictimKind k = victim_from_string(word);

                if ((int) k < 0)
                        return -EINVAL;
                set |= 1u << k;
        }
        if (set == 0)
                return -EINVAL;
        *ret = set;
        return 0;
}

Strike strike_next(Random *random, unsigned set, uint64_t mean_usec) {
        Strike s = {};
        uint32_t nth;

        s.delay_usec = mean_usec / 5 + random_next(random) % (mean_usec * 8 / 5 + 1);
        nth = random_below(random, (uint32_t) __builtin_popcount(set));
        for (VictimKind k = 0; k < _VICTIM_MAX; k++)
                if ((set & (1u << k)) != 0 && nth-- == 0) {
                        s.kind = k;
                        break;
                }
        s.pick = (uint32_t) (random_next(random) >> 32);
        return s;
}

bool victim_matches(VictimKind kind, const char *exe) {
        for (size_t i = 0; i < ELEMENTSOF(programs[kind]) && programs[kind][i]; i++) {
                const char *rest = startswith(exe, programs[kind][i]);

                if (rest && (*rest == '\0' || streq(rest, " (deleted)")))
                        return true;
        }
        return false;
}

/* Whether a process is one of the kind. One that has ended, or a thread of the kernel, is not. */
static bool process_matches(int proc_fd, const char *pid, VictimKind kind) {
        char link[32], exe[PATH_MAX];
        ssize_t n;

        snprintf(link, sizeof(link), "%.16s/exe", pid);
        n = readlinkat(proc_fd, link, exe, sizeof(exe) - 1);
        if (n < 0)
                return false;
        exe[n] = '\0';
        return victim_matches(kind, exe);
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

int strike_do(const Strike *s) {
        _cleanup_(closedirp) DIR *proc = NULL;
        uint64_t candidates[CANDIDATES_MAX];
        _cleanup_fd_ int process = -EBADF;
        struct dirent *de;
        char pid[24];
        size_t n = 0;
        int r;

        r = fd_open_dirstream_at(AT_FDCWD, "/proc", &proc);
        if (r < 0)
                return r;
        while (n < CANDIDATES_MAX && (de = readdir(proc)))
                if (parse_u64(de->d_name, 2, INT_MAX, &candidates[n]) >= 0 && process_matches(dirfd(proc), de->d_name, s->kind))
                        n++;
        if (n == 0)
                return 0;
        qsort(candidates, n, sizeof(*candidates), compare);
        snprintf(pid, sizeof(pid), "%d", (int) candidates[s->pick % n]);
        process = pidfd_open((pid_t) candidates[s->pick % n], 0);
        /* The number could belong to another by now: it is looked at again while the descriptor keeps it. */
        if (process < 0 || !process_matches(dirfd(proc), pid, s->kind))
                return 0;
        if (pidfd_send_signal(process, SIGKILL, NULL, 0) < 0)
                return errno == ESRCH ? 0 : negative_errno();
        return 1;
}
