/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/synth/forum.h"

static void session_of(uint32_t users, unsigned days, Session *ret) {
        const CampusPlan plan = { .courses = 2, .sessions = 2, .users = users, .days = days, .seed = 3 };
        _cleanup_(campus_freep) Campus *c = NULL;

        assert_int_equal(campus_new(&plan, &c), 0);
        campus_session(c, 1, 1, ret);
}

static void test_syllabus(void **state _unused_) {
        static const unsigned lengths[] = { CAMPUS_DAYS_MIN, 70, CAMPUS_DAYS_MAX };

        for (size_t i = 0; i < ELEMENTSOF(lengths); i++) {
                static Syllabus y;
                Session s;

                session_of(40, lengths[i], &s);
                syllabus_init(&s, &y);
                assert_true(y.n_lectures <= SYLLABUS_LECTURES_MAX && y.n_quizzes <= SYLLABUS_QUIZZES_MAX);
                assert_int_equal(y.survey, s.weeks);
                for (unsigned w = 0; w < s.weeks; w++) {
                        assert_int_equal(y.quizzes[w].week, w);
                        assert_true(y.quizzes[w].points > 0);
                        assert_true(
                                syllabus_open(&y, w) < syllabus_due(&y, w) && syllabus_due(&y, w) < session_end(&s));
                }
                for (unsigned k = 0; k < y.n_lectures; k++)
                        if (y.lectures[k].quiz != SYLLABUS_NONE) {
                                assert_int_equal(y.quizzes[y.lectures[k].quiz].lecture, k);
                                assert_int_equal(y.quizzes[y.lectures[k].quiz].type, QUIZ_TYPE_VIDEO);
                        }
        }
        assert_string_equal(quiz_type_to_string(QUIZ_TYPE_HOMEWORK), "homework");
        assert_null(quiz_type_to_string(_QUIZ_TYPE_MAX));
}

/* A sum over actions that does not depend on their order. */
typedef struct Sum {
        const Session *session;
        uint64_t digest, n;
        int64_t day_ms;                 /* start of the latest visit */
        unsigned kinds[_ACTION_KIND_MAX];
        bool ordered;
} Sum;

static void add(void *userdata, const Visit *v, const Action *a) {
        Sum *sum = userdata;

        assert_true(a->kind >= 0 && a->kind < _ACTION_KIND_MAX);
        assert_true(a->time_ms >= v->start_ms);
        assert_true(v->learner.number < sum->session->learners);
        sum->digest += prng_key(prng_key(prng_key(a->key, (uint64_t) a->time_ms), a->kind), v->learner.number);
        sum->n++;
        sum->kinds[a->kind]++;
        if (v->start_ms / 1000 < sum->day_ms / 1000)
                sum->ordered = false;
        sum->day_ms = v->start_ms;
}

/* Both walks tell the same, one by time and one by learner. */
static void test_walks_agree(void **state _unused_) {
        static Syllabus y;
        Session s;
        Sum by_day = { .session = &s, .ordered = true }, by_learner = { .session = &s };

        session_of(150, 0, &s);
        syllabus_init(&s, &y);
        assert_int_equal(activity_by_day(&s, &y, add, &by_day), 0);
        for (uint32_t i = 0; i < s.learners; i++) {
                uint64_t n = by_learner.n;

                activity_of_learner(&s, &y, i, add, &by_learner);
                assert_true(by_learner.n > n);
        }
        assert_int_equal(by_day.n, by_learner.n);
        assert_int_equal(by_day.digest, by_learner.digest);
        assert_true(by_day.ordered);
        for (int k = 0; k < _ACTION_KIND_MAX; k++)
                assert_true(by_day.kinds[k] > 0);
}

static void test_forum(void **state _unused_) {
        _cleanup_(forum_freep) Forum *f = NULL;
        static Syllabus y;
        unsigned flags = 0;
        Session s;

        session_of(400, 0, &s);
        syllabus_init(&s, &y);
        assert_int_equal(forum_new(&s, &y, &f), 0);
        assert_true(f->n_threads > 3 && f->n_posts > f->n_threads && f->n_comments > 1);
        for (size_t i = 0; i < f->n_posts; i++) {
                const Contribution *c = f->posts + i;

                assert_true(c->thread < f->n_threads && c->time >= f->threads[c->thread].head.time);
                flags |= c->flags;
                for (unsigned k = 0, n = forum_votes(&s, c, forum_post_key(f, i)); k < n; k++) {
                        uint32_t voter, other;
                        int direction;

                        forum_vote(&s, c, forum_post_key(f, i), k, &voter, &direction);
                        assert_true(voter < s.learners && voter != c->author && (direction == 1 || direction == -1));
                        for (unsigned m = 0; m < k; m++) {
                                forum_vote(&s, c, forum_post_key(f, i), m, &other, &direction);
                                assert_int_not_equal(voter, other);
                        }
                }
        }
        assert_int_equal(flags, FORUM_DELETED | FORUM_SPAM | FORUM_ANONYMOUS | FORUM_ORIGINAL | FORUM_STAFF | FORUM_HTML
                                        | FORUM_EDITED);
        for (size_t i = 0; i < f->n_comments; i++)
                assert_true(f->comments[i].post < f->n_posts
                            && f->comments[i].thread == f->posts[f->comments[i].post].thread);
        assert_int_equal(forum_pick_thread(f, 0, 1), SYLLABUS_NONE);
        for (uint64_t key = 0; key < 2000; key++) {
                uint32_t time = (uint32_t) s.start + (uint32_t) key * 3000, i = forum_pick_thread(f, time, key);

                assert_true(i < f->n_threads && f->threads[i].head.time <= time);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_syllabus),
                cmocka_unit_test(test_walks_agree),
                cmocka_unit_test(test_forum),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
