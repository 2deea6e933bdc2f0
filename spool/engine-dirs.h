/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The directories of one container on the host, for the daemon, its isolation probe and a run on a researcher's own machine: output/, log/,
 * and input/upper/LAYER and input/work/LAYER of each overlay (see spool/engine-input.h, which names the layers).
 */

#include <stdbool.h>
#include <sys/types.h>

/* (uid_t) -1 and (gid_t) -1: who makes them. */
typedef struct EngineOwner {
        uid_t uid;
        gid_t gid;
} EngineOwner;

typedef struct EngineDirs {
        EngineOwner user; /* who runs in the container: output/ and the upper layers are theirs */
        /*
         * Anybody in the container may write to these: one that begins as root may have programs that become somebody else, as a database
         * server does that writes its answers to a file below /input, which published jobs have it do. Nobody but the container must
         * come as far as these directories.
         */
        bool open;
        EngineOwner log;
        EngineOwner rest;
} EngineDirs;

/* Makes them anew below parent_fd/name. layers: may be NULL. Return: 0 or a negative errno. */
int engine_dirs_make(int parent_fd, const char *name, char *const *layers, const EngineDirs *d);
