/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The campus: which courses and sessions there are, when they run and how many people each has.
 */

#include "tools/synth/names.h"
#include "tools/synth/prng.h"

#define CAMPUS_COURSES_MAX 500u
#define CAMPUS_SESSIONS_MIN 2u
#define CAMPUS_SESSIONS_MAX 40u
#define CAMPUS_USERS_MIN 16u
#define CAMPUS_USERS_MAX 1000000u
/* Fewer days, and published jobs lack weeks that they ask for. */
#define CAMPUS_DAYS_MIN 22u
#define CAMPUS_DAYS_MAX 182u
/* What a published job asks of the course named "accounting". */
#define CAMPUS_DAYS_MIN_ACCOUNTING 64u
/* People of all sessions together: user_id has to fit an int(11). */
#define CAMPUS_PEOPLE_MAX 140000000u
#define CAMPUS_STAFF 7u

/* What the caller wants; days = 0: each course has a length of its own. */
typedef struct CampusPlan {
        unsigned courses, sessions, days;
        uint32_t users;
        uint64_t seed;
} CampusPlan;

typedef struct Session {
        uint64_t key;
        unsigned course, number;
        bool holdout;
        char slug[NAMES_SLUG_MAX];
        char name[4];                   /* "001" */
        int64_t start;                  /* midnight UTC, seconds */
        unsigned days, weeks;
        /* People by number: learners that appear in the clickstream, then those that only registered, then staff. */
        uint32_t learners, registered, people;
        /* user_id = an increasing function of first_person + a permutation of the number; sessions overlap. */
        uint64_t first_person;
        uint32_t multiplier, inverse, offset;
} Session;

typedef struct Campus Campus;

/* Return: 0 and a campus that campus_free() releases, -E2BIG (more people than CAMPUS_PEOPLE_MAX) or -ENOMEM. */
int campus_new(const CampusPlan *plan, Campus **ret);
Campus *campus_free(Campus *c);
DEFINE_CLEANUP(Campus *, campus_free);

/* course from 0, number from 1. */
void campus_session(const Campus *c, unsigned course, unsigned number, Session *ret);

static inline int64_t session_end(const Session *s) {
        return s->start + (int64_t) s->days * 86400;
}

/* "accounting-001" or, with separator '_', "accounting_001". */
#define SESSION_KEY_MAX (NAMES_SLUG_MAX + 8u)
const char *session_key(const Session *s, char separator, char ret[static SESSION_KEY_MAX]);
