/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From a drop to a manifest: the whole work of morf-intake.
 */

#include "spool/fault.h"
#include "spool/manifest.h"

typedef struct IntakeRequest {
        int drop_fd;       /* the directory that the drop is in */
        const char *main;  /* the job file, zip or directory in it, for which everything else there is no matter; NULL:
                              find it */
        const char *label; /* what messages call main; NULL: its name */
        bool may_need;     /* a job file may name files that are not there yet; else they are a fault */
        const char *machine; /* images must run on this (uname -m), or NULL */
        int out_fd;          /* directory where context/ is made */
        bool durable;        /* context/ and an image archive must survive a power cut */
} IntakeRequest;

/*
 * Judges a drop. ret: everything, or with needs set just what is known so far.
 * Return: 0; -EBADMSG with *f set; or another negative errno.
 */
int intake_run(const IntakeRequest *request, Manifest *ret, Fault *f);
