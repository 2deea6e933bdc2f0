/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The bytes of a job file before libconfig sees them. libconfig stops at a NUL byte, follows "@include" to any file
 * that it may read, and compares every new key with all earlier ones; so all of that is refused here, with the line.
 */

#include "spool/fault.h"

/*
 * Judges size bytes at data, which are followed by a NUL byte that is not counted.
 * file: the name for messages. ret_text: where the text begins behind a byte order mark, within data.
 * Return: 0; -EBADMSG with *f set; or -ENOMEM.
 */
int job_text_check(const char *data, size_t size, const char *file, const char **ret_text, Fault *f);
