/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/json.h"
#include "tests/unit/scratch.h"

/* A record with a member of every kind. */
typedef enum Colour {
        RED,
        GREEN,
        _COLOUR_MAX,
} Colour;

static const char *const colours[_COLOUR_MAX] = { [RED] = "red", [GREEN] = "green" };

typedef struct Inner {
        uint64_t first;
        char *text;
} Inner;

typedef struct Outer {
        uint64_t number;
        uint64_t big;
        unsigned small;
        unsigned any; /* of any size that fits */
        bool flag;
        char *name;
        char *text;
        char **list;
        Colour colour;
        Inner inner;
        Inner optional;
        char *doubled; /* custom: written twice, read as its half */
} Outer;

static int doubled_read(const json_t *value, void *member) {
        const char *s = json_string_value(value);
        char **half = member;

        if (!s || strlen(s) % 2 != 0)
                return -EBADMSG;
        free(*half);
        *half = strndup(s, strlen(s) / 2);
        return *half ? 0 : -ENOMEM;
}

static json_t *doubled_write(const void *member) {
        const char *half = *(char *const *) member;

        return half ? json_sprintf("%s%s", half, half) : NULL;
}

static void doubled_done(void *member) {
        free(*(char **) member);
        *(char **) member = NULL;
}

static const JsonField inner_fields[] = {
        { "first", JSON_KIND_U64, offsetof(Inner, first), JSON_REQUIRED },
        { "text", JSON_KIND_STRING, offsetof(Inner, text) },
};
static const JsonTable inner_table = JSON_TABLE(inner_fields);

static const JsonField fields[] = {
        { "number", JSON_KIND_U64, offsetof(Outer, number), JSON_REQUIRED, .min = 3, .max = 9 },
        { "big", JSON_KIND_U64, offsetof(Outer, big), JSON_OMIT_EMPTY },
        { "small", JSON_KIND_UNSIGNED, offsetof(Outer, small), JSON_OMIT_EMPTY, .max = 100 },
        { "any", JSON_KIND_UNSIGNED, offsetof(Outer, any), JSON_OMIT_EMPTY },
        { "flag", JSON_KIND_BOOL, offsetof(Outer, flag), JSON_OMIT_EMPTY },
        { "name", JSON_KIND_STRING, offsetof(Outer, name), JSON_OMIT_EMPTY, .max = 5, .check = name_is_valid },
        { "text", JSON_KIND_STRING, offsetof(Outer, text), JSON_OMIT_EMPTY },
        { "list", JSON_KIND_STRV, offsetof(Outer, list), JSON_OMIT_EMPTY, .max = 2, .check = name_is_valid },
        { "colour", JSON_KIND_ENUM, offsetof(Outer, colour), JSON_OMIT_EMPTY, .names = colours, .max = _COLOUR_MAX },
        { "inner", JSON_KIND_OBJECT, offsetof(Outer, inner), 0, .table = &inner_table },
        { "optional", JSON_KIND_OBJECT, offsetof(Outer, optional), JSON_OMIT_EMPTY, .table = &inner_table },
        { "doubled", JSON_KIND_CUSTOM, offsetof(Outer, doubled), 0, .read = doubled_read, .write = doubled_write, .done = doubled_done },
};
static const JsonTable table = JSON_TABLE(fields);

static void outer_done(Outer *o) {
        json_record_done(&table, o);
}
#define _cleanup_outer_ _cleanup_(outer_done)

static void round_trip(_unused_ void **state) {
        static const char text[] = "{\"number\":4,\"big\":9223372036854775807,\"small\":100,\"any\":4294967295,\"flag\":true,\"name\":\"a.b-c\","
                                   "\"text\":\"caf\xc3\xa9 \\\"\\n\",\"list\":[\"a\",\"b\"],\"colour\":\"green\",\"inner\":{\"first\":1,\"text\":\"x\"},"
                                   "\"optional\":{\"first\":2,\"text\":\"\"},\"doubled\":\"abab\"}\n";
        _cleanup_free_ char *again = NULL, *error = NULL;
        _cleanup_outer_ Outer o = {};

        if (json_record_parse(&table, text, strlen(text), &o, &error) < 0)
                fail_msg("%s", error);
        assert_int_equal(o.number, 4);
        assert_int_equal(o.big, INT64_MAX);
        assert_int_equal(o.small, 100);
        assert_int_equal(o.any, UINT32_MAX);
        assert_true(o.flag);
        assert_string_equal(o.name, "a.b-c");
        assert_string_equal(o.text, "caf\xc3\xa9 \"\n");
        assert_int_equal(strv_length(o.list), 2);
        assert_int_equal(o.colour, GREEN);
        assert_int_equal(o.inner.first, 1);
        assert_string_equal(o.optional.text, "");
        assert_string_equal(o.doubled, "ab");
        assert_int_equal(json_record_format(&table, &o, &again), 0);
        assert_string_equal(again, text);
}

