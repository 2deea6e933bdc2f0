/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/synth/calendar.h"
#include "tools/synth/learner.h"

static Campus *campus_of(unsigned courses, unsigned sessions, uint32_t users, unsigned days) {
        const CampusPlan plan = { .courses = courses, .sessions = sessions, .users = users, .days = days, .seed = 9 };
        Campus *c;

        assert_int_equal(campus_new(&plan, &c), 0);
        return c;
}

static void test_sizes(void **state _unused_) {
        _cleanup_(campus_freep) Campus *c = campus_of(20, 5, 500, 0);
        uint64_t sum = 0, smallest = UINT64_MAX, largest = 0;

        for (unsigned i = 0; i < 20; i++)
                for (unsigned k = 1; k <= 5; k++) {
                        Session s;

                        campus_session(c, i, k, &s);
                        assert_int_equal(s.holdout, k == 5);
                        assert_int_equal(s.start % CALENDAR_DAY, 0);
                        assert_true(s.days >= CAMPUS_DAYS_MIN && s.weeks == calendar_weeks(s.days));
                        assert_true(s.learners < s.registered && s.registered < s.people);
                        sum += s.learners;
                        smallest = s.learners < smallest ? s.learners : smallest;
                        largest = s.learners > largest ? s.learners : largest;
                }
        /* The mean is what was asked for, the sizes differ widely. */
        assert_in_range(sum / 100, 495, 500);
        assert_true(largest > 5 * smallest);
}

static void test_limits(void **state _unused_) {
        const CampusPlan huge = {
                .courses = CAMPUS_COURSES_MAX, .sessions = CAMPUS_SESSIONS_MAX, .users = CAMPUS_USERS_MAX,
        };
        _cleanup_(campus_freep) Campus *c = campus_of(3, 2, CAMPUS_USERS_MIN, 22);
        char key[SESSION_KEY_MAX];
        Campus *none;
        Session s;

        assert_int_equal(campus_new(&huge, &none), -E2BIG);
        campus_session(c, 0, 1, &s);
        assert_int_equal(s.days, CAMPUS_DAYS_MIN_ACCOUNTING);
        assert_string_equal(session_key(&s, '-', key), "accounting-001");
        campus_session(c, 1, 2, &s);
        assert_int_equal(s.days, 22);
        assert_true(s.learners >= CAMPUS_USERS_MIN);
        assert_string_equal(session_key(&s, '_', key), "introfinance_002");
}

static int compare_u32(const void *a, const void *b) {
        const uint32_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static void test_ids(void **state _unused_) {
        _cleanup_(campus_freep) Campus *c = campus_of(2, 2, 300, 0);
        uint32_t previous = 0, shared = 0, *first = NULL, n_first = 0;

        for (unsigned k = 1; k <= 2; k++) {
                Session s;

                campus_session(c, 0, k, &s);
                if (k == 1)
                        first = calloc(n_first = s.people, sizeof(*first));
                previous = 0;
                for (uint32_t rank = 0; rank < s.people; rank++) {
                        uint32_t i = learner_by_rank(&s, rank), id = learner_user_id(&s, i);

                        /* Ranks are all people, each once, by rising user_id. */
                        assert_true(i < s.people && id > previous && id < learner_ghost_id(rank));
                        previous = id;
                        if (k == 1)
                                first[rank] = id;
                        else
                                shared += bsearch(&id, first, n_first, sizeof(id), compare_u32) != NULL;
                }
        }
        /* Some people come again. */
        assert_true(shared > 0 && shared < n_first / 2);
        free(first);
}

static void test_learners(void **state _unused_) {
        _cleanup_(campus_freep) Campus *c = campus_of(4, 2, 400, 0);
        char hex[LEARNER_HEX_LENGTH + 1], other[LEARNER_HEX_LENGTH + 1];

        for (unsigned course = 0; course < 4; course++) {
                unsigned stayed = 0;
                Session s, next;
                Learner l;

                campus_session(c, course, 1, &s);
                campus_session(c, course, 2, &next);
                for (uint32_t i = 0; i < s.learners; i++) {
                        learner_get(&s, i, &l);
                        assert_true(l.last_week >= -1 && l.last_week < (int) s.weeks);
                        assert_true(l.last_week < 0 ? l.join_day < 0 : l.join_week <= l.last_week);
                        assert_true(l.last_week < 0 || l.last_day / 7 == l.last_week);
                        assert_true(l.last_week < 0 || l.last_day >= l.join_day);
                        assert_true(learner_registered(&s, i) < s.start + l.join_day * CALENDAR_DAY);
                        stayed += l.last_week + 1 == (int) s.weeks;
                        learner_hex(&s, i, hex);
                        learner_hex(&next, i, other);
                        assert_int_equal(strspn(hex, "0123456789abcdef"), LEARNER_HEX_LENGTH);
                        assert_string_not_equal(hex, other);
                }
                assert_in_range(stayed * 100 / s.learners, 12, 45);
                learner_get(&s, LEARNER_ANCHOR_STAYS, &l);
                assert_int_equal(l.last_week, s.weeks - 1);
                learner_get(&s, LEARNER_ANCHOR_WEEK_0, &l);
                assert_int_equal(l.last_week, 0);
                learner_get(&s, LEARNER_ANCHOR_WEEK_2, &l);
                assert_int_equal(l.last_week, 2);
                learner_get(&s, LEARNER_ANCHOR_EARLY, &l);
                assert_int_equal(l.last_week, -1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_learners),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
