/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One SMTP transaction (RFC 5321) with STARTTLS (3207) and AUTH (4954), by libesmtp. Blocks, and changes the environment of
 * the process (libesmtp and OpenSSL are told by it which certificates to trust): for the process that sends one mail and ends.
 *
 * A refusal is final (5xx) only where it is about the mail or its recipient: RCPT and DATA. What is the operator's to mend
 * (no TLS, a wrong certificate, a wrong password, a refused sender, a server that wants authentication) is tried again.
 *
 * With a user configured, STARTTLS and a valid certificate are a must whatever smtp_tls says: a password goes to nobody else.
 */

#include <stdio.h>

#include "tools/mail/result.h"
#include "tools/mail/settings.h"

/* Longest silence of the server; the whole try has a deadline of its own. */
#define SMTP_SILENCE_MSEC 60000l

/*
 * Sends a mail. data: the mail with LF line ends. to: whom to send it to. transcript: NULL, or where to write the dialogue
 * (without passwords) for people.
 * Return: 0 and what became of it (MAIL_OUTCOME_SENT or MAIL_OUTCOME_RETRY, with delivered and refused); or a negative errno
 * where it could not even be tried.
 */
int smtp_send(const MailSettings *s, const char *data, size_t size, char *const *to, FILE *transcript, MailResult *ret);
