/* SPDX-License-Identifier: MIT */
#include "tools/probe/probe.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

uint64_t fact_uid(const char *unused) {
        (void) unused;
        return geteuid();
}

uint64_t fact_gid(const char *unused) {
        (void) unused;
        return getegid();
}

uint64_t fact_groups(const char *unused) {
        static gid_t list[65536];
        uint64_t others = 0;
        int n = getgroups(sizeof(list) / sizeof(*list), list);

        (void) unused;
        if (n < 0)
                return PROBE_UNKNOWN;
        for (int i = 0; i < n; i++)
                others += list[i] != getegid();
        return others;
}

static uint64_t status_value(const char *key, int base) {
        static char text[16384];
        uint64_t value;
        char *p, *end;

        if (file_read("/proc/self/status", text, sizeof(text)) <= 0)
                return PROBE_UNKNOWN;
        p = strstr(text, key);
        if (!p || p == text || p[-1] != '\n')
                return PROBE_UNKNOWN;
        p += strlen(key);
        value = strtoull(p, &end, base);
        return end == p || value > PROBE_UNKNOWN ? PROBE_UNKNOWN : value;
}

uint64_t fact_status_hex(const char *key) {
        return status_value(key, 16);
}

uint64_t fact_status_number(const char *key) {
        return status_value(key, 10);
}

uint64_t fact_processes(const char *unused) {
        DIR *proc = opendir("/proc");
        struct dirent *de;
        uint64_t n = 0;

        (void) unused;
        if (!proc)
                return PROBE_UNKNOWN;
        while ((de = readdir(proc)))
                n += isdigit((unsigned char) de->d_name[0]) != 0;
        closedir(proc);
        return n;
}

uint64_t fact_host_name(const char *unused) {
        struct utsname u;

        (void) unused;
        return uname(&u) == 0 && strcmp(u.nodename, "morf") == 0;
}
