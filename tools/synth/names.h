/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What things are called: course names and titles, countries, browsers, words for made-up prose.
 */

#include "spool/base/macro.h"

#define NAMES_SLUG_MAX 32u
#define NAMES_TITLE_MAX 128u
/* Length of a generated text, with its NUL. */
#define NAMES_TEXT_MAX 12288u

/* The short name of the course with this number (from 0), unique for every number. */
void names_slug(unsigned course, char ret[static NAMES_SLUG_MAX]);

/* Its title in UTF-8, as people write it: it may hold ':', '&', parentheses, quotes and one letter outside ASCII. */
void names_title(unsigned course, char ret[static NAMES_TITLE_MAX]);

/*
 * The title as it stands in the names of a session's files: ':' is '-', quotes are left out, letters are ASCII, so
 * that a file name without its spaces, parentheses and '&' needs no quoting in a shell.
 */
void names_file_title(unsigned course, char ret[static NAMES_TITLE_MAX]);

/* UTF-8 to ISO-8859-1 in place; '?' for what it does not have. Return: s. */
char *names_to_latin1(char *s);

/* Tables; key picks the member (any number). */
const char *names_country(uint64_t key);
const char *names_user_agent(uint64_t key);
const char *names_language(uint64_t key);
const char *names_timezone(uint64_t key);
const char *names_locale(uint64_t key);
const char *names_referrer(uint64_t key);
const char *names_tag(unsigned i);
#define NAMES_TAGS 20u

/* A few words of ASCII prose without punctuation, for titles and searches. Return: ret. */
const char *names_phrase(uint64_t key, unsigned words, char *ret, size_t size);

/*
 * Prose of about length bytes: sentences with markup, entities, line breaks, quotes and letters outside ASCII here
 * and there; never the sequence "),(" which readers of SQL dumps split at. Return: the length written, ret is
 * terminated.
 */
size_t names_prose(uint64_t key, size_t length, char ret[static NAMES_TEXT_MAX]);
