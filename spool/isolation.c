/* SPDX-License-Identifier: MIT */
#include "spool/isolation.h"

#include <inttypes.h>
#include <linux/capability.h>

#include "spool/limits.h"

/* Not from spool/base/digest.h, which the daemon does not link. */
#define HEX_LENGTH 64u

/* How a number is held against the one that is expected. */
typedef enum Comparison {
        EQUAL,
        AT_MOST,  /* a limit: lower is stricter */
        SUBSET,   /* of bits */
        ANYTHING, /* told, but no matter of isolation */
} Comparison;

/* Each member once: its key, how it is judged, and what it is called in a sentence. */
#define FACTS(F)                                                                                              \
        F(interfaces, EQUAL, "network interfaces beside lo")                                                  \
        F(routes, EQUAL, "network routes")                                                                    \
        F(reachable, EQUAL, "reachable addresses of the host, the cloud or the world")                       \
        F(nameservers, EQUAL, "reachable name servers")                                                       \
        F(abstract_sockets, EQUAL, "abstract sockets of others")                                              \
        F(raw_sockets, EQUAL, "kinds of raw sockets")                                                         \
        F(host_sockets, EQUAL, "sockets and directories of the host")                                         \
        F(uid, EQUAL, "user")                                                                                 \
        F(gid, EQUAL, "group")                                                                                \
        F(groups, ANYTHING, "supplementary groups")                                                           \
        F(cap_effective, EQUAL, "effective capabilities")                                                     \
        F(cap_permitted, EQUAL, "permitted capabilities")                                                     \
        F(cap_bounding, SUBSET, "bounding set of capabilities")                                               \
        F(cap_ambient, EQUAL, "ambient capabilities")                                                         \
        F(no_new_privs, EQUAL, "no_new_privs")                                                                \
        F(seccomp, EQUAL, "mode of seccomp")                                                                  \
        F(processes, AT_MOST, "visible processes")                                                            \
        F(host_name, EQUAL, "host name of its own")                                                           \
        F(data_seen, EQUAL, "readable files of /morf-data")                                                   \
        F(data_writable, EQUAL, "ways to write to /morf-data")                                                \
        F(input_writable, EQUAL, "writable copy in /input")                                                   \
        F(root_writable, AT_MOST, "writable root directory")                                                  \
        F(kernel_writable, EQUAL, "writable files of /proc and /sys")                                         \
        F(kernel_readable, EQUAL, "readable secrets of the kernel")                                           \
        F(devices, EQUAL, "devices beside the harmless ones")                                                 \
        F(forbidden_calls, EQUAL, "system calls that must not work")                                          \
        F(memory, AT_MOST, "limit of memory")                                                                 \
        F(pids, AT_MOST, "limit of processes")                                                                \
        F(cpus_milli, AT_MOST, "limit of processors (in thousandths)")                                        \
        F(file_size, AT_MOST, "limit of the size of files")                                                   \
        F(core_size, EQUAL, "limit of the size of core dumps")

#define FIELD(member, comparison, words) { #member, JSON_KIND_U64, offsetof(IsolationReport, member), JSON_REQUIRED },
static const JsonField report_fields[] = {
        { "version", JSON_KIND_U64, offsetof(IsolationReport, version), JSON_REQUIRED, .min = ISOLATION_REPORT_VERSION, .max = ISOLATION_REPORT_VERSION },
        FACTS(FIELD)
};
const JsonTable isolation_report_table = JSON_TABLE(report_fields);

bool isolation_digest_is_valid(const char *s) {
        return strlen(s) == HEX_LENGTH && strspn(s, "0123456789abcdef") == HEX_LENGTH;
}

static const JsonField proof_fields[] = {
        { "time", JSON_KIND_U64, offsetof(IsolationProof, time), JSON_REQUIRED },
        { "engine", JSON_KIND_STRING, offsetof(IsolationProof, engine), JSON_REQUIRED, .max = 32 },
        { "engine_version", JSON_KIND_STRING, offsetof(IsolationProof, engine_version), JSON_OMIT_EMPTY, .max = 64 },
        { "digest", JSON_KIND_STRING, offsetof(IsolationProof, digest), JSON_REQUIRED, .check = isolation_digest_is_valid },
};
const JsonTable isolation_proof_table = JSON_TABLE(proof_fields);

#define CAPABILITY(c) (UINT64_C(1) << (c))

/* A little more than the slice allows, see daemon/engine.c. */
#define PIDS_SLACK 16u

IsolationReport isolation_expect(ManifestProfile profile, uid_t uid, gid_t gid, const ManifestLimits *limits) {
        bool strict = profile == MANIFEST_PROFILE_STRICT;
        uint64_t capabilities = strict ? 0
                                       : CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_FSETID) |
                                                 CAPABILITY(CAP_KILL) | CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_SETUID);

        /* What is not named must be 0. */
        return (IsolationReport){
                .version = ISOLATION_REPORT_VERSION,
                .uid = strict ? uid : 0,
                .gid = strict ? gid : 0,
                .cap_effective = capabilities,
                .cap_permitted = capabilities,
                .cap_bounding = capabilities,
                .no_new_privs = 1,
                .seccomp = 2, /* SECCOMP_MODE_FILTER */
                .processes = 2, /* itself, and perhaps the engine's init */
                .host_name = 1,
                .data_seen = 2,
                .input_writable = 1,
                .root_writable = !strict,
                .memory = limits->memory,
                .pids = limits->pids + PIDS_SLACK,
                .cpus_milli = limits->cpus_milli,
                .file_size = LIMIT_FILE_BYTES,
        };
}

typedef struct Fact {
        size_t offset;
        Comparison comparison;
        const char *words;
} Fact;

#define FACT(member, comparison, words) { offsetof(IsolationReport, member), comparison, words },
static const Fact facts[] = { FACTS(FACT) };

static uint64_t value(const IsolationReport *r, const Fact *f) {
        return *(const uint64_t *) ((const char *) r + f->offset);
}

static bool is_as_expected(Comparison c, uint64_t found, uint64_t expected) {
        switch (c) {
        case EQUAL:
                return found == expected;
        case AT_MOST:
                return found <= expected;
        case SUBSET:
                return (found & ~expected) == 0;
        case ANYTHING:
                return true;
        }
        return false;
}

int isolation_judge(const IsolationReport *found, const IsolationReport *expected, char **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(facts); i++) {
                uint64_t a = value(found, &facts[i]), b = value(expected, &facts[i]);

                if (is_as_expected(facts[i].comparison, a, b))
                        continue;
                return asprintf(reterr, "%s: %" PRIu64 " and not %" PRIu64, facts[i].words, a, b) < 0 ? -ENOMEM : -EPERM;
        }
        return 0;
}

static int replace(char **member, const char *from) {
        char *copy = from ? strdup(from) : NULL;

        if (from && !copy)
                return -ENOMEM;
        free(*member);
        *member = copy;
        return 0;
}

int isolation_proof_copy(const IsolationProof *from, IsolationProof *ret) {
        int r = replace(&ret->engine, from->engine);

        if (r >= 0)
                r = replace(&ret->engine_version, from->engine_version);
        if (r >= 0)
                r = replace(&ret->digest, from->digest);
        if (r >= 0)
                ret->time = from->time;
        return r;
}

void isolation_proof_done(IsolationProof *p) {
        json_record_done(&isolation_proof_table, p);
        *p = (IsolationProof){};
}
