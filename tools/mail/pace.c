/* SPDX-License-Identifier: MIT */
#include "tools/mail/pace.h"

#include "spool/base/strv.h"

uint64_t pace_backoff(unsigned attempts, uint64_t random) {
        uint64_t wait = PACE_BACKOFF_MIN;

        for (unsigned i = 1; i < attempts && wait < PACE_BACKOFF_MAX; i++)
                wait *= 2;
        if (wait > PACE_BACKOFF_MAX)
                wait = PACE_BACKOFF_MAX;
        return wait + random % (wait / 4 + 1);
}

uint64_t pace_due(uint64_t next_try, uint64_t now) {
        return next_try > time_add(now, PACE_HORIZON) ? now : next_try;
}

static void address_done(PaceAddress *a) {
        free(a->address);
        free(a->times);
}

/* Forgets what is older than an hour, and addresses without a mail in it. */
static void forget(Pace *r, uint64_t now) {
        for (size_t i = 0; i < r->n;) {
                PaceAddress *a = &r->addresses[i];
                size_t old = 0;

                /* A clock that was set back must not hold mails up: times of the future count as old. */
                while (old < a->n && (a->times[old] > now || now - a->times[old] >= USEC_PER_HOUR))
                        old++;
                memmove(a->times, a->times + old, (a->n - old) * sizeof(*a->times));
                a->n -= old;
                if (a->n > 0) {
                        i++;
                        continue;
                }
                address_done(a);
                *a = r->addresses[--r->n];
        }
}

static PaceAddress *find(const Pace *r, const char *address) {
        for (size_t i = 0; i < r->n; i++)
                if (strcasecmp(r->addresses[i].address, address) == 0)
                        return &r->addresses[i];
        return NULL;
}

uint64_t pace_check(Pace *r, char *const *to, unsigned per_hour, uint64_t now) {
        uint64_t when = 0;

        forget(r, now);
        STRV_FOREACH(s, to) {
                const PaceAddress *a = find(r, *s);
                uint64_t free_at;

                if (!a || a->n < per_hour)
                        continue;
                free_at = time_add(a->times[a->n - per_hour], USEC_PER_HOUR);
                if (free_at > when)
                        when = free_at;
        }
        return when;
}

static int add(Pace *r, const char *address, PaceAddress **ret) {
        PaceAddress *bigger = reallocarray(r->addresses, r->n + 1, sizeof(*bigger));
        char *copy;

        if (!bigger)
                return -ENOMEM;
        r->addresses = bigger;
        copy = strdup(address);
        if (!copy)
                return -ENOMEM;
        bigger[r->n] = (PaceAddress){ .address = copy };
        *ret = &bigger[r->n++];
        return 0;
}

int pace_count(Pace *r, char *const *to, uint64_t now) {
        forget(r, now);
        STRV_FOREACH(s, to) {
                PaceAddress *a = find(r, *s);
                uint64_t *bigger;

                if (!a && add(r, *s, &a) < 0)
                        return -ENOMEM;
                bigger = reallocarray(a->times, a->n + 1, sizeof(*bigger));
                if (!bigger)
                        return -ENOMEM;
                a->times = bigger;
                a->times[a->n++] = now;
        }
        return 0;
}

void pace_done(Pace *r) {
        for (size_t i = 0; i < r->n; i++)
                address_done(&r->addresses[i]);
        free(r->addresses);
        *r = (Pace){};
}
