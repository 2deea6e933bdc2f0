/* SPDX-License-Identifier: MIT */
#include "spool/base/id.h"

#include <sys/random.h>

#include "spool/base/time.h"

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

int id_new(Id *ret) {
        static uint64_t last_ms;
        unsigned __int128 value;
        uint8_t random[10];
        uint64_t ms;

        if (getrandom(random, sizeof(random), 0) != (ssize_t) sizeof(random))
                return negative_errno();

        /* A clock set back, or two ids within a millisecond, must not break the order. */
        ms = time_now_realtime() / USEC_PER_MSEC;
        if (ms <= last_ms)
                ms = last_ms + 1;
        last_ms = ms;

        value = ms & ((UINT64_C(1) << 48) - 1);
        for (size_t i = 0; i < sizeof(random); i++)
                value = (value << 8) | random[i];
        for (size_t i = ID_LENGTH; i-- > 0; value >>= 5)
                ret->text[i] = digits[(unsigned) value & 31];
        ret->text[ID_LENGTH] = '\0';
        return 0;
}

static bool all_digits(const char *s) {
        for (; *s; s++)
                if (!strchr(digits, *s))
                        return false;
        return true;
}

bool id_is_valid(const char *s) {
        return strlen(s) == ID_LENGTH && s[0] <= '7' && all_digits(s);
}

bool id_is_prefix(const char *s) {
        size_t n = strlen(s);

        return n >= 4 && n <= ID_LENGTH && all_digits(s);
}
