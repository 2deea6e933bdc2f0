/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Runs a command on an sd-event loop: pumps what it prints to a capped file, hands signals on to it, and ends it when
 * it fills what it may not.
 */

#include "tools/capture/engine.h"
#include "tools/capture/output.h"
#include "tools/capture/watch.h"

/* How often the limits are looked at; less often where looking itself takes long. */
#define CAPTURE_CHECK_MSEC 500u
/* Between asking the command to end and killing it. */
#define CAPTURE_GRACE_SEC 5u

#define CAPTURE_STATUS_NOT_FOUND 127
#define CAPTURE_STATUS_NOT_STARTED 126
#define CAPTURE_STATUS_INTERNAL 70 /* EX_SOFTWARE */

/*
 * Runs argv to its end. engine: that which the command speaks to; one without a socket is not asked about anything.
 * Return: the exit status to end with: that of the command (see child.h), EXIT_STATUS_OUTPUT_LIMIT, EXIT_STATUS_DISK_LOW,
 * EXIT_STATUS_ENGINE_DOWN or _LOST (spool/exit-record.h), or one of those above; what went wrong is logged.
 */
int capture_run(char *const argv[], Output *output, Watch *watch, CaptureEngine *engine);
