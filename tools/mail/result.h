/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What became of one try to send a mail, told by the process that tried to the service, as one line of JSON on a pipe.
 */

#include "spool/base/string-table.h"
#include "spool/json.h"

#define MAIL_RESULT_SIZE_MAX 16384u
#define MAIL_RESULT_TEXT_MAX 512u

typedef enum MailOutcome {
        MAIL_OUTCOME_SENT,    /* nobody is left to send it to */
        MAIL_OUTCOME_RETRY,   /* somebody is left: later */
        MAIL_OUTCOME_BUSY,    /* another process sends this very mail */
        MAIL_OUTCOME_GONE,    /* the mail is no longer waiting */
        MAIL_OUTCOME_INVALID, /* not a mail request */
        _MAIL_OUTCOME_MAX,
        _MAIL_OUTCOME_INVALID = -EINVAL,
} MailOutcome;

DECLARE_STRING_TABLE(mail_outcome, MailOutcome);

typedef struct MailResult {
        MailOutcome outcome;
        unsigned code;    /* of the server, 0 where it gave none */
        char *text;       /* what the server or the network said, escaped, "451 4.7.1 Greylisted" */
        char **delivered; /* addresses that this try served */
        char **refused;   /* addresses that this try found to be refused for good */
} MailResult;

extern const JsonTable mail_result_table;

/* Sets the text, escaped and bounded; size bytes at s. Return: 0 or -ENOMEM. */
int mail_result_set_text(MailResult *r, const char *s, size_t size);

void mail_result_done(MailResult *r);
#define _cleanup_mail_result_ _cleanup_(mail_result_done)
