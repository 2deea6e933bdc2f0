/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * libconfig files read into C structs by a table of settings. What the table does not know is an error that names the file,
 * the line and the nearest known setting; so are wrong types and values out of range. Used for files that operators write.
 */

#include <libconfig.h>

#include "spool/base/macro.h"

typedef enum SettingKind {
        SETTING_UNSIGNED, /* unsigned: whole number within min..max */
        SETTING_U64,      /* uint64_t: whole number within min..max */
        SETTING_MILLI,    /* uint64_t: a whole or decimal number, stored in thousandths, within min..max */
        SETTING_SIZE,     /* uint64_t: "512M" or a whole number of bytes, within min..max */
        SETTING_SPAN,     /* uint64_t: "90m" or a whole number of seconds, stored in microseconds, within min..max */
        SETTING_BOOL,     /* bool */
        SETTING_STRING,   /* char *, owned; check() may refuse it */
        SETTING_STRV,     /* char **, owned; each judged by check() */
        SETTING_ENUM,     /* int-sized enum: names[0..max-1] */
} SettingKind;

typedef struct Setting {
        const char *path; /* "scheduler.slots" */
        SettingKind kind;
        size_t offset;
        uint64_t min, max;
        bool (*check)(const char *s);
        const char *const *names;
} Setting;

/*
 * Reads the file at path over what base holds already; files read later override those read before.
 * reterr: a fresh sentence "FILE:LINE: what is wrong", for -EBADMSG.
 * Return: 0; -EBADMSG; or the negative errno of opening the file.
 */
int settings_read_file(const Setting *table, size_t n, const char *path, void *base, char **reterr);

/* As settings_read_file(), for text in memory; name stands for the file in messages. */
int settings_read_string(const Setting *table, size_t n, const char *text, const char *name, void *base, char **reterr);

/* Frees the strings and lists that base holds. */
void settings_done(const Setting *table, size_t n, void *base);
