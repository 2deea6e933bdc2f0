/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/sort.h"

#define RADIX_BITS 11u
#define RADIX_SIZE (1u << RADIX_BITS)
#define PASSES ((64u + RADIX_BITS - 1) / RADIX_BITS)
/* Up to here insertion is faster. */
#define SMALL 64u

static void insertion(uint64_t *keys, size_t n) {
        for (size_t i = 1; i < n; i++) {
                uint64_t key = keys[i];
                size_t j = i;

                for (; j > 0 && keys[j - 1] > key; j--)
                        keys[j] = keys[j - 1];
                keys[j] = key;
        }
}

static unsigned digit(uint64_t key, unsigned pass) {
        return (unsigned) (key >> (pass * RADIX_BITS)) & (RADIX_SIZE - 1);
}

/* Counts every digit of every key in one reading. */
static void count(const uint64_t *keys, size_t n, size_t counts[static PASSES][RADIX_SIZE]) {
        for (size_t i = 0; i < n; i++)
                for (unsigned pass = 0; pass < PASSES; pass++)
                        counts[pass][digit(keys[i], pass)]++;
}

static void distribute(const uint64_t *from, uint64_t *to, size_t n, unsigned pass, const size_t counts[static RADIX_SIZE]) {
        size_t places[RADIX_SIZE], sum = 0;

        for (unsigned i = 0; i < RADIX_SIZE; i++) {
                places[i] = sum;
                sum += counts[i];
        }
        for (size_t i = 0; i < n; i++)
                to[places[digit(from[i], pass)]++] = from[i];
}

int sort_keys(uint64_t *keys, size_t n) {
        _cleanup_free_ size_t (*counts)[RADIX_SIZE] = NULL;
        _cleanup_free_ uint64_t *other = NULL;
        uint64_t *from = keys, *to;

        if (n <= SMALL) {
                insertion(keys, n);
                return 0;
        }
        counts = calloc(PASSES, sizeof(*counts));
        other = reallocarray(NULL, n, sizeof(*other));
        if (!counts || !other)
                return -ENOMEM;

        count(keys, n, counts);
        to = other;
        for (unsigned pass = 0; pass < PASSES; pass++) {
                uint64_t *swap;

                if (counts[pass][digit(from[0], pass)] == n)
                        continue; /* the same in all */
                distribute(from, to, n, pass, counts[pass]);
                swap = from, from = to, to = swap;
        }
        if (from != keys)
                memcpy(keys, from, n * sizeof(*keys));
        return 0;
}
