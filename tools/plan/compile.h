/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Calls become phases and steps: each call is held against what the calls before it have made, and against the courses that the
 * plan has.
 */

#include "spool/fault.h"
#include "spool/plan.h"

typedef struct CompileOptions {
        const char *file;    /* what messages name: the controller, or "workflow" */
        bool labels_allowed; /* the user may make tables of labels */
} CompileOptions;

/*
 * Fills phases, steps and evaluation of a plan that has its courses.
 * Return: 0; -EBADMSG with a fault that names the line of the call; -ENOMEM.
 */
int compile_calls(const CompileOptions *o, const Call *calls, size_t n, Plan *p, Fault *reterr);
