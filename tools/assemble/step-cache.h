/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Outputs of finished container steps, kept for later jobs of the same user under a key that says all that an output depends on: the
 * image, the arguments, what the container sees. A step whose key is known is not run again.
 */

#include "spool/base/digest.h"
#include "tools/assemble/assemble.h"

/* The key of a step whose input is laid out. Return: 0 or a negative errno. */
int step_cache_key(const Assemble *a, const PlanStep *s, char ret[static DIGEST_LENGTH + 1]);

/* Copies what is kept under a key to work/sealed/NNN. Return: 1; 0 when nothing is; or a negative errno. */
int step_cache_take(const Assemble *a, const PlanStep *s, const char *key);

/* Keeps work/sealed/NNN under a key. Return: 0 or a negative errno. */
int step_cache_store(const Assemble *a, const PlanStep *s, const char *key);

/*
 * Lets one job of the user at a time write to a cache, until the descriptor is closed: what is half written has the same name in all of
 * them. Return: a descriptor or a negative errno.
 */
int cache_lock(int dirfd);

/*
 * Removes those entries of a cache that were used least recently, until it holds no more than max_bytes; and what crashed runs left. Entries
 * used within the last idle_sec seconds stay, as a running job may see them. Return: 0 or a negative errno.
 */
int cache_trim(int dirfd, uint64_t max_bytes, unsigned idle_sec);
