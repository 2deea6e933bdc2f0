/* SPDX-License-Identifier: MIT */

#include "tools/synth/fixed.h"
#include "tools/synth/visit.h"

#define LECTURES_PER_VISIT_MAX 3u
#define DOWNLOAD_CHANCE FIXED(0.14)
#define VIDEO_QUIZ_CHANCE FIXED(0.16)
#define SURVEY_CHANCE FIXED(0.25)
#define FORUM_CHANCE FIXED(0.20)
#define FORUM_SOCIAL FIXED(0.75)
#define FORUM_CHANCE_MAX FIXED(0.85)
#define CONTRIBUTE_CHANCE FIXED(0.034)
#define CONTRIBUTE_SOCIAL FIXED(0.75)
#define CONTRIBUTE_CHANCE_MAX FIXED(0.6)
#define THREAD_SHARE FIXED(0.12)
#define COMMENT_SHARE FIXED(0.30)
#define WIKI_CHANCE FIXED(0.22)
#define ASSIGNMENT_CHANCE FIXED(0.03)
#define PEER_CHANCE FIXED(0.35)
#define ATTEMPTS_MAX 3u

/* A visit being told: where in time it is, and to whom. */
typedef struct Telling {
        const Session *session;
        const Syllabus *syllabus;
        const Visit *visit;
        Prng prng;
        int64_t now_ms;
        ActionHandler handler;
        void *userdata;
} Telling;

static void tell(Telling *t, Action a) {
        a.key = prng_next(&t->prng);
        /* Readers round to seconds, and that must not change the week. */
        t->now_ms = calendar_avoid_boundary(t->session->start, t->now_ms);
        a.time_ms = t->now_ms;
        t->handler(t->userdata, t->visit, &a);
        t->now_ms += a.duration_ms + 1000 + prng_below(&t->prng, 40000);
}

/* How many of points, more for the skilled and for later attempts. */
static int32_t draw_score(Telling *t, unsigned points, unsigned attempt) {
        int64_t share = FIXED(0.55) + fixed_mul(FIXED(0.13), t->visit->learner.skill)
                + fixed_mul(FIXED(0.10), prng_normal(&t->prng)) + (int64_t) attempt * FIXED(0.09);

        share = share < 0 ? 0 : share > FIXED_ONE ? FIXED_ONE : share;
        return (int32_t) ((share * points + FIXED_ONE / 2) >> 16);
}

static void tell_video_quiz(Telling *t, const Lecture *lecture) {
        uint32_t number = 1 + prng_below(&t->prng, 2);

        if (lecture->quiz == SYLLABUS_NONE || !prng_chance(&t->prng, VIDEO_QUIZ_CHANCE))
                return;
        for (uint32_t k = 1; k <= number; k++)
                tell(t, (Action) {
                        .kind = ACTION_QUIZ_SUBMIT, .item = lecture->quiz, .number = k, .score = k == number ? 1 : 0,
                        .duration_ms = 4000,
                });
}

static void tell_lecture(Telling *t, uint32_t item, bool fresh) {
        const Lecture *lecture = t->syllabus->lectures + item;
        /* From a glance to the whole. */
        uint32_t watched = lecture->length * (200 + prng_below(&t->prng, 850));

        if (prng_chance(&t->prng, DOWNLOAD_CHANCE) || (t->visit->learner.number == LEARNER_ANCHOR_STAYS && item % 2)) {
                tell(t, (Action) { .kind = ACTION_LECTURE_DOWNLOAD, .item = item, .duration_ms = 3000 });
                return;
        }
        tell(t, (Action) { .kind = ACTION_LECTURE_VIEW, .item = item, .duration_ms = watched });
        /* Only the first sight of a lecture can take its quiz, so that attempts are counted without a memory. */
        if (fresh)
                tell_video_quiz(t, lecture);
}

/* The days of a week share its lectures among them; further visits look at something earlier again. */
static void tell_lectures(Telling *t) {
        const Visit *v = t->visit;
        const Syllabus *y = t->syllabus;
        unsigned n = 1 + prng_below(&t->prng, LECTURES_PER_VISIT_MAX);
        unsigned weeks = t->session->weeks;
        unsigned seen = v->week < 0 ? 1 : v->week >= (int) weeks ? weeks : (unsigned) v->week + 1;

        for (unsigned j = 0; j < n; j++) {
                unsigned next = v->rank * LECTURES_PER_VISIT_MAX + j;
                bool fresh = v->week >= 0 && v->week < (int) weeks && v->sequence == 0
                        && next < y->lectures_per_week;

                if (fresh)
                        tell_lecture(t, (uint32_t) v->week * y->lectures_per_week + next, true);
                else if (prng_chance(&t->prng, FIXED(0.6)))
                        tell_lecture(t, prng_below(&t->prng, seen * y->lectures_per_week), false);
        }
}

