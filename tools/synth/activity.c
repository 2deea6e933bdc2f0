/* SPDX-License-Identifier: MIT */

#include "tools/synth/fixed.h"
#include "tools/synth/visit.h"

#define DAYS_PER_WEEK 7
#define VISITS_PER_DAY_MAX 2u

/*
 * Active days a week: 2^(LEVEL + drive * LEVEL_DRIVE + noise * LEVEL_NOISE), in a last week before leaving times
 * LEVEL_LEAVING.
 */
#define LEVEL FIXED(0.55)
#define LEVEL_DRIVE FIXED(0.65)
#define LEVEL_NOISE FIXED(0.50)
#define LEVEL_LEAVING FIXED(-0.45)
#define DAY_CHANCE_MAX FIXED(0.95)
#define SECOND_VISIT_CHANCE FIXED(0.22)
/* Before the start people look in now and then. */
#define EARLY_DAY_CHANCE FIXED(0.04)

/*
 * The quiz of the week is taken by this share of the active, more by the driven, half as often by those about to
 * leave.
 */
#define QUIZ_CHANCE FIXED(0.42)
#define QUIZ_DRIVE FIXED(0.75)
#define QUIZ_LEAVING FIXED(-1.0)
#define QUIZ_CHANCE_MAX FIXED(0.97)

enum {
        TAG_WEEK = 301,
        TAG_QUIZ,
        TAG_VISIT,
};

/* One visit to come, of the day being told. */
typedef struct Slot {
        uint32_t second, number;
        uint8_t sequence, rank;
        bool quiz;
} Slot;

static uint8_t day_bit(int day, int week) {
        int i = day - week * DAYS_PER_WEEK;

        return i >= 0 && i < DAYS_PER_WEEK ? (uint8_t) (1u << i) : 0;
}

/* The days (bit 0: first) of a week outside the course. */
static uint8_t week_outside(const Session *s, const Learner *l, int week) {
        Prng p = prng_make(prng_key(prng_key(l->key, TAG_WEEK), (uint64_t) (int64_t) week));
        uint8_t days = 0;

        if (week >= (int) s->weeks) {
                for (unsigned i = 0; i < LEARNER_LATE_DAYS; i++)
                        if (l->late_days[i] >= 0)
                                days |= day_bit(l->late_days[i], week);
                return days;
        }
        days = day_bit(l->join_day, week);
        if (l->number == LEARNER_ANCHOR_EARLY)
                return days;
        for (int i = 0; i < DAYS_PER_WEEK; i++)
                if (week * DAYS_PER_WEEK + i > l->join_day && prng_chance(&p, EARLY_DAY_CHANCE))
                        days |= (uint8_t) (1u << i);
        return days;
}

static uint8_t week_inside(const Session *s, const Learner *l, int week) {
        Prng p = prng_make(prng_key(prng_key(l->key, TAG_WEEK), (uint64_t) (int64_t) week));
        int64_t level = LEVEL + fixed_mul(LEVEL_DRIVE, l->drive) + fixed_mul(LEVEL_NOISE, prng_normal(&p));
        uint8_t days = day_bit(l->last_day, week);
        uint32_t chance;

        /* Those who leave at a known time must not work past midnight of its last day. */
        if (week == l->last_week && (l->number == LEARNER_ANCHOR_WEEK_0 || l->number == LEARNER_ANCHOR_WEEK_2))
                return days;
        if (week == l->last_week && week + 1 < (int) s->weeks)
                level += LEVEL_LEAVING;
        chance = fixed_chance(FIXED_ONE / DAYS_PER_WEEK, level, DAY_CHANCE_MAX);
        for (int i = 0; i < DAYS_PER_WEEK; i++)
                if (prng_chance(&p, chance) && week * DAYS_PER_WEEK + i >= l->join_day)
                        days |= (uint8_t) (1u << i);
        if (l->join_day >= 0)
                days |= day_bit(l->join_day, week);
        if (l->number == LEARNER_ANCHOR_STAYS)
                days |= 1;
        return days;
}

static uint8_t week_days(const Session *s, const Learner *l, int week) {
        if (week < 0 && l->join_day >= 0)
                return 0;
        if (week < 0 || week >= (int) s->weeks)
                return week_outside(s, l, week);
        return week < l->join_week || week > l->last_week ? 0 : week_inside(s, l, week);
}

/* Whether the quiz is taken in this week; then on its last active day. */
static bool week_has_quiz(const Session *s, const Learner *l, int week) {
        Prng p = prng_make(prng_key(prng_key(l->key, TAG_QUIZ), (uint64_t) (int64_t) week));
        int64_t x = fixed_mul(QUIZ_DRIVE, l->drive);

        if (week < 0 || week >= (int) s->weeks)
                return false;
        if (l->number == LEARNER_ANCHOR_STAYS)
                return true;
        if (week == l->last_week && week + 1 < (int) s->weeks)
                x += QUIZ_LEAVING;
        return prng_chance(&p, fixed_chance(QUIZ_CHANCE, x, QUIZ_CHANCE_MAX));
}

