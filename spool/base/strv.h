/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Lists of strings: a NULL-terminated array that owns itself and its strings. NULL is the empty list.
 */

#include "spool/base/macro.h"

char **strv_free(char **l);
DEFINE_CLEANUP(char **, strv_free);
#define _cleanup_strv_ _cleanup_(strv_freep)

size_t strv_length(char *const *l);
bool strv_contains(char *const *l, const char *s);

/* Appends a copy of s. Return: 0 or -ENOMEM, the list unchanged. */
int strv_add(char ***l, const char *s);

/* Appends a formatted string. Return: 0 or -ENOMEM. */
int strv_addf(char ***l, const char *format, ...) _printf_(2, 3);

/* Appends copies of all arguments up to NULL. Return: 0 or -ENOMEM. */
int strv_add_many(char ***l, ...) _sentinel_;

/* A deep copy. Return: 0 or -ENOMEM. */
int strv_copy(char *const *l, char ***ret);

#define STRV_FOREACH(s, l) for (char *const *s = (l); s && *s; s++)
