/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The native job file, morf-job(5): libconfig text with one group "job". It is judged completely here; what is left to
 * others is whether the attachment exists and whether the operator allows what is asked for.
 */

#include "spool/fault.h"
#include "spool/manifest.h"

typedef enum JobFileKind {
        JOB_FILE_ALONE,        /* attachments lie beside it: one path component */
        JOB_FILE_IN_DIRECTORY, /* attachments lie anywhere below its directory */
        JOB_FILE_IN_ZIP,       /* morf.cfg: the image is the zip's own Dockerfile */
} JobFileKind;

/* What "image" or "dockerfile" names, and "controller". */
typedef struct JobAttachment {
        ManifestImageKind kind;
        char *path;    /* relative to the job file, without a final '/' */
        unsigned line; /* where the job file names it */
        char *controller; /* likewise; or NULL */
        unsigned controller_line;
} JobAttachment;

void job_attachment_done(JobAttachment *a);
#define _cleanup_attachment_ _cleanup_(job_attachment_done)

/*
 * Reads size bytes of text, which are followed by a NUL byte, into m: name, mode, profile, courses, limits, notify, args
 * and what a workflow has. Keys that are absent leave in m what it holds; mode and profile begin with 0, which is their default. file: the
 * name for messages. ret_attachment: filled unless kind is JOB_FILE_IN_ZIP.
 * Return: 0; -EBADMSG with *f set; or
 * -ENOMEM.
 */
int job_file_parse(const char *text, size_t size, const char *file, JobFileKind kind, Manifest *m,
                   JobAttachment *ret_attachment, Fault *f);
