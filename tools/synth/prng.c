/* SPDX-License-Identifier: MIT */

#include "tools/synth/prng.h"

int32_t prng_normal(Prng *p) {
        int32_t sum = 0;

        for (unsigned i = 0; i < 3; i++) {
                uint64_t v = prng_next(p);

                for (unsigned lane = 0; lane < 4; lane++, v >>= 16)
                        sum += (int32_t) (v & 0xffff);
        }
        return sum - 6 * PRNG_ONE + 6;
}
