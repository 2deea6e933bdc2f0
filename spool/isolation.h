/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The isolation of containers, as morf-probe sees it from inside of one: its report, what it must say, and the proof that is kept
 * in the record of each job whose container was started on the strength of it.
 *
 * A report is a flat JSON object of numbers, read by a strict table. What each of them means is in tools/probe/probe.h.
 */

#include "spool/json.h"
#include "spool/manifest.h"

#define ISOLATION_REPORT_FILE "report.json"
#define ISOLATION_REPORT_MAX 4096u
#define ISOLATION_REPORT_VERSION 1

typedef struct IsolationReport {
        uint64_t version;
        uint64_t interfaces, routes, reachable, nameservers, abstract_sockets, raw_sockets, host_sockets;
        uint64_t uid, gid, groups, cap_effective, cap_permitted, cap_bounding, cap_ambient, no_new_privs, seccomp, processes, host_name;
        uint64_t data_seen, data_writable, input_writable, root_writable, kernel_writable, kernel_readable, devices, forbidden_calls;
        uint64_t memory, pids, cpus_milli, file_size, core_size;
} IsolationReport;

extern const JsonTable isolation_report_table;

/*
 * What the probe must report in a container of this profile with these limits (complete). uid, gid: who a strict one runs as.
 */
IsolationReport isolation_expect(ManifestProfile profile, uid_t uid, gid_t gid, const ManifestLimits *limits);

/*
 * Holds a report against what is expected.
 * reterr: on -EPERM a sentence that names the first thing that is not as it must be, with both numbers.
 * Return: 0; -EPERM; -ENOMEM.
 */
int isolation_judge(const IsolationReport *found, const IsolationReport *expected, char **reterr);

/* That a probe passed; time 0: none did. */
typedef struct IsolationProof {
        uint64_t time;        /* realtime, microseconds */
        char *engine;         /* "docker", "podman" */
        char *engine_version; /* as it says itself */
        char *digest;         /* of the report, SHA-256 */
} IsolationProof;

extern const JsonTable isolation_proof_table;

/* Whether s is 64 lower-case hex digits. */
bool isolation_digest_is_valid(const char *s);

/* A deep copy in place of what ret holds. Return: 0 or -ENOMEM. */
int isolation_proof_copy(const IsolationProof *from, IsolationProof *ret);
void isolation_proof_done(IsolationProof *p);
