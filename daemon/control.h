/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Requests about jobs. A request is an empty file whose name says all and whose owner is the one who asks, so that there is
 * nothing to parse: control/cancel.ID, or ID.cancel in an SFTP user's drop box. Known requests: cancel, hold, release, retry.
 */

#include "spool/base/macro.h"

typedef struct Daemon Daemon;

/* Watches control/ and does what lies there. Return: 0 or a negative errno. */
int control_start(Daemon *d);

/*
 * Does a request that lies in the drop box of an SFTP user, if it is one, and removes it. Ids may be shortened.
 * Return: whether it was one.
 */
bool control_apply_dropped(Daemon *d, int box, const char *name, const char *user);
