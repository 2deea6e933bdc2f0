/* SPDX-License-Identifier: MIT */

#include "tools/synth/calendar.h"
#include "tools/synth/fixed.h"
#include "tools/synth/learner.h"

enum {
        TAG_LEARNER = 101,
        TAG_HEX,
        TAG_REGISTERED,
};

/* Chance to leave at the end of a week: the published weekly shares of last activity, as hazards. */
static const int32_t hazards[] = {
        FIXED(.221),
        FIXED(.194),
        FIXED(.169),
        FIXED(.140),
        FIXED(.145),
        FIXED(.151),
        FIXED(.150),
        FIXED(.152),
        FIXED(.160),
};
/* The sum of hazards over a whole course, whatever its length, so that about a quarter of the learners stay. */
#define HAZARD_SUM FIXED(1.45)
#define HAZARD_MAX FIXED(0.93)
/* How much drive lowers the hazard. */
#define HAZARD_DRIVE FIXED(-1.0)

#define EARLY_CHANCE FIXED(0.12)
#define ONLY_EARLY_CHANCE FIXED(0.14)
#define PROMPT_CHANCE FIXED(0.72)
#define LATE_CHANCE_STAYED FIXED(0.16)
#define LATE_CHANCE_LEFT FIXED(0.035)

#define USER_ID_FIRST 100000u
#define USER_ID_STEP 13u
#define GHOST_ID_FIRST 2000000000u

static int32_t hazard_of(unsigned week) {
        return hazards[week < ELEMENTSOF(hazards) ? week : ELEMENTSOF(hazards) - 1];
}

static void draw_character(Learner *l, Prng *p) {
        l->drive = prng_normal(p);
        l->social = (int32_t) (fixed_mul(FIXED(0.5), l->drive) + fixed_mul(FIXED(0.87), prng_normal(p)));
        l->skill = (int32_t) (fixed_mul(FIXED(0.4), l->drive) + fixed_mul(FIXED(0.92), prng_normal(p)));
}

static void draw_join(const Session *s, Learner *l, Prng *p) {
        if (prng_chance(p, EARLY_CHANCE))
                l->join_day = -1 - (int) prng_below(p, LEARNER_EARLY_WEEKS * 7 - 1);
        else if (prng_chance(p, PROMPT_CHANCE))
                l->join_day = (int) prng_below(p, 4);
        else
                l->join_day = (int) prng_below(p, s->days / 3);
        l->join_week = l->join_day < 0 ? 0 : l->join_day / 7;
}

static void draw_leave(const Session *s, Learner *l, Prng *p) {
        int64_t sum = 0, scale, drive = fixed_exp2(fixed_mul(HAZARD_DRIVE, l->drive));

        for (unsigned w = 0; w + 1 < s->weeks; w++)
                sum += hazard_of(w);
        scale = (int64_t) HAZARD_SUM * FIXED_ONE / sum;
        for (l->last_week = l->join_week; l->last_week + 1 < (int) s->weeks; l->last_week++) {
                int64_t h = fixed_mul(fixed_mul(hazard_of((unsigned) l->last_week), scale), drive);

                if (prng_chance(p, (uint32_t) (h > HAZARD_MAX ? HAZARD_MAX : h)))
                        break;
        }
        if (l->join_day < 0 && prng_chance(p, ONLY_EARLY_CHANCE))
                l->last_week = -1;
}

static void draw_last_day(const Session *s, Learner *l, Prng *p) {
        int first = l->last_week * 7, days = (int) s->days - first;

        l->last_day = -1;
        if (l->last_week < 0)
                return;
        days = days < 7 ? days : 7;
        if (l->join_day > first) {
                days -= l->join_day - first;
                first = l->join_day;
        }
        l->last_day = first + (int) prng_below(p, (uint32_t) (days < 1 ? 1 : days));
}

