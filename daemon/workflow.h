/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A workflow at work: the steps of a job in state "running", each a unit of its own. What is said of stages in stage.h goes for steps:
 * directories, then the step's record with the unit's name, then the bus call; after a crash the exit record is asked first, then
 * the manager; a step that is done is never run again.
 *
 * A job holds one slot and the memory and processors of one container. More of its containers run as long as the budget has room and
 * nobody in the queue waits for it (see scheduler.c).
 */

#include "daemon/job.h"
#include "daemon/workflow-choice.h"
#include "units/manager.h"

typedef struct Workflow {
        Plan plan;
        WorkflowStep *steps; /* one for each of the plan */
        bool partial;
        size_t from;         /* see workflow_choose() */
        unsigned containers; /* that run now */
} Workflow;

Workflow *workflow_free(Job *j, Workflow *w);

/* Begins, or goes on with what is there. j may be freed. Return: 0, or a negative errno: nothing was begun, try again. */
int workflow_start(Job *j);

/* After a restart or a lost bus. units: what the manager has loaded. j may be freed. Return: as workflow_start(). */
int workflow_resume(Job *j, const UnitState *units, size_t n_units);

/* A unit is gone; if it is that of a step that runs, the workflow goes on. j may be freed. */
void workflow_gone(Job *j, const char *unit);

/* The job's timer: the next try of a step, or trouble with an end. j may be freed. */
void workflow_timer(Job *j);

/* Stops all steps; the job ends when they are gone, or at once where none runs. j may be freed. */
void workflow_cancel(Job *j);

/* A hold was set or lifted: a held workflow starts no steps. j may be freed. */
void workflow_hold(Job *j);

/* Whether another container could be started beside those that run, if the budget has room; and starts it. j may be freed. */
bool workflow_wants_more(const Job *j);
void workflow_start_more(Job *j);

/* Whether the plan of a job has anything to evaluate; an unreadable plan has. */
bool workflow_is_evaluated(const Job *j);
