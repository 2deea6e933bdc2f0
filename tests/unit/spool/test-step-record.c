/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/phase-record.h"
#include "spool/step-record.h"
#include "tests/unit/scratch.h"

#define KEY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void states_round_trip(_unused_ void **state) {
        for (StepState s = 0; s < _STEP_STATE_MAX; s++) {
                assert_int_equal(step_state_from_string(step_state_to_string(s)), s);
                assert_int_equal(step_state_is_final(s), s != STEP_STATE_PENDING && s != STEP_STATE_RUNNING && s != STEP_STATE_WAITING);
        }
        assert_int_equal(step_state_from_string("gone"), _STEP_STATE_INVALID);
}

static void names(_unused_ void **state) {
        char buffer[STEP_RECORD_NAME_SIZE];

        assert_string_equal(step_record_file(7, buffer), "007.json");
        assert_string_equal(step_dir_name(14, buffer), "014");
        assert_string_equal(step_dir_name(100512, buffer), "100512");
}

static void a_record_comes_back(_unused_ void **state) {
        StepRecord r = {
                .version = STEP_RECORD_VERSION, .state = STEP_STATE_RUNNING, .attempt = 2, .faults = 1, .unit = (char *) "morf-x-s14-2.service",
                .started = 100, .deadline = 200, .usage = { .wall_usec = 5, .memory_peak = 4096 },
        };
        _cleanup_step_record_ StepRecord back = {}, none = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(step_record_read_at(s.fd, 14, &none, NULL), -ENOENT);
        assert_int_equal(step_record_write_at(s.fd, 14, &r, getegid()), 0);
        assert_int_equal(step_record_read_at(s.fd, 14, &back, NULL), 0);
        assert_int_equal(back.state, STEP_STATE_RUNNING);
        assert_int_equal(back.attempt, 2);
        assert_int_equal(back.faults, 1);
        assert_string_equal(back.unit, r.unit);
        assert_int_equal(back.deadline, 200);
        assert_int_equal(back.usage.memory_peak, 4096);
        assert_int_equal(back.fault.code, FAULT_NONE);
}

static void what_is_no_record_is_refused(_unused_ void **state) {
        static const char *const texts[] = {
                "", "{}", "{\"version\":2,\"state\":\"done\"}", "{\"version\":1,\"state\":\"gone\"}", "{\"version\":1,\"state\":\"done\",\"x\":1}",
                "{\"version\":1,\"state\":\"done\",\"attempt\":-1}",
        };
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_step_record_ StepRecord r = {};

                scratch_write(&s, "001.json", texts[i]);
                if (step_record_read_at(s.fd, 1, &r, NULL) != -EBADMSG)
                        fail_msg("%s", texts[i]);
        }
}

static void a_phase_comes_back(_unused_ void **state) {
        _cleanup_phase_record_ PhaseRecord r = {}, back = {}, empty = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(phase_record_add_cached(&r, 7), 0);
        assert_int_equal(phase_record_add_cached(&r, 9), 0);
        assert_int_equal(phase_record_add_key(&r, 8, KEY), 0);
        assert_int_equal(phase_record_write_at(s.fd, 3, &r), 0);
        assert_int_equal(phase_record_read_at(s.fd, 3, &back, NULL), 0);
        assert_int_equal(back.n_cached, 2);
        assert_int_equal(back.cached[1], 9);
        assert_int_equal(back.n_keys, 1);
        assert_int_equal(back.keys[0].step, 8);
        assert_string_equal(back.keys[0].key, KEY);
        assert_int_equal(phase_record_read_at(s.fd, 4, &empty, NULL), -ENOENT);
}

static void what_is_no_phase_is_refused(_unused_ void **state) {
        static const char *const texts[] = {
                "{\"version\":1,\"cached\":[0],\"keys\":[]}", "{\"version\":1,\"cached\":[\"1\"],\"keys\":[]}", "{\"version\":1,\"cached\":{},\"keys\":[]}",
                "{\"version\":1,\"cached\":[1]}", "{\"version\":1,\"cached\":[],\"keys\":[{\"step\":1,\"key\":\"../x\"}]}",
                "{\"version\":1,\"cached\":[99999999999],\"keys\":[]}",
        };
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_phase_record_ PhaseRecord r = {};

                scratch_write(&s, "phase-1.json", texts[i]);
                if (phase_record_read_at(s.fd, 1, &r, NULL) != -EBADMSG)
                        fail_msg("%s", texts[i]);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(states_round_trip), cmocka_unit_test(names), cmocka_unit_test(a_record_comes_back),
                cmocka_unit_test(what_is_no_record_is_refused), cmocka_unit_test(a_phase_comes_back), cmocka_unit_test(what_is_no_phase_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
