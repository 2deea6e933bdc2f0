/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/job.h"
#include "daemon/user-tally.h"

#define USERS 500u

static void each_user_has_one(_unused_ void **state) {
        static Job jobs[2 * USERS];
        static char names[USERS][16];
        static Job *pointers[2 * USERS];
        _cleanup_user_tallies_ UserTallies t = {};
        JobTable table = { .jobs = pointers, .n = 2 * USERS };

        for (size_t i = 0; i < 2 * USERS; i++) {
                snprintf(names[i % USERS], sizeof(names[0]), "user%zu", i % USERS);
                jobs[i].record.user = names[i % USERS];
                jobs[i].record.state = i % 3 == 0 ? JOB_STATE_RUNNING : JOB_STATE_QUEUED;
                pointers[i] = &jobs[i];
        }
        assert_int_equal(user_tallies_init(&t, &table), 0);
        for (size_t i = 0; i < USERS; i++) {
                UserTally *tally = user_tallies_find(&t, names[i]);

                assert_string_equal(tally->user, names[i]);
                assert_int_equal(tally->running, (i % 3 == 0) + ((i + USERS) % 3 == 0));
                assert_false(tally->passed);
                tally->passed = true;
        }
        for (size_t i = 0; i < USERS; i++)
                assert_true(user_tallies_find(&t, names[i])->passed);
}

static void nobody_is_no_trouble(_unused_ void **state) {
        _cleanup_user_tallies_ UserTallies t = {};

        assert_int_equal(user_tallies_init(&t, &(JobTable){}), 0);
        assert_int_equal(user_tallies_find(&t, "alice")->running, 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_user_has_one),
                cmocka_unit_test(nobody_is_no_trouble),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
