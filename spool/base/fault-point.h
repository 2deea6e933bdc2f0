/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Places at which tests make a process die, stop or see an error: each transition, claim, publish and mail step has some. They
 * exist only where MORF_FAULT_POINTS is defined (make FAULT_POINTS=1, for tests); in what is installed they are nothing.
 *
 * The environment variable MORF_FAULT_POINT holds what is to happen, several with commas between: "NAME=ACTION", where ACTION is
 * kill, stop, or the name of an errno that a point which can fail returns ("ENOSPC", "EIO"); "*" in NAME stands for anything. Each
 * happens once: MORF_FAULT_MARKS names a directory that holds an empty file for each that did, named as the point, and one that is
 * marked does nothing.
 */

#include "spool/base/macro.h"

#ifdef MORF_FAULT_POINTS

/* detail: what makes several points of one place (a state, a file name), or NULL. Return: 0 or a negative errno. */
int fault_point(const char *place, const char *detail);

/* Prints the points of a program ("morfd"), one a line, with "kill" or "kill error" behind each. */
void fault_point_list(const char *program);

/* A place where a process can be killed. */
#define FAULT_POINT(place, detail) ((void) fault_point(place, detail))
/* One that can fail as well: its value is 0 or a negative errno. */
#define FAULT_POINT_ERROR(place, detail) fault_point(place, detail)

#else

#define FAULT_POINT(place, detail) ((void) (detail))
#define FAULT_POINT_ERROR(place, detail) ((void) (detail), 0)

#endif
