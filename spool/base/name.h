/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Allow-lists. Every name that reaches a path, a unit name or an argument vector passed one of these.
 */

#include "spool/base/macro.h"

#define NAME_MAX_LENGTH 64u

/* Job, file, course and argument names: [A-Za-z0-9][A-Za-z0-9._-]{0,63}. */
bool name_is_valid(const char *s);

/* Researcher account: [a-z][a-z0-9_-]{0,31}, also a valid Unix login name. */
bool name_is_user(const char *s);

/* A relative path of valid names joined by '/', at most depth_max components, no "." or "..". */
bool name_is_relative_path(const char *s, unsigned depth_max);

/* A value of a job argument, which is an argument of its own behind its name: up to 256 bytes of printable ASCII. */
bool name_is_argument_value(const char *s);

/* One mailbox address, local@domain, ASCII or UTF-8 without control characters, spaces, quotes or commas; at most 254 bytes. */
bool name_is_mail_address(const char *s);

/* Well-formed UTF-8 without overlong forms or surrogates. */
bool name_is_utf8(const char *s, size_t size);

/*
 * Quotes foreign text for a log line or a mail: control characters and malformed UTF-8 become \xHH, at most max_bytes
 * bytes are kept. Return: a fresh string, or NULL when out of memory.
 */
char *name_escape(const char *s, size_t size, size_t max_bytes);
