/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Claiming: deciding that an upload is complete, and taking it by one rename into a directory that its sender cannot reach.
 *
 * Complete is what was renamed into place and is not open for writing, or what was put directly, is not open for writing (a
 * read lease is granted only then), has rested for a while and ends the way its kind ends. What is taken is made root's before
 * anybody parses it: a descriptor that the sender may still hold cannot be reopened for writing then.
 */

#include <sys/stat.h>

#include "daemon/job.h"

enum {
        CLAIM_E_INCOMPLETE = 1, /* still being uploaded */
};

typedef enum DropKind {
        DROP_KIND_IGNORED,   /* temporary names, hidden files */
        DROP_KIND_OTHER,     /* perhaps an attachment */
        DROP_KIND_JOB_FILE,  /* NAME.cfg, client.config */
        DROP_KIND_ZIP,       /* NAME.zip */
        DROP_KIND_DIRECTORY, /* a directory with a job file in it */
} DropKind;

/* What an entry of a drop box is, by its name and type. box: the drop box. */
DropKind claim_kind(int box, const char *name, const struct stat *st);

/*
 * Whether an entry is complete. renamed: it was seen under another name before, so its sender says that it is.
 * Return: 0; CLAIM_E_INCOMPLETE; or a negative errno.
 */
int claim_is_complete(const Daemon *d, int box, const char *name, const struct stat *st, DropKind kind, bool renamed);

/*
 * Takes a complete entry: makes a job for user, whose intake begins. box_name: "incoming" or "sftp". given_up: it never became
 * complete; the job is rejected at once.
 * Return: 0; -ENOENT (gone meanwhile); or another negative errno, with nothing taken.
 */
int claim_drop(Daemon *d, int box, const char *box_name, const char *name, const char *user, bool given_up);

/*
 * Makes what lies in the job's drop/ root's, where an earlier daemon was killed between taking it and that. Does no harm otherwise.
 * Return: 0 or a negative errno.
 */
int claim_finish(Job *j);

/*
 * Takes a complete attachment into the job's drop/.
 * Return: 0; -EEXIST (it is there already); CLAIM_E_INCOMPLETE; -ENOENT; or another negative errno.
 */
int claim_attachment(Job *j, int box, const char *name);
