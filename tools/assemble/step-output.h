/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the container of a step must have left, by the contract: one CSV file when it extracts or tests; COURSE_K_test.csv when it
 * cross-validates; any file when it trains. No name that a container chose is in a message.
 */

#include "tools/assemble/assemble.h"

/*
 * Looks at the sealed output of a step. *ret_fd: its table, to be closed, or -EBADF when it trains.
 * Return: 0; -EBADMSG with a fault; another negative errno.
 */
int step_output_open(const Assemble *a, const PlanStep *s, int sealed_dirfd, int *ret_fd, Fault *reterr);
