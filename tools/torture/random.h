/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Decisions as a pure function of a seed (SplitMix64), so that a run can be repeated.
 */

#include "spool/base/macro.h"

typedef struct Random {
        uint64_t state;
} Random;

static inline uint64_t random_next(Random *r) {
        uint64_t z;

        r->state += UINT64_C(0x9e3779b97f4a7c15);
        z = r->state;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* Return: a number in [0, n); 0 for n = 0. */
static inline uint32_t random_below(Random *r, uint32_t n) {
        return (uint32_t) (((random_next(r) >> 32) * n) >> 32);
}
