/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What libconfig 1.5 does not notice in a text. A whole number that does not fit into 32 bits and has no "L" behind it is silently
 * cut to them, so that "memory = 4294967296" means 0; and a comment in the last line is an error when the line has no end.
 */

#include <libconfig.h>

#include "spool/base/macro.h"

/* For messages about a number that config_text_find_big_number() found. */
#define CONFIG_TEXT_BIG_NUMBER "this number is too large; write a size or a time as a string such as \"8G\", or put an L behind the number"

/*
 * Looks for a whole number that would be cut, outside of strings and comments.
 * Return: the line of the first one, or 0 where there is none.
 */
unsigned config_text_find_big_number(const char *text);

/* As config_read_string(), whether the last line ends with a newline or not. Return: 0; -EBADMSG (config_error_text()); -ENOMEM. */
int config_text_read(config_t *config, const char *text);