static void tell_quiz(Telling *t) {
        const Visit *v = t->visit;
        const Quiz *quiz = t->syllabus->quizzes + v->week;
        uint32_t attempts = 1 + prng_below(&t->prng, ATTEMPTS_MAX) * prng_below(&t->prng, 2);

        for (uint32_t k = 1; k <= attempts; k++) {
                int32_t score = draw_score(t, quiz->points, k);

                tell(t, (Action) {
                        .kind = ACTION_QUIZ_SUBMIT, .item = (uint32_t) v->week, .number = k, .score = score,
                        .duration_ms = 120000 + prng_below(&t->prng, 900000),
                });
                if (score == (int32_t) quiz->points)
                        break;
        }
}

/* What happens only beside a quiz of certain weeks: programming assignment and peer-graded essay. */
static void tell_larger_work(Telling *t) {
        const Visit *v = t->visit;
        bool anchor = v->learner.number == LEARNER_ANCHOR_STAYS;

        for (uint32_t a = 0; a < SYLLABUS_ASSIGNMENTS; a++) {
                if (v->week != (int) (t->session->weeks * (a + 1) / (SYLLABUS_ASSIGNMENTS + 1)))
                        continue;
                if (!prng_chance(&t->prng, ASSIGNMENT_CHANCE) && !anchor)
                        continue;
                for (uint32_t part = 0; part < SYLLABUS_PARTS_PER_ASSIGNMENT; part++)
                        tell(t, (Action) {
                                .kind = ACTION_ASSIGNMENT_SUBMIT,
                                .item = a * SYLLABUS_PARTS_PER_ASSIGNMENT + part,
                                .number = 1,
                                .score = draw_score(t, 10, 1),
                                .duration_ms = 60000,
                        });
        }
        if (v->week == (int) t->syllabus->peer_week
                && (prng_chance(&t->prng, PEER_CHANCE) || v->learner.number == LEARNER_ANCHOR_STAYS))
                tell(t, (Action) { .kind = ACTION_PEER_SUBMIT, .duration_ms = 1200000 });
}

static uint32_t draw_contribution(Telling *t) {
        uint32_t r = prng_below(&t->prng, FIXED_ONE);

        if (t->visit->learner.number == LEARNER_ANCHOR_STAYS)
                return t->visit->week >= (int) t->session->weeks ? CONTRIBUTION_POST
                                                                 : (uint32_t) t->visit->week % _CONTRIBUTION_KIND_MAX;
        if (r < THREAD_SHARE)
                return CONTRIBUTION_THREAD;
        return r < THREAD_SHARE + COMMENT_SHARE ? CONTRIBUTION_COMMENT : CONTRIBUTION_POST;
}

static void tell_forum(Telling *t) {
        const Learner *l = &t->visit->learner;
        int64_t social = fixed_mul(FORUM_SOCIAL, l->social);
        bool anchor = l->number == LEARNER_ANCHOR_STAYS;
        unsigned threads;

        if (!prng_chance(&t->prng, fixed_chance(FORUM_CHANCE, social, FORUM_CHANCE_MAX)) && !anchor)
                return;
        tell(t, (Action) { .kind = ACTION_FORUM_INDEX });
        threads = 1 + prng_below(&t->prng, 4);
        for (unsigned i = 0; i < threads; i++)
                tell(t, (Action) { .kind = ACTION_THREAD_VIEW, .duration_ms = 20000 });
        social = fixed_mul(CONTRIBUTE_SOCIAL, l->social);
        if (prng_chance(&t->prng, fixed_chance(CONTRIBUTE_CHANCE, social, CONTRIBUTE_CHANCE_MAX)) || anchor)
                tell(t, (Action) { .kind = ACTION_CONTRIBUTE, .item = draw_contribution(t), .duration_ms = 90000 });
}

void visit_actions(const Session *s, const Syllabus *y, const Visit *v, ActionHandler handler, void *userdata) {
        Telling t = {
                .session = s, .syllabus = y, .visit = v, .prng = prng_make(v->key), .now_ms = v->start_ms,
                .handler = handler, .userdata = userdata,
        };

        tell(&t, (Action) { .kind = ACTION_ENTER });
        if (v->day == v->learner.join_day && v->sequence == 0 && prng_chance(&t.prng, SURVEY_CHANCE))
                tell(&t, (Action) {
                        .kind = ACTION_QUIZ_SUBMIT, .item = y->survey, .number = 1, .score = -1, .duration_ms = 200000,
                });
        tell_lectures(&t);
        if (v->quiz && v->sequence == 0) {
                tell_quiz(&t);
                tell_larger_work(&t);
        }
        tell_forum(&t);
        if (prng_chance(&t.prng, WIKI_CHANCE))
                tell(&t, (Action) { .kind = ACTION_WIKI });
}
