/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a session teaches: lectures, quizzes and their dates. Every item has a master row (parent_id -1) and one copy.
 */

#include "tools/synth/calendar.h"
#include "tools/synth/campus.h"

#define SYLLABUS_WEEKS_MAX 26u
#define SYLLABUS_LECTURES_PER_WEEK_MAX 7u
#define SYLLABUS_LECTURES_MAX (SYLLABUS_WEEKS_MAX * SYLLABUS_LECTURES_PER_WEEK_MAX)
/* One a week, a survey, and one inside every other lecture. */
#define SYLLABUS_QUIZZES_MAX (SYLLABUS_WEEKS_MAX + 1 + SYLLABUS_LECTURES_MAX)
#define SYLLABUS_ASSIGNMENTS 2u
#define SYLLABUS_PARTS_PER_ASSIGNMENT 4u
#define SYLLABUS_NONE UINT32_MAX

typedef enum QuizType {
        QUIZ_TYPE_QUIZ,
        QUIZ_TYPE_HOMEWORK,
        QUIZ_TYPE_EXAM,
        QUIZ_TYPE_SURVEY,
        QUIZ_TYPE_VIDEO,
        _QUIZ_TYPE_MAX,
        _QUIZ_TYPE_INVALID = -EINVAL,
} QuizType;

const char *quiz_type_to_string(QuizType t);

typedef struct Quiz {
        uint32_t id, copy_id;
        unsigned week;
        QuizType type;
        unsigned points;                /* 0: not graded */
        uint32_t lecture;               /* index, or SYLLABUS_NONE */
} Quiz;

typedef struct Lecture {
        uint32_t id, copy_id;
        unsigned week, length;          /* seconds */
        uint32_t quiz;                  /* index, or SYLLABUS_NONE */
} Lecture;

typedef struct Syllabus {
        unsigned lectures_per_week, n_lectures, n_quizzes;
        uint32_t survey;                /* index of the quiz */
        unsigned peer_week;             /* when the peer-graded essay is due */
        int64_t start, end;
        Lecture lectures[SYLLABUS_LECTURES_MAX];
        Quiz quizzes[SYLLABUS_QUIZZES_MAX];     /* quizzes[w] is the graded one of week w */
} Syllabus;

void syllabus_init(const Session *s, Syllabus *ret);

/* When something of this week opens, and when a graded quiz of it is due; seconds. */
static inline int64_t syllabus_open(const Syllabus *y, unsigned week) {
        return y->start + week * CALENDAR_WEEK;
}
int64_t syllabus_due(const Syllabus *y, unsigned week);
