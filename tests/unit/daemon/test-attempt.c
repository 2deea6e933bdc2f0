/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "daemon/attempt.h"

/* What a stage meets, one word each: k its container was ended by SIGKILL, p another fault of the platform. Return: the number of the
 * event that is held against the job, from 1; 0: none. */
static unsigned blamed(const char *events) {
        const AttemptEnd killed = { .recorded = true, .outcome = OUTCOME_EXIT, .status = 128 + SIGKILL };
        unsigned faults = 0, kills = 0;

        for (unsigned i = 0; events[i]; i++) {
                if (events[i] == 'k' && !attempt_may_be_lost(&killed, faults, &kills))
                        return i + 1;
                faults++;
        }
        return 0;
}

static void test_kills_from_outside(_unused_ void **state) {
        static const struct {
                const char *events;
                unsigned blamed;
        } cases[] = {
                { "", 0 },
                { "k", 0 },
                { "kk", 0 },
                { "kkk", 3 },
                { "pk", 0 },     /* what went wrong before makes nobody guilty */
                { "pkk", 0 },
                { "kpk", 0 },
                { "kkpk", 0 },
                { "pkkkkkk", 0 }, /* ends by the number of attempts, as the platform's fault */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(blamed(cases[i].events), cases[i].blamed);
}

static void test_other_ends_are_no_loss(_unused_ void **state) {
        static const AttemptEnd ends[] = {
                { .outcome = OUTCOME_EXIT, .status = 1 },
                { .outcome = OUTCOME_EXIT, .status = 128 + SIGTERM },
                { .outcome = OUTCOME_EXIT, .status = 128 + SIGSEGV },
                { .outcome = OUTCOME_OOM, .status = 128 + SIGKILL },
                { .outcome = OUTCOME_TIMEOUT, .status = 128 + SIGKILL },
        };
        unsigned kills = 0;

        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                assert_false(attempt_may_be_lost(&ends[i], 0, &kills));
        assert_int_equal(kills, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kills_from_outside),
                cmocka_unit_test(test_other_ends_are_no_loss),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
