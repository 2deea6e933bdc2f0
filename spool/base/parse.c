/* SPDX-License-Identifier: MIT */
#include "spool/base/parse.h"

#include <inttypes.h>

#include "spool/base/time.h"

/* Reads the leading digits of s. */
static int leading_digits(const char *s, uint64_t *ret, const char **ret_rest) {
        uint64_t value = 0;
        const char *p = s;

        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value))
                        return -ERANGE;
        if (p == s)
                return -EINVAL;
        *ret = value;
        *ret_rest = p;
        return 0;
}

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret) {
        const char *rest;
        uint64_t value;
        int r;

        r = leading_digits(s, &value, &rest);
        if (r < 0)
                return r;
        if (*rest != '\0')
                return -EINVAL;
        if (value < min || value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

struct suffix {
        const char *name;
        uint64_t factor;
};

static int parse_with_suffix(const char *s, const struct suffix *table, size_t n, uint64_t *ret) {
        const char *rest;
        uint64_t value;
        int r;

        r = leading_digits(s, &value, &rest);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                if (streq(rest, table[i].name))
                        return __builtin_mul_overflow(value, table[i].factor, ret) ? -ERANGE : 0;
        return -EINVAL;
}

int parse_size(const char *s, uint64_t *ret) {
        static const struct suffix table[] = {
                { "", 1 },
                { "K", UINT64_C(1) << 10 },
                { "M", UINT64_C(1) << 20 },
                { "G", UINT64_C(1) << 30 },
                { "T", UINT64_C(1) << 40 },
        };

        return parse_with_suffix(s, table, ELEMENTSOF(table), ret);
}

int parse_span(const char *s, uint64_t *ret_usec) {
        static const struct suffix table[] = {
                { "", USEC_PER_SEC },       { "ms", USEC_PER_MSEC },   { "s", USEC_PER_SEC }, { "m", USEC_PER_MINUTE },
                { "min", USEC_PER_MINUTE }, { "h", USEC_PER_HOUR }, { "d", USEC_PER_DAY },
        };

        return parse_with_suffix(s, table, ELEMENTSOF(table), ret_usec);
}

const char *format_size(uint64_t bytes, char buffer[static FORMAT_SIZE_MAX]) {
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
        double value = (double) bytes;
        size_t i = 0;

        while (value >= 1024 && i + 1 < ELEMENTSOF(units))
                value /= 1024, i++;
        if (i == 0 || value == (double) (uint64_t) value)
                snprintf(buffer, FORMAT_SIZE_MAX, "%.0f %s", value, units[i]);
        else
                snprintf(buffer, FORMAT_SIZE_MAX, "%.1f %s", value, units[i]);
        return buffer;
}

#define WORD_MAX 64u

static size_t minimum(size_t a, size_t b) {
        return a < b ? a : b;
}

static size_t edit_distance(const char *a, const char *b) {
        size_t n = strlen(a), m = strlen(b);
        size_t d[WORD_MAX + 1][WORD_MAX + 1];

        if (n > WORD_MAX || m > WORD_MAX)
                return SIZE_MAX;
        for (size_t i = 0; i <= n; i++)
                for (size_t j = 0; j <= m; j++) {
                        if (i == 0 || j == 0) {
                                d[i][j] = i + j;
                                continue;
                        }
                        d[i][j] = minimum(minimum(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                d[i][j] = minimum(d[i][j], d[i - 2][j - 2] + 1);
                }
        return d[n][m];
}

const char *parse_nearest(const char *word, const char *const *candidates, size_t n) {
        const char *best = NULL;
        size_t best_distance = SIZE_MAX;

        for (size_t i = 0; i < n; i++) {
                size_t distance = edit_distance(word, candidates[i]);

                if (distance < best_distance)
                        best = candidates[i], best_distance = distance;
        }
        return best && best_distance <= 1 + strlen(word) / 3 ? best : NULL;
}
