/* SPDX-License-Identifier: MIT */
#include "tools/exitmark/cgroup.h"

#include <fcntl.h>
#include <limits.h>

#include "spool/base/fd.h"
#include "spool/base/parse.h"

#define FILE_SIZE_MAX 4096u
#define TREE_DEPTH_MAX 8u
#define TREE_GROUPS_MAX 4096u

/* The kernel charges memory in batches, so that usage need not touch the limit before an allocation is refused. */
#define MEMORY_MARGIN (UINT64_C(1) << 20)
/* Version 1 says "no limit" by a number near the largest that there is. */
#define MEMORY_NO_LIMIT (UINT64_C(1) << 60)

int cgroup_path_of_slice(const char *slice, char ret[static CGROUP_PATH_SIZE]) {
        const char *suffix = endswith(slice, ".slice");
        size_t used = 0;

        if (!suffix || suffix == slice || strchr(slice, '/'))
                return -EINVAL;
        if (slice[0] == '-' || suffix[-1] == '-' || strstr(slice, "--"))
                return -EINVAL;
        for (const char *p = slice; p <= suffix; p++) {
                int n;

                if (*p != '-' && p != suffix)
                        continue;
                n = snprintf(ret + used, CGROUP_PATH_SIZE - used, "/%.*s.slice", (int) (p - slice), slice);
                if (n < 0 || (size_t) n >= CGROUP_PATH_SIZE - used)
                        return -ENAMETOOLONG;
                used += (size_t) n;
        }
        return 0;
}

/* Finds the line that begins with a number and then tag. Return: its rest and the length of it, or NULL. */
static const char *find_line(const char *text, const char *tag, size_t *ret_length) {
        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n");
                const char *rest = startswith(line + strspn(line, "0123456789"), tag);

                if (rest) {
                        *ret_length = n - (size_t) (rest - line);
                        return rest;
                }
                line += n + (line[n] == '\n');
        }
        return NULL;
}

int cgroup_path_in_proc(const char *text, char ret[static CGROUP_PATH_SIZE]) {
        const char *path;
        size_t n;

        /*
         * In a hybrid layout both lines are there, and the named hierarchy is the one that systemd places all
         * controllers by.
         */
        path = find_line(text, ":name=systemd:", &n) ?: find_line(text, "::", &n);
        if (!path || path[0] != '/')
                return -ENOENT;
        if (n >= CGROUP_PATH_SIZE)
                return -ENAMETOOLONG;
        memcpy(ret, path, n);
        ret[n] = '\0';
        return 0;
}

void cgroup_path_to_root(char *path) {
        char *scope = (char *) (uintptr_t) endswith(path, "/init.scope");

        if (scope)
                *scope = '\0';
        if (streq(path, "/"))
                *path = '\0';
}

/* Reads <controller><path>/<file>; controller is "" or "memory". Return: 0 or a negative errno. */
static int read_text(
                int rootfd, const char *controller, const char *path, const char *file,
                char ret[static FILE_SIZE_MAX]) {
        _cleanup_free_ char *name = NULL;
        _cleanup_fd_ int fd = -EBADF;
        ssize_t n;

        if (asprintf(&name, "./%s%s/%s", controller, path, file) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        fd = openat(rootfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return negative_errno();
        n = read(fd, ret, FILE_SIZE_MAX - 1);
        if (n < 0)
                return negative_errno();
        ret[n] = '\0';
        return 0;
}

/* A file that holds one number. Return: it, or CGROUP_UNKNOWN (also for "max"). */
static uint64_t read_number(int rootfd, const char *controller, const char *path, const char *file) {
        char text[FILE_SIZE_MAX];
        uint64_t v;

        if (read_text(rootfd, controller, path, file, text) < 0)
                return CGROUP_UNKNOWN;
        text[strcspn(text, "\n")] = '\0';
        return parse_u64(text, 0, UINT64_MAX, &v) < 0 ? CGROUP_UNKNOWN : v;
}

/* A file of "key number" lines. Return: the number of key, or CGROUP_UNKNOWN. */
static uint64_t read_key(int rootfd, const char *controller, const char *path, const char *file, const char *key) {
        char text[FILE_SIZE_MAX], *state = NULL;
        uint64_t v;

        if (read_text(rootfd, controller, path, file, text) < 0)
                return CGROUP_UNKNOWN;
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
                const char *rest = startswith(line, key);

                if (rest && *rest == ' ')
                        return parse_u64(rest + 1, 0, UINT64_MAX, &v) < 0 ? CGROUP_UNKNOWN : v;
        }
        return CGROUP_UNKNOWN;
}

typedef struct TreeSum {
        const char *file, *key;
        uint64_t total;
        unsigned groups;
} TreeSum;

/* Adds up key over a group and all below it; the group itself may miss the file. */
static void sum_tree(int fd, unsigned depth, TreeSum *sum) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        uint64_t v;

        v = read_key(fd, "", "", sum->file, sum->key);
        if (v != CGROUP_UNKNOWN)
                sum->total = (sum->total == CGROUP_UNKNOWN ? 0 : sum->total) + v;
        if (depth >= TREE_DEPTH_MAX || ++sum->groups > TREE_GROUPS_MAX || fd_open_dirstream_at(fd, ".", &d) < 0)
                return;
        while ((de = readdir(d))) {
                _cleanup_fd_ int child = -EBADF;

                if (de->d_type != DT_DIR || de->d_name[0] == '.')
                        continue;
                child = fd_open_dir_at(fd, de->d_name);
                if (child >= 0)
                        sum_tree(child, depth + 1, sum);
        }
}

