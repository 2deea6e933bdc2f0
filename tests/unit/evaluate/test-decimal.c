/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>

#include "tools/evaluate/decimal.h"

static int parse(const char *s, double *ret) {
        return decimal_parse(s, strlen(s), ret);
}

static void test_refused(void **state _unused_) {
        static const char *const texts[] = { "",    ".",    "+",     "-",    "e1",   ".e1",  "1e",   "1e+",      "1e-",  "1.5.2",
                                             "1,5", "0x10", " 1",    "1 ",   "nan",  "NaN",  "inf",  "infinity", "-inf", "1f",
                                             "--1", "+-1",  "1e1.5", "1e1e", "one",  "1_0",  "1e 5", "\xd9\xa1" };
        double v;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(parse(texts[i], &v), -EINVAL);
        assert_int_equal(decimal_parse("1\0" "2", 3, &v), -EINVAL);
        assert_int_equal(parse("1e400", &v), -ERANGE);
        assert_int_equal(parse("-1e999999999999", &v), -ERANGE);
}

static void assert_as_strtod(const char *s) {
        double v = NAN, expected = strtod(s, NULL);

        if (parse(s, &v) != 0 || memcmp(&v, &expected, sizeof(v)) != 0)
                fail_msg("'%s' is read as %.17g instead of %.17g", s, v, expected);
}

static void test_chosen(void **state _unused_) {
        static const char *const texts[] = {
                "0", "-0", "0.0", ".0", "0.", "00", "1", "1.", ".5", "+.5", "-1.5", "1e0", "1E0", "1e+0", "1e-0", "10e-1", "0e999999999",
                "0.1", "0.3", "0.7", "0.30000000000000004", "1e-5", "1.2345678901234567e-05", "1e-27", "1e-28", "1e-300", "4.9e-324",
                "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "1e308", "123456789012345678901234567890",
                "9007199254740993", "9007199254740992.5", "9007199254740993.0000000000000000000000000000001",
                "0.500000000000000055511151231257827021181583404541015625",
                "0.50000000000000005551115123125782702118158340454101562499999", "0.5000000000000000555111512312578",
                "18446744073709551615", "9999999999999999999e-19", "9999999999999999999e-27", "1152921504606846977e-2",
                "0.00000000000000000000000000000000000000000000000001", "1.7976931348623157e308", "2.2250738585072014e-308",
                "4503599627370496.5", "4503599627370497.5", "9007199254740991.5e-0", "0.99999999999999994448884876874217",
                "0.99999999999999994448884876874218", "0.000030517578125", "7450580596923828125e-27",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_as_strtod(texts[i]);
}

static uint64_t next(uint64_t *state) {
        *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
        return *state;
}

/* Random digits, points and exponents, and the exact middles between doubles, which is where rounding goes wrong. */
static void test_random(void **state _unused_) {
        uint64_t s = 88172645463325252u;
        char text[80];

        for (unsigned i = 0; i < 300000; i++) {
                uint64_t digits = next(&s) >> next(&s) % 64;
                int exponent = (int) (next(&s) % 32) - 29;
                double v = ldexp((double) (next(&s) >> 11), -53), twice = v + nextafter(v, 2);

                snprintf(text, sizeof(text), "%llue%d", (unsigned long long) digits, exponent);
                assert_as_strtod(text);
                snprintf(text, sizeof(text), "%.*g", (int) (1 + next(&s) % 19), v);
                assert_as_strtod(text);
                snprintf(text, sizeof(text), "%.60f", twice / 2);
                assert_as_strtod(text);
        }
        for (unsigned i = 0; i < 100000; i++) {
                /* w / 2^k with 54 significant bits, in few digits: a tie. */
                uint64_t w = (next(&s) >> 10) | (UINT64_C(1) << 53) | 1;
                unsigned k = (unsigned) (next(&s) % 4);
                static const unsigned powers[] = { 1, 5, 25, 125 };

                snprintf(text, sizeof(text), "%llue-%u", (unsigned long long) w * powers[k], k);
                assert_as_strtod(text);
        }
}

static void test_locale(void **state _unused_) {
        double v;

        setlocale(LC_ALL, "de_DE.UTF-8");
        assert_int_equal(parse("0.5", &v), 0);
        assert_true(v == 0.5);
        assert_int_equal(parse("0.50000000000000005551115123125782702118", &v), 0);
        assert_true(v == 0.5);
        setlocale(LC_ALL, "C");
}

static void test_long(void **state _unused_) {
        char text[DECIMAL_LENGTH_MAX + 2];
        double v;

        memset(text, '0', sizeof(text));
        text[1] = '.';
        text[DECIMAL_LENGTH_MAX - 1] = '5';
        assert_int_equal(decimal_parse(text, DECIMAL_LENGTH_MAX, &v), 0);
        assert_true(v == 0);
        assert_int_equal(decimal_parse(text, DECIMAL_LENGTH_MAX + 1, &v), -EINVAL);
        memset(text + 2, '9', sizeof(text) - 2);
        assert_int_equal(decimal_parse(text, DECIMAL_LENGTH_MAX, &v), 0);
        assert_true(v == 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused), cmocka_unit_test(test_chosen), cmocka_unit_test(test_random),
                cmocka_unit_test(test_locale),  cmocka_unit_test(test_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
