/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The jobs that are handed in: each copies a file of predictions to /output and ends.
 */

#include <sys/types.h>

#include "spool/layout.h"

/* Names of all drops of this program begin so; what else a spool holds is not ours. */
#define LOAD_PREFIX "torture-"
#define LOAD_NAME_SIZE 64u

typedef struct Load {
        const char *user;
        const char *base; /* image with a cp program, which the engine has */
        char token[24];   /* tells this run's jobs from those of other runs */
        uid_t uid;
        gid_t gid;
        char **courses; /* to predict for: all that are granted, or some */
        int box_fd;       /* where drops go: the box of the user */
} Load;

/*
 * Finds the account's drop box: its SFTP home, or incoming/. Return: 0; -ENOENT (no such account); or another negative errno.
 */
int load_open(Load *l, const Spool *spool);
void load_done(Load *l);

/* "torture-<token>-", with which the names of all jobs of this run begin. Return: buffer. */
const char *load_prefix(const Load *l, char buffer[static LOAD_NAME_SIZE]);

/* "torture-<token>-007". Return: buffer. */
const char *load_name(const Load *l, unsigned number, char buffer[static LOAD_NAME_SIZE]);

/* Hands a job in, whole, by one rename. Return: 0 or a negative errno. */
int load_drop(const Load *l, unsigned number);
