/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/name.h"
#include "spool/fault.h"
#include "tests/unit/scratch.h"

static void every_code_has_a_name_and_a_hint(_unused_ void **state) {
        for (FaultCode c = FAULT_NONE; c < _FAULT_MAX; c++) {
                const char *name = fault_to_string(c), *hint = fault_default_hint(c);
                size_t n;

                if (!name || !hint)
                        fail_msg("code %d has no name or no hint", c);
                n = strlen(name);
                assert_true(startswith(name, "E_") && n > 2 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == n);
                assert_int_equal(fault_from_string(name), c);
                if (c == FAULT_NONE)
                        continue;
                /* A sentence that says what to do. */
                n = strlen(hint);
                if (n < 20 || n > FAULT_MESSAGE_MAX || hint[0] < 'A' || hint[0] > 'Z' || hint[n - 1] != '.')
                        fail_msg("the hint of %s is no sentence: %s", name, hint);
                for (FaultCode other = FAULT_NONE; other < c; other++)
                        assert_string_not_equal(name, fault_to_string(other));
        }
        assert_null(fault_to_string(_FAULT_MAX));
        assert_null(fault_to_string(_FAULT_INVALID));
        assert_int_equal(fault_from_string("E_NOTHING"), _FAULT_INVALID);
        assert_int_equal(fault_from_string(NULL), _FAULT_INVALID);
        assert_string_equal(fault_default_hint(_FAULT_MAX), "");
        assert_string_equal(fault_default_hint(_FAULT_INVALID), "");
}

static void place_is_the_prefix(_unused_ void **state) {
        static const struct {
                const char *file;
                unsigned line;
                const char *message;
        } cases[] = {
                { "job.cfg", 3, "job.cfg:3: no 7" },
                { "job.cfg", 0, "job.cfg: no 7" },
                { NULL, 0, "no 7" },
                { NULL, 3, "no 7" },
                { "100%s", 3, "100%s:3: no 7" }, /* a name is no format */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fault_ Fault f = {};

                assert_int_equal(fault_set(&f, FAULT_JOBFILE, cases[i].file, cases[i].line, "no %d", 7), -EBADMSG);
                assert_string_equal(f.message, cases[i].message);
                assert_string_equal(f.hint, fault_default_hint(FAULT_JOBFILE));
                assert_true(streq_ptr(f.file, cases[i].file));
                assert_int_equal(f.line, cases[i].line);
        }
}

static void a_later_fault_replaces_an_earlier(_unused_ void **state) {
        _cleanup_fault_ Fault f = {};

        (void) fault_set(&f, FAULT_JOBFILE, "job.cfg", 3, "first");
        assert_int_equal(fault_set_hint(&f, "do %s", "this"), 0);
        assert_string_equal(f.hint, "do this");
        (void) fault_set(&f, FAULT_ZIP, NULL, 0, "second");
        assert_int_equal(f.code, FAULT_ZIP);
        assert_string_equal(f.message, "second");
        assert_string_equal(f.hint, fault_default_hint(FAULT_ZIP));
        assert_null(f.file);
        assert_int_equal(f.line, 0);
}

/* A string of n bytes: one 'x' times shift, then as many of the character as fit. */
static char *filled(size_t n, size_t shift, const char *character) {
        size_t size = strlen(character);
        char *s = calloc(1, n + 1);

        memset(s, 'x', n);
        for (size_t i = shift; i + size <= n; i += size)
                memcpy(s + i, character, size);
        return s;
}

static void long_texts_are_cut_between_characters(_unused_ void **state) {
        static const char *const characters[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };

        for (size_t i = 0; i < ELEMENTSOF(characters); i++)
                for (size_t shift = 0; shift < 5; shift++) {
                        _cleanup_free_ char *longer = filled(5000, shift, characters[i]);
                        _cleanup_fault_ Fault f = {}, back = {};
                        _cleanup_scratch_ Scratch s;

                        scratch_init(&s);
                        (void) fault_set(&f, FAULT_JOBFILE, longer, 7, "%s", longer);
                        assert_int_equal(fault_set_hint(&f, "%s", longer), 0);
                        assert_in_range(strlen(f.message), FAULT_MESSAGE_MAX - 6, FAULT_MESSAGE_MAX);
                        assert_in_range(strlen(f.hint), FAULT_MESSAGE_MAX - 6, FAULT_MESSAGE_MAX);
                        assert_in_range(strlen(f.file), FAULT_NAME_MAX - 6, FAULT_NAME_MAX);
                        assert_non_null(endswith(f.message, "..."));
                        assert_true(name_is_utf8(f.message, strlen(f.message)));
                        assert_true(name_is_utf8(f.hint, strlen(f.hint)));
                        assert_true(name_is_utf8(f.file, strlen(f.file)));
                        /* Whatever was set can be read again. */
                        assert_int_equal(fault_write_at(s.fd, &f), 0);
                        assert_int_equal(fault_read_at(s.fd, &back), 0);
                        assert_string_equal(back.message, f.message);
                        assert_string_equal(back.file, f.file);
                }
}

