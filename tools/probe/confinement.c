/* SPDX-License-Identifier: MIT */
#include "tools/probe/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* ---- files ---- */

static uint64_t can_open(const char *path, int flags) {
        int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

        if (fd < 0)
                return 0;
        close(fd);
        return 1;
}

static uint64_t can_read(const char *path) {
        char c[2];

        return file_read(path, c, sizeof(c)) > 0;
}

uint64_t fact_data_seen(const char *unused) {
        (void) unused;
        return can_read("/morf-data/probe/data.txt") + can_read("/morf-data/probe.csv");
}

uint64_t fact_data_writable(const char *unused) {
        static const char *const paths[] = { "/morf-data/probe/new", "/morf-data/probe/data.txt", "/morf-data/probe.csv" };
        uint64_t n = 0;

        (void) unused;
        for (size_t i = 0; i < COUNT(paths); i++)
                n += can_open(paths[i], O_WRONLY | O_CREAT);
        n += unlink("/morf-data/probe/data.txt") == 0;
        n += chmod("/morf-data/probe/data.txt", 0666) == 0;
        n += mount(NULL, "/morf-data/probe", NULL, MS_REMOUNT | MS_BIND, NULL) == 0;
        return n;
}

uint64_t fact_input_writable(const char *unused) {
        (void) unused;
        return can_read("/input/probe/data.txt") && can_open("/input/probe/new", O_WRONLY | O_CREAT | O_EXCL);
}

uint64_t fact_root_writable(const char *unused) {
        (void) unused;
        return can_open("/new", O_WRONLY | O_CREAT);
}

/* Nothing is written. */
uint64_t fact_kernel_writable(const char *unused) {
        static const char *const paths[] = {
                "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger",
                "/proc/irq/default_smp_affinity", "/proc/acpi/wakeup", "/sys/kernel/uevent_helper", "/sys/power/state",
                "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/devices/release_agent",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/devices/devices.allow",
        };
        uint64_t n = 0;

        (void) unused;
        for (size_t i = 0; i < COUNT(paths); i++)
                n += can_open(paths[i], O_WRONLY);
        return n;
}

uint64_t fact_kernel_readable(const char *unused) {
        static const char *const paths[] = { "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/dev/kmsg", "/dev/mem",
                                             "/sys/firmware/acpi/tables/DSDT", "/proc/1/root/proc/kcore" };
        uint64_t n = 0;

        (void) unused;
        for (size_t i = 0; i < COUNT(paths); i++)
                n += can_read(paths[i]);
        return n;
}

/* ---- devices ---- */

static int is_harmless(const char *name) {
        static const char *const known[] = { "null", "zero", "full", "random", "urandom", "tty", "console", "ptmx" };

        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(name, known[i]) == 0)
                        return 1;
        return 0;
}

uint64_t fact_devices(const char *unused) {
        DIR *dev = opendir("/dev");
        struct dirent *de;
        struct stat st;
        uint64_t n = 0;

        (void) unused;
        if (!dev)
                return PROBE_UNKNOWN;
        while ((de = readdir(dev)))
                if (!is_harmless(de->d_name) && fstatat(dirfd(dev), de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
                        n++;
        closedir(dev);
        n += mknod("/output/.device", S_IFCHR | 0600, makedev(1, 3)) == 0;
        (void) unlink("/output/.device");
        return n;
}

/* ---- system calls ---- */

static int call_mount(void) {
        return mount("none", "/output", "tmpfs", 0, NULL);
}

static int call_umount(void) {
        return umount2("/proc", MNT_DETACH);
}

static int call_user_namespace(void) {
        return unshare(CLONE_NEWUSER);
}

static int call_mount_namespace(void) {
        return unshare(CLONE_NEWNS);
}

static int call_setns(void) {
        int fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC), r;

        if (fd < 0)
                return -1;
        r = setns(fd, 0);
        close(fd);
        return r;
}

static int call_host_name(void) {
        return sethostname("probe", 5);
}

static int call_chroot(void) {
        return chroot("/output");
}

static int call_time(void) {
        struct timeval now;

        return gettimeofday(&now, NULL) < 0 ? -1 : settimeofday(&now, NULL);
}

static int call_keyring(void) {
        return (int) syscall(SYS_add_key, "user", "morf-probe", "x", 1, -3);
}

static int call_module(void) {
        return (int) syscall(SYS_init_module, NULL, 0, "") == 0 || errno != EPERM ? 0 : -1;
}

static int call_bpf(void) {
        return (int) syscall(SYS_bpf, 0, NULL, 0) == 0 || errno != EPERM ? 0 : -1;
}

static int call_perf(void) {
        return (int) syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) >= 0 || (errno != EPERM && errno != EACCES) ? 0 : -1;
}

static int call_kernel_log(void) {
        static char text[16];

        return (int) syscall(SYS_syslog, 3, text, sizeof(text));
}

/*
 * Each in a process of its own, which it may change as it likes. A call that seccomp answers with death did not work either.
 */
uint64_t fact_forbidden_calls(const char *unused) {
        static int (*const calls[])(void) = {
                call_mount, call_umount, call_user_namespace, call_mount_namespace, call_setns, call_host_name, call_chroot,
                call_time, call_keyring, call_module, call_bpf, call_perf, call_kernel_log,
        };
        uint64_t n = 0;

        (void) unused;
        for (size_t i = 0; i < COUNT(calls); i++) {
                pid_t pid = fork();
                int status;

                if (pid == 0)
                        _exit(calls[i]() < 0 ? 1 : 0);
                if (pid < 0 || waitpid(pid, &status, 0) != pid)
                        return PROBE_UNKNOWN;
                if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                        fprintf(stderr, "forbidden call %zu worked\n", i);
                        n++;
                }
        }
        return n;
}
