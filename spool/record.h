/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * record.json: where a job stands. Written by the daemon alone, at every transition; all that the daemon must know after a
 * crash is in it and in the exit records. Times are microseconds of CLOCK_REALTIME, 0 when not set.
 */

#include "spool/fault.h"
#include "spool/isolation.h"
#include "spool/state.h"

#define RECORD_FILE "record.json"
#define RECORD_VERSION 1
#define RECORD_WHY_MAX 512u
#define RECORD_NAME_MAX 256u  /* of the job and of its drop, escaped */
#define RECORD_EVENTS_MAX 64u

/* What the job used so far, summed over its stages. */
typedef struct Usage {
        uint64_t wall_usec; /* of the container */
        uint64_t cpu_usec;
        uint64_t memory_peak;  /* bytes */
        uint64_t memory_limit; /* bytes */
        uint64_t output_bytes;
        uint64_t oom_kills;
} Usage;

extern const JsonTable usage_table;

typedef struct Record {
        uint64_t version;
        char *id;
        char *user;
        char *name; /* the job's own name, or that of the drop until it is known */
        char *drop; /* file name of the drop as it came */
        char *box;  /* the drop box it came by: "incoming" or "sftp" */
        char *form; /* "native", "zip", or "" until known */
        JobState state;
        char *why; /* the one reason why it is where it is, for people */
        uint64_t created;
        uint64_t changed;  /* last change of state */
        uint64_t finished; /* when it ended */
        unsigned attempt;  /* of the current stage, from 1 */
        char *unit;        /* unit of the current stage: set before it is started, "" between stages */
        unsigned faults;   /* platform faults of the current stage so far */
        unsigned kills;    /* among them: its container was ended by SIGKILL */
        uint64_t retry_at; /* not before */
        uint64_t started;  /* when the current stage's unit was started */
        uint64_t deadline; /* when the current stage must have ended */
        bool hold;         /* the operator or the user holds it in the queue */
        bool cancel;       /* cancelling was asked for */
        char **needs;      /* attachments that intake waits for */
        char **events;     /* mails asked for so far, in order: the n-th has number n */
        unsigned step;     /* steps done */
        unsigned steps;    /* steps in all */
        uint64_t expected; /* when its steps will be done, by those that ran so far; 0: not known */
        char *left_out;    /* courses that a workflow went on without, for people; or NULL */
        Usage usage;
        Fault fault;
        IsolationProof isolation; /* on the strength of which its container was started last */
} Record;

extern const JsonTable record_table;
/* The members that the researcher may see: sftp/USER/jobs/ID/status.json. */
extern const JsonTable status_table;

/* Reads dirfd/record.json. Return: 0, -ENOENT, -EBADMSG or another negative errno. */
int record_read_at(int dirfd, Record *ret, char **reterr);

void record_done(Record *r);
#define _cleanup_record_ _cleanup_(record_done)
