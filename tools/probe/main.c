/* SPDX-License-Identifier: MIT */

/*
 * morf-probe: looks at a container from inside, as a job would see it, and reports what it found in /output/report.json, see
 * spool/isolation.h. It tries what must not work and counts what worked; whether that is as it should be is for morfd to say.
 *
 * It is all that there is in its image: linked statically, with nothing of ours but its own folder, and it reads no
 * configuration.
 */

#include "tools/probe/probe.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT "/output/report.json"
#define TEMPORARY "/output/.report.part"

static const Fact facts[] = {
        /* Ways out. */
        { "interfaces", fact_interfaces, NULL },
        { "routes", fact_routes, NULL },
        { "reachable", fact_reachable, NULL },
        { "nameservers", fact_nameservers, NULL },
        { "abstract_sockets", fact_abstract_sockets, NULL },
        { "raw_sockets", fact_raw_sockets, NULL },
        { "host_sockets", fact_host_sockets, NULL },
        /* Who one is. */
        { "uid", fact_uid, NULL },
        { "gid", fact_gid, NULL },
        { "groups", fact_groups, NULL },
        { "cap_effective", fact_status_hex, "CapEff:" },
        { "cap_permitted", fact_status_hex, "CapPrm:" },
        { "cap_bounding", fact_status_hex, "CapBnd:" },
        { "cap_ambient", fact_status_hex, "CapAmb:" },
        { "no_new_privs", fact_status_number, "NoNewPrivs:" },
        { "seccomp", fact_status_number, "Seccomp:" },
        { "processes", fact_processes, NULL },
        { "host_name", fact_host_name, NULL },
        /* What one may not do. */
        { "data_seen", fact_data_seen, NULL },
        { "data_writable", fact_data_writable, NULL },
        { "input_writable", fact_input_writable, NULL },
        { "root_writable", fact_root_writable, NULL },
        { "kernel_writable", fact_kernel_writable, NULL },
        { "kernel_readable", fact_kernel_readable, NULL },
        { "devices", fact_devices, NULL },
        { "forbidden_calls", fact_forbidden_calls, NULL },
        /* How much one may use. */
        { "memory", fact_memory, NULL },
        { "pids", fact_pids, NULL },
        { "cpus_milli", fact_cpus_milli, NULL },
        { "file_size", fact_file_size, NULL },
        { "core_size", fact_core_size, NULL },
};

int main(void) {
        FILE *f = fopen(TEMPORARY, "we");

        if (!f) {
                perror(TEMPORARY);
                return 1;
        }
        fputs("{\"version\":1", f);
        for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
                fprintf(f, ",\"%s\":%" PRIu64, facts[i].name, facts[i].find(facts[i].argument));
        fputs("}\n", f);
        if (fflush(f) != 0 || fsync(fileno(f)) < 0 || fchmod(fileno(f), 0444) < 0 || fclose(f) != 0 || rename(TEMPORARY, REPORT) < 0) {
                perror(REPORT);
                return 1;
        }
        return 0;
}
