/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the recording of a controller has left: calls, or why there are none. Everything in it is the controller's word.
 */

#include "spool/call.h"
#include "spool/fault.h"

/*
 * Reads calls.json below dirfd. controller: its path, for messages.
 * Return: 0; -EBADMSG with a fault that names the controller's line; -ENOMEM.
 */
int recording_read(int dirfd, const char *controller, Calls *ret, Fault *reterr);