static void empty_members_are_left_out(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;
        Outer o = {};

        /* A required key is written even when it is empty; an object where it may be left out is judged by its first member. */
        o.optional.text = (char *) "not alone worth a key";
        assert_int_equal(json_record_format(&table, &o, &text), 0);
        assert_string_equal(text, "{\"number\":0,\"inner\":{\"first\":0,\"text\":\"\"}}\n");
}

static void absent_keys_keep_the_base(_unused_ void **state) {
        static const char text[] = "{\"number\":4,\"text\":\"new\"}";
        _cleanup_outer_ Outer o = { .small = 7, .flag = true, .name = strdup("old"), .text = strdup("old") };

        assert_int_equal(json_record_parse(&table, text, strlen(text), &o, NULL), 0);
        assert_int_equal(o.small, 7);
        assert_true(o.flag);
        assert_string_equal(o.name, "old");
        assert_string_equal(o.text, "new");
}

/* Numbers that mean "never" are written so that they can be read again. */
static void huge_numbers_can_be_read_again(_unused_ void **state) {
        static const uint64_t values[] = { UINT64_MAX, (uint64_t) INT64_MAX + 1 };

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                _cleanup_outer_ Outer o = { .number = 4, .big = values[i] }, back = {};
                _cleanup_free_ char *text = NULL;

                assert_int_equal(json_record_format(&table, &o, &text), 0);
                assert_int_equal(json_record_parse(&table, text, strlen(text), &back, NULL), 0);
                assert_int_equal(back.big, INT64_MAX);
        }
}

