/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "spool/base/fd.h"
#include "tools/exitmark/cgroup.h"
#include "tools/exitmark/mark.h"

#define SLICE "/morf.slice/morf-jobs.slice"

static char directory[32];
static int rootfd = -EBADF;

static int make_tree(_unused_ void **state) {
        strcpy(directory, "/tmp/test-cgroup-XXXXXX");
        if (!mkdtemp(directory))
                return -1;
        rootfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return rootfd < 0 ? -1 : 0;
}

static int drop_tree(_unused_ void **state) {
        rootfd = fd_close(rootfd);
        return fd_remove_tree_at(AT_FDCWD, directory);
}

/* Writes a file of the tree, with the directories above it. */
static void put(const char *path, const char *text) {
        _cleanup_free_ char *copy = strdup(path);
        _cleanup_fd_ int fd = -EBADF;

        for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void) mkdirat(rootfd, copy, 0700);
                *slash = '/';
        }
        fd = openat(rootfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void slices_have_paths(_unused_ void **state) {
        static const char *const bad[] = { "", ".slice", "a", "a.service", "-a.slice", "a-.slice", "a--b.slice",
                "a/b.slice" };
        char path[CGROUP_PATH_SIZE];

        assert_int_equal(cgroup_path_of_slice("morf-jobs-x-1a1.slice", path), 0);
        assert_string_equal(path, "/morf.slice/morf-jobs.slice/morf-jobs-x.slice/morf-jobs-x-1a1.slice");
        assert_int_equal(cgroup_path_of_slice("a.slice", path), 0);
        assert_string_equal(path, "/a.slice");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(cgroup_path_of_slice(bad[i], path), -EINVAL);
}

static void own_path_is_found(_unused_ void **state) {
        char path[CGROUP_PATH_SIZE];

        assert_int_equal(cgroup_path_in_proc("0::/system.slice/x.service\n", path), 0);
        assert_string_equal(path, "/system.slice/x.service");
        assert_int_equal(cgroup_path_in_proc("9:name=systemd:/s\n4:memory:/m\n0::/u\n", path), 0);
        assert_string_equal(path, "/s");
        assert_int_equal(cgroup_path_in_proc("4:memory:/m\n0::/u", path), 0);
        assert_string_equal(path, "/u");
        assert_int_equal(cgroup_path_in_proc("", path), -ENOENT);
        assert_int_equal(cgroup_path_in_proc("4:memory:/m\n", path), -ENOENT);
}

static void root_of_the_manager(_unused_ void **state) {
        static const struct {
                const char *path, *root;
        } table[] = { { "/init.scope", "" }, { "/", "" }, { "/a/b/init.scope", "/a/b" }, { "/a", "/a" } };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char path[64];

                strcpy(path, table[i].path);
                cgroup_path_to_root(path);
                assert_string_equal(path, table[i].root);
        }
}

