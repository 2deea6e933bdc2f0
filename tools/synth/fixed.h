/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Fixed-point numbers with 16 fractional bits ("Q16"), for the few places where the model needs a power or a product.
 */

#include "spool/base/macro.h"

#define FIXED_ONE 65536
/* A constant known at compile time, FIXED(0.35). */
#define FIXED(x) ((int32_t) ((x) * 65536))

/* a * b, rounded towards minus infinity. */
static inline int64_t fixed_mul(int64_t a, int64_t b) {
        return (a * b) >> 16;
}

/* 2 to the power of x, x clamped to [-16, 14]; both Q16. */
int64_t fixed_exp2(int64_t x);

/* probability * 2^x as a probability for prng_chance(), at most cap; all Q16. */
uint32_t fixed_chance(int32_t probability, int64_t x, int32_t cap);