/* Most people study in the evening; the table is a cumulative share of hours in 1/64. */
static uint32_t draw_second(Prng *p) {
        static const uint8_t until[24] = { 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 46, 51,
                56, 60, 64 };
        uint32_t r = prng_below(p, 64), hour = 0;

        while (until[hour] <= r)
                hour++;
        return hour * 3600 + prng_below(p, 3600);
}

/* The visits of one day of a week whose active days are given. Return: how many, at most VISITS_PER_DAY_MAX. */
static unsigned day_slots(
        const Session *s, const Learner *l, int week, uint8_t days, int day, Slot ret[static VISITS_PER_DAY_MAX]) {
        unsigned i = (unsigned) (day - week * DAYS_PER_WEEK), n = 1;
        Prng p = prng_make(prng_key(prng_key(l->key, TAG_VISIT), (uint64_t) (int64_t) day));

        ret[0] = (Slot) {
                .second = draw_second(&p),
                .number = l->number,
                .rank = (uint8_t) __builtin_popcount(days & ((1u << i) - 1)),
                .quiz = days >> (i + 1) == 0 && week_has_quiz(s, l, week),
        };
        if (prng_chance(&p, SECOND_VISIT_CHANCE)) {
                ret[1] = ret[0];
                ret[1].second = ret[0].second / 2 + (uint32_t) CALENDAR_DAY / 2 - 1;
                ret[1].sequence = 1;
                ret[1].quiz = false;
                n = 2;
        }
        return n;
}

static void tell_slot(
                const Session *s, const Syllabus *y, const Learner *l, int week, int day, const Slot *slot,
                ActionHandler handler, void *userdata) {

        Visit v = {
                .learner = *l,
                .key = prng_key(prng_key(l->key, TAG_VISIT + 1 + slot->sequence), (uint64_t) (int64_t) day),
                .day = day,
                .week = week,
                .sequence = slot->sequence,
                .rank = slot->rank,
                .quiz = slot->quiz,
                .start_ms = (s->start + day * CALENDAR_DAY + slot->second) * 1000,
        };

        v.start_ms += (int64_t) (v.key % 1000);
        visit_actions(s, y, &v, handler, userdata);
}

void activity_of_learner(const Session *s, const Syllabus *y, uint32_t number, ActionHandler handler, void *userdata) {
        Slot slots[VISITS_PER_DAY_MAX];
        Learner l;

        learner_get(s, number, &l);
        for (int week = -LEARNER_EARLY_WEEKS; week < (int) s->weeks + LEARNER_LATE_WEEKS; week++) {
                uint8_t days = week_days(s, &l, week);

                for (int i = 0; days >> i; i++) {
                        int day = week * DAYS_PER_WEEK + i;
                        unsigned n;

                        if (!(days & (1u << i)))
                                continue;
                        n = day_slots(s, &l, week, days, day, slots);
                        for (unsigned k = 0; k < n; k++)
                                tell_slot(s, y, &l, week, day, slots + k, handler, userdata);
                }
        }
}

static int slot_compare(const void *a, const void *b) {
        const Slot *x = a, *y = b;

        if (x->second != y->second)
                return x->second < y->second ? -1 : 1;
        if (x->number != y->number)
                return x->number < y->number ? -1 : 1;
        return (int) x->sequence - (int) y->sequence;
}

static void tell_day(
                const Session *s, const Syllabus *y, int week, int day, const uint8_t *days, Slot *slots,
                ActionHandler handler, void *userdata) {

        size_t n = 0;
        Learner l;

        for (uint32_t i = 0; i < s->learners; i++)
                if (days[i] & day_bit(day, week)) {
                        learner_get(s, i, &l);
                        n += day_slots(s, &l, week, days[i], day, slots + n);
                }
        qsort(slots, n, sizeof(*slots), slot_compare);
        for (size_t k = 0; k < n; k++) {
                learner_get(s, slots[k].number, &l);
                tell_slot(s, y, &l, week, day, slots + k, handler, userdata);
        }
}

int activity_by_day(const Session *s, const Syllabus *y, ActionHandler handler, void *userdata) {
        _cleanup_free_ uint8_t *days = malloc(s->learners);
        /* Both visits of everybody, should all come on one day. */
        _cleanup_free_ Slot *slots = malloc(sizeof(Slot) * VISITS_PER_DAY_MAX * s->learners);

        if (!days || !slots)
                return -ENOMEM;
        for (int week = -LEARNER_EARLY_WEEKS; week < (int) s->weeks + LEARNER_LATE_WEEKS; week++) {
                for (uint32_t i = 0; i < s->learners; i++) {
                        Learner l;

                        learner_get(s, i, &l);
                        days[i] = week_days(s, &l, week);
                }
                for (int i = 0; i < DAYS_PER_WEEK; i++)
                        tell_day(s, y, week, week * DAYS_PER_WEEK + i, days, slots, handler, userdata);
        }
        return 0;
}
