/* SPDX-License-Identifier: MIT */
#pragma once

/* Mail requests for the tests of morf-mail. Include after cmocka.h. */

#include "spool/base/strv.h"
#include "spool/outbox.h"
#include "tools/mail/settings.h"

#define REQUEST_JOB "01jd3k8x2m4qabcdefghjkmnpq"

static inline MailRequest request_sample(MailEvent event) {
        MailRequest m = MAIL_REQUEST_INIT;

        m.id = strdup(REQUEST_JOB);
        m.event = event;
        m.user = strdup("alice");
        m.job = strdup("weekly-dropout");
        m.drop = strdup("weekly.cfg");
        m.created = 1795414642000000;
        assert_int_equal(strv_add(&m.to, "alice@example.org"), 0);
        return m;
}

static inline OutboxName request_name(MailEvent event, unsigned number) {
        return (OutboxName){ .id = REQUEST_JOB, .number = number, .event = event };
}

static inline MailSettings request_settings(void) {
        static char nowhere[] = "/nonexistent", from[] = "morf@example.org", name[] = "MORF", domain[] = "example.org";

        return (MailSettings){ .spool = nowhere, .from = from, .from_name = name, .domain = domain, .maildir = nowhere, .per_hour = 60 };
}