static void what_fits_is_not_cut(_unused_ void **state) {
        _cleanup_free_ char *exact = filled(FAULT_MESSAGE_MAX, 0, "a");
        _cleanup_fault_ Fault f = {};

        (void) fault_set(&f, FAULT_ZIP, NULL, 0, "%s", exact);
        assert_string_equal(f.message, exact);
}

static void round_trip_on_disk(_unused_ void **state) {
        _cleanup_fault_ Fault f = {}, back = {}, none = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(fault_read_at(s.fd, &none), -ENOENT);
        (void) fault_set(&f, FAULT_CSV_LINE, "output.csv", UINT32_MAX, "caf\xc3\xa9 \"quoted\"");
        assert_int_equal(fault_write_at(s.fd, &f), 0);
        assert_int_equal(fault_read_at(s.fd, &back), 0);
        assert_int_equal(back.code, FAULT_CSV_LINE);
        assert_string_equal(back.message, f.message);
        assert_string_equal(back.hint, f.hint);
        assert_string_equal(back.file, "output.csv");
        assert_int_equal(back.line, UINT32_MAX);
}

static void malformed_files_are_refused(_unused_ void **state) {
        static const char *const cases[] = {
                "", "{}", "{\"code\":\"E_ZIP\"}", "{\"message\":\"x\"}", "{\"code\":\"E_OTHER\",\"message\":\"x\"}",
                "{\"code\":\"E_ZIP\",\"message\":1}", "{\"code\":\"E_ZIP\",\"message\":\"x\",\"line\":-1}",
                "{\"code\":\"E_ZIP\",\"message\":\"x\",\"more\":1}", "{\"code\":\"E_ZIP\",\"message\":\"x\",\"code\":\"E_ZIP\"}",
        };
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Fault f = { .line = 77 };

                scratch_write(&s, FAULT_FILE, cases[i]);
                if (fault_read_at(s.fd, &f) != -EBADMSG)
                        fail_msg("accepted: %s", cases[i]);
                assert_int_equal(f.line, 77); /* nothing is handed out */
        }
}

static void copies_are_deep(_unused_ void **state) {
        _cleanup_fault_ Fault f = {}, copy = {}, bare = {};
        Fault empty = { .code = FAULT_EXIT };

        (void) fault_set(&f, FAULT_JOBFILE, "job.cfg", 3, "no");
        assert_int_equal(fault_copy(&f, &copy), 0);
        fault_done(&f);
        assert_int_equal(copy.code, FAULT_JOBFILE);
        assert_string_equal(copy.message, "job.cfg:3: no");
        assert_string_equal(copy.hint, fault_default_hint(FAULT_JOBFILE));
        assert_string_equal(copy.file, "job.cfg");
        assert_int_equal(copy.line, 3);
        /* Strings that are not there become empty ones, but no file. */
        assert_int_equal(fault_copy(&empty, &bare), 0);
        assert_string_equal(bare.message, "");
        assert_string_equal(bare.hint, "");
        assert_null(bare.file);
}

static void done_twice(_unused_ void **state) {
        Fault f = {};

        (void) fault_set(&f, FAULT_JOBFILE, "job.cfg", 3, "no");
        fault_done(&f);
        assert_int_equal(f.code, FAULT_NONE);
        fault_done(&f);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_code_has_a_name_and_a_hint), cmocka_unit_test(place_is_the_prefix),
                cmocka_unit_test(a_later_fault_replaces_an_earlier), cmocka_unit_test(long_texts_are_cut_between_characters),
                cmocka_unit_test(what_fits_is_not_cut), cmocka_unit_test(round_trip_on_disk),
                cmocka_unit_test(malformed_files_are_refused), cmocka_unit_test(copies_are_deep), cmocka_unit_test(done_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
