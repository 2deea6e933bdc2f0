/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The engine's command line: started without a shell, with an environment of its own, watched until it ends. What docker
 * and podman do not have in common is one table, EngineTraits.
 */

#include <sys/types.h>

#include "spool/base/macro.h"

/* Most bytes that are kept of what a command prints. */
#define ENGINE_OUTPUT_MAX 65536u

/* What is particular to an engine. Lists end with NULL. */
typedef struct EngineTraits {
        const char *name;         /* of its program */
        char *const *ping;        /* a command that succeeds where the engine works */
        char *const *version;     /* a command that prints the version of what runs containers */
        const char *id_format;    /* for `image inspect`: the id as "sha256:" and 64 hex digits */
        char *const *build;       /* options of a build beside those that all engines have */
        char *const *environment; /* of its commands */
        char *const *passed;      /* variables that are passed on to them */
        char *const *blamed;      /* how errors begin that are not about what was asked for */
} EngineTraits;

/* The traits of an engine by the name of its program; those of docker for an unknown one. */
const EngineTraits *engine_traits(const char *engine);

/* How a command ended and what it printed; embedded, released by engine_result_done(). */
typedef struct EngineResult {
        int status;   /* exit status, or -1 when a signal ended it */
        char *output; /* standard output, NUL-terminated */
        char *errors; /* standard error */
} EngineResult;

void engine_result_done(EngineResult *r);
#define _cleanup_engine_result_ _cleanup_(engine_result_done)

/*
 * A running command. stdin_fd and stdout_fd belong to the caller, who must not keep the other end of a pipe open.
 */
typedef struct EngineCommand {
        pid_t pid;
        int output_fd; /* memory files */
        int errors_fd;
} EngineCommand;

/*
 * Starts engine with args (both without the program's name as first element: that is engine itself).
 * stdin_fd: or -EBADF for nothing. stdout_fd: or -EBADF to keep it for the result.
 * Return: 0 or a negative errno.
 */
int engine_start(const char *engine, char *const *args, int stdin_fd, int stdout_fd, EngineCommand *ret);

/*
 * Waits for the end. timeout_usec: USEC_INFINITY for ever; when it passes the command is killed.
 * Return: 0; -ETIMEDOUT; or another negative errno. The command is over in every case.
 */
int engine_wait(EngineCommand *c, uint64_t timeout_usec, EngineResult *ret);

/* Both in one, with nothing on standard input and a deadline that only an engine that hangs misses. */
int engine_call(const char *engine, char *const *args, EngineResult *ret);

/* Whether the engine answers. Return: 0, or a negative errno. */
int engine_ping(const char *engine);

/* The version of the engine, fresh. Return: 0; -EBADMSG when it says nothing that could be one; or another negative errno. */
int engine_version(const char *engine, char **ret);

/* The last line of what the command printed as errors, for a log: fresh, escaped, or NULL when out of memory. */
char *engine_complaint(const EngineResult *result);

/* Whether the errors of a command that failed tell of the engine or the machine rather than of what it was asked to do.
 */
bool engine_is_to_blame(const char *engine, const EngineResult *result);
