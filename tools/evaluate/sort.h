/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Ascending sort of 64-bit keys by radix, in time linear in their number.
 */

#include "spool/base/macro.h"

/* Sorts n keys in place; needs n * 8 bytes besides. Return: 0 or -ENOMEM. */
int sort_keys(uint64_t *keys, size_t n);
