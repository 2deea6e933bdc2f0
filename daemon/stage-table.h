/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The table of stages: for each working state of a job, the unit that does its work, what to make of its end, and what follows.
 */

#include "daemon/job.h"
#include "spool/exit-record.h"
#include "units/outcome.h"
#include "units/plan.h"

/* Result of Stage.succeeded beside 0 and a negative errno: the stage will be begun again by somebody else, do nothing. */
#define STAGE_WAITS 1

typedef struct Stage {
        JobState state;
        JobState next; /* what follows, if the job needs it: see stage_next() */
        const char *name; /* in unit names and exit records */
        const char *why;  /* what the job is doing there, for people */
        const char *fault_dir; /* below the job's directory: where its helper leaves fault.json; NULL: it has none */
        Sandbox sandbox;       /* SANDBOX_ENGINE: that of the engine in use */
        bool steps;            /* no unit of its own: the steps of a workflow, see workflow.h; nothing of what follows */
        bool container;        /* its time and memory are what the mail reports */

        /* Whether the job needs it; NULL: every job does. */
        bool (*needed)(const Job *j);
        /* Lays out directories and describes the unit. Return: 0; -EBADMSG with a fault of the user; another negative errno. */
        int (*plan)(Job *j, int dirfd, UnitPlan *p, Fault *reterr);
        /* Adds the commands that clean up behind it, however it ends. Return: 0 or the plan's first error. May be NULL. */
        int (*clean)(Job *j, UnitPlan *p);
        /* Reads what it left. Return: 0; STAGE_WAITS; -EBADMSG with a fault of the user; another negative errno. May be NULL. */
        int (*succeeded)(Job *j, Fault *reterr);
        /* Whether this bad end is the user's fault, which is then filled in; else it is the platform's. May be NULL: never. */
        bool (*judge)(const Job *j, Outcome outcome, int status, const ExitRecord *e, Fault *ret);
} Stage;

/* Return: what a job of this mode does in a state, or NULL: it does not work in it. */
const Stage *stage_of_state(ManifestMode mode, JobState state);

/* The stage of the state that the job is in. Return: as stage_of_state(). */
const Stage *stage_of(const Job *j);

/* The state after a stage; states whose stage the job does not need are passed over. */
JobState stage_next(const Stage *s, const Job *j);

/* The gate's plan, to which a workflow adds. Return: as Stage.plan. */
int stage_plan_gate(Job *j, int dirfd, UnitPlan *p, Fault *reterr);

/* A complete plan for the current attempt: the stage's own part and what all have in common. Return: as Stage.plan. */
int stage_plan(const Stage *s, Job *j, UnitPlan **ret, Fault *reterr);
