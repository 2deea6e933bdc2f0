/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The units of a workflow: of its stages and of each kind of step.
 */

#include "daemon/workflow.h"
#include "spool/exit-record.h"
#include "units/outcome.h"
#include "units/plan.h"

/* Members of the stages of a workflow. */
int workflow_plan_recording(Job *j, int dirfd, UnitPlan *p, Fault *reterr);
int workflow_clean_recording(Job *j, UnitPlan *p);
bool workflow_judge_recording(const Job *j, Outcome outcome, int status, const ExitRecord *e, Fault *ret);
int workflow_plan_planning(Job *j, int dirfd, UnitPlan *p, Fault *reterr);
int workflow_plan_evaluating(Job *j, int dirfd, UnitPlan *p, Fault *reterr);
int workflow_plan_gating(Job *j, int dirfd, UnitPlan *p, Fault *reterr);

/* What a step is called in unit names and exit records: "s14". Return: buffer. */
#define STEP_STAGE_SIZE 16u
const char *workflow_step_stage(unsigned number, char buffer[static STEP_STAGE_SIZE]);

/*
 * Makes the directories of a step and describes the unit of its next attempt. salvage: of a step that collects: the job fails, keep what
 * was finished. Return: 0; -EBADMSG with a fault of the user; another negative errno.
 */
int workflow_plan_step(Job *j, unsigned number, bool salvage, UnitPlan **ret, Fault *reterr);
