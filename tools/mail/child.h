/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A process that sends one mail, seen from the service: started with the settings on its standard input, killed at a deadline,
 * asked for its result on a pipe when it has ended. So nothing that a mail server does, or stops doing, can hold up the loop.
 */

#include <systemd/sd-event.h>

#include "spool/outbox.h"
#include "tools/mail/result.h"
#include "tools/mail/settings.h"

typedef struct Child Child;

/* result: what became of the mail; the callee may take its members over. The child is gone when this returns. */
typedef void (*ChildDone)(Child *c, const char *name, MailResult *result, void *userdata);

/*
 * Starts the process. deadline_usec: how long it may take.
 * Return: 0 and the child, which child_free() ends; or a negative errno.
 */
int child_start(
                sd_event *event, const MailSettings *s, const char *name, uint64_t deadline_usec, ChildDone done, void *userdata, Child **ret);

/* Kills the process if it still runs. */
Child *child_free(Child *c);
DEFINE_CLEANUP(Child *, child_free);
