/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Copies of directories that hold regular files only, complete under their name or not there.
 */

#include "spool/seal.h"

/*
 * Copies what is below from_dirfd to the new directory to_dirfd/name, durably; what was there under that name, or half done, is removed.
 * report: may be NULL. Return: 0; -EBADMSG with a fault (over a limit of options); another negative errno.
 */
int tree_copy(int from_dirfd, int to_dirfd, const char *name, const SealOptions *options, SealReport *report, Fault *reterr);

/* As tree_copy() of our own files, which have no limit. */
int tree_copy_own(int from_dirfd, int to_dirfd, const char *name);

/* Gives everybody the right to read what is below dirfd. Return: 0 or a negative errno. */
int tree_make_readable(int dirfd);

/*
 * Adds "name/path\n", size and contents of every file below dirfd to d, in the order of names.
 * Return: 0 or a negative errno.
 */
struct Digest;
int tree_digest(int dirfd, struct Digest *d);
