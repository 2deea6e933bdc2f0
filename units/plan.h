/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A transient service as data: what runs, as whom, with which limits, and what it can see. A plan owns copies of all
 * strings.
 *
 * The setters remember the first error (-ENOMEM, -EINVAL, -E2BIG), so that a caller may build a plan without looking at
 * every return value and ask unit_plan_check() once at the end; units_start() asks it too.
 *
 * Every service made from a plan is Type=exec (a failure to start is told apart from a failure of what runs), collected
 * when it ends however it ends, without standard input, and accounted for (cpu, memory, tasks). Arguments are passed to
 * the program as they are: neither "$VAR" nor "%n" means anything in them.
 *
 * Units survive "systemctl daemon-reload" while they run. On Debian 12 that is not to be had with the properties
 * ExecStopPostEx and the like: systemd 252 writes them into its unit file under names that it cannot read back, and
 * then forgets the commands.
 */

#include "spool/base/macro.h"
#include "units/sandbox.h"

#define UNIT_PLAN_ARGV_MAX 4096u    /* arguments of one command */
#define UNIT_PLAN_ARG_SIZE_MAX 8192u /* bytes of one argument, path or value */
#define UNIT_PLAN_LIST_MAX 128u     /* entries of every other list */

/* No limit, and "not set". */
#define UNIT_UNLIMITED UINT64_MAX

/*
 * START_PRE and STOP_POST commands run as root and outside of the sandbox (binds and credentials apart), START never:
 * what cleans up and bears witness must not be in the hands of what it watches.
 */
typedef enum UnitExecWhen {
        UNIT_EXEC_START_PRE,
        UNIT_EXEC_START,     /* exactly one */
        UNIT_EXEC_STOP_POST, /* always run, in order, also when the start failed */
        _UNIT_EXEC_WHEN_MAX,
} UnitExecWhen;

typedef enum UnitExecFlags {
        UNIT_EXEC_IGNORE_FAILURE = 1 << 0, /* as "-": without it a failing command keeps those behind it from running */
        UNIT_EXEC_PRIVILEGED = 1 << 1,     /* says so; every command but START is, and START is refused it */
} UnitExecFlags;

typedef enum UnitOutput {
        UNIT_OUTPUT_JOURNAL,
        UNIT_OUTPUT_NULL,
        UNIT_OUTPUT_FILE, /* created or truncated, by the manager as root */
} UnitOutput;

/* Limits of a service or slice; UNIT_UNLIMITED where there is none. */
typedef struct UnitLimits {
        uint64_t memory_max;             /* bytes; swap is then forbidden */
        uint64_t cpu_quota_usec_per_sec; /* 1500000: one and a half processors */
        uint64_t tasks_max;
} UnitLimits;

#define UNIT_LIMITS_NONE \
        ((UnitLimits){ UNIT_UNLIMITED, UNIT_UNLIMITED, UNIT_UNLIMITED })

typedef struct UnitExec {
        UnitExecWhen when;
        unsigned flags;
        char **argv; /* argv[0] is the absolute path of the program */
} UnitExec;

typedef struct UnitBind {
        char *source;
        char *destination;
        bool writable;
} UnitBind;

typedef struct UnitPair {
        char *name;
        char *value;
} UnitPair;

typedef struct UnitPlan {
        int error; /* the first error of a setter */

        char *name; /* x.service */
        char *description;
        char *slice;
        Sandbox sandbox;
        char *user, *group, *working_directory;
        UnitOutput output;
        char *output_path;
        uint64_t runtime_max_usec, stop_timeout_usec;
        uint64_t ambient_capabilities; /* bit mask, 1 << CAP_X; added to what the sandbox profile grants */
        UnitLimits limits;

        UnitExec *execs;
        UnitBind *binds;
        UnitPair *credentials; /* id, absolute path */
        size_t n_execs, n_binds, n_credentials;
        char **groups, **environment, **log_fields, **hidden; /* NULL-terminated, see spool/base/strv.h */

        /* A slice made together with the service, or NULL: the limits of what a container engine runs for it. */
        char *aux_slice;
        UnitLimits aux_limits;
} UnitPlan;

/*
 * name: "morf-….service", see units/name.h; description: one line for people. Return: a plan, or NULL when out of
 * memory.
 */
UnitPlan *unit_plan_new(const char *name, const char *description, Sandbox sandbox);
UnitPlan *unit_plan_free(UnitPlan *p);
DEFINE_CLEANUP(UnitPlan *, unit_plan_free);

/*
 * Setters; each returns 0 or the first error of the plan, a negative errno.
 *
 * add_exec: argv is NULL-terminated, argv[0] an absolute path; flags: UnitExecFlags.
 */
int unit_plan_add_exec(UnitPlan *p, UnitExecWhen when, unsigned flags, const char *const *argv);
/* Appends one argument to the command added last, so that an argv may be built in steps. */
int unit_plan_add_argument(UnitPlan *p, const char *argument);
/* Same, by printf(). */
int unit_plan_add_argumentf(UnitPlan *p, const char *format, ...) _printf_(2, 3);

/* slice: where the service itself is placed; the manager's default (system.slice) when never set. */
int unit_plan_set_slice(UnitPlan *p, const char *slice);
/* group: NULL for the user's own. */
int unit_plan_set_user(UnitPlan *p, const char *user, const char *group);
int unit_plan_add_group(UnitPlan *p, const char *group);

/*
 * Mounts source at destination, both absolute, recursively; destination is made below /run/morf or any other tmpfs of
 * the sandbox.
 */
int unit_plan_add_bind(UnitPlan *p, const char *source, const char *destination, bool writable);
/* Makes an absolute path inaccessible, whether it exists or not. */
int unit_plan_add_hidden(UnitPlan *p, const char *path);
int unit_plan_set_working_directory(UnitPlan *p, const char *path);
int unit_plan_add_environment(UnitPlan *p, const char *name, const char *value);
/* path: for UNIT_OUTPUT_FILE only. Standard output and standard error both go there. */
int unit_plan_set_output(UnitPlan *p, UnitOutput output, const char *path);
int unit_plan_set_limits(UnitPlan *p, const UnitLimits *limits);
/*
 * Microseconds; UNIT_UNLIMITED for none. stop_timeout: between SIGTERM and SIGKILL, and for each command of STOP_POST.
 */
int unit_plan_set_times(UnitPlan *p, uint64_t runtime_max_usec, uint64_t stop_timeout_usec);
/* id: the file name that the program finds in $CREDENTIALS_DIRECTORY; path: absolute, read by the manager as root. */
int unit_plan_add_credential(UnitPlan *p, const char *id, const char *path);
/* A field of every journal line of the unit; name: "MORF_JOB" and the like. */
int unit_plan_add_log_field(UnitPlan *p, const char *name, const char *value);
/* capability: CAP_X of <linux/capability.h>. */
int unit_plan_add_capability(UnitPlan *p, unsigned capability);

/*
 * Makes slice together with the service, with these limits and all IP traffic denied, and stops it when the service has
 * ended. The service need not be placed in it. The slice must be new: put the attempt into its name.
 */
int unit_plan_set_aux_slice(UnitPlan *p, const char *slice, const UnitLimits *limits);

/* Whether the plan is complete and well-formed. Return: 0, the first error of a setter, or -EINVAL. */
int unit_plan_check(const UnitPlan *p);
