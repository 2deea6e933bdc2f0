/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names of jobs as MORF 2.0 made them, the job's id with its arguments behind it, which may be longer than names here. For helpers.
 */

#include "spool/manifest.h"

/*
 * A name that name_is_valid() for the text: itself; when it is too long or has other characters, its beginning with '-' for those, '-' and
 * twelve digits of its digest.
 * Return: 0 and a fresh string; -EINVAL when it is empty, begins with no letter or digit or is not printable ASCII; -ENOMEM; -EIO.
 */
int job_name_fit(const char *text, char **ret);

/*
 * The text that MORF 2.0 made of an id and arguments: for each argument "NAME_VALUE" without '.' and '/', sorted, one behind the other.
 * Return: 0 and a fresh string, or -ENOMEM.
 */
int job_name_of_arguments(const char *job_id, const ManifestArguments *args, char **ret);
