/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How a job is shown in full, by "morf show" and at the end of "morf submit --wait".
 */

#include "tools/cli/cli.h"

/* The record with "result" (rows of eval.csv) when there is one. Return: a new reference, or NULL. */
json_t *show_to_json(const Cli *cli, const Record *r);

/* Prints the released table, if there is one, behind an empty line. */
void show_result(const Cli *cli, const Record *r);

/* Prints fault and hint, if there is one. */
void show_fault(const Cli *cli, const Record *r);
