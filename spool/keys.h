/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The secrets of an installation, below /var/lib/morf/keys: made once, when morfd starts for the first time, and never again,
 * because what was made with a lost one cannot be made or checked any more. A key is a file of 64 hex digits, 256 random
 * bits, and a line feed, mode 0640, root's and readable for the group of the evaluation.
 *
 *   pseudonym  the names of courses in results
 *   receipt    signatures of receipts
 */

#include <sys/types.h>

#include "spool/base/macro.h"

#define KEYS_DIR "/var/lib/morf/keys"
#define KEYS_PSEUDONYM "pseudonym"
#define KEYS_RECEIPT "receipt"
/* The operator's own: the secret that an installation of MORF 2.0 had, one line, for pseudonyms like those it made. */
#define KEYS_HASH_SECRET "hash_secret"
#define KEYS_LENGTH 64u
#define KEYS_SECRET_MAX 256u

/* Makes those keys that are missing below dirfd, for root and a group. Return: 0 or a negative errno. */
int keys_make(int dirfd, gid_t gid);

/* Reads a key below dirfd. Return: 0; -EBADMSG (not a key); or another negative errno. */
int keys_read(int dirfd, const char *name, char ret[static KEYS_LENGTH + 1]);

/* Reads the operator's secret, without its line end, into a fresh string. Return: 0; -ENOENT; -EBADMSG (empty, or not one line); or another negative errno. */
int keys_read_secret(int dirfd, char **ret);
