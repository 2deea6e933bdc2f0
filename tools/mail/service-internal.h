/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files service*.c share; nobody else includes this. */

#include <systemd/sd-event.h>

#include "tools/mail/child.h"
#include "tools/mail/pace.h"
#include "tools/mail/queue.h"
#include "tools/mail/service.h"

#define SERVICE_CHILDREN_MAX 4u
/* A mail whose lock another process holds is looked at again after so long. */
#define SERVICE_BUSY_USEC (10 * USEC_PER_SEC)
/* How long a stop waits for mails that are being sent. */
#define SERVICE_GRACE_USEC (20 * USEC_PER_SEC)
/* Markers of sent mails are kept so long. */
#define SERVICE_KEEP_USEC (30 * USEC_PER_DAY)

typedef struct Service {
        MailSettings settings;
        uint64_t deadline_usec;
        int outbox_fd;
        sd_event *event;
        sd_event_source *watch, *timer, *work;
        MailQueue queue;
        Pace pace;
        Child *children[SERVICE_CHILDREN_MAX];
        unsigned running;
        uint64_t purged; /* when markers were last removed */
        bool stopping;
} Service;

/* service-outcome.c: brings outbox/ and the queue in line with what became of a try. */
void service_settle(Service *s, const char *name, MailResult *result);

/*
 * Puts a file that is not a mail request aside, into undeliverable/, and tells the operator. name: of a mail.
 * problem: what is wrong with the content.
 */
void service_set_aside(Service *s, const char *name, const char *problem);
