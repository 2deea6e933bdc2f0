/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One container as a unit: its directories, the wrapper that keeps its log and watches its disk use, its slice with the limits, and
 * what its end means. A run is one, each step of a workflow and the recording of a controller is one.
 */

#include "daemon/engine.h"
#include "daemon/job.h"
#include "spool/exit-record.h"
#include "units/outcome.h"
#include "units/plan.h"

/* A container has so much longer than its limit to end when told to. */
#define CONTAINER_GRACE_USEC (5 * USEC_PER_SEC)

/* Everything is kept by reference. */
typedef struct Container {
        const char *label; /* in its name: "001" */
        unsigned number;   /* in the name of its slice */
        unsigned attempt;
        const char *dir;   /* its own, below the job's: "steps/001" */
        const ManifestLimits *limits; /* complete */
        ManifestProfile profile;
        uid_t uid; /* strict profile: who it runs as */
        gid_t gid;
        const EngineMounts *mounts; /* without /output, which is dir/output */
        const char *entrypoint;     /* or NULL: the image's own */
        char *const *arguments;
} Container;

/*
 * Makes the directory of a container anew below parent_fd, see spool/engine-dirs.h. uid, gid: who runs in it, or root; layers: may be
 * NULL.
 * Return: 0 or a negative errno.
 */
int container_make_dirs(const Daemon *d, int parent_fd, const char *name, char *const *layers, uid_t uid, gid_t gid);

/* Describes the unit. Return: 0; -ENOPKG (no engine); or the plan's first error. */
int container_plan(Job *j, UnitPlan *p, const Container *c);

/* Adds the commands that clean up behind it. Return: as container_plan(). */
int container_clean(Job *j, UnitPlan *p, const char *label, unsigned attempt);

/* What a judgement needs to know of a container's limits. */
typedef struct ContainerBounds {
        uint64_t memory;
        uint64_t time_usec;
} ContainerBounds;

/* Whether a bad end is the fault of the container's user, which is then filled in; else it is the platform's. */
bool container_judge(const ContainerBounds *b, Outcome outcome, int status, const ExitRecord *e, Fault *ret);
