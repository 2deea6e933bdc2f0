/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The features that a user's jobs collected, by the name of the job, for fork_features(): the last job of a name counts. A job of a
 * client.config with arguments, whose name has them, is also found by its job_id alone when no other has the same.
 */

#include "tools/assemble/assemble.h"

/* Keeps the table of the phase, work/MODE.csv. Return: 0 or a negative errno. */
int feature_cache_store(const Assemble *a);

/* Takes the tables of the job that the phase forks. Return: 0; -EBADMSG with a fault (there is no such job, or more than one); another negative errno. */
int feature_cache_fork(const Assemble *a, Fault *reterr);
