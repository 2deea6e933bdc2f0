/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Faults: why a job was rejected or failed, as a catalogue. A fault has a code, one sentence for the researcher and a hint
 * that says what to change; it never carries text that a container made. Helpers publish theirs as fault.json in their
 * output directory and exit with FAULT_EXIT_STATUS; the daemon copies it into the job's record and the mail.
 */

#include "spool/json.h"
#include "spool/base/string-table.h"

/* EX_DATAERR of sysexits.h: the input was wrong, a fault.json says how. */
#define FAULT_EXIT_STATUS 65
/* EX_TEMPFAIL of sysexits.h: the platform was wrong, try again. */
#define FAULT_EXIT_TEMPORARY 75

#define FAULT_FILE "fault.json"
#define FAULT_FILE_MAX 16384u
#define FAULT_MESSAGE_MAX 1024u
#define FAULT_NAME_MAX 256u /* of the file that a fault is in */

typedef enum FaultCode {
        FAULT_NONE,
        /* The drop. */
        FAULT_JOBFILE,    /* the job file is wrong */
        FAULT_ZIP,        /* the job zip is wrong */
        FAULT_TOO_BIG,    /* a drop is over a limit */
        FAULT_ATTACHMENT, /* a file that the job names is missing or unusable */
        FAULT_UPLOAD,     /* an upload was never completed */
        FAULT_USER,       /* no such user, disabled, or over quota */
        FAULT_GRANT,      /* a course that does not exist or is not granted */
        FAULT_POLICY,     /* what the operator does not allow */
        FAULT_DUPLICATE,  /* the same drop is on its way already */
        FAULT_WORKFLOW,   /* the calls do not fit together, or do not fit the courses */
        /* The image. */
        FAULT_IMAGE, /* not a docker save archive, or it does not load */
        FAULT_BUILD, /* the Dockerfile does not build */
        /* The workflow. */
        FAULT_CONTROLLER, /* what the controller calls cannot be recorded */
        /* The run. */
        FAULT_EXIT,     /* the container ended with a non-zero status */
        FAULT_SIGNAL,   /* the container was ended by a signal */
        FAULT_TIME,     /* its time limit passed */
        FAULT_MEMORY,   /* its memory limit was hit */
        FAULT_PIDS,     /* its process limit was hit */
        FAULT_DISK,     /* it wrote more than its output limit */
        FAULT_COMMAND,  /* the image's command cannot be run */
        /* The output. */
        FAULT_OUTPUT_MISSING,
        FAULT_OUTPUT_KIND,
        FAULT_OUTPUT_TOO_BIG,
        FAULT_CSV_EMPTY,
        FAULT_CSV_SYNTAX,
        FAULT_CSV_COLUMNS,
        FAULT_CSV_LINE,
        FAULT_CSV_COURSE,
        FAULT_CSV_Y_TRUE,
        FAULT_CSV_Y_PRED,
        FAULT_CSV_Y_SCORE,
        FAULT_FEATURES,              /* extraction left no learners of a session, or too few to divide into folds */
        FAULT_MODELS,                /* nothing was trained that could be tested */
        FAULT_LABELS,                /* the platform has no labels to compare the predictions of a course with */
        FAULT_PREDICTIONS_MISSING,   /* learners without a prediction */
        FAULT_PREDICTIONS_DUPLICATE, /* learners with several */
        FAULT_PREDICTIONS_VALUE,     /* a prob or pred that is none */
        FAULT_EVALUATION,            /* an evaluation that is not done here */
        FAULT_RELEASE_SUPPRESSED,
        /* The platform: not the researcher's doing. */
        FAULT_PLATFORM,
        FAULT_CANCELLED,
        _FAULT_MAX,
        _FAULT_INVALID = -EINVAL,
} FaultCode;

/* Names as researchers see them: "E_JOBFILE". */
DECLARE_STRING_TABLE(fault, FaultCode);

typedef struct Fault {
        FaultCode code;
        char *message;
        char *hint;
        char *file;    /* or NULL */
        unsigned line; /* or 0 */
} Fault;

extern const JsonTable fault_table;

/*
 * Fills a fault. file and line (NULL, 0 when there is none) become the prefix "file:line: " of the message. The hint is the
 * code's own unless fault_set_hint() replaces it. An earlier content is released.
 * Return: always -EBADMSG, so that "return fault_set(...)" reports and ends; -ENOMEM when out of memory.
 */
int fault_set(Fault *f, FaultCode code, const char *file, unsigned line, const char *format, ...) _printf_(5, 6);
int fault_set_hint(Fault *f, const char *format, ...) _printf_(2, 3);

/* The standard hint of a code: one sentence that says what to change. */
const char *fault_default_hint(FaultCode code);

/* Publishes f as fault.json below dirfd. Return: 0 or a negative errno. */
int fault_write_at(int dirfd, const Fault *f);

/* Reads fault.json below dirfd. Return: 0, -ENOENT, -EBADMSG or another negative errno. */
int fault_read_at(int dirfd, Fault *ret);

/* Deep copy into an empty fault. Return: 0 or -ENOMEM. */
int fault_copy(const Fault *from, Fault *ret);

void fault_done(Fault *f);
#define _cleanup_fault_ _cleanup_(fault_done)
