/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a receipt says of a job, gathered: what the daemon left in the release directory, and the digests of the plan, of the versions of the
 * data that it names, and of the controller.
 */

#include "spool/receipt.h"

/*
 * dirfd: the release directory, with facts.json; plan_dirfd: where plan.json is, or -EBADF; controller: a path, or NULL.
 * Return: 0; -ENOENT (the daemon left nothing); -EBADMSG; or another negative errno.
 */
int facts_gather(int dirfd, int plan_dirfd, const char *controller, Receipt *ret);

/* Removes facts.json. Return: 0 or a negative errno. */
int facts_remove(int dirfd);
