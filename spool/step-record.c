/* SPDX-License-Identifier: MIT */
#include "spool/step-record.h"

#include "spool/limits.h"

static const char *const step_state_names[_STEP_STATE_MAX] = {
        [STEP_STATE_PENDING] = "pending",
        [STEP_STATE_RUNNING] = "running",
        [STEP_STATE_WAITING] = "waiting",
        [STEP_STATE_DONE] = "done",
        [STEP_STATE_CACHED] = "cached",
        [STEP_STATE_FAILED] = "failed",
        [STEP_STATE_SKIPPED] = "skipped",
};
DEFINE_STRING_TABLE(step_state, StepState, STEP_STATE)

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(StepRecord, version), JSON_REQUIRED, .min = STEP_RECORD_VERSION, .max = STEP_RECORD_VERSION },
        { "state", JSON_KIND_ENUM, offsetof(StepRecord, state), JSON_REQUIRED, .names = step_state_names, .max = _STEP_STATE_MAX },
        { "attempt", JSON_KIND_UNSIGNED, offsetof(StepRecord, attempt), JSON_OMIT_EMPTY },
        { "faults", JSON_KIND_UNSIGNED, offsetof(StepRecord, faults), JSON_OMIT_EMPTY },
        { "kills", JSON_KIND_UNSIGNED, offsetof(StepRecord, kills), JSON_OMIT_EMPTY },
        { "unit", JSON_KIND_STRING, offsetof(StepRecord, unit), JSON_OMIT_EMPTY, .max = 256 },
        { "started", JSON_KIND_U64, offsetof(StepRecord, started), JSON_OMIT_EMPTY },
        { "deadline", JSON_KIND_U64, offsetof(StepRecord, deadline), JSON_OMIT_EMPTY },
        { "retry_at", JSON_KIND_U64, offsetof(StepRecord, retry_at), JSON_OMIT_EMPTY },
        { "finished", JSON_KIND_U64, offsetof(StepRecord, finished), JSON_OMIT_EMPTY },
        { "usage", JSON_KIND_OBJECT, offsetof(StepRecord, usage), JSON_OMIT_EMPTY, .table = &usage_table },
        { "fault", JSON_KIND_OBJECT, offsetof(StepRecord, fault), JSON_OMIT_EMPTY, .table = &fault_table },
};
const JsonTable step_record_table = JSON_TABLE(fields);

bool step_state_is_final(StepState s) {
        return s >= STEP_STATE_DONE;
}

const char *step_record_file(unsigned number, char buffer[static STEP_RECORD_NAME_SIZE]) {
        snprintf(buffer, STEP_RECORD_NAME_SIZE, "%03u.json", number);
        return buffer;
}

const char *step_dir_name(unsigned number, char buffer[static STEP_RECORD_NAME_SIZE]) {
        snprintf(buffer, STEP_RECORD_NAME_SIZE, "%03u", number);
        return buffer;
}

int step_record_write_at(int dirfd, unsigned number, const StepRecord *record, gid_t gid) {
        char name[STEP_RECORD_NAME_SIZE];

        return json_record_publish_at(&step_record_table, record, dirfd, step_record_file(number, name), 0640, 0, gid);
}

int step_record_read_at(int dirfd, unsigned number, StepRecord *ret, char **reterr) {
        _cleanup_step_record_ StepRecord r = {};
        char name[STEP_RECORD_NAME_SIZE];
        int k;

        k = json_record_read_at(&step_record_table, dirfd, step_record_file(number, name), LIMIT_RECORD_BYTES, &r, reterr);
        if (k < 0)
                return k;
        *ret = r;
        r = (StepRecord){};
        return 0;
}

void step_record_done(StepRecord *r) {
        json_record_done(&step_record_table, r);
        *r = (StepRecord){};
}
