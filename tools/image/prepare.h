/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The image of a job: found on the machine, loaded from its archive, or built from its Dockerfile. Always by id, never
 * by name.
 */

#include "spool/fault.h"
#include "spool/image-record.h"
#include "spool/manifest.h"

typedef struct PrepareOptions {
        const char *engine; /* the engine's command line, absolute */
        const char *socket; /* where its daemon listens, or NULL */
        ManifestImageKind kind;
        const char *digest;  /* manifest.image.digest */
        int archive_fd;      /* archive: the file */
        const char *context; /* dockerfile: the directory, as the engine's client sees it */
        int context_fd;      /* the same, opened */
        int log_fd;          /* output of a build, or -EBADF */
        char **labels;       /* of what is built, "key=value" */
        bool build_network;
        uint64_t memory;           /* of build containers, bytes; 0: no limit */
        uint64_t cpus_milli;       /* of build containers; 0: no limit */
        const char *cgroup_parent; /* of build containers, or NULL */
        int store_fd;              /* where it is remembered what was built from what, or -EBADF */
        const char *out;           /* directory where the client may leave a file, */
        int out_fd;                /* the same, opened */
} PrepareOptions;

/*
 * Return: 0; -EBADMSG with *f set (E_IMAGE, E_BUILD): the researcher's fault; another negative errno: the engine's or
 * the machine's, try again.
 */
int prepare_image(const PrepareOptions *o, ImageRecord *ret, Fault *f);
