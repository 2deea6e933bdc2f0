/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The command that is captured: started with /dev/null as standard input and one pipe for all that it prints.
 */

#include <signal.h>
#include <sys/types.h>

#include "spool/base/macro.h"

/*
 * Starts argv[0] (searched in $PATH) in a process group of its own, with all signals unblocked and at their defaults.
 * ret_fd: the end of the pipe to read from, not blocking. Return: 0 or a negative errno (-ENOENT: no such program).
 */
int child_spawn(char *const argv[], pid_t *ret_pid, int *ret_fd);

/* Sends a signal to the process group. A group that is gone is no error. */
void child_signal(pid_t pid, int signal);

/*
 * Our exit status for how the child ended: its own, or 128 and the signal that killed it, as a shell has it. 200 to 254
 * become EXIT_STATUS_FOLDED, as systemd and morf-capture itself speak in them.
 */
int child_exit_status(const siginfo_t *si);
