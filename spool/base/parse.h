/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Numbers as people write them, range-checked.
 */

#include "spool/base/macro.h"

/* Decimal digits only, within [min, max]. Return: 0; -EINVAL (not a number); -ERANGE. */
int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);

/* Bytes: digits and an optional suffix K, M, G or T (powers of 1024), "512M". Return: 0, -EINVAL, -ERANGE. */
int parse_size(const char *s, uint64_t *ret);

/* A length of time: digits and an optional suffix ms, s, m (or min), h, d; seconds without one. Return: 0, -EINVAL, -ERANGE; microseconds. */
int parse_span(const char *s, uint64_t *ret_usec);

/* Enough for every string that format_size() makes. */
#define FORMAT_SIZE_MAX 32u

/* Bytes for people, "1.5 GiB". Return: buffer. */
const char *format_size(uint64_t bytes, char buffer[static FORMAT_SIZE_MAX]);

/*
 * The candidate nearest to word by edit distance (Damerau-Levenshtein, restricted), for "did you mean".
 * Return: a member of candidates, or NULL when none is near.
 */
const char *parse_nearest(const char *word, const char *const *candidates, size_t n);
