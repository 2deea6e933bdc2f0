/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writes a whole course repository: the tables at its top and a directory for each session with the seven files of an
 * export.
 */

#include "tools/synth/campus.h"

typedef struct RepositoryStats {
        uint64_t sessions, learners, lines, log_bytes;
} RepositoryStats;

/* Told after each session. */
typedef void (*RepositoryProgress)(void *userdata, const Session *s, const RepositoryStats *so_far);

/*
 * Writes below dirfd, replacing files of the same name and leaving all others. progress may be NULL.
 * Return: 0; -E2BIG (the plan has too many people); or another negative errno.
 */
int repository_write(
        int dirfd, const CampusPlan *plan, RepositoryProgress progress, void *userdata, RepositoryStats *ret_stats);
