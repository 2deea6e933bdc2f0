/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The mail service: watches outbox/, sends what is due, keeps the rest for later. Nothing is known here that is not in the
 * files: it may be killed at any time.
 */

#include "spool/base/time.h"
#include "tools/mail/settings.h"

/* How long one try to send one mail may take. */
#define SERVICE_DEADLINE_USEC (120 * USEC_PER_SEC)

/*
 * Runs until SIGTERM. settings: taken over. deadline_usec: see above. Return: 0 or a negative errno, after it was logged.
 */
int service_run(MailSettings *settings, uint64_t deadline_usec);
