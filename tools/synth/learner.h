/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One person of a session, made from (session, number) alone and never kept: who, how driven, from when to when.
 *
 * Four numbers are fixed for testers: learner 0 stays to the end, does everything there is to do and comes back
 * months later; learner 1 leaves in the first week, learner 2 in the third; learner 3 is seen only before the start.
 * So each label has both classes in the smallest session.
 */

#include "tools/synth/campus.h"

#define LEARNER_LATE_DAYS 3u
/* Longest time before the start and after the end that learners are seen. */
#define LEARNER_EARLY_WEEKS 3
#define LEARNER_LATE_WEEKS 18

enum {
        LEARNER_ANCHOR_STAYS,
        LEARNER_ANCHOR_WEEK_0,
        LEARNER_ANCHOR_WEEK_2,
        LEARNER_ANCHOR_EARLY,
        _LEARNER_ANCHORS,
};

typedef struct Learner {
        uint64_t key;
        uint32_t number;
        int32_t drive, social, skill;   /* about standard normal, Q16; the first two hang together */
        int join_day;                   /* relative to the start; negative: before */
        int join_week;                  /* first course week, from 0 */
        int last_week;                  /* last course week in which he means to work; -1: none */
        int last_day;                   /* a day of last_week on which he surely comes; -1: none */
        int late_days[LEARNER_LATE_DAYS];       /* after the end, relative to the start; -1: none */
} Learner;

void learner_get(const Session *s, uint32_t number, Learner *ret);

/* session_user_id: 40 lower-case hex digits, which is also the clickstream's username and the labels' userID. */
#define LEARNER_HEX_LENGTH 40u
void learner_hex(const Session *s, uint32_t number, char ret[static LEARNER_HEX_LENGTH + 1]);

/* user_id, the same for the same person in every session. */
uint32_t learner_user_id(const Session *s, uint32_t number);

/* The person whose user_id is the rank-th smallest of the session, rank from 0 to people - 1. */
uint32_t learner_by_rank(const Session *s, uint32_t rank);

/* user_id of an account that is deleted: no table of users knows it. */
uint32_t learner_ghost_id(uint64_t key);

/* When the person registered, in seconds; before everything he does. */
int64_t learner_registered(const Session *s, uint32_t number);
