/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a control group and all below it have used, read from the cgroup filesystem: version 2, or version 1 with one
 * hierarchy a controller (systemd's "legacy" and "hybrid"). What cannot be read is not known, and no error.
 */

#include "spool/base/macro.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_PATH_SIZE 4096u
#define CGROUP_UNKNOWN UINT64_MAX

typedef struct CgroupUsage {
        uint64_t cpu_usec;
        uint64_t memory_peak; /* bytes */
        /*
         * Processes killed for want of memory. With version 1, where the kernel counts in the group of the victim,
         * which may be gone by now, only those in groups that are still there.
         */
        uint64_t oom_kills;
        /* How often a new process was refused; at least 1 when the limit was ever reached. */
        uint64_t pids_max_hits;
        /* The memory limit was reached at some time, or so nearly that what was asked for did not fit. */
        bool memory_limit_reached;
        bool unified; /* version 2 */
} CgroupUsage;

/* Path of a slice as systemd lays them out: "a-b.slice" is /a.slice/a-b.slice. Return: 0, -EINVAL or -ENAMETOOLONG. */
int cgroup_path_of_slice(const char *slice, char ret[static CGROUP_PATH_SIZE]);

/*
 * The systemd path in the text of a /proc/PID/cgroup file, "/system.slice/x.service". Return: 0, -ENOENT or
 * -ENAMETOOLONG.
 */
int cgroup_path_in_proc(const char *text, char ret[static CGROUP_PATH_SIZE]);

/* Cuts a path of process 1 back to the root of the manager's own tree: "/x/init.scope" to "/x", "/init.scope" to "". */
void cgroup_path_to_root(char *path);

/*
 * Reads what path (absolute within the cgroup filesystem) has used. rootfd: the cgroup filesystem's mount point.
 * Return: nothing; members that are not known are CGROUP_UNKNOWN.
 */
void cgroup_read_usage(int rootfd, const char *path, CgroupUsage *ret);
