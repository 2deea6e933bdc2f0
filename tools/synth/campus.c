/* SPDX-License-Identifier: MIT */

#include "tools/synth/calendar.h"
#include "tools/synth/campus.h"
#include "tools/synth/fixed.h"

/* The first course of the campus starts on this Monday; sessions of a course are half a year apart. */
#define FIRST_YEAR 2012
#define FIRST_MONTH 9
#define FIRST_DAY 3
#define SESSION_STRIDE_DAYS 182u
#define COURSE_STRIDE_DAYS 7u
#define COURSE_STRIDES 20u

/* Spread of session sizes: a standard deviation of one doubling, between a fifth and the fivefold of the middle. */
#define SIZE_MIN FIXED(0.2)
#define SIZE_MAX_ FIXED(5.0)

enum {
        TAG_SIZE = 1,
        TAG_SESSION,
        TAG_DAYS,
};

struct Campus {
        CampusPlan plan;
        uint64_t key;
        uint64_t *first_persons;
        uint32_t *sizes;
};

Campus *campus_free(Campus *c) {
        if (!c)
                return NULL;
        free(c->first_persons);
        free(c->sizes);
        free(c);
        return NULL;
}

static uint32_t people_of(uint32_t learners) {
        return learners + learners / 2 + CAMPUS_STAFF;
}

static uint32_t draw_weight(const Campus *c, unsigned i) {
        Prng p = prng_make(prng_key(prng_key(c->key, TAG_SIZE), i));
        int64_t w = fixed_exp2(prng_normal(&p));

        return (uint32_t) (w < SIZE_MIN ? SIZE_MIN : w > SIZE_MAX_ ? SIZE_MAX_ : w);
}

int campus_new(const CampusPlan *plan, Campus **ret) {
        unsigned n = plan->courses * plan->sessions;
        _cleanup_(campus_freep) Campus *c = calloc(1, sizeof(*c));
        uint64_t sum = 0, person = 0;

        if (!c)
                return -ENOMEM;
        c->plan = *plan;
        c->key = prng_mix(plan->seed);
        c->sizes = calloc(n, sizeof(*c->sizes));
        c->first_persons = calloc(n, sizeof(*c->first_persons));
        if (!c->sizes || !c->first_persons)
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                sum += c->sizes[i] = draw_weight(c, i);
        for (unsigned i = 0; i < n; i++) {
                uint64_t size = (uint64_t) plan->users * n * c->sizes[i] / sum;

                c->sizes[i] = size < CAMPUS_USERS_MIN ? CAMPUS_USERS_MIN : (uint32_t) size;
                /* A tenth of the people of one session are also in the next. */
                c->first_persons[i] = person;
                person += people_of(c->sizes[i]) - people_of(c->sizes[i]) / 10;
        }
        if (person > CAMPUS_PEOPLE_MAX)
                return -E2BIG;
        *ret = TAKE_PTR(c);
        return 0;
}

/* The inverse of a modulo m, or 0 when there is none. */
static uint32_t inverse_modulo(uint32_t a, uint32_t m) {
        int64_t r0 = m, r1 = a % m, t0 = 0, t1 = 1;

        while (r1 != 0) {
                int64_t q = r0 / r1, r2 = r0 - q * r1, t2 = t0 - q * t1;

                r0 = r1, r1 = r2;
                t0 = t1, t1 = t2;
        }
        return r0 != 1 ? 0 : (uint32_t) (t0 < 0 ? t0 + m : t0);
}

static unsigned draw_days(const Campus *c, const Session *s) {
        static const uint8_t lengths[] = { 66, 70, 73, 77, 70, 49, 39, 56, 63, 77 };
        Prng p = prng_make(prng_key(prng_key(c->key, TAG_DAYS), s->course));
        unsigned days = c->plan.days;

        if (streq(s->slug, "accounting")) {
                days = days > 0 ? days : 70;
                return days < CAMPUS_DAYS_MIN_ACCOUNTING ? CAMPUS_DAYS_MIN_ACCOUNTING : days;
        }
        return days > 0 ? days : lengths[prng_below(&p, ELEMENTSOF(lengths))];
}

void campus_session(const Campus *c, unsigned course, unsigned number, Session *ret) {
        unsigned i = course * c->plan.sessions + number - 1;
        Prng p;

        *ret = (Session) {
                .key = prng_key(prng_key(c->key, TAG_SESSION), i),
                .course = course,
                .number = number,
                .holdout = number == c->plan.sessions,
                .learners = c->sizes[i],
                .registered = c->sizes[i] + c->sizes[i] / 2,
                .people = people_of(c->sizes[i]),
                .first_person = c->first_persons[i],
        };
        names_slug(course, ret->slug);
        (void) snprintf(ret->name, sizeof(ret->name), "%03u", number % 1000);
        ret->start = CALENDAR_DAY
                     * (calendar_days(FIRST_YEAR, FIRST_MONTH, FIRST_DAY) + (number - 1) * SESSION_STRIDE_DAYS
                             + course % COURSE_STRIDES * COURSE_STRIDE_DAYS);
        ret->days = draw_days(c, ret);
        ret->weeks = calendar_weeks(ret->days);
        p = prng_make(ret->key);
        ret->offset = prng_below(&p, ret->people);
        /* Near the golden section of the number of people, so that neighbours fall apart. */
        for (uint32_t m = (uint32_t) ((uint64_t) ret->people * 618 / 1000) | 1;; m += 2) {
                ret->multiplier = m % ret->people;
                ret->inverse = inverse_modulo(ret->multiplier, ret->people);
                if (ret->inverse != 0)
                        break;
        }
}

const char *session_key(const Session *s, char separator, char ret[static SESSION_KEY_MAX]) {
        (void) snprintf(ret, SESSION_KEY_MAX, "%s%c%s", s->slug, separator, s->name);
        return ret;
}
