/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One try to send one mail of the outbox: by SMTP, or into the Maildir where no server is configured. Runs in a process of its
 * own (`morf-mail --send`), because it blocks; child.h is the other side.
 */

#include "spool/outbox.h"
#include "tools/mail/result.h"
#include "tools/mail/settings.h"

/*
 * Reads outbox/name, composes it and sends it to those of its addresses that were not served yet. A lock on the file keeps two
 * processes from sending the same mail, even when the service was killed while one was at it. A mail that everybody got is
 * moved to sent/ here and at once, so that as little time as possible lies between the server's word and the marker.
 * Return: 0 and what became of it, or a negative errno.
 */
int send_mail(const MailSettings *s, int outbox_fd, const char *name, MailResult *ret);

/*
 * Composes the mail of a request of the outbox, for send_mail() and `morf-mail --render`. outbox_fd: the directory that the
 * request is in, where the first mail of its job is looked for too.
 * Return: 0 and the mail with LF line ends, or a negative errno.
 */
int send_compose(const MailSettings *s, int outbox_fd, const OutboxName *n, const MailRequest *m, char **ret, size_t *ret_size);

/* Delivers a composed mail to some addresses. name: its identity. transcript: as smtp_send(). Return: as smtp_send(). */
int send_deliver(
                const MailSettings *s, const OutboxName *n, uint64_t created, const char *data, size_t size, char *const *to, FILE *transcript,
                MailResult *ret);
