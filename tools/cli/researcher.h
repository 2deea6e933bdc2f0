/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What makes up a researcher's account: users.d/NAME.conf, the Unix account, ssh/NAME.keys beside morfd.conf, and the
 * directories sftp/NAME/{incoming,jobs} of the spool.
 */

#include "spool/conf.h"
#include "tools/cli/cli.h"

typedef enum ResearcherAccess {
        RESEARCHER_NONE,  /* no Unix account: nothing can be handed in */
        RESEARCHER_LOCAL, /* submits on this machine */
        RESEARCHER_SFTP,  /* comes by SFTP only */
        _RESEARCHER_MAX,
        _RESEARCHER_INVALID = -EINVAL,
} ResearcherAccess;
DECLARE_STRING_TABLE(researcher_access, ResearcherAccess);

/* What account of the machine stands behind a name. */
ResearcherAccess researcher_access(const char *name);

/* The keys of an account, one a string. Return: 0 with an empty list when there is no key file; or a negative errno. */
int researcher_read_keys(const char *name, char ***ret);

/* Replaces the key file (root:root 0644). Return: 0 or a negative errno. */
int researcher_write_keys(const char *name, char *const *keys);

/* Removes the key file. Return: 0, also where there was none; or a negative errno. */
int researcher_remove_keys(const char *name);

/*
 * Makes the account of u as a whole, or nothing of it. What is there already and right is kept. keys: NULL for a local
 * submitter, whose Unix account must exist. ret_new: whether the configuration was not there before.
 * Return: 0, or an exit status after a message that says what is left if not all could be undone.
 */
int researcher_add(Cli *cli, const ConfUser *u, char *const *keys, bool *ret_new);

/*
 * Ends an account: no login, no configuration, no keys; with purge neither directories nor ended jobs.
 * Return: 0, or an exit status after a message that says what is left.
 */
int researcher_remove(Cli *cli, const char *name, bool purge);
