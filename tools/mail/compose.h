/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A mail as it is sent: RFC 5322 with MIME, made by GMime. The same request always gives the same bytes, so that a mail that
 * had to be sent twice is the same mail to whoever gets it.
 */

#include "tools/mail/body.h"
#include "tools/mail/settings.h"

/* "<id>.<nn>.<event>@<domain>", without angle brackets. Return: 0 and a fresh string, or -ENOMEM. */
int compose_message_id(const OutboxName *n, const char *domain, char **ret);

/*
 * Makes the mail of a request. body: what it says. first: message id of the first mail of the job, which this one answers;
 * NULL where this is the first. All of request, settings and body may be hostile: nothing of them can add a header.
 * Return: 0 and a fresh text with LF line ends; -EINVAL (not to be expressed as a mail); -ENOMEM.
 */
int compose_mail(
                const MailSettings *s, const MailRequest *m, const OutboxName *n, const Body *body, const char *first,
                char **ret, size_t *ret_size);
