/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/settings.h"
#include "tests/unit/scratch.h"

/* libconfig 1.5 itself loses the strings of a text that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libconfig.so\n";
}

typedef struct Target {
        unsigned count;
        uint64_t number, milli, size, span;
        bool flag;
        char *text, *anything;
        char **list;
        int choice;
} Target;

static const char *const choices[] = { "one", "two" };

#define M(m) offsetof(Target, m)
static const Setting table[] = {
        { "count", SETTING_UNSIGNED, M(count), .min = 2, .max = 9 },
        { "group.number", SETTING_U64, M(number), .max = 5000000000 },
        { "group.deeper.milli", SETTING_MILLI, M(milli), .min = 10, .max = 4000 },
        { "group.deeper.size", SETTING_SIZE, M(size), .min = 1024 },
        { "group.span", SETTING_SPAN, M(span), .max = 3600000000 },
        { "flag", SETTING_BOOL, M(flag) },
        { "text", SETTING_STRING, M(text), .check = name_is_valid },
        { "anything", SETTING_STRING, M(anything) },
        { "list", SETTING_STRV, M(list), .check = name_is_valid },
        { "choice", SETTING_ENUM, M(choice), .names = choices, .max = ELEMENTSOF(choices) },
};

static void target_done(Target *t) {
        settings_done(table, ELEMENTSOF(table), t);
}
#define _cleanup_target_ _cleanup_(target_done)

static int read_string(const char *text, Target *t, char **reterr) {
        return settings_read_string(table, ELEMENTSOF(table), text, "f", t, reterr);
}

static void every_kind(_unused_ void **state) {
        static const char text[] = "count = 3;\n"
                                   "group: { number = 4294967296L; deeper: { milli = 0.5; size = \"2K\"; }; span = \"90s\"; };\n"
                                   "flag = true;\ntext = \"abc\";\nanything = \"a \\\"b\\\" caf\xc3\xa9\";\nlist = [\"a\", \"b\"];\nchoice = \"two\";\n";
        _cleanup_free_ char *error = NULL;
        _cleanup_target_ Target t = {};

        if (read_string(text, &t, &error) < 0)
                fail_msg("%s", error);
        assert_int_equal(t.count, 3);
        assert_int_equal(t.number, UINT64_C(4294967296));
        assert_int_equal(t.milli, 500);
        assert_int_equal(t.size, 2048);
        assert_int_equal(t.span, 90000000);
        assert_true(t.flag);
        assert_string_equal(t.text, "abc");
        assert_string_equal(t.anything, "a \"b\" caf\xc3\xa9");
        assert_int_equal(strv_length(t.list), 2);
        assert_int_equal(t.choice, 1);
}

/* Numbers in the ways that people write them. */
static void spellings(_unused_ void **state) {
        static const struct {
                const char *text;
                uint64_t milli, size, span;
                unsigned count;
        } cases[] = {
                { "group: { deeper: { milli = 2; }; };", .milli = 2000 },
                { "group: { deeper: { milli = 0.0105; }; };", .milli = 11 }, /* rounded */
                { "group: { deeper: { milli = 4.0; }; };", .milli = 4000 },
                { "group: { deeper: { size = 4096; }; };", .size = 4096 },
                { "group: { deeper: { size = 4096L; }; };", .size = 4096 },
                { "group: { deeper: { size = \"1T\"; }; };", .size = UINT64_C(1) << 40 },
                { "group: { span = 60; };", .span = 60000000 },
                { "group: { span = \"250ms\"; };", .span = 250000 },
                { "group: { span = \"1h\"; };", .span = 3600000000 },
                { "count = 0x9;", .count = 9 },
                { "", 0 },
                { "/* nothing */ # at all\n// here", 0 },
                { "count = 4; # no newline", .count = 4 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                _cleanup_target_ Target t = {};

                if (read_string(cases[i].text, &t, &error) < 0)
                        fail_msg("%s: %s", cases[i].text, error);
                assert_int_equal(t.milli, cases[i].milli);
                assert_int_equal(t.size, cases[i].size);
                assert_int_equal(t.span, cases[i].span);
                assert_int_equal(t.count, cases[i].count);
        }
}

static void sentences(_unused_ void **state) {
        static const struct {
                const char *text, *sentence;
        } cases[] = {
                { "cuont = 3;", "f:1: unknown setting 'cuont'; did you mean 'count'?" },
                { "\n\nxyzzy = 3;", "f:3: unknown setting 'xyzzy'" },
                { "group: { nunber = 3; };", "f:1: unknown setting 'group.nunber'; did you mean 'group.number'?" },
                { "group: {\n deeper: {\n\n Size = 3; }; };", "f:4: unknown setting 'group.deeper.Size'; did you mean 'group.deeper.size'?" },
                { "groups: { number = 3; };", "f:1: unknown setting 'groups'" },
                { "group = 3;", "f:1: 'group' must be a group { ... }" },
                { "group: { deeper = [1]; };", "f:1: 'group.deeper' must be a group { ... }" },
                { "count = 1;", "f:1: 'count' is out of range" },
                { "count = 10;", "f:1: 'count' is out of range" },
                { "count = -3;", "f:1: 'count' must be a whole number" },
                { "count = 3.0;", "f:1: 'count' must be a whole number" },
                { "count = \"3\";", "f:1: 'count' must be a whole number" },
                { "count = { };", "f:1: 'count' must be a whole number" },
                { "group: { number = 5000000001L; };", "f:1: 'group.number' is out of range" },
                { "group: { number = -1; };", "f:1: 'group.number' must be a whole number" },
                { "group: { deeper: { milli = \"1\"; }; };", "f:1: 'group.deeper.milli' must be a number such as 2 or 0.5" },
                { "group: { deeper: { milli = -1; }; };", "f:1: 'group.deeper.milli' is out of range" },
                { "group: { deeper: { milli = 0.001; }; };", "f:1: 'group.deeper.milli' is out of range" },
                { "group: { deeper: { milli = 1e300; }; };", "f:1: 'group.deeper.milli' is out of range" },
                { "group: { deeper: { size = \"2KB\"; }; };", "f:1: 'group.deeper.size' must be a size such as \"512M\" or \"2G\"" },
                { "group: { deeper: { size = 2.5; }; };", "f:1: 'group.deeper.size' must be a size such as \"512M\" or \"2G\"" },
                { "group: { deeper: { size = -1; }; };", "f:1: 'group.deeper.size' must be a size such as \"512M\" or \"2G\"" },
                { "group: { deeper: { size = \"99999999T\"; }; };", "f:1: 'group.deeper.size' must be a size such as \"512M\" or \"2G\"" },
                { "group: { deeper: { size = 1; }; };", "f:1: 'group.deeper.size' is out of range" },
                { "group: { span = \"soon\"; };", "f:1: 'group.span' must be a time such as \"30s\", \"90m\" or \"2h\"" },
                { "group: { span = \"2h\"; };", "f:1: 'group.span' is out of range" },
                { "group: { span = 9223372036854775807L; };", "f:1: 'group.span' must be a time such as \"30s\", \"90m\" or \"2h\"" },
                { "flag = 1;", "f:1: 'flag' must be true or false" },
                { "flag = \"yes\";", "f:1: 'flag' must be true or false" },
                { "text = 1;", "f:1: 'text' must be a string in double quotes" },
                { "text = \"a/b\";", "f:1: 'text' has a value that is not allowed" },
                { "list = \"a\";", "f:1: 'list' must be a list of strings such as [\"a\", \"b\"]" },
                { "list = [\"a\", \"..\"];", "f:1: entry 2 of 'list' is not allowed" },
                { "list = (\"a\", 1);", "f:1: entry 2 of 'list' is not allowed" },
                { "list = [1];", "f:1: entry 1 of 'list' is not allowed" },
                { "choice = \"three\";", "f:1: 'choice' must be one of \"one\", \"two\"" },
                { "choice = 1;", "f:1: 'choice' must be one of \"one\", \"two\"" },
                { "\ngroup: { deeper: { size = 4294967296; }; };",
                  "f:2: this number is too large; write a size or a time as a string such as \"8G\", or put an L behind the number" },
                { "count = ;", "f:1: syntax error" },
                { "count = 3;\ncount = 4;", "f:2: duplicate setting name" },
                { "group: { number = 3;", "f:1: syntax error" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *sentence = NULL;
                _cleanup_target_ Target t = {};

                if (read_string(cases[i].text, &t, &sentence) != -EBADMSG)
                        fail_msg("accepted: %s", cases[i].text);
                assert_non_null(sentence);
                assert_string_equal(sentence, cases[i].sentence);
                assert_int_equal(read_string(cases[i].text, &t, NULL), -EBADMSG);
        }
}

static void long_names_are_refused(_unused_ void **state) {
        _cleanup_free_ char *sentence = NULL;
        _cleanup_target_ Target t = {};
        char text[400];

        memset(text, 'a', sizeof(text));
        strcpy(text + 300, " = 1;");
        assert_int_equal(read_string(text, &t, &sentence), -EBADMSG);
        assert_string_equal(sentence, "f:1: a setting's name is too long");
}

static void later_texts_override(_unused_ void **state) {
        _cleanup_target_ Target t = {};

        assert_int_equal(read_string("text = \"a\"; list = [\"x\", \"y\"]; count = 3; flag = true;", &t, NULL), 0);
        assert_int_equal(read_string("text = \"b\"; list = [\"z\"]; flag = false;", &t, NULL), 0);
        assert_string_equal(t.text, "b");
        assert_int_equal(strv_length(t.list), 1);
        assert_false(t.flag);
        assert_int_equal(t.count, 3);
        /* Emptied, by a string that is no valid name and by a list without entries. */
        assert_int_equal(read_string("text = \"\"; list = [];", &t, NULL), 0);
        assert_string_equal(t.text, "");
        assert_int_equal(strv_length(t.list), 0);
}

static void files(_unused_ void **state) {
        _cleanup_free_ char *path = NULL, *missing = NULL, *expected = NULL, *sentence = NULL;
        _cleanup_target_ Target t = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_true(asprintf(&path, "%s/a.conf", s.path) > 0 && asprintf(&missing, "%s/none.conf", s.path) > 0);
        assert_int_equal(settings_read_file(table, ELEMENTSOF(table), missing, &t, NULL), -ENOENT);
        scratch_write(&s, "a.conf", "count = 3;\n");
        assert_int_equal(settings_read_file(table, ELEMENTSOF(table), path, &t, NULL), 0);
        assert_int_equal(t.count, 3);
        scratch_write(&s, "a.conf", "count = 4;\nflag = 3;\n");
        assert_int_equal(settings_read_file(table, ELEMENTSOF(table), path, &t, &sentence), -EBADMSG);
        assert_true(asprintf(&expected, "%s:2: 'flag' must be true or false", path) > 0);
        assert_string_equal(sentence, expected);
}

/* A file of NUL bytes, as a power cut leaves it, is not an empty one. */
static void nul_bytes_are_refused(_unused_ void **state) {
        static const struct {
                const char *text;
                size_t size;
                unsigned line;
        } cases[] = { { "\0\0\0\0", 4, 1 }, { "count = 3;\n\0", 12, 2 }, { "count = 3;\n\0flag = true;\n", 25, 2 } };
        _cleanup_free_ char *path = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_true(asprintf(&path, "%s/a.conf", s.path) > 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *sentence = NULL, *expected = NULL;
                _cleanup_target_ Target t = {};

                scratch_write_bytes(&s, "a.conf", cases[i].text, cases[i].size);
                assert_int_equal(settings_read_file(table, ELEMENTSOF(table), path, &t, &sentence), -EBADMSG);
                assert_true(asprintf(&expected, "%s:%u: there is a NUL byte; this is a plain text file", path, cases[i].line) > 0);
                assert_string_equal(sentence, expected);
        }
}

static void done_twice(_unused_ void **state) {
        Target t = { .text = strdup("a") };

        assert_int_equal(strv_add(&t.list, "b"), 0);
        target_done(&t);
        assert_null(t.text);
        assert_null(t.list);
        target_done(&t);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_kind), cmocka_unit_test(spellings), cmocka_unit_test(sentences), cmocka_unit_test(long_names_are_refused),
                cmocka_unit_test(later_texts_override), cmocka_unit_test(files), cmocka_unit_test(nul_bytes_are_refused),
                cmocka_unit_test(done_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
