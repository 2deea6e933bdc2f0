/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The list "workflow" of a job file: names of functions, or groups with the function as "call" and its arguments.
 */

#include <libconfig.h>

#include "spool/manifest.h"

/*
 * Appends the calls to m. What they need of each other is judged when the courses are known, by morf-plan.
 * Return: 0; -EBADMSG with the line and a sentence that the caller frees; -ENOMEM.
 */
int workflow_list_read(const config_setting_t *list, Manifest *m, unsigned *ret_line, char **reterr);
