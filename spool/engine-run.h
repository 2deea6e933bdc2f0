/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One container as an argument vector of docker or podman, which share most of theirs. This is the only place that knows the options
 * that confine a job, for the daemon as for a run on a researcher's own machine.
 */

#include <sys/types.h>

#include "spool/conf.h"
#include "spool/manifest.h"

/* What a container sees of the host: a directory or file, or an overlay, writable without a trace in what lies below. */
typedef struct EngineMount {
        char *destination;
        char *source; /* of an overlay: its lower directories, the uppermost first, with ':' between */
        char *upper;  /* of an overlay, else NULL */
        char *work;
        bool readonly;
} EngineMount;

/* Embedded, released by engine_mounts_done(). Copies all strings: absolute paths of valid names. */
typedef struct EngineMounts {
        EngineMount *items;
        size_t n;
} EngineMounts;

/* Return: 0 or -ENOMEM. */
int engine_mounts_bind(EngineMounts *m, const char *source, const char *destination, bool readonly);
int engine_mounts_overlay(EngineMounts *m, const char *lower, const char *upper, const char *work, const char *destination);
void engine_mounts_done(EngineMounts *m);
#define _cleanup_engine_mounts_ _cleanup_(engine_mounts_done)

/* All that makes up one container. */
typedef struct EngineRun {
        const char *id;        /* of the job, for label and name */
        const char *name;      /* of the container */
        const char *image;     /* "sha256:..." */
        const char *slice;     /* its cgroup parent, which has the limits too; NULL: the engine's own, and only the engine limits it */
        const ManifestLimits *limits; /* complete */
        ManifestProfile profile;
        uid_t uid; /* strict profile: who it runs as */
        gid_t gid;
        const EngineMounts *mounts;
        const char *output;     /* what /output is: a directory; or NULL */
        const char *entrypoint; /* instead of the image's own, or NULL */
        char *const *arguments; /* of the entry point; NULL-terminated, or NULL */
} EngineRun;

/*
 * Appends the command for a run, its path first. engine: never CONF_ENGINE_AUTO.
 * Return: 0 or -ENOMEM.
 */
int engine_run_argv(ConfEngine engine, const EngineRun *run, char ***argv);

/* The absolute path of the engine's command. */
const char *engine_command(ConfEngine engine);