static uint64_t read_tree(int rootfd, const char *controller, const char *path, const char *file, const char *key) {
        TreeSum sum = { .file = file, .key = key, .total = CGROUP_UNKNOWN };
        _cleanup_free_ char *name = NULL;
        _cleanup_fd_ int fd = -EBADF;

        if (asprintf(&name, "./%s%s", controller, path) < 0) {
                name = NULL;
                return CGROUP_UNKNOWN;
        }
        fd = fd_open_dir_at(rootfd, name);
        if (fd >= 0)
                sum_tree(fd, 0, &sum);
        return sum.total;
}

/*
 * Before Linux 6.11 a refusal is counted in the group that forked, which is gone with the container; that the peak
 * touched the limit is then all that is left of it.
 */
static uint64_t read_pids(int rootfd, const char *controller, const char *path, bool hierarchical) {
        uint64_t hits, peak, limit;

        hits = hierarchical ? read_key(rootfd, controller, path, "pids.events", "max") : 0;
        if (hits == 0 || hits == CGROUP_UNKNOWN)
                hits = read_tree(rootfd, controller, path, "pids.events", "max");
        peak = read_number(rootfd, controller, path, "pids.peak");
        limit = read_number(rootfd, controller, path, "pids.max");
        if (hits == 0 && peak != CGROUP_UNKNOWN && limit != CGROUP_UNKNOWN && peak >= limit)
                hits = 1;
        return hits;
}

static bool near_limit(uint64_t peak, uint64_t limit) {
        uint64_t margin = limit / 16 < MEMORY_MARGIN ? limit / 16 : MEMORY_MARGIN;

        return peak != CGROUP_UNKNOWN && limit < MEMORY_NO_LIMIT && peak >= limit - margin;
}

static void read_unified(int rootfd, const char *path, CgroupUsage *u) {
        uint64_t hits;

        u->unified = true;
        u->cpu_usec = read_key(rootfd, "", path, "cpu.stat", "usage_usec");
        u->memory_peak = read_number(rootfd, "", path, "memory.peak");
        u->oom_kills = read_key(rootfd, "", path, "memory.events", "oom_kill");
        u->pids_max_hits = read_pids(rootfd, "", path, /* hierarchical= */ true);
        hits = read_key(rootfd, "", path, "memory.events", "max");
        u->memory_limit_reached = hits > 0 && hits != CGROUP_UNKNOWN;
}

static void read_split(int rootfd, const char *path, CgroupUsage *u) {
        uint64_t nsec = read_number(rootfd, "cpuacct", path, "cpuacct.usage"), limit;

        if (nsec == CGROUP_UNKNOWN)
                nsec = read_number(rootfd, "cpu,cpuacct", path, "cpuacct.usage");
        u->cpu_usec = nsec / 1000;
        /* Where systemd does not manage cpuacct, version 2 counts all the same, controller or not. */
        if (nsec == CGROUP_UNKNOWN)
                u->cpu_usec = read_key(rootfd, "unified", path, "cpu.stat", "usage_usec");
        u->memory_peak = read_number(rootfd, "memory", path, "memory.max_usage_in_bytes");
        u->oom_kills = read_tree(rootfd, "memory", path, "memory.oom_control", "oom_kill");
        u->pids_max_hits = read_pids(rootfd, "pids", path, /* hierarchical= */ false);
        /*
         * Not by memory.failcnt: a refusal is counted in the lowest group whose limit is reached, which may be the
         * container's.
         */
        limit = read_number(rootfd, "memory", path, "memory.limit_in_bytes");
        u->memory_limit_reached = near_limit(u->memory_peak, limit);
}

void cgroup_read_usage(int rootfd, const char *path, CgroupUsage *ret) {
        *ret = (CgroupUsage){
                .cpu_usec = CGROUP_UNKNOWN,
                .memory_peak = CGROUP_UNKNOWN,
                .oom_kills = CGROUP_UNKNOWN,
                .pids_max_hits = CGROUP_UNKNOWN,
        };
        if (path[0] != '/' || strstr(path, "/../") || endswith(path, "/.."))
                return;
        if (faccessat(rootfd, "cgroup.controllers", F_OK, 0) == 0)
                read_unified(rootfd, path, ret);
        else
                read_split(rootfd, path, ret);
}
