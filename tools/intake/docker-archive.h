/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Is this file a docker save archive with exactly one image? Reads the archive once, as a stream; plain tar members are
 * skipped by seeking. Nothing is unpacked.
 */

#include "spool/base/digest.h"
#include "spool/fault.h"

#define DOCKER_ARCHIVE_WORD_MAX 31u

typedef struct DockerImage {
        char id[DIGEST_LENGTH + 1];                         /* digest of the image's configuration */
        char architecture[DOCKER_ARCHIVE_WORD_MAX + 1];     /* as Go names it, "amd64"; "" when not given */
        size_t layers;
} DockerImage;

/*
 * fd: at the beginning of a regular file. file: its name for messages.
 * Return: 0; -EBADMSG with *f set (E_IMAGE, E_TOO_BIG); or another negative errno.
 */
int docker_archive_check(int fd, const char *file, DockerImage *ret, Fault *f);

/* Whether a machine that uname(2) calls machine runs an image of this architecture; true where either is not known. */
bool docker_architecture_fits(const char *architecture, const char *machine);
