/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A workflow on disk: its plan, the records of its steps, what was prepared; and what these add up to.
 */

#include "daemon/workflow.h"

/* Reads plan and records into j->workflow. Return: 0, or a negative errno; j->workflow is then NULL. */
int workflow_load(Job *j);

/* Publishes the record of a step. Return: 0 or a negative errno, which has been logged. */
int workflow_save_step(Job *j, unsigned number);

/*
 * Reads what morf-assemble says of a phase: steps whose outputs were there already are done, and those that lack an input or whose output breaks the
 * contract have failed, which their records say then. Return: 0 or a negative errno.
 */
int workflow_read_phase(Job *j, unsigned phase);

/* The step whose current unit this is. Return: its number, or 0. */
unsigned workflow_find_unit(const Job *j, const char *unit);

/* Whether nothing comes behind a step in its phase. */
bool workflow_ends_phase(const Plan *p, const PlanStep *s);

void workflow_add_usage(Usage *to, const Usage *from);

/* The fault of a job whose steps failed, number being the first of them: all are named. Return: as fault_set(). */
int workflow_describe_failure(const Job *j, unsigned number, Fault *ret);

/* Says in the job's record which courses were left out. Return: 0 or -ENOMEM. */
int workflow_note_lost(Job *j);

/* One sentence about a phase that is done, for the mail. Return: a fresh string, or NULL. */
char *workflow_describe_phase(Job *j, unsigned phase);
