/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Stages: each working state of a job is one transient unit. This module starts it, learns how it ended from the exit record,
 * and goes on: to the next state, to another try when the platform was at fault, or to the job's end.
 *
 * The order that makes a crash harmless: directories, then the record with the unit's name, then the bus call. After a crash,
 * stage_resume() asks the exit record first, then the manager.
 */

#include "daemon/job.h"
#include "units/manager.h"

/* Enters a working state and starts its unit. The job may be ended (and freed) when this returns. */
void stage_begin(Job *j, JobState state);

/* Whether a job was claimed and nothing was done for it yet: the scheduler begins its intake. */
bool stage_is_fresh_intake(const Job *j);

/* Takes a job up again after a restart or a lost bus. units: what the manager has loaded. j may be freed. */
void stage_resume(Job *j, const UnitState *units, size_t n_units);

/* The unit of the current stage is gone. j may be freed. */
void stage_gone(Job *j);

/* The steps of a workflow are all done: what follows them begins. j may be freed. */
void stage_steps_done(Job *j);

/* Cancels: stops the unit, or ends the job at once where none runs. j may be freed. */
void stage_cancel(Job *j);

/* Ends all that runs in a slice of the job, at once. */
void stage_end_slice(const Job *j, const char *slice);

/* One of the few waits of a job is over in so many microseconds: next try, or trouble with an end. */
void stage_arm_timer(Job *j, uint64_t delay_usec);
