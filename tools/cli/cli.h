/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What every verb of morf(1) starts with: who calls, which spool, how to answer.
 *
 * The command talks to the daemon through files only: it reads records, and drops jobs and requests.
 */

#include <getopt.h>

#include "spool/conf.h"
#include "spool/layout.h"
#include "tools/cli/jobs.h"
#include "tools/cli/term.h"

/* Exit statuses, a promise of morf(1). */
typedef enum CliExit {
        CLI_EXIT_OK,
        CLI_EXIT_JOB,     /* the job ended badly, or would be rejected */
        CLI_EXIT_USAGE,   /* the command line is wrong */
        CLI_EXIT_NO_JOB,  /* no such job or account, or the id is ambiguous */
        CLI_EXIT_DENIED,  /* not permitted */
        CLI_EXIT_TIMEOUT, /* the daemon is not running or did not answer in time */
        CLI_EXIT_SYSTEM,  /* anything else: a file, the configuration, memory */
} CliExit;

/* Exit statuses of "morf status", for monitors. */
#define CLI_STATUS_FINE 0
#define CLI_STATUS_DEGRADED 1
#define CLI_STATUS_CRITICAL 2

#define CLI_RUNTIME_DIR "/run/morf"
/* What the daemon writes there about itself. */
#define CLI_REPORT_FILE "status.json"
#define CLI_REPORT_MAX (256u * 1024u)
#define CLI_LIBEXEC_DIR "/usr/libexec/morf"

typedef struct Cli {
        Term term;
        bool json;
        char *spool_path;  /* --spool; NULL: as configured */
        char *runtime_dir; /* --runtime */
        uid_t uid;
        char *user; /* login name of the caller, NULL when there is none */
        Spool spool;
        Jobs jobs;
        bool operator_view; /* the caller may read all records */
} Cli;

/* Options that every verb takes, for the end of its table; cli_common_option() acts on them. */
enum {
        CLI_OPTION_JSON = 0x1000,
        CLI_OPTION_SPOOL,
        CLI_OPTION_RUNTIME,
        CLI_OPTION_UTC,
        CLI_OPTION_HELP,
        CLI_OPTION_VERSION,
};
#define CLI_COMMON_OPTIONS                                               \
        { "json", no_argument, NULL, CLI_OPTION_JSON },                  \
        { "spool", required_argument, NULL, CLI_OPTION_SPOOL },          \
        { "runtime", required_argument, NULL, CLI_OPTION_RUNTIME },      \
        { "utc", no_argument, NULL, CLI_OPTION_UTC },                    \
        { "help", no_argument, NULL, CLI_OPTION_HELP },                  \
        { "version", no_argument, NULL, CLI_OPTION_VERSION },            \
        {}

/* Return: 0 or -ENOMEM. */
int cli_init(Cli *cli);
void cli_done(Cli *cli);
#define _cleanup_cli_ _cleanup_(cli_done)

/*
 * Prints "morf: " and a sentence, made safe, on standard error. cli_hint() adds an indented line that says what to do.
 * Return: code, so that "return cli_fail(...)" ends a verb.
 */
int cli_fail(CliExit code, const char *format, ...) _printf_(2, 3);
void cli_hint(const char *format, ...) _printf_(1, 2);
void cli_note(const char *format, ...) _printf_(1, 2);

/*
 * cli_fail() for a negative errno: CLI_EXIT_DENIED for -EACCES and -EPERM, else CLI_EXIT_SYSTEM. The text of r is
 * appended.
 */
int cli_fail_errno(int r, const char *format, ...) _printf_(2, 3);

/*
 * Acts on an option that is not the verb's own: a common one, or a wrong one (getopt has printed nothing then).
 * Return: -1 to go on; otherwise the exit status to end with (help was printed, or the usage is wrong).
 */
int cli_common_option(Cli *cli, const char *verb, int c, char *const *argv);

/* Opens the spool on first use. Return: 0, or an exit status after a message. */
int cli_open_spool(Cli *cli);

/* Opens spool and jobs on first use. Return: 0, or an exit status after a message. */
int cli_open(Cli *cli);

/*
 * The job that a full id or a unique prefix of it names.
 * Return: 0, or an exit status after a message (no such job, ambiguous with the candidates).
 */
int cli_find_job(Cli *cli, const char *prefix, Id *ret);

/* Whether the daemon runs, as far as files tell. Return: 1, 0, or -EAGAIN when it cannot be told. */
int cli_daemon_runs(const Cli *cli);

/*
 * The path of one of our helpers: beside this program where it was built, else where it is installed. Return: a fresh
 * string.
 */
char *cli_helper_path(const char *name);

/* Prints a JSON value with a line end on standard output and releases it. Return: 0 or CLI_EXIT_SYSTEM. */
int cli_print_json(json_t *value);

/* Loads the configuration where it can be read. Return: 0, or an exit status after a message. */
int cli_load_conf(Conf *ret);
