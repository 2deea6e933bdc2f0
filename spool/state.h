/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The states of a job and the legal moves between them, as one table. The coarse state is the directory a job lies in
 * (active/, done/, failed/); the fine state is kept in its record.json.
 */

#include "spool/base/string-table.h"

typedef enum JobState {
        JOB_STATE_INTAKE,     /* the drop is being parsed and validated */
        JOB_STATE_QUEUED,     /* accepted; waits for a slot, for memory or for its turn */
        JOB_STATE_PREPARING,  /* the image is being loaded or built */
        JOB_STATE_RECORDING,  /* workflows: the controller runs without data, to record what it calls */
        JOB_STATE_PLANNING,   /* the data that the job may see is being laid out; workflows: what the calls mean is being worked out */
        JOB_STATE_RUNNING,    /* the container runs; workflows: their steps do */
        JOB_STATE_COLLECTING, /* its output is being sealed */
        JOB_STATE_EVALUATING,
        JOB_STATE_GATING,    /* the release policy is being applied */
        JOB_STATE_RELEASING, /* result and mail are being published */
        JOB_STATE_DONE,
        JOB_STATE_FAILED,
        JOB_STATE_REJECTED,
        JOB_STATE_CANCELLED,
        _JOB_STATE_MAX,
        _JOB_STATE_INVALID = -EINVAL,
} JobState;

DECLARE_STRING_TABLE(job_state, JobState);

/* All names, for record tables: _JOB_STATE_MAX of them. */
extern const char *const job_state_names[];

/* Whether a job may go from one state to the other. Staying (a retry of the same stage) is legal in states that work. */
bool job_state_may_follow(JobState from, JobState to);

/* Whether the job has ended, one way or another. */
bool job_state_is_final(JobState s);

/* Whether the job holds a slot and its share of the memory and processor budget. */
bool job_state_holds_slot(JobState s);
