/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What kind of thing was dropped: a job file with its attachments, a job zip, or a directory that holds a job file.
 */

#include "spool/fault.h"

typedef enum DropForm {
        DROP_JOB_FILE,  /* <main>.cfg or .config, attachments beside it */
        DROP_ZIP,       /* <main>.zip */
        DROP_DIRECTORY, /* a directory with one <main>.cfg or .config, attachments below it */
} DropForm;

typedef struct Drop {
        DropForm form;
        int fd;       /* the directory that holds main */
        char *main;   /* the job file or zip, in fd */
        char *prefix; /* of a path in fd, to make it one below the drop's directory: "" or "name/" */
        char *label;  /* what messages call main */
} Drop;

#define DROP_INIT ((Drop){ .fd = -EBADF })

/*
 * Looks at the directory that holds one drop and nothing else.
 * Return: 0; -EBADMSG with *f set; or another negative errno.
 */
int drop_find(int dirfd, Drop *ret, Fault *f);

/*
 * Takes name in dirfd for the drop, whatever else is there. label: what messages call it, NULL: its name.
 * Return: as drop_find().
 */
int drop_take(int dirfd, const char *name, const char *label, Drop *ret, Fault *f);

/* Whether the name is that of a job file: NAME.cfg, or the NAME.config of MORF 2.0. */
bool drop_is_job_file(const char *name);
bool drop_is_client_config(const char *name);

/* Whether the name is that of an image archive: NAME.tar, compressed or not. */
bool drop_is_archive(const char *name);

void drop_done(Drop *d);
#define _cleanup_drop_ _cleanup_(drop_done)

/*
 * The sentence for a file that fd_open_regular_at() or fd_open_dir_at() refused. label: its name for messages; wanted:
 * "a file" or "a directory"; max_size: the limit for -EFBIG.
 * Return: -EBADMSG with *f set where error tells about the
 * file (-ELOOP, -EBADMSG, -ENOTDIR, -EMLINK, -EFBIG, -ENOENT); else error.
 */
int drop_refuse_open(FaultCode code, const char *label, const char *wanted, uint64_t max_size, int error, Fault *f);
