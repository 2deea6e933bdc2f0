/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What client and server say to each other, listened to line by line: remembers the server's last answer, notices whether it
 * took the password, and writes a transcript for people in which no password is seen.
 */

#include <stdio.h>

#include "spool/base/macro.h"

#define SMTP_LINE_MAX 512u

/* Embedded: start with {} or a transcript. */
typedef struct SmtpDialogue {
        FILE *transcript;             /* or NULL */
        unsigned code;                /* of the last answer, 0 before the first */
        char line[SMTP_LINE_MAX + 1]; /* the last answer's last line, with its code */
        bool secret;                  /* an AUTH command is not answered yet */
        bool authenticated;
        char denied[SMTP_LINE_MAX + 1]; /* why it did not take the password */
} SmtpDialogue;

/* size bytes, one or more lines, as client or server wrote them. */
void smtp_dialogue_add(SmtpDialogue *d, bool client, const char *data, size_t size);
