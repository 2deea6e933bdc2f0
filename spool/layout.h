/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The spool directory on disk: which directories there are, who owns them, and the descriptors through which everything
 * below is reached. See ARCHITECTURE.md, "The spool".
 */

#include "spool/base/macro.h"

typedef enum SpoolDir {
        SPOOL_ROOT,
        SPOOL_INCOMING,      /* drop box of local submitters */
        SPOOL_SFTP,          /* sftp/USER/{incoming,jobs} */
        SPOOL_ACTIVE,        /* jobs on their way */
        SPOOL_DONE,          /* jobs that ended well */
        SPOOL_FAILED,        /* failed, rejected and cancelled jobs */
        SPOOL_CORRUPT,       /* what is not even a job, as it came */
        SPOOL_OUTBOX,        /* mails to be sent */
        SPOOL_OUTBOX_SENT,   /* markers of mails that were sent */
        SPOOL_UNDELIVERABLE, /* mails that were refused for good */
        SPOOL_CONTROL,       /* requests: cancel, hold, release, retry */
        _SPOOL_DIR_MAX,
        _SPOOL_DIR_INVALID = -EINVAL,
} SpoolDir;

/* Names below a job's directory. */
#define JOB_DIR_DROP "drop"
#define JOB_DIR_INTAKE "intake"
#define JOB_DIR_UNPACKED JOB_DIR_INTAKE "/unpacked"
#define JOB_DIR_IMAGE "image"
#define JOB_DIR_DATA "data"
#define JOB_DIR_STEPS "steps"
/* Of workflows. */
#define JOB_DIR_RECORD "record"
#define JOB_DIR_PLAN "plan"
#define JOB_DIR_WORK "work"
#define JOB_DIR_RESULT "result"
#define JOB_DIR_EVAL "result/eval"
#define JOB_DIR_SEALED "result/sealed"
#define JOB_DIR_RELEASE "release"
#define JOB_DIR_EXITS "exits"

/* A file at the top of course data that morf-synth made: nobody's data is in it, and all of it may be shown. */
#define DATA_SYNTHETIC_FILE ".morf-synthetic"

typedef struct Spool {
        char *path;
        int fds[_SPOOL_DIR_MAX];
} Spool;

#define SPOOL_EMPTY { .path = NULL, .fds = { [0 ... _SPOOL_DIR_MAX - 1] = -EBADF } }

/* Path of a directory below the spool: "outbox/sent", "." for the spool itself. */
const char *spool_dir_name(SpoolDir d);

/*
 * Opens and verifies every directory: it exists, has the owner, group and mode of the table, and all lie on one filesystem
 * (a transition is one rename).
 * reterr: a sentence that names the directory, what is wrong, and the command that mends it.
 * Return: 0; -EPERM (wrong owner or mode); -EXDEV (several filesystems); or the negative errno of opening one.
 */
int spool_open(const char *path, Spool *ret, char **reterr);

/*
 * As spool_open(), but opens only what the caller may open and verifies nothing; descriptors of the others stay -EBADF.
 * Return: 0, or a negative errno when not even the spool itself can be opened.
 */
int spool_open_readonly(const char *path, Spool *ret, char **reterr);

void spool_close(Spool *s);
#define _cleanup_spool_ _cleanup_(spool_close)
