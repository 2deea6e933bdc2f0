/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Running another program: an absolute path and an argument vector, no shell.
 */

#include "spool/base/macro.h"

/* Most output that is captured. */
#define SUBPROC_OUTPUT_MAX (1024u * 1024u)

/*
 * Runs a program and waits for it. Standard input is empty, standard error ours. clean: with PATH and LANG only in the
 * environment. ret_output: NULL, so that standard output is ours; otherwise what it wrote, which the caller frees.
 * ret_status: the exit status, 128 + number for a signal.
 * Return: 0; -ENOENT or another negative errno when it cannot be started; -EFBIG (too much output).
 */
int subproc_run(char *const argv[], bool clean, char **ret_output, int *ret_status);
