/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * context/: the directory that an image is built from. It is written file by file from something foreign (a zip, a
 * dropped directory) under caps, with only regular files and directories, modes 0644 and 0755 and all times 0, so that
 * what is built depends on names, executable bits and contents alone. Its digest covers exactly these.
 */

#include "spool/base/digest.h"
#include "spool/fault.h"

#define CONTEXT_DIRECTORY "context"

/* unpacked/: made in the same way, but not to build from: the zip of a MORF 2.0 job. */
#define CONTEXT_UNPACKED_DIRECTORY "unpacked"

typedef struct Context Context;

/* What a context is made from, for its messages and caps. */
typedef struct ContextSource {
        FaultCode code;       /* E_ZIP or E_ATTACHMENT */
        const char *label;    /* its name for messages */
        uint64_t packed_size; /* bytes of the zip, for LIMIT_ZIP_RATIO; 0: not packed */
        bool unpacked;        /* it is unpacked/, which needs no Dockerfile */
        bool durable;         /* context_finish() makes it survive a power cut */
        Fault *f;
} ContextSource;

/*
 * Makes an empty context/, or unpacked/, below out_fd, removing one that is there. source is copied, what it points to must outlive
 * the context. All functions return 0; -EBADMSG with *source->f set where the input is at fault; or another negative
 * errno.
 */
int context_new(int out_fd, const ContextSource *source, Context **ret);
Context *context_free(Context *c);
DEFINE_CLEANUP(Context *, context_free);

/* Adds a directory; directories on the way to something are added by themselves. */
int context_add_directory(Context *c, const char *path);

/* Adds a file: begin, write any number of times, end. Nothing may be there under that name. */
int context_begin_file(Context *c, const char *path, bool executable);
int context_write(Context *c, const void *data, size_t size);
int context_end_file(Context *c);

/* Adds everything below the directory fd. */
int context_copy(Context *c, int fd);

/*
 * Ends the context: checks that there is a file "Dockerfile" at its top unless it is unpacked/, sets the times, makes it durable where that
 * is wanted. ret: its digest.
 */
int context_finish(Context *c, char ret[static DIGEST_LENGTH + 1]);

/* Whether a path belongs to what macOS adds to everything: __MACOSX/ at the top, .DS_Store anywhere. */
bool context_is_junk(const char *path);
