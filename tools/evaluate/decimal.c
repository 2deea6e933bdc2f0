/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/decimal.h"

#include <locale.h>
#include <math.h>

/* Digits that always fit in 64 bits. */
#define DIGITS_MAX 19u
/* 5^27 is the largest power of five below 2^63. */
#define POWERS 28u
/* Exponents beyond these are 0 or infinity whatever the digits. */
#define EXPONENT_MAX 100000

static const uint64_t powers_of_five[POWERS] = {
        UINT64_C(1),
        UINT64_C(5),
        UINT64_C(25),
        UINT64_C(125),
        UINT64_C(625),
        UINT64_C(3125),
        UINT64_C(15625),
        UINT64_C(78125),
        UINT64_C(390625),
        UINT64_C(1953125),
        UINT64_C(9765625),
        UINT64_C(48828125),
        UINT64_C(244140625),
        UINT64_C(1220703125),
        UINT64_C(6103515625),
        UINT64_C(30517578125),
        UINT64_C(152587890625),
        UINT64_C(762939453125),
        UINT64_C(3814697265625),
        UINT64_C(19073486328125),
        UINT64_C(95367431640625),
        UINT64_C(476837158203125),
        UINT64_C(2384185791015625),
        UINT64_C(11920928955078125),
        UINT64_C(59604644775390625),
        UINT64_C(298023223876953125),
        UINT64_C(1490116119384765625),
        UINT64_C(7450580596923828125),
};

typedef struct Decimal {
        uint64_t digits; /* without the point, the first DIGITS_MAX of them */
        unsigned n;      /* how many, without leading zeros; more than DIGITS_MAX: digits is cut */
        int exponent;    /* of ten, for digits as a whole number */
        bool negative;
} Decimal;

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static const char *scan_digits(const char *p, const char *end, Decimal *d) {
        for (; p < end && is_digit(*p); p++) {
                if (d->n == 0 && *p == '0')
                        continue;
                if (d->n < DIGITS_MAX)
                        d->digits = d->digits * 10 + (uint64_t) (*p - '0');
                d->n++;
        }
        return p;
}

static int scan_exponent(const char *p, const char *end, int *exponent) {
        bool negative = false;
        int value = 0;

        if (p < end && (*p == '+' || *p == '-'))
                negative = *p++ == '-';
        if (p == end)
                return -EINVAL;
        for (; p < end; p++) {
                if (!is_digit(*p))
                        return -EINVAL;
                if (value < EXPONENT_MAX)
                        value = value * 10 + (*p - '0');
        }
        *exponent += negative ? -value : value;
        return 0;
}

static int scan(const char *s, size_t size, Decimal *ret) {
        const char *p = s, *end = s + size, *begin;
        size_t digits;
        Decimal d = {};

        if (p < end && (*p == '+' || *p == '-'))
                d.negative = *p++ == '-';
        begin = p;
        p = scan_digits(p, end, &d);
        digits = (size_t) (p - begin);
        if (p < end && *p == '.') {
                begin = ++p;
                p = scan_digits(p, end, &d);
                digits += (size_t) (p - begin);
                d.exponent = -(int) (p - begin);
        }
        if (digits == 0)
                return -EINVAL;
        if (p < end) {
                if (*p != 'e' && *p != 'E')
                        return -EINVAL;
                if (scan_exponent(p + 1, end, &d.exponent) < 0)
                        return -EINVAL;
        }
        *ret = d;
        return 0;
}

/* w / 10^k, rounded once. w > 0, k < POWERS: the result is a normal number. */
static double divide(uint64_t w, unsigned k) {
        uint64_t divisor = powers_of_five[k], q, rest;
        int zeros = __builtin_clzll(w), divisor_zeros = __builtin_clzll(divisor), shift;
        unsigned __int128 dividend;
        bool up;

        /* Both with their top bit set: the quotient of w * 2^63 has 63 or 64 bits, more than enough to round 53 from. */
        dividend = (unsigned __int128) (w << zeros) << 63;
        divisor <<= divisor_zeros;
        q = (uint64_t) (dividend / divisor);
        rest = (uint64_t) dividend - q * divisor;

        shift = 11 - __builtin_clzll(q);
        up = (q >> (shift - 1)) & 1;
        if (up && rest == 0 && (q & ((UINT64_C(1) << (shift - 1)) - 1)) == 0)
                up = (q >> shift) & 1; /* exactly half: to even */
        q = (q >> shift) + up;
        return ldexp((double) q, shift - 63 + divisor_zeros - zeros - (int) k);
}

/* What the fast way cannot do exactly: many digits, far exponents. */
static int slow(const char *s, size_t size, double *ret) {
        char text[DECIMAL_LENGTH_MAX + 1];
        locale_t c;
        double v;

        if (size > DECIMAL_LENGTH_MAX)
                return -EINVAL;
        memcpy(text, s, size);
        text[size] = '\0';
        c = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
        if (!c)
                return -ENOMEM;
        v = strtod_l(text, NULL, c);
        freelocale(c);
        if (isinf(v))
                return -ERANGE;
        *ret = v;
        return 0;
}

int decimal_parse(const char *s, size_t size, double *ret) {
        Decimal d;
        double v;

        if (size > DECIMAL_LENGTH_MAX || scan(s, size, &d) < 0)
                return -EINVAL;
        if (d.n == 0)
                v = 0;
        else if (d.n <= DIGITS_MAX && d.exponent <= 0 && d.exponent > -(int) POWERS)
                v = divide(d.digits, (unsigned) -d.exponent);
        else
                return slow(s, size, ret);
        *ret = d.negative ? -v : v;
        return 0;
}