static void draw_late(const Session *s, Learner *l, Prng *p) {
        bool stayed = l->last_week + 1 == (int) s->weeks;
        int day = (int) s->weeks * 7;

        for (unsigned i = 0; i < LEARNER_LATE_DAYS; i++)
                l->late_days[i] = -1;
        if (!prng_chance(p, stayed ? LATE_CHANCE_STAYED : LATE_CHANCE_LEFT))
                return;
        for (unsigned i = 0; i < LEARNER_LATE_DAYS; i++) {
                day += (int) prng_below(p, LEARNER_LATE_WEEKS * 7 / LEARNER_LATE_DAYS);
                l->late_days[i] = day++;
                if (prng_chance(p, FIXED(0.4)))
                        break;
        }
}

#define ANCHOR_EARLY_DAY (-5)

/* The learners that are what they are in every session. */
static void set_anchor(const Session *s, Learner *l) {
        static const int last_week[_LEARNER_ANCHORS] = {
                [LEARNER_ANCHOR_WEEK_0] = 0,
                [LEARNER_ANCHOR_WEEK_2] = 2,
                [LEARNER_ANCHOR_EARLY]  = -1,
        };

        l->join_week = 0;
        l->join_day = l->number == LEARNER_ANCHOR_EARLY ? ANCHOR_EARLY_DAY : 0;
        l->last_week = l->number == LEARNER_ANCHOR_STAYS ? (int) s->weeks - 1 : last_week[l->number];
        l->last_day = l->last_week < 0 ? -1 : l->last_week * 7;
        /* The one who stays comes back months later, so every session has events after its end. */
        if (l->number == LEARNER_ANCHOR_STAYS) {
                l->drive = l->social = l->skill = FIXED_ONE;
                l->late_days[0] = (int) s->weeks * 7 + 75;
        } else
                l->late_days[0] = -1;
        for (unsigned i = 1; i < LEARNER_LATE_DAYS; i++)
                l->late_days[i] = -1;
}

void learner_get(const Session *s, uint32_t number, Learner *ret) {
        Prng p;

        *ret = (Learner) { .number = number, .key = prng_key(prng_key(s->key, TAG_LEARNER), number) };
        p = prng_make(ret->key);
        draw_character(ret, &p);
        if (number < _LEARNER_ANCHORS) {
                set_anchor(s, ret);
                return;
        }
        draw_join(s, ret, &p);
        draw_leave(s, ret, &p);
        draw_last_day(s, ret, &p);
        draw_late(s, ret, &p);
}

void learner_hex(const Session *s, uint32_t number, char ret[static LEARNER_HEX_LENGTH + 1]) {
        static const char digits[] = "0123456789abcdef";
        Prng p = prng_make(prng_key(prng_key(s->key, TAG_HEX), number));
        uint64_t v = 0;

        for (unsigned i = 0; i < LEARNER_HEX_LENGTH; i++, v >>= 4) {
                if (i % 16 == 0)
                        v = prng_next(&p);
                ret[i] = digits[v & 15];
        }
        ret[LEARNER_HEX_LENGTH] = '\0';
}

uint32_t learner_user_id(const Session *s, uint32_t number) {
        uint64_t rank = ((uint64_t) number * s->multiplier + s->offset) % s->people;
        uint64_t person = s->first_person + rank;

        return (uint32_t) (USER_ID_FIRST + person * USER_ID_STEP + prng_mix(person) % USER_ID_STEP);
}

uint32_t learner_by_rank(const Session *s, uint32_t rank) {
        uint64_t shifted = ((uint64_t) rank + s->people - s->offset) % s->people;

        return (uint32_t) (shifted * s->inverse % s->people);
}

uint32_t learner_ghost_id(uint64_t key) {
        return GHOST_ID_FIRST + (uint32_t) (prng_mix(key) % 100000000u);
}

int64_t learner_registered(const Session *s, uint32_t number) {
        Prng p = prng_make(prng_key(prng_key(s->key, TAG_REGISTERED), number));
        int64_t first = s->start;
        Learner l;

        if (number < s->learners) {
                learner_get(s, number, &l);
                first += (int64_t) l.join_day * CALENDAR_DAY;
        }
        return first - 60 - (int64_t) prng_below(&p, 60 * (uint32_t) CALENDAR_DAY);
}
