/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Container engines: the argument vectors of docker and podman, which share most of theirs. This is the only place that knows
 * their options.
 */

#include "spool/conf.h"
#include "spool/manifest.h"
#include "units/plan.h"

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
        const char *slice;     /* its cgroup parent */
        const ManifestLimits *limits; /* complete */
        ManifestProfile profile;
        uid_t uid; /* strict profile: who it runs as */
        gid_t gid;
        const EngineMounts *mounts;
        const char *entrypoint; /* instead of the image's own, or NULL */
        char *const *arguments; /* of the entry point; NULL-terminated, or NULL */
} EngineRun;

typedef struct Engine {
        ConfEngine name; /* never CONF_ENGINE_AUTO */
        const char *path;
        Sandbox sandbox;
        bool root;         /* its command must run as root */
        const char *group; /* group that may use its socket, or NULL */
        const char *socket;   /* where it must answer, or NULL */
        const char *pid_file; /* which it writes anew at each start, or NULL */
        /* There is no daemon: containers are children of the command, and what it leaves when it is killed stays. */
        bool daemonless;
        const char *const *run; /* options of a run that only this engine has or needs */
        /*
         * Not probed (daemon/probe.h): its own filter of system calls lets containers make user namespaces, which the probe takes for
         * a way out.
         */
        bool unproved;
        bool layers; /* its overlays can have several lower directories */
        void (*append_overlay)(UnitPlan *p, const EngineMount *m);
} Engine;

/* The engine that the configuration asks for and the machine has. Return: NULL when there is none. */
const Engine *engine_find(ConfEngine wanted);

/*
 * Appends the engine's command for a run to the command that was added to the plan last.
 * Return: 0 or the plan's first error.
 */
int engine_append_run(const Engine *e, UnitPlan *p, const EngineRun *run);

/*
 * Adds the command that removes what is left of a container when the engine's command was killed; nothing where the engine does so
 * by itself. name: of the container.
 * Return: 0 or the plan's first error.
 */
int engine_add_cleanup(const Engine *e, UnitPlan *p, const char *name);
