/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A job run at home: without the service, by the same helper programs and with the same command for its containers, in a directory that is
 * laid out as active/<id>/ is. What is shown goes to one descriptor, so that an answer in JSON stays alone.
 */

#include "spool/base/id.h"
#include "spool/courses.h"
#include "spool/engine-run.h"
#include "spool/image-record.h"
#include "spool/plan.h"
#include "tools/cli/cli.h"

/* Result of what may fail by the user's fault; local->fault is filled in then. Others are 0 and negative errnos. */
#define LOCAL_E_FAULT 1
#define LOCAL_E_INTERRUPTED 2

typedef struct Local {
        Cli *cli;
        int show;      /* where progress and output go */
        char *path;    /* absolute path of the job's directory */
        int fd;        /* of it */
        char **data;   /* absolute paths */
        Id id;
        const char *user;
        Conf conf;
        Manifest manifest;
        ManifestLimits limits;
        Courses courses;
        ImageRecord image;
        Plan plan;
        Usage usage;
        uint64_t begun;
        uid_t uid; /* who a container of the strict profile runs as */
        gid_t gid;
        Fault fault;
        char *step; /* what a container that failed was, for people */
        unsigned containers; /* that ran */
} Local;

#define LOCAL_INIT ((Local){ .show = STDOUT_FILENO, .fd = -EBADF })

void local_done(Local *l);
#define _cleanup_local_ _cleanup_(local_done)

/* One line of progress. */
void local_say(const Local *l, const char *format, ...) _printf_(2, 3);

/*
 * Runs a helper, argv without its path. fault_dir: below the job's, where its fault.json is; or NULL.
 * Return: 0; LOCAL_E_FAULT; LOCAL_E_INTERRUPTED; a negative errno (-EREMOTEIO: it failed, and said why).
 */
int local_helper(Local *l, const char *name, char *const *argv, const char *fault_dir);

/* Makes a directory below the job's anew, empty. Return: 0 or a negative errno. */
int local_fresh_dir(const Local *l, const char *name, mode_t mode);

/* The absolute path of a name below the job's directory. Return: a fresh string or NULL. */
char *local_path(const Local *l, const char *format, ...) _printf_(2, 3);

/* What one container is, by reference. */
typedef struct LocalContainer {
        const char *label; /* in its name: "001" */
        const char *dir;   /* its own, below the job's */
        const ManifestLimits *limits;
        ManifestProfile profile;
        const EngineMounts *mounts;
        char *const *layers;
        const char *entrypoint; /* or NULL */
        char *const *arguments;
        bool controller; /* it records a controller, so that a failure is the controller's */
} LocalContainer;

/*
 * Makes its directories, runs it and shows all that it prints, which is also kept in dir/log/container.log. Whatever happens, nothing
 * of it is left in the engine. Return: as local_helper().
 */
int local_container(Local *l, const LocalContainer *c);

/* The stages, intake to gate. Return: as local_helper(). */
int local_run(Local *l);

/* Of a workflow: the steps of its plan. Return: as local_helper(). */
int local_steps(Local *l);