static void refuses(_unused_ void **state) {
        static const struct {
                const char *text, *sentence;
        } cases[] = {
                { "", "line 1, column 0: not valid JSON" },
                { "{", "line 1, column 1: not valid JSON" },
                { "{\"number\":4} x", "line 1, column 14: not valid JSON" },
                { "[]", "not a JSON object" },
                { "{}", "key 'number' is missing" },
                { "{\"number\":4,\"other\":1}", "there is an unknown key" },
                { "{\"number\":4,\"number\":5}", NULL }, /* jansson's own words differ between versions */
                { "{\"number\":4,\"inner\":{\"first\":1,\"first\":1}}", NULL },
                { "{\"number\":\"4\"}", "key 'number' must be a whole number" },
                { "{\"number\":4.0}", "key 'number' must be a whole number" },
                { "{\"number\":null}", "key 'number' must be a whole number" },
                { "{\"number\":2}", "key 'number' is out of range" },
                { "{\"number\":10}", "key 'number' is out of range" },
                { "{\"number\":-4}", "key 'number' is out of range" },
                { "{\"number\":4,\"small\":101}", "key 'small' is out of range" },
                { "{\"number\":4,\"any\":4294967296}", "key 'any' is out of range" },
                { "{\"number\":4,\"big\":-1}", "key 'big' is out of range" },
                { "{\"number\":4,\"flag\":1}", "key 'flag' must be true or false" },
                { "{\"number\":4,\"text\":1}", "key 'text' must be a string" },
                { "{\"number\":4,\"name\":\"abcdef\"}", "key 'name' is too long or holds a NUL character" },
                { "{\"number\":4,\"text\":\"a\\u0000b\"}", NULL },
                { "{\"number\":4,\"text\":\"\xff\"}", NULL },
                { "{\"number\":4,\"name\":\"a/b\"}", "key 'name' has a value that is not allowed" },
                { "{\"number\":4,\"name\":\"\"}", "key 'name' has a value that is not allowed" },
                { "{\"number\":4,\"list\":\"a\"}", "key 'list' must be a list and not too long" },
                { "{\"number\":4,\"list\":[\"a\",\"b\",\"c\"]}", "key 'list' must be a list and not too long" },
                { "{\"number\":4,\"list\":[1]}", "key 'list' must be a string" },
                { "{\"number\":4,\"list\":[\"a\",\"..\"]}", "key 'list' has a value that is not allowed" },
                { "{\"number\":4,\"colour\":\"blue\"}", "key 'colour' has an unknown value" },
                { "{\"number\":4,\"colour\":1}", "key 'colour' has an unknown value" },
                { "{\"number\":4,\"inner\":[]}", "key 'inner' must be an object" },
                { "{\"number\":4,\"inner\":{}}", "key 'first' is missing" },
                { "{\"number\":4,\"inner\":{\"first\":1,\"number\":4}}", "there is an unknown key" },
                { "{\"number\":4,\"doubled\":\"aba\"}", "key 'doubled' has a value that is not allowed" },
                { "{\"number\":4,\"doubled\":1}", "key 'doubled' has a value that is not allowed" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *sentence = NULL;
                _cleanup_outer_ Outer o = {};

                if (json_record_parse(&table, cases[i].text, strlen(cases[i].text), &o, &sentence) != -EBADMSG)
                        fail_msg("accepted: %s", cases[i].text);
                assert_non_null(sentence);
                if (cases[i].sentence)
                        assert_string_equal(sentence, cases[i].sentence);
                /* One who does not want a sentence gets the same result. */
                assert_int_equal(json_record_parse(&table, cases[i].text, strlen(cases[i].text), &o, NULL), -EBADMSG);
        }
}

static void strings_have_a_limit_of_their_own(_unused_ void **state) {
        static const struct {
                size_t length;
                int result;
        } cases[] = { { JSON_STRING_MAX, 0 }, { JSON_STRING_MAX + 1, -EBADMSG } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = NULL, *filler = malloc(cases[i].length + 1);
                _cleanup_outer_ Outer o = {};

                memset(filler, 'x', cases[i].length);
                filler[cases[i].length] = '\0';
                assert_true(asprintf(&text, "{\"number\":4,\"text\":\"%s\"}", filler) > 0);
                assert_int_equal(json_record_parse(&table, text, strlen(text), &o, NULL), cases[i].result);
        }
}

/* Trailing bytes behind size are not looked at, and a NUL byte does not end the text. */
static void size_is_exact(_unused_ void **state) {
        static const char text[] = "{\"number\":4}x", nul[] = "{\"number\":4}\0{";
        _cleanup_outer_ Outer o = {};

        assert_int_equal(json_record_parse(&table, text, strlen(text) - 1, &o, NULL), 0);
        assert_int_equal(json_record_parse(&table, nul, sizeof(nul) - 1, &o, NULL), -EBADMSG);
}

static void deep_nesting_is_refused(_unused_ void **state) {
        _cleanup_outer_ Outer o = {};
        static char text[200000];

        memset(text, '[', sizeof(text));
        assert_int_equal(json_record_parse(&table, text, sizeof(text), &o, NULL), -EBADMSG);
}

static void files(_unused_ void **state) {
        _cleanup_outer_ Outer o = { .number = 4, .text = strdup("x") }, back = {}, none = {};
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        assert_int_equal(json_record_publish_at(&table, &o, s.fd, "r.json", 0640, (uid_t) -1, (gid_t) -1), 0);
        assert_int_equal(fstatat(s.fd, "r.json", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(json_record_read_at(&table, s.fd, "r.json", 100, &back, NULL), 0);
        assert_string_equal(back.text, "x");
        assert_int_equal(json_record_read_at(&table, s.fd, "none.json", 100, &none, NULL), -ENOENT);
        assert_int_equal(json_record_read_at(&table, s.fd, "r.json", (size_t) st.st_size - 1, &none, NULL), -EFBIG);
        assert_int_equal(symlinkat("r.json", s.fd, "link.json"), 0);
        assert_int_equal(json_record_read_at(&table, s.fd, "link.json", 100, &none, NULL), -ELOOP);
}

static void done_twice(_unused_ void **state) {
        Outer o = { .name = strdup("a"), .doubled = strdup("b"), .inner.text = strdup("c") };

        assert_int_equal(strv_add(&o.list, "d"), 0);
        json_record_done(&table, &o);
        assert_null(o.name);
        assert_null(o.list);
        assert_null(o.inner.text);
        assert_null(o.doubled);
        json_record_done(&table, &o);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(round_trip), cmocka_unit_test(empty_members_are_left_out), cmocka_unit_test(absent_keys_keep_the_base),
                cmocka_unit_test(huge_numbers_can_be_read_again), cmocka_unit_test(refuses),
                cmocka_unit_test(strings_have_a_limit_of_their_own), cmocka_unit_test(size_is_exact),
                cmocka_unit_test(deep_nesting_is_refused), cmocka_unit_test(files), cmocka_unit_test(done_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
