/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What containers that trained have left, at the root of /input of those that test. A name that is taken already gets course and session
 * before it; names of courses are compared whole, so that models of "introfinance" are none of "finance".
 */

#include "tools/assemble/assemble.h"

/*
 * Copies the models that a step tests, of the phase that trained last: those of its course, or of all. input_fd: its directory.
 * Return: how many containers left one; a negative errno.
 */
int models_lay_out(const Assemble *a, const PlanStep *s, int input_fd);
