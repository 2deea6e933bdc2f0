/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the short-lived helpers (intake, image, stage, collect, evaluate, ...) have in common: how they start on directories that a
 * crashed attempt may have left half filled, and how they end.
 */

#include "spool/fault.h"

/* Exit status of a wrong command line. */
#define HELPER_EXIT_USAGE 2

/* The environment variable that names the file for the exit record of a helper: it is there, empty, and the helper's to write. */
#define HELPER_RECORD_VARIABLE "MORF_EXIT_RECORD"

/*
 * The main() of a helper: opens the log under its name, works, and leaves an exit record (spool/exit-record.h) where its environment
 * wants one. A helper that is killed leaves none, and is then tried again; that is no more than what its exit status could pretend.
 * So a helper bears witness itself: to let the manager start one more program behind it would cost as much as half a stage.
 * work: returns the exit status.
 * Return: the exit status; FAULT_EXIT_TEMPORARY when the record could not be written.
 */
int helper_main(const char *name, int argc, char *argv[], int (*work)(int argc, char *argv[]));

/*
 * Opens a directory given on the command line, following links in its path: the caller's command line is trusted, what is
 * inside is not. Return: a descriptor or a negative errno, which is logged.
 */
int helper_open_dir(const char *path);

/* Removes what an earlier attempt left, names ended by NULL, and a fault.json. Return: 0 or a negative errno. */
int helper_clear(int dirfd, const char *const *names);

/* Adds the names in arg, separated by commas, to a list. Return: 0; -EINVAL (one is not name_is_valid()); -ENOMEM. */
int helper_add_names(char ***l, const char *arg);

/*
 * Ends a helper with the result of its work: r == 0 is success; r == -EBADMSG with a fault set publishes it below
 * out_dirfd; everything else is the platform's trouble and is logged.
 * Return: the exit status, 0, FAULT_EXIT_STATUS or FAULT_EXIT_TEMPORARY.
 */
int helper_finish(int out_dirfd, int r, const Fault *fault);
