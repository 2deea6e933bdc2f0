/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How a stage ended, judged from its two witnesses: the exit record that the unit itself left and what the bus said.
 * Success needs a record that says so; what is not known is never success.
 */

#include "spool/base/macro.h"
#include "spool/base/string-table.h"

typedef enum Outcome {
        OUTCOME_SUCCESS,      /* exited with status 0 */
        OUTCOME_USER_FAULT,   /* exited with status 65: fault.json says what the user must change */
        OUTCOME_EXIT,         /* exited with another status */
        OUTCOME_SIGNAL,       /* killed by a signal, also by SIGTERM (which systemd alone would call a success) */
        OUTCOME_TIMEOUT,      /* ran longer than it may, or did not end when told to */
        OUTCOME_OOM,          /* the kernel killed a process of it for want of memory, even if the rest ended well */
        OUTCOME_START_FAILED, /* never came to run its program: a fault of the machine or of ours */
        OUTCOME_VANISHED,     /* was started, is gone and left no record: power cut, or a record that cannot be read */
        _OUTCOME_MAX,
        _OUTCOME_INVALID = -EINVAL,
} Outcome;

DECLARE_STRING_TABLE(outcome, Outcome);

typedef struct OutcomeEvidence {
        bool recorded;       /* there is a readable exit record, whose members follow */
        const char *result;  /* $SERVICE_RESULT */
        const char *code;    /* $EXIT_CODE: "exited", "killed", "dumped"; "" or NULL when no main process ended */
        const char *status;  /* $EXIT_STATUS: a number, or the name of a signal without "SIG" */
        uint64_t oom_kills;  /* UINT64_MAX when not known */
        bool start_failed;   /* units_start() said UNITS_E_FAILED */
} OutcomeEvidence;

/*
 * Judges a unit that is gone (call it on no other).
 * ret_status: exit status for OUTCOME_USER_FAULT, _EXIT and (200 to 245, a code of systemd) _START_FAILED; signal
 * number for _SIGNAL; else 0. May be NULL.
 * Return: the outcome.
 */
Outcome outcome_judge(const OutcomeEvidence *e, int *ret_status);

/*
 * Whether this outcome is never blamed on the user, and tried again. OUTCOME_EXIT is: only the caller knows what ran.
 */
bool outcome_is_platform_fault(Outcome o);
