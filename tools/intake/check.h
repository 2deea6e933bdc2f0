/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * `morf check`: judges a job file, zip or directory as the server would, on the researcher's own machine.
 */

#include "spool/base/macro.h"

/*
 * path: as the user typed it. json: print the manifest or the fault as JSON instead of text.
 * Return: the exit status: 0, FAULT_EXIT_STATUS, or FAULT_EXIT_TEMPORARY.
 */
int check_run(const char *path, bool json);
