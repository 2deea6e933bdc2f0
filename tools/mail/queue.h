/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The mails that wait, in memory: a view of outbox/ that can be made again from the files at any time. Kept in the order of
 * the names, which is that of the jobs' ages and of the numbers within a job.
 */

#include "spool/outbox.h"

/* So many mails are known at a time; more stay on disk until there is room. */
#define MAIL_QUEUE_MAX 20000u

typedef struct MailEntry {
        char name[OUTBOX_NAME_SIZE];
        OutboxName parsed;
        char **to;
        unsigned attempts;
        uint64_t next_try; /* realtime, usec */
        char *last_error;
        bool running; /* a process is sending it */
} MailEntry;

/* Embedded: start with {}. */
typedef struct MailQueue {
        MailEntry **entries;
        size_t n, allocated;
        bool overflowed; /* something was left out; the owner scans again when there is room, and clears this */
} MailQueue;

/* Adds or renews the entry of a request. Return: 0; -ENOBUFS when full; -ENOMEM. */
int mail_queue_put(MailQueue *q, const char *name, const MailRequest *m);

/* Return: the entry, valid until it is removed, or NULL. */
MailEntry *mail_queue_find(const MailQueue *q, const char *name);

void mail_queue_remove(MailQueue *q, const char *name);

/*
 * Steps through the mails that may be sent at all: of each job the first that waits (the others wait for it), and every notice.
 * position: 0 at first. Return: the next, or NULL at the end.
 */
MailEntry *mail_queue_next_head(const MailQueue *q, size_t *position);

void mail_queue_done(MailQueue *q);
