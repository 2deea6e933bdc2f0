/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Container engines: which there are, and what their commands need of a unit. The commands themselves are spool/engine-run.h.
 */

#include "spool/engine-run.h"
#include "units/plan.h"

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
        /*
         * Not probed (daemon/probe.h): its own filter of system calls lets containers make user namespaces, which the probe takes for
         * a way out.
         */
        bool unproved;
        bool layers; /* its overlays can have several lower directories */
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