static void reads_version_2(_unused_ void **state) {
        CgroupUsage u;

        put("cgroup.controllers", "cpu memory pids\n");
        put("morf.slice/morf-jobs.slice/cpu.stat", "usage_usec 81034\nuser_usec 1\n");
        put("morf.slice/morf-jobs.slice/memory.peak", "12582912\n");
        put("morf.slice/morf-jobs.slice/memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\noom_group_kill 0\n");
        put("morf.slice/morf-jobs.slice/pids.events", "max 3\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_true(u.unified);
        assert_int_equal(u.cpu_usec, 81034);
        assert_int_equal(u.memory_peak, 12582912);
        assert_int_equal(u.oom_kills, 2);
        assert_int_equal(u.pids_max_hits, 3);
        assert_true(u.memory_limit_reached);
}

/* Old kernels count a refused fork in the group that forked, which is gone: the peak must tell. */
static void peak_of_processes_tells(_unused_ void **state) {
        CgroupUsage u;

        put("cgroup.controllers", "");
        put("morf.slice/morf-jobs.slice/pids.events", "max 0\n");
        put("morf.slice/morf-jobs.slice/pids.max", "64\n");
        put("morf.slice/morf-jobs.slice/pids.peak", "63\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_int_equal(u.pids_max_hits, 0);
        put("morf.slice/morf-jobs.slice/pids.peak", "64\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_int_equal(u.pids_max_hits, 1);
        put("morf.slice/morf-jobs.slice/pids.max", "max\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_int_equal(u.pids_max_hits, 0);
        /* groups below that are still there count */
        put("morf.slice/morf-jobs.slice/docker.scope/pids.events", "max 5\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_int_equal(u.pids_max_hits, 5);
}

static void put_version_1(const char *usage) {
        put("cpuacct/morf.slice/morf-jobs.slice/cpuacct.usage", "81034999\n");
        put("memory/morf.slice/morf-jobs.slice/memory.max_usage_in_bytes", usage);
        put("memory/morf.slice/morf-jobs.slice/memory.limit_in_bytes", "50331648\n");
        put("memory/morf.slice/morf-jobs.slice/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
        put("pids/morf.slice/morf-jobs.slice/pids.events", "max 0\n");
}

static void reads_version_1(_unused_ void **state) {
        CgroupUsage u;

        put_version_1("1000000\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_false(u.unified);
        assert_int_equal(u.cpu_usec, 81034);
        assert_int_equal(u.memory_peak, 1000000);
        assert_int_equal(u.oom_kills, 0);
        assert_int_equal(u.pids_max_hits, 0);
        assert_false(u.memory_limit_reached);

        put("memory/morf.slice/morf-jobs.slice/a.scope/memory.oom_control", "oom_kill 1\n");
        put("memory/morf.slice/morf-jobs.slice/b.scope/c/memory.oom_control", "oom_kill 2\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_int_equal(u.oom_kills, 3);
}

static void hybrid_counts_cpu_in_version_2(_unused_ void **state) {
        CgroupUsage u;

        put("memory/x", "");
        put("unified/morf.slice/morf-jobs.slice/cpu.stat", "usage_usec 5\n");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_int_equal(u.cpu_usec, 5);
}

static void nothing_is_no_error(_unused_ void **state) {
        static const char *const paths[] = { SLICE, "", "relative", "/../../etc", "/.." };
        CgroupUsage u;

        for (unsigned version = 1; version <= 2; version++) {
                for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                        cgroup_read_usage(rootfd, paths[i], &u);
                        assert_true(u.cpu_usec == CGROUP_UNKNOWN && u.memory_peak == CGROUP_UNKNOWN &&
                                    u.oom_kills == CGROUP_UNKNOWN && u.pids_max_hits == CGROUP_UNKNOWN &&
                                    !u.memory_limit_reached);
                }
                put("cgroup.controllers", "");
        }
}

static void garbage_is_unknown(_unused_ void **state) {
        CgroupUsage u;

        put("cgroup.controllers", "");
        put("morf.slice/morf-jobs.slice/cpu.stat", "usage_usec x\n");
        put("morf.slice/morf-jobs.slice/memory.peak", "max\n");
        put("morf.slice/morf-jobs.slice/memory.events", "oom_killer 4\n");
        put("morf.slice/morf-jobs.slice/pids.events", "");
        cgroup_read_usage(rootfd, SLICE, &u);
        assert_true(u.cpu_usec == CGROUP_UNKNOWN && u.memory_peak == CGROUP_UNKNOWN && u.oom_kills == CGROUP_UNKNOWN &&
                    u.pids_max_hits == CGROUP_UNKNOWN);
}

/* Version 1 loses the counter with the container: killed at the limit counts as one. */
static void killed_at_the_limit_is_oom(_unused_ void **state) {
        static const struct {
                const char *usage, *result, *code, *status;
                uint64_t oom_kills;
        } table[] = {
                { "50331648\n", "exit-code", "exited", "137", 1 },
                { "50000000\n", "signal", "killed", "KILL", 1 },
                { "50331648\n", "exit-code", "exited", "1", 0 },
                { "50331648\n", "timeout", "killed", "KILL", 0 },
                { "20000000\n", "exit-code", "exited", "137", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                ExitRecord record = EXIT_RECORD_INIT;

                put_version_1(table[i].usage);
                mark_ending(&record, table[i].result, table[i].code, table[i].status);
                mark_account(&record, rootfd, SLICE);
                if (record.oom_kills != table[i].oom_kills)
                        fail_msg("row %zu", i);
        }
}

static void endings_are_checked(_unused_ void **state) {
        ExitRecord record = EXIT_RECORD_INIT;

        mark_ending(&record, NULL, "exited\n", "0123456789012345678901234567890123456789");
        assert_string_equal(record.result, "unknown");
        assert_string_equal(record.code, "");
        assert_string_equal(record.status, "");
        mark_ending(&record, "success", "exited", "0");
        assert_string_equal(record.result, "success");
        assert_string_equal(record.code, "exited");
        assert_string_equal(record.status, "0");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_tree, drop_tree)

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(slices_have_paths),
                cmocka_unit_test(own_path_is_found),
                cmocka_unit_test(root_of_the_manager),
                TEST(reads_version_2),
                TEST(peak_of_processes_tells),
                TEST(reads_version_1),
                TEST(hybrid_counts_cpu_in_version_2),
                TEST(nothing_is_no_error),
                TEST(garbage_is_unknown),
                TEST(killed_at_the_limit_is_oom),
                cmocka_unit_test(endings_are_checked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
