/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * steps/<nnn>.json: where one step of a workflow stands. Written by the daemon alone; it names the unit before that is started, so
 * that the record and the unit's exit record tell after a crash what is to be done. A step without one was never started.
 * Times are microseconds of CLOCK_REALTIME, 0 when not set.
 */

#include "spool/record.h"

#define STEP_RECORD_VERSION 1
#define STEP_RECORD_NAME_SIZE 24u

typedef enum StepState {
        STEP_STATE_PENDING,
        STEP_STATE_RUNNING, /* its unit was started, or will be in a moment */
        STEP_STATE_WAITING, /* for its next try: the platform was at fault */
        STEP_STATE_DONE,
        STEP_STATE_CACHED,  /* its output was there from an earlier job */
        STEP_STATE_FAILED,
        STEP_STATE_SKIPPED, /* of a course that another step lost */
        _STEP_STATE_MAX,
        _STEP_STATE_INVALID = -EINVAL,
} StepState;

DECLARE_STRING_TABLE(step_state, StepState);

typedef struct StepRecord {
        uint64_t version;
        StepState state;
        unsigned attempt;  /* from 1 */
        unsigned faults;   /* platform faults so far */
        unsigned kills;    /* among them: its container was ended by SIGKILL */
        char *unit;        /* of the attempt that runs; else NULL */
        uint64_t started;  /* the last attempt */
        uint64_t deadline; /* when it must have ended */
        uint64_t retry_at; /* not before */
        uint64_t finished;
        Usage usage; /* of all attempts */
        Fault fault; /* of a step that failed */
} StepRecord;

extern const JsonTable step_record_table;

/* Whether nothing is left to be done for it, one way or another. */
bool step_state_is_final(StepState s);

/* "014.json", or "014" for the directory. Return: buffer. */
const char *step_record_file(unsigned number, char buffer[static STEP_RECORD_NAME_SIZE]);
const char *step_dir_name(unsigned number, char buffer[static STEP_RECORD_NAME_SIZE]);

/* Publishes the record of a step durably. dirfd: steps/. gid: who may read it. Return: 0 or a negative errno. */
int step_record_write_at(int dirfd, unsigned number, const StepRecord *record, gid_t gid);

/* Reads the record of a step. Return: 0, -ENOENT (never started), -EBADMSG or another negative errno. */
int step_record_read_at(int dirfd, unsigned number, StepRecord *ret, char **reterr);

void step_record_done(StepRecord *r);
#define _cleanup_step_record_ _cleanup_(step_record_done)
