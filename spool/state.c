/* SPDX-License-Identifier: MIT */
#include "spool/state.h"

const char *const job_state_names[_JOB_STATE_MAX] = {
        [JOB_STATE_INTAKE] = "intake",
        [JOB_STATE_QUEUED] = "queued",
        [JOB_STATE_PREPARING] = "preparing",
        [JOB_STATE_RECORDING] = "recording",
        [JOB_STATE_PLANNING] = "planning",
        [JOB_STATE_RUNNING] = "running",
        [JOB_STATE_COLLECTING] = "collecting",
        [JOB_STATE_EVALUATING] = "evaluating",
        [JOB_STATE_GATING] = "gating",
        [JOB_STATE_RELEASING] = "releasing",
        [JOB_STATE_DONE] = "done",
        [JOB_STATE_FAILED] = "failed",
        [JOB_STATE_REJECTED] = "rejected",
        [JOB_STATE_CANCELLED] = "cancelled",
};

DEFINE_STRING_TABLE(job_state, JobState, JOB_STATE)

#define TO(s) (1u << JOB_STATE_##s)
#define ENDS (TO(FAILED) | TO(CANCELLED))

static const unsigned may_follow[_JOB_STATE_MAX] = {
        [JOB_STATE_INTAKE] = TO(INTAKE) | TO(QUEUED) | TO(REJECTED) | ENDS,
        [JOB_STATE_QUEUED] = TO(QUEUED) | TO(PREPARING) | ENDS,
        [JOB_STATE_PREPARING] = TO(PREPARING) | TO(RECORDING) | TO(PLANNING) | ENDS,
        [JOB_STATE_RECORDING] = TO(RECORDING) | TO(PLANNING) | ENDS,
        [JOB_STATE_PLANNING] = TO(PLANNING) | TO(RUNNING) | ENDS,
        [JOB_STATE_RUNNING] = TO(RUNNING) | TO(COLLECTING) | TO(EVALUATING) | TO(GATING) | ENDS,
        [JOB_STATE_COLLECTING] = TO(COLLECTING) | TO(EVALUATING) | ENDS,
        [JOB_STATE_EVALUATING] = TO(EVALUATING) | TO(GATING) | ENDS,
        [JOB_STATE_GATING] = TO(GATING) | TO(RELEASING) | ENDS,
        [JOB_STATE_RELEASING] = TO(RELEASING) | TO(DONE) | ENDS,
        /* By "retry" only. */
        [JOB_STATE_FAILED] = TO(QUEUED),
        [JOB_STATE_CANCELLED] = TO(QUEUED),
};

bool job_state_may_follow(JobState from, JobState to) {
        return (may_follow[from] & (1u << to)) != 0;
}

bool job_state_is_final(JobState s) {
        return s >= JOB_STATE_DONE;
}

bool job_state_holds_slot(JobState s) {
        return s >= JOB_STATE_PREPARING && !job_state_is_final(s);
}
