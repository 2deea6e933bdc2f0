/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Raw sessions made ready for containers: a directory that lies over the session's own in an overlay, so that nothing big is copied. It
 * holds each dump unpacked and renamed (without '(', ')', '&' and spaces, as MORF 2.0 named them), a whiteout over each packed one, and
 * coursera_course_dates.csv with the rows of the course. Click logs stay as they are.
 */

#include "tools/assemble/assemble.h"

/*
 * The name that a file of a session has for containers. ret: at least as long as name. Return: whether it differs, so that a file of the
 * new name must be made.
 */
bool raw_name(const char *name, char *ret);

/*
 * Makes the layers of all sessions that the phase's containers see, as far as they are missing. A packed dump that is none, or that ends too early, and two
 * dumps that get one name are damage of the platform's data.
 * Return: 0; -EBADMSG with FAULT_PLATFORM, which names course and session; another negative errno.
 */
int raw_layers_make(const Assemble *a, Fault *reterr);
