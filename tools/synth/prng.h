/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Random numbers as a pure function of a key: SplitMix64.
 *
 * A key names one thing of the synthetic campus (a session, a learner, a visit, one click) and is derived from the
 * key of what holds it, so every part can be made again at any time and in any order without remembering anything.
 * Only integers are used: the bytes do not depend on the C library's mathematics or on how a compiler contracts
 * floating point.
 */

#include "spool/base/macro.h"

/* A probability of one for prng_chance(); also the unit of the Q16 numbers of fixed.h. */
#define PRNG_ONE 65536

typedef struct Prng {
        uint64_t state;
} Prng;

/* The finaliser of SplitMix64, a bijection. */
static inline uint64_t prng_mix(uint64_t z) {
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* The key of the part of parent that tag names. */
static inline uint64_t prng_key(uint64_t parent, uint64_t tag) {
        return prng_mix(prng_mix(parent + UINT64_C(0x9e3779b97f4a7c15)) ^ (tag * UINT64_C(0xd1342543de82ef95) + 1));
}

static inline Prng prng_make(uint64_t key) {
        return (Prng) { .state = key };
}

static inline uint64_t prng_next(Prng *p) {
        p->state += UINT64_C(0x9e3779b97f4a7c15);
        return prng_mix(p->state);
}

/* Return: a number in [0, n); 0 for n = 0. */
static inline uint32_t prng_below(Prng *p, uint32_t n) {
        return (uint32_t) (((prng_next(p) >> 32) * n) >> 32);
}

/* Return: a number in [low, high]. */
static inline int32_t prng_between(Prng *p, int32_t low, int32_t high) {
        return low + (int32_t) prng_below(p, (uint32_t) (high - low + 1));
}

/* Return: true with probability probability/PRNG_ONE. */
static inline bool prng_chance(Prng *p, uint32_t probability) {
        return (prng_next(p) >> 48) < probability;
}

/* Return: a standard normal number in Q16, within +-6: the sum of twelve uniform ones. */
int32_t prng_normal(Prng *p);
