/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is to be done next in a workflow, from its plan and the states of its steps alone: nothing is read, started or written here.
 *
 * The steps of a phase and kind are a group; groups follow each other, the steps of one may run at the same time. A step that failed
 * ends the job, but not before those that run beside it have ended and what was finished was put aside for another try. Where the
 * job asked for it (partial), a container that failed costs its course and not the job.
 */

#include "spool/plan.h"
#include "spool/step-record.h"

/* One step in memory. */
typedef struct WorkflowStep {
        StepRecord record;
        bool live;         /* its unit was started, or found running, and is not gone yet */
        bool start_failed; /* the manager said that it did not come to run */
} WorkflowStep;

typedef enum WorkflowNext {
        WORKFLOW_NEXT_WAIT,    /* for steps that run, or for the time of another try */
        WORKFLOW_NEXT_START,   /* a step */
        WORKFLOW_NEXT_SKIP,    /* a step: its course is lost */
        WORKFLOW_NEXT_SALVAGE, /* a step, which collects: the job fails, but what was finished is kept */
        WORKFLOW_NEXT_FAIL,    /* the job */
        WORKFLOW_NEXT_DONE,    /* all steps */
} WorkflowNext;

typedef struct WorkflowChoice {
        WorkflowNext next;
        unsigned number;   /* of the step; or, to fail, of the first one that failed */
        uint64_t retry_at; /* to wait: when the first of those that wait for another try is due; UINT64_MAX: none does */
} WorkflowChoice;

/*
 * steps: one for each of the plan, in its order. now: realtime, microseconds. from: the steps before this index are known to be
 * final; moved on.
 */
WorkflowChoice workflow_choose(const Plan *p, const WorkflowStep *steps, bool partial, uint64_t now, size_t *from);

/* Whether a container of this course failed, so that the job goes on without it. */
bool workflow_course_is_lost(const Plan *p, const WorkflowStep *steps, const char *course);

/* How far it is. */
typedef struct WorkflowProgress {
        unsigned done, containers; /* container steps: those that are final, and all */
        unsigned cached;
        unsigned phase;            /* that is under way, or the last one */
        uint64_t left_usec;        /* estimated from the steps that ran so far; 0: not known */
} WorkflowProgress;

/* phase: of which the container steps are counted; 0: all. */
WorkflowProgress workflow_progress(const Plan *p, const WorkflowStep *steps, unsigned phase);
