/* SPDX-License-Identifier: MIT */

#include "spool/base/string-table.h"
#include "tools/synth/syllabus.h"

#define LECTURES_PER_WEEK_MIN 4u
#define GRADED_POINTS 10u
#define TAG_SYLLABUS 201

static const char *const quiz_type_names[_QUIZ_TYPE_MAX] = {
        [QUIZ_TYPE_QUIZ]     = "quiz",
        [QUIZ_TYPE_HOMEWORK] = "homework",
        [QUIZ_TYPE_EXAM]     = "exam",
        [QUIZ_TYPE_SURVEY]   = "survey",
        [QUIZ_TYPE_VIDEO]    = "video",
};

const char *quiz_type_to_string(QuizType t) {
        return (int) t < 0 || t >= _QUIZ_TYPE_MAX ? NULL : quiz_type_names[t];
}

static uint32_t add_quiz(Syllabus *y, unsigned week, QuizType type, unsigned points, uint32_t lecture) {
        uint32_t i = y->n_quizzes++;

        y->quizzes[i] = (Quiz) {
                .id = 2 * i + 1, .copy_id = 2 * i + 2, .week = week, .type = type, .points = points, .lecture = lecture,
        };
        return i;
}

void syllabus_init(const Session *s, Syllabus *ret) {
        Prng p = prng_make(prng_key(s->key, TAG_SYLLABUS));

        *ret = (Syllabus) { .start = s->start, .end = session_end(s), .peer_week = s->weeks / 2 };
        ret->lectures_per_week = LECTURES_PER_WEEK_MIN
                + prng_below(&p, SYLLABUS_LECTURES_PER_WEEK_MAX - LECTURES_PER_WEEK_MIN + 1);
        for (unsigned w = 0; w < s->weeks; w++)
                (void) add_quiz(ret, w,
                        w + 1 == s->weeks ? QUIZ_TYPE_EXAM
                        : w % 2           ? QUIZ_TYPE_HOMEWORK
                                          : QUIZ_TYPE_QUIZ,
                        w + 1 == s->weeks ? 2 * GRADED_POINTS : GRADED_POINTS, SYLLABUS_NONE);
        ret->survey = add_quiz(ret, 0, QUIZ_TYPE_SURVEY, 0, SYLLABUS_NONE);
        ret->n_lectures = s->weeks * ret->lectures_per_week;
        for (uint32_t i = 0; i < ret->n_lectures; i++) {
                unsigned week = i / ret->lectures_per_week;

                ret->lectures[i] = (Lecture) {
                        .id = 2 * i + 1, .copy_id = 2 * i + 2, .week = week, .length = 240 + prng_below(&p, 900),
                        .quiz = i % 2 == 0 ? add_quiz(ret, week, QUIZ_TYPE_VIDEO, 1, i) : SYLLABUS_NONE,
                };
        }
}

int64_t syllabus_due(const Syllabus *y, unsigned week) {
        int64_t due = syllabus_open(y, week) + CALENDAR_WEEK + 3 * CALENDAR_DAY - 60;

        return due < y->end ? due : y->end - 60;
}
