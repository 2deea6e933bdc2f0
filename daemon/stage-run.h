/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The stage "run": one container, its directories, mounts and limits, and what its end means.
 */

#include "daemon/job.h"
#include "spool/exit-record.h"
#include "units/outcome.h"
#include "units/plan.h"

/* The members plan, clean and judge of the stage's entry in the table of stages. */
int stage_run_plan(Job *j, int dirfd, UnitPlan *p, Fault *reterr);
int stage_run_clean(Job *j, UnitPlan *p);
bool stage_run_judge(const Job *j, Outcome outcome, int status, const ExitRecord *e, Fault *ret);
