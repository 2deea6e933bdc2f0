/* SPDX-License-Identifier: MIT */
#include "tools/assemble/learners.h"

#include "spool/base/digest.h"

int learners_add(Learners *l, const CsvCell *user, bool value) {
        char *copy;

        if (l->n == l->allocated) {
                size_t wanted = l->allocated > 0 ? 2 * l->allocated : 256;
                Learner *bigger = reallocarray(l->items, wanted, sizeof(*bigger));

                if (!bigger)
                        return -ENOMEM;
                l->items = bigger;
                l->allocated = wanted;
        }
        copy = malloc(user->size + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, user->data, user->size);
        copy[user->size] = '\0';
        l->items[l->n++] = (Learner){ .user = copy, .size = user->size, .value = value };
        return 0;
}

static int compare_users(const void *a, const void *b) {
        const Learner *x = a, *y = b;
        int c = memcmp(x->user, y->user, x->size < y->size ? x->size : y->size);

        return c != 0 ? c : (x->size > y->size) - (x->size < y->size);
}

static int compare_learners(const void *a, const void *b) {
        int c = compare_users(a, b);

        return c != 0 ? c : (int) ((const Learner *) a)->value - (int) ((const Learner *) b)->value;
}

void learners_sort(Learners *l) {
        size_t n = 0;

        if (l->n == 0)
                return;
        qsort(l->items, l->n, sizeof(*l->items), compare_learners);
        for (size_t i = 0; i < l->n; i++)
                if (n > 0 && compare_users(&l->items[n - 1], &l->items[i]) == 0)
                        free(l->items[i].user);
                else
                        l->items[n++] = l->items[i];
        l->n = n;
}

Learner *learners_find(const Learners *l, const CsvCell *user) {
        Learner key = { .user = (char *) user->data, .size = user->size };

        return l->n > 0 ? bsearch(&key, l->items, l->n, sizeof(*l->items), compare_users) : NULL;
}

/* Numbers that are the same everywhere: a counter, mixed (SplitMix64). */
static uint64_t next_number(uint64_t *state) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

/* From 0 to n - 1, each as likely as the others. */
static uint64_t next_below(uint64_t *state, uint64_t n) {
        uint64_t biased = UINT64_MAX - UINT64_MAX % n, number;

        do
                number = next_number(state);
        while (number >= biased);
        return number % n;
}

static int seed_state(const char *seed, uint64_t *ret) {
        _cleanup_(digest_freep) Digest *d = NULL;
        char hex[DIGEST_LENGTH + 1];
        int r;

        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, seed, strlen(seed));
        if (r >= 0)
                r = digest_finish(d, hex);
        if (r < 0)
                return r;
        hex[16] = '\0';
        *ret = strtoull(hex, NULL, 16);
        return 0;
}

ssize_t learners_divide(Learners *l, unsigned k, const char *seed) {
        _cleanup_free_ size_t *order = NULL;
        uint64_t state;
        size_t dealt = 0;
        int r;

        r = seed_state(seed, &state);
        if (r < 0)
                return r;
        order = calloc(l->n + 1, sizeof(*order));
        if (!order)
                return -ENOMEM;
        for (unsigned value = 0; value < 2; value++) {
                size_t n = 0;

                for (size_t i = 0; i < l->n; i++)
                        if (l->items[i].featured && l->items[i].value == (value == 1))
                                order[n++] = i;
                for (size_t i = n; i > 1; i--) {
                        size_t other = (size_t) next_below(&state, i), kept = order[i - 1];

                        order[i - 1] = order[other];
                        order[other] = kept;
                }
                /* Where the one label ends the other goes on, so that folds differ by one learner at most. */
                for (size_t i = 0; i < n; i++)
                        l->items[order[i]].fold = (unsigned) (dealt++ % k) + 1;
        }
        return (ssize_t) dealt;
}

void learners_done(Learners *l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i].user);
        free(l->items);
        *l = (Learners){};
}
