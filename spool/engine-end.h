/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the bad end of a container means, in the words that its user reads.
 */

#include "spool/fault.h"

typedef struct EngineEnd {
        int status;         /* of morf-capture, see spool/exit-record.h; of the engine's command; or the container's own */
        bool killed;        /* there is no status */
        bool out_of_memory; /* the kernel killed something of it */
        bool out_of_pids;   /* it hit its limit of processes */
        bool out_of_time;
        uint64_t memory;    /* its limits: bytes, microseconds */
        uint64_t time_usec;
} EngineEnd;

/* Whether a bad end is the fault of the container's user, which is then filled in; else it is the platform's. */
bool engine_end_judge(const EngineEnd *e, Fault *ret);
