/* SPDX-License-Identifier: MIT */
#include "tools/probe/probe.h"

#include <stdio.h>
#include <sys/resource.h>

#define CGROUP "/sys/fs/cgroup"

/* cgroup v2 first, then the hierarchies of v1. */
static uint64_t either(const char *two, const char *one) {
        uint64_t n = file_number(two);

        return n == PROBE_UNKNOWN ? file_number(one) : n;
}

uint64_t fact_memory(const char *unused) {
        (void) unused;
        return either(CGROUP "/memory.max", CGROUP "/memory/memory.limit_in_bytes");
}

uint64_t fact_pids(const char *unused) {
        (void) unused;
        return either(CGROUP "/pids.max", CGROUP "/pids/pids.max");
}

uint64_t fact_cpus_milli(const char *unused) {
        unsigned long long quota = 0, period = 0;
        char text[64];

        (void) unused;
        if (file_read(CGROUP "/cpu.max", text, sizeof(text)) > 0 && sscanf(text, "%llu %llu", &quota, &period) == 2 && period > 0)
                return quota * 1000 / period;
        quota = file_number(CGROUP "/cpu/cpu.cfs_quota_us");
        period = file_number(CGROUP "/cpu/cpu.cfs_period_us");
        return quota >= PROBE_UNKNOWN || period >= PROBE_UNKNOWN || period == 0 ? PROBE_UNKNOWN : quota * 1000 / period;
}

static uint64_t resource(int which) {
        struct rlimit l;

        /* The hard one: the other is the process's own choice. */
        return getrlimit(which, &l) < 0 || l.rlim_max > PROBE_UNKNOWN ? PROBE_UNKNOWN : l.rlim_max;
}

uint64_t fact_file_size(const char *unused) {
        (void) unused;
        return resource(RLIMIT_FSIZE);
}

uint64_t fact_core_size(const char *unused) {
        (void) unused;
        return resource(RLIMIT_CORE);
}
