/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What learners do, told as a stream of actions to whoever asks: the clickstream, the forum and the tables of
 * submissions are all views of this one stream and so agree with one another.
 *
 * Nothing is remembered between walks. A week of a learner, a visit and an action are each made from their own key; a
 * walk by day keeps one byte a learner for the week at hand and the visits of one day, so memory grows with people,
 * never with clicks.
 */

#include "tools/synth/learner.h"
#include "tools/synth/syllabus.h"

typedef enum ActionKind {
        ACTION_ENTER,                   /* first of every visit */
        ACTION_LECTURE_VIEW,            /* item: lecture; duration: time watched */
        ACTION_LECTURE_DOWNLOAD,        /* item: lecture */
        ACTION_QUIZ_SUBMIT,             /* item: quiz; number: attempt from 1; score: points or -1 */
        ACTION_ASSIGNMENT_SUBMIT,       /* item: part from 0; number: attempt; score */
        ACTION_PEER_SUBMIT,
        ACTION_FORUM_INDEX,
        ACTION_THREAD_VIEW,             /* key: which thread */
        ACTION_CONTRIBUTE,              /* a thread, post or comment; item: ContributionKind */
        ACTION_WIKI,
        _ACTION_KIND_MAX,
        _ACTION_KIND_INVALID = -EINVAL,
} ActionKind;

typedef enum ContributionKind {
        CONTRIBUTION_THREAD,
        CONTRIBUTION_POST,
        CONTRIBUTION_COMMENT,
        _CONTRIBUTION_KIND_MAX,
        _CONTRIBUTION_KIND_INVALID = -EINVAL,
} ContributionKind;

typedef struct Visit {
        Learner learner;
        uint64_t key;
        int day;                        /* relative to the start */
        int week;                       /* day / 7, rounded down */
        unsigned sequence;              /* 0: first visit of the day */
        unsigned rank;                  /* active days of this week before this one */
        bool quiz;                      /* takes the quiz of the week */
        int64_t start_ms;
} Visit;

typedef struct Action {
        ActionKind kind;
        int64_t time_ms;
        uint32_t duration_ms;
        uint32_t item;
        uint32_t number;
        int32_t score;
        uint64_t key;
} Action;

typedef void (*ActionHandler)(void *userdata, const Visit *visit, const Action *action);

/*
 * Tells every action of every learner, day by day, visits in the order in which they begin (an action may follow one
 * of another visit that is later in time). Return: 0 or -ENOMEM.
 */
int activity_by_day(const Session *s, const Syllabus *y, ActionHandler handler, void *userdata);

/* Tells the actions of one learner, visits in the order in which they begin. */
void activity_of_learner(const Session *s, const Syllabus *y, uint32_t number, ActionHandler handler, void *userdata);
