/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/phase-record.h"
#include "tests/unit/scratch.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RECORD(cached, keys, rest) "{\"version\":1,\"cached\":[" cached "],\"keys\":[" keys "]" rest "}"
#define BROKEN(step, fault) RECORD("", "", ",\"broken\":[{\"step\":" step fault "}]")

static void round_trip(_unused_ void **state) {
        _cleanup_phase_record_ PhaseRecord record = { .version = PHASE_RECORD_VERSION }, again = {};
        _cleanup_fault_ Fault fault = {};
        _cleanup_scratch_ Scratch s = {};

        scratch_init(&s);
        (void) fault_set(&fault, FAULT_MODELS, NULL, 0, "no model");
        assert_int_equal(phase_record_add_cached(&record, 7), 0);
        assert_int_equal(phase_record_add_key(&record, 6, KEY), 0);
        assert_int_equal(phase_record_add_broken(&record, 9, &fault), 0);
        (void) fault_set(&fault, FAULT_LABELS, NULL, 0, "of no account");
        assert_int_equal(phase_record_add_broken(&record, 9, &fault), 0);
        assert_true(phase_record_is_broken(&record, 9));
        assert_false(phase_record_is_broken(&record, 7));
        assert_int_equal(phase_record_write_at(s.fd, 3, &record), 0);
        assert_int_equal(phase_record_read_at(s.fd, 4, &again, NULL), -ENOENT);
        assert_int_equal(phase_record_read_at(s.fd, 3, &again, NULL), 0);
        assert_int_equal(again.n_cached, 1);
        assert_int_equal(again.cached[0], 7);
        assert_int_equal(again.n_keys, 1);
        assert_string_equal(again.keys[0].key, KEY);
        assert_int_equal(again.n_broken, 1);
        assert_int_equal(again.broken[0].step, 9);
        assert_int_equal(again.broken[0].fault.code, FAULT_MODELS);
        assert_string_equal(again.broken[0].fault.message, "no model");
}

static void what_is_refused(_unused_ void **state) {
        static const char *const cases[] = {
                "", "{}", "[]", "{\"version\":1}", "{\"version\":2,\"cached\":[],\"keys\":[]}",
                RECORD("0", "", ""), RECORD("\"1\"", "", ""), RECORD("-1", "", ""), RECORD("99999999", "", ""), RECORD("", "", ",\"more\":1"),
                RECORD("", "{\"step\":1,\"key\":\"../x\"}", ""), RECORD("", "{\"step\":1,\"key\":\"" KEY "0\"}", ""),
                BROKEN("1", ""), BROKEN("0", ",\"fault\":{\"code\":\"E_EXIT\",\"message\":\"x\"}"),
                BROKEN("1", ",\"fault\":{\"code\":\"E_NONE_SUCH\",\"message\":\"x\"}"),
        };
        _cleanup_scratch_ Scratch s = {};

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_phase_record_ PhaseRecord record = {};
                _cleanup_free_ char *error = NULL;

                scratch_write(&s, "phase-1.json", cases[i]);
                assert_int_equal(phase_record_read_at(s.fd, 1, &record, &error), -EBADMSG);
                assert_non_null(error);
                assert_int_equal(record.n_cached + record.n_keys + record.n_broken, 0);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(round_trip),
                cmocka_unit_test(what_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
