/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The verbs of morf(1) as one table, from which dispatch and help are made; the manual page is checked against it.
 */

#include "tools/cli/cli.h"

typedef struct Verb {
        const char *name;
        const char *synopsis;
        const char *summary;
        const char *help; /* options and remarks, lines ended by '\n' */
        const char *who;
        int (*run)(Cli *cli, int argc, char **argv); /* argv[0] is the verb; returns the exit status */
} Verb;

/* The verb of this name, or NULL. */
const Verb *verbs_find(const char *name);

/* All of them; NULL past the last. */
const Verb *verbs_at(size_t i);

/* Prints the help of a verb, the short help for NULL. Return: an exit status (usage, when there is no such verb). */
int verbs_help(const Cli *cli, const char *name);

int verb_submit(Cli *cli, int argc, char **argv);
int verb_list(Cli *cli, int argc, char **argv);
int verb_show(Cli *cli, int argc, char **argv);
int verb_why(Cli *cli, int argc, char **argv);
int verb_log(Cli *cli, int argc, char **argv);
int verb_control(Cli *cli, int argc, char **argv); /* cancel, hold, release, retry */
int verb_check(Cli *cli, int argc, char **argv);
int verb_run(Cli *cli, int argc, char **argv);
int verb_verify(Cli *cli, int argc, char **argv);
int verb_synth(Cli *cli, int argc, char **argv);
int verb_status(Cli *cli, int argc, char **argv);
int verb_user(Cli *cli, int argc, char **argv);
