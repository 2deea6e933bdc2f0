/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/time.h"
#include "spool/engine-end.h"
#include "spool/exit-record.h"
#include "spool/limits.h"

static void whose_fault_it_is(_unused_ void **state) {
        static const struct {
                EngineEnd end;
                FaultCode code; /* FAULT_NONE: the platform's */
        } cases[] = {
                { { .status = 3 }, FAULT_EXIT },
                { { .status = 0 }, FAULT_EXIT },
                { { .status = 65 }, FAULT_EXIT },
                { { .status = 126 }, FAULT_COMMAND },
                { { .status = 127 }, FAULT_COMMAND },
                { { .status = 137 }, FAULT_SIGNAL },
                { { .status = 137, .out_of_memory = true }, FAULT_MEMORY },
                { { .killed = true, .out_of_memory = true }, FAULT_MEMORY },
                { { .status = 0, .out_of_memory = true }, FAULT_EXIT },
                { { .status = 1, .out_of_pids = true }, FAULT_PIDS },
                { { .status = 143, .out_of_time = true }, FAULT_TIME },
                { { .status = EXIT_STATUS_OUTPUT_LIMIT }, FAULT_DISK },
                { { .status = EXIT_STATUS_OUTPUT_LIMIT, .out_of_memory = true }, FAULT_DISK },
                { { .status = 125 }, FAULT_NONE },
                { { .status = EXIT_STATUS_DISK_LOW }, FAULT_NONE },
                { { .status = EXIT_STATUS_ENGINE_DOWN }, FAULT_NONE },
                { { .status = EXIT_STATUS_ENGINE_LOST }, FAULT_NONE },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fault_ Fault fault = {};

                assert_int_equal(engine_end_judge(&cases[i].end, &fault), cases[i].code != FAULT_NONE);
                assert_int_equal(fault.code, cases[i].code);
        }
}

static void limits_are_named(_unused_ void **state) {
        EngineEnd end = { .status = 137, .out_of_memory = true, .memory = 512 * LIMIT_MIB, .time_usec = 60 * USEC_PER_SEC };
        _cleanup_fault_ Fault memory = {}, time = {};

        assert_true(engine_end_judge(&end, &memory));
        assert_non_null(strstr(memory.message, "512"));
        end.out_of_time = true;
        assert_true(engine_end_judge(&end, &time));
        assert_non_null(strstr(time.message, "1"));
        assert_int_equal(time.code, FAULT_TIME);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(whose_fault_it_is),
                cmocka_unit_test(limits_are_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
