/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One try of a stage or of a step of a workflow: how it ended, and when the next one is due. What both kinds have in common.
 */

#include "daemon/job.h"
#include "spool/conf.h"
#include "spool/exit-record.h"
#include "units/manager.h"
#include "units/outcome.h"

/* The manager ends a unit whose time is up; so long after that it is called stuck. */
#define ATTEMPT_STUCK_USEC (2 * USEC_PER_MINUTE)

/* What is known of an attempt that is gone. */
typedef struct AttemptEnd {
        ExitRecord record; /* EXIT_RECORD_INIT where there is none */
        bool recorded;
        Outcome outcome;
        int status;
} AttemptEnd;

/* Looks how it ended. name: that of its unit's stage. start_failed: the manager said that it did not come to run. */
AttemptEnd attempt_end(const Job *j, const char *name, unsigned attempt, bool start_failed);

/* Adds what a container used to an account. */
void attempt_account(Usage *u, const ExitRecord *e, uint64_t started, uint64_t memory_limit);

/*
 * Whether a container was perhaps taken away behind our back: nothing inside of one can kill its first process by SIGKILL, yet it may
 * end itself with that status, and the engine tells no difference. One that does so again and again, while nothing else goes wrong,
 * does it itself; until then the platform is at fault.
 *
 * faults, kills: of the stage or step so far; counts a kill.
 */
bool attempt_may_be_lost(const AttemptEnd *end, unsigned faults, unsigned *kills);

/* Whether it says that the container engine does not answer: nothing was begun. */
bool attempt_engine_is_down(const AttemptEnd *end);

/* How long to wait after so many faults of the platform, or after so many times when the engine did not answer or the disk was full. */
uint64_t attempt_delay(const Conf *c, unsigned faults);
uint64_t attempt_wait_delay(const Conf *c, unsigned waits);

/* The highest number that an attempt of this name has left an exit record under, also before a "retry". */
unsigned attempt_last(const Job *j, const char *name);

/* Whether a unit is among those that the manager has loaded, and not at its end. */
bool attempt_is_alive(const char *unit, const UnitState *units, size_t n);

/* Reads the fault.json of a helper. dir: below the job's directory. Return: 0 or a negative errno. */
int attempt_read_fault(const Job *j, const char *dir, Fault *ret);
