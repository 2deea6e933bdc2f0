/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "units/outcome.h"

#define UNKNOWN UINT64_MAX

static void judges(_unused_ void **state) {
        static const struct {
                OutcomeEvidence evidence;
                Outcome outcome;
                int status;
        } table[] = {
                { { true, "success", "exited", "0", 0 }, OUTCOME_SUCCESS, 0 },
                { { true, "success", "exited", "0", UNKNOWN }, OUTCOME_SUCCESS, 0 },
                { { true, "exit-code", "exited", "65", 0 }, OUTCOME_USER_FAULT, 65 },
                { { true, "exit-code", "exited", "1", 0 }, OUTCOME_EXIT, 1 },
                { { true, "exit-code", "exited", "199", 0 }, OUTCOME_EXIT, 199 },
                { { true, "exit-code", "exited", "203", 0 }, OUTCOME_START_FAILED, 203 },
                { { true, "exit-code", "exited", "245", 0 }, OUTCOME_START_FAILED, 245 },
                { { true, "exit-code", "exited", "250", 0 }, OUTCOME_EXIT, 250 },
                { { true, "exit-code", "exited", "255", 0 }, OUTCOME_EXIT, 255 },
                { { true, "signal", "killed", "SEGV", 0 }, OUTCOME_SIGNAL, SIGSEGV },
                { { true, "core-dump", "dumped", "ABRT", 0 }, OUTCOME_SIGNAL, SIGABRT },
                { { true, "signal", "killed", "RTMIN+3", 0 }, OUTCOME_SIGNAL, 0 },
                { { true, "signal", "killed", "9", 0 }, OUTCOME_SIGNAL, 9 },
                /* systemd calls a service that died of SIGTERM a success */
                { { true, "success", "killed", "TERM", 0 }, OUTCOME_SIGNAL, SIGTERM },
                { { true, "timeout", "killed", "TERM", 0 }, OUTCOME_TIMEOUT, 0 },
                { { true, "timeout", "exited", "0", 0 }, OUTCOME_TIMEOUT, 0 },
                { { true, "watchdog", "killed", "ABRT", 0 }, OUTCOME_TIMEOUT, 0 },
                { { true, "oom-kill", "killed", "KILL", UNKNOWN }, OUTCOME_OOM, 0 },
                { { true, "exit-code", "exited", "137", 1 }, OUTCOME_OOM, 0 },
                { { true, "success", "exited", "0", 1 }, OUTCOME_OOM, 0 },
                { { true, "timeout", "killed", "TERM", 2 }, OUTCOME_OOM, 0 },
                { { true, "resources", "", "", 0 }, OUTCOME_START_FAILED, 0 },
                { { true, "protocol", NULL, NULL, 0 }, OUTCOME_START_FAILED, 0 },
                /* what is not known is no success */
                { { true, "success", "", "", 0 }, OUTCOME_START_FAILED, 0 },
                { { true, "success", NULL, NULL, 0 }, OUTCOME_START_FAILED, 0 },
                { { true, "brand-new-result", "exited", "0", 0 }, OUTCOME_START_FAILED, 0 },
                { { true, "unknown", "", "", UNKNOWN }, OUTCOME_START_FAILED, 0 },
                { { true, "success", "exited", "", 0 }, OUTCOME_VANISHED, 0 },
                { { true, "success", "exited", "zero", 0 }, OUTCOME_VANISHED, 0 },
                { { true, "success", "exited", "256", 0 }, OUTCOME_VANISHED, 0 },
                { { false, NULL, NULL, NULL, 0, false }, OUTCOME_VANISHED, 0 },
                { { false, NULL, NULL, NULL, 0, true }, OUTCOME_START_FAILED, 0 },
                { { false, "success", "exited", "0", 0 }, OUTCOME_VANISHED, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int status = -1;
                Outcome o = outcome_judge(&table[i].evidence, &status);

                if (o != table[i].outcome || status != table[i].status)
                        fail_msg("row %zu: %s/%d", i, outcome_to_string(o), status);
                assert_int_equal(outcome_judge(&table[i].evidence, /* ret_status= */ NULL), o);
        }
}

static void names_round_trip(_unused_ void **state) {
        for (Outcome o = 0; o < _OUTCOME_MAX; o++) {
                assert_non_null(outcome_to_string(o));
                assert_int_equal(outcome_from_string(outcome_to_string(o)), o);
        }
        assert_null(outcome_to_string(_OUTCOME_MAX));
        assert_int_equal(outcome_from_string("nonsense"), _OUTCOME_INVALID);
}

static void blames(_unused_ void **state) {
        assert_true(outcome_is_platform_fault(OUTCOME_VANISHED));
        assert_true(outcome_is_platform_fault(OUTCOME_START_FAILED));
        assert_false(outcome_is_platform_fault(OUTCOME_OOM));
        assert_false(outcome_is_platform_fault(OUTCOME_USER_FAULT));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(judges),
                cmocka_unit_test(names_round_trip),
                cmocka_unit_test(blames),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
