/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The inside of one visit; used by activity.c only.
 */

#include "tools/synth/activity.h"

/* Tells the actions of visit v. */
void visit_actions(const Session *s, const Syllabus *y, const Visit *v, ActionHandler handler, void *userdata);
