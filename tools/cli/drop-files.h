/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a researcher names as a job, and what belongs to it: a job file with the files that it names, a job zip, or a directory.
 */

#include "spool/base/macro.h"

typedef struct DropFiles {
        const char *path;   /* set by the caller */
        char *name;         /* under which it is dropped */
        char **attachments; /* paths; those that the caller knows are there before */
        bool elsewhere;     /* an attachment does not lie beside the job file */
} DropFiles;

/*
 * Looks at path, finds its name and adds the files beside it that it names. What is wrong with the job itself the check says better.
 * Return: 0, or an exit status after a message.
 */
int drop_files_find(DropFiles *d);

/* The last component of a path, slashes at the end left out. Return: a fresh string, "" for "/", or NULL. */
char *drop_files_last_component(const char *path);

void drop_files_done(DropFiles *d);
#define _cleanup_drop_files_ _cleanup_(drop_files_done)
