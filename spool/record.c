/* SPDX-License-Identifier: MIT */
#include "spool/record.h"

#include "spool/base/id.h"
#include "spool/base/name.h"
#include "spool/limits.h"

static const JsonField usage_fields[] = {
        { "wall_usec", JSON_KIND_U64, offsetof(Usage, wall_usec) },
        { "cpu_usec", JSON_KIND_U64, offsetof(Usage, cpu_usec) },
        { "memory_peak", JSON_KIND_U64, offsetof(Usage, memory_peak) },
        { "memory_limit", JSON_KIND_U64, offsetof(Usage, memory_limit) },
        { "output_bytes", JSON_KIND_U64, offsetof(Usage, output_bytes) },
        { "oom_kills", JSON_KIND_U64, offsetof(Usage, oom_kills) },
};
const JsonTable usage_table = JSON_TABLE(usage_fields);

/* What everybody may see of a job. */
#define STATUS_FIELDS                                                                                                                  \
        { "version", JSON_KIND_U64, offsetof(Record, version), JSON_REQUIRED, .min = RECORD_VERSION, .max = RECORD_VERSION },        \
        { "id", JSON_KIND_STRING, offsetof(Record, id), JSON_REQUIRED, .check = id_is_valid },                                       \
        { "user", JSON_KIND_STRING, offsetof(Record, user), JSON_REQUIRED, .check = name_is_user },                                  \
        { "name", JSON_KIND_STRING, offsetof(Record, name), JSON_REQUIRED, .max = RECORD_NAME_MAX },                                 \
        { "drop", JSON_KIND_STRING, offsetof(Record, drop), JSON_REQUIRED, .max = RECORD_NAME_MAX },                                 \
        { "form", JSON_KIND_STRING, offsetof(Record, form), JSON_OMIT_EMPTY, .max = 16 },                                            \
        { "state", JSON_KIND_ENUM, offsetof(Record, state), JSON_REQUIRED, .names = job_state_names, .max = _JOB_STATE_MAX },        \
        { "why", JSON_KIND_STRING, offsetof(Record, why), JSON_OMIT_EMPTY, .max = RECORD_WHY_MAX },                                  \
        { "created", JSON_KIND_U64, offsetof(Record, created), JSON_REQUIRED },                                                      \
        { "changed", JSON_KIND_U64, offsetof(Record, changed), JSON_REQUIRED },                                                      \
        { "finished", JSON_KIND_U64, offsetof(Record, finished), JSON_OMIT_EMPTY },                                                  \
        { "hold", JSON_KIND_BOOL, offsetof(Record, hold), JSON_OMIT_EMPTY },                                                         \
        { "step", JSON_KIND_UNSIGNED, offsetof(Record, step), JSON_OMIT_EMPTY },                                                     \
        { "steps", JSON_KIND_UNSIGNED, offsetof(Record, steps), JSON_OMIT_EMPTY },                                                   \
        { "expected", JSON_KIND_U64, offsetof(Record, expected), JSON_OMIT_EMPTY },                                                  \
        { "left_out", JSON_KIND_STRING, offsetof(Record, left_out), JSON_OMIT_EMPTY },                                               \
        { "usage", JSON_KIND_OBJECT, offsetof(Record, usage), JSON_OMIT_EMPTY, .table = &usage_table },                              \
        { "fault", JSON_KIND_OBJECT, offsetof(Record, fault), JSON_OMIT_EMPTY, .table = &fault_table }

static const JsonField status_fields[] = { STATUS_FIELDS };
const JsonTable status_table = JSON_TABLE(status_fields);

static const JsonField fields[] = {
        STATUS_FIELDS,
        { "box", JSON_KIND_STRING, offsetof(Record, box), JSON_REQUIRED, .max = 16, .check = name_is_valid },
        { "attempt", JSON_KIND_UNSIGNED, offsetof(Record, attempt), JSON_OMIT_EMPTY },
        { "unit", JSON_KIND_STRING, offsetof(Record, unit), JSON_OMIT_EMPTY, .max = 256 },
        { "faults", JSON_KIND_UNSIGNED, offsetof(Record, faults), JSON_OMIT_EMPTY },
        { "kills", JSON_KIND_UNSIGNED, offsetof(Record, kills), JSON_OMIT_EMPTY },
        { "retry_at", JSON_KIND_U64, offsetof(Record, retry_at), JSON_OMIT_EMPTY },
        { "started", JSON_KIND_U64, offsetof(Record, started), JSON_OMIT_EMPTY },
        { "deadline", JSON_KIND_U64, offsetof(Record, deadline), JSON_OMIT_EMPTY },
        { "cancel", JSON_KIND_BOOL, offsetof(Record, cancel), JSON_OMIT_EMPTY },
        { "needs", JSON_KIND_STRV, offsetof(Record, needs), JSON_OMIT_EMPTY, .max = LIMIT_NEEDS, .check = name_is_valid },
        { "isolation", JSON_KIND_OBJECT, offsetof(Record, isolation), JSON_OMIT_EMPTY, .table = &isolation_proof_table },
        { "events", JSON_KIND_STRV, offsetof(Record, events), JSON_OMIT_EMPTY, .max = RECORD_EVENTS_MAX, .check = name_is_valid },
};
const JsonTable record_table = JSON_TABLE(fields);

int record_read_at(int dirfd, Record *ret, char **reterr) {
        _cleanup_record_ Record r = {};
        int k;

        k = json_record_read_at(&record_table, dirfd, RECORD_FILE, LIMIT_RECORD_BYTES, &r, reterr);
        if (k < 0)
                return k;
        *ret = r;
        r = (Record){};
        return 0;
}

void record_done(Record *r) {
        json_record_done(&record_table, r);
        *r = (Record){};
}
