/* SPDX-License-Identifier: MIT */
#include "daemon/user-tally.h"

/* FNV-1a. Names of users are short, and none of them chooses the names of all others. */
static size_t hash(const char *s) {
        uint32_t h = 2166136261u;

        for (; *s; s++)
                h = (h ^ (unsigned char) *s) * 16777619u;
        return h;
}

UserTally *user_tallies_find(UserTallies *t, const char *user) {
        for (size_t i = hash(user);; i++) {
                UserTally *e = &t->entries[i & (t->n - 1)];

                if (!e->user)
                        e->user = user;
                if (streq(e->user, user))
                        return e;
        }
}

int user_tallies_init(UserTallies *t, const JobTable *jobs) {
        size_t n = 16;

        while (n < jobs->n * 2)
                n *= 2;
        t->entries = calloc(n, sizeof(*t->entries));
        if (!t->entries)
                return -ENOMEM;
        t->n = n;
        for (size_t i = 0; i < jobs->n; i++) {
                const Record *r = &jobs->jobs[i]->record;

                if (job_state_holds_slot(r->state))
                        user_tallies_find(t, r->user)->running++;
        }
        return 0;
}

void user_tallies_done(UserTallies *t) {
        free(t->entries);
        *t = (UserTallies){};
}
