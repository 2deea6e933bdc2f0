/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The log of all programs: structured fields to the journal, or "<level>text" lines to standard error.
 *
 * Library folders log at debug only. A message about a job goes through log_job(), which stamps MORF_JOB= and the like; an
 * event that an operator may act on has a MESSAGE_ID with an entry in the catalog (spool/base/message-id.h).
 */

#include <stdarg.h>
#include <syslog.h>

#include "spool/base/macro.h"

/* What a message about a job is stamped with; members may be NULL. */
typedef struct LogJob {
        const char *id;
        const char *user;
        const char *state;
        const char *unit;
        const char *fault; /* code of the fault that ended it */
} LogJob;

/*
 * Opens the log. With a journal on standard error (JOURNAL_STREAM) or force_journal, messages go there natively; else to
 * standard error. level: the most verbose syslog level that is logged; the environment variable MORF_LOG_LEVEL
 * (a number or err, warning, notice, info, debug) overrides it. program: its name, kept by reference.
 */
void log_open(const char *program, int level, bool force_journal);

/* Return: always -|error|, so that "return log_error_errno(r, ...)" logs and forwards. error may be 0. */
int log_message(
                int level, int error, const char *message_id, const LogJob *job, const char *file, int line, const char *format, ...)
                _printf_(7, 8);

#define log_full(level, error, id, job, ...) log_message(level, error, id, job, __FILE__, __LINE__, __VA_ARGS__)

#define log_debug(...) log_full(LOG_DEBUG, 0, NULL, NULL, __VA_ARGS__)
#define log_info(...) log_full(LOG_INFO, 0, NULL, NULL, __VA_ARGS__)
#define log_notice(...) log_full(LOG_NOTICE, 0, NULL, NULL, __VA_ARGS__)
#define log_warning(...) log_full(LOG_WARNING, 0, NULL, NULL, __VA_ARGS__)
#define log_error(...) log_full(LOG_ERR, 0, NULL, NULL, __VA_ARGS__)

/* These append ": <text of error>" to the message. */
#define log_debug_errno(e, ...) log_full(LOG_DEBUG, e, NULL, NULL, __VA_ARGS__)
#define log_warning_errno(e, ...) log_full(LOG_WARNING, e, NULL, NULL, __VA_ARGS__)
#define log_error_errno(e, ...) log_full(LOG_ERR, e, NULL, NULL, __VA_ARGS__)

/* About a job; id: a MESSAGE_ID from message-id.h, or NULL. */
#define log_job(level, error, id, job, ...) log_full(level, error, id, job, __VA_ARGS__)
