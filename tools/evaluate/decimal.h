/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Decimal numbers of a table, whatever the locale: [+-] digits [. digits] [e [+-] digits], at least one digit before or
 * behind the point. No hexadecimal, no "inf", no "nan", no spaces. The result is the double nearest to the decimal value
 * (ties to even), the same as strtod() in the C locale gives, bit for bit.
 */

#include "spool/base/macro.h"

/* Bytes of the longest number that is read; longer ones are refused. */
#define DECIMAL_LENGTH_MAX 1024u

/* Return: 0; -EINVAL when the size bytes at s are not such a number; -ERANGE when it is beyond the largest double. */
int decimal_parse(const char *s, size_t size, double *ret);
