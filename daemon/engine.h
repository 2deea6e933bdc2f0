/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Container engines: the argument vectors of docker and podman, which share most of theirs. This is the only place that knows
 * their options.
 */

#include "daemon/courses.h"
#include "spool/conf.h"
#include "units/plan.h"

/* All that makes up one container. */
typedef struct EngineRun {
        const char *id;        /* of the job, for label and name */
        const char *name;      /* of the container */
        const char *image;     /* "sha256:..." */
        const char *slice;     /* its cgroup parent */
        const char *job_dir;   /* absolute path of the job's directory */
        const ManifestLimits *limits; /* complete */
        ManifestProfile profile;
        uid_t uid; /* strict profile: who it runs as */
        gid_t gid;
        const Courses *courses;
        char *const *tables; /* files in data/ that are seen below /morf-data */
        const ManifestArguments *args;
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
        /* Adds the option that mounts a course at /input, writable, as an overlay whose upper layer is thrown away. */
        void (*append_overlay)(UnitPlan *p, const EngineRun *run, const Course *c);
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
