/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a Dockerfile would make the engine do beyond its build containers. The engine itself, which has a network
 * whatever network its containers have, fetches what ADD names by URL and every image that FROM or COPY --from name and
 * that is not on the machine; and any image on the machine can be named by its id, that of somebody else's job too. So
 * instructions are read here before the engine sees them, and what two versions of the engine may read differently is
 * refused.
 */

#include "spool/fault.h"
#include "tools/image/instructions.h"

#define DOCKERFILE_NAME "Dockerfile"
#define DOCKERFILE_SIZE_MAX (1024u * 1024u)

typedef enum DockerfileBase {
        DOCKERFILE_BASE_USABLE,  /* on the machine, and the operator gave it a name */
        DOCKERFILE_BASE_ABSENT,  /* not on the machine */
        DOCKERFILE_BASE_PRIVATE, /* on the machine, without a name: another job's */
} DockerfileBase;

typedef struct DockerfilePolicy {
        bool network;         /* builds may use the network: absent images and URLs are fine */
        const char *platform; /* the only one that --platform may name, as "linux/amd64" */
        /* Says what image is. Return: a DockerfileBase or a negative errno. */
        int (*look_up)(const char *image, void *userdata);
        void *userdata;
} DockerfilePolicy;

/* Return: 0; -EBADMSG with *f set (E_BUILD, file "Dockerfile", line); or another negative errno. */
int dockerfile_check(const char *text, size_t size, const DockerfilePolicy *policy, Fault *f);

/*
 * Where the number-th instruction (from 1) begins and what it is, in upper case, and how many there are.
 * Return: 0, -ENOENT, or another negative errno.
 */
int dockerfile_find(const char *text, size_t size, unsigned number, unsigned *ret_line,
                    char ret_word[static INSTRUCTION_WORD_MAX + 1], unsigned *ret_count);
