/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What reaches a terminal: foreign text made harmless and representable, its width in columns, colours, times.
 */

#include "spool/base/time.h"

typedef enum TermColour {
        TERM_PLAIN,
        TERM_BOLD,
        TERM_DIM,
        TERM_RED,
        TERM_GREEN,
        TERM_YELLOW,
        TERM_CYAN,
        _TERM_COLOUR_MAX,
} TermColour;

typedef struct Term {
        bool terminal;    /* standard output is one */
        bool colour;      /* it is one, and neither NO_COLOR nor TERM=dumb objects */
        bool utf8;        /* the locale's character set; otherwise ASCII */
        bool utc;         /* times in UTC, not in local time */
        unsigned columns; /* width, 0: as wide as it gets */
} Term;

/* Longest text that term_safe() keeps, in bytes. */
#define TERM_TEXT_MAX 4096u

/* Looks at standard output and the environment. The locale must have been set before. */
void term_init(Term *t);

/*
 * Foreign text for one line: control characters and broken UTF-8 become \xHH; without UTF-8 in the locale other letters
 * become '?'. Return: a fresh string, or NULL when out of memory.
 */
char *term_safe(const Term *t, const char *s);

/* Columns that safe text takes. */
size_t term_width(const Term *t, const char *s);

/* Safe text cut to at most columns (0: not at all), with an ellipsis. Return: a fresh string, or NULL. */
char *term_cut(const Term *t, const char *s, size_t columns);

/* Escape sequences, "" without colours. */
const char *term_on(const Term *t, TermColour c);
const char *term_off(const Term *t, TermColour c);

/* "2026-11-23 06:17:22 CET", or with utc "2026-11-23T06:17:22Z"; "-" for 0. Return: buffer. */
const char *term_time(const Term *t, uint64_t usec, char buffer[static TIME_STRING_MAX]);

/* A length of time in at most two units, "-" for 0. Return: buffer. */
const char *term_span(uint64_t usec, char buffer[static TIME_STRING_MAX]);

/* One line on standard output, made safe as a whole. */
void term_line(const Term *t, const char *format, ...) _printf_(2, 3);
