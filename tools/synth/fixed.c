/* SPDX-License-Identifier: MIT */

#include "tools/synth/fixed.h"

#define EXP2_MIN (-16 * FIXED_ONE)
#define EXP2_MAX (14 * FIXED_ONE)

int64_t fixed_exp2(int64_t x) {
        /* 2^(1/2), 2^(1/4), ... in Q30, one for each fractional bit. */
        static const uint32_t roots[16] = {
                1518500250, 1276901417, 1170923762, 1121280436, 1097253708, 1085434106, 1079572136, 1076653033,
                1075196443, 1074468888, 1074105294, 1073923544, 1073832680, 1073787251, 1073764537, 1073753181,
        };
        uint64_t y = UINT64_C(1) << 30;
        int whole;

        x = x < EXP2_MIN ? EXP2_MIN : x > EXP2_MAX ? EXP2_MAX : x;
        whole = (int) (x >> 16);
        for (unsigned i = 0; i < ELEMENTSOF(roots); i++)
                if (x & (0x8000 >> i))
                        y = (y * roots[i]) >> 30;
        return (int64_t) (whole >= 0 ? (y << whole) >> 14 : y >> (14 - whole));
}

uint32_t fixed_chance(int32_t probability, int64_t x, int32_t cap) {
        int64_t v = fixed_mul(probability, fixed_exp2(x));

        return (uint32_t) (v > cap ? cap : v);
}
