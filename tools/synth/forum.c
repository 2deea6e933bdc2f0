/* SPDX-License-Identifier: MIT */

#include "tools/synth/fixed.h"
#include "tools/synth/forum.h"

#define TAG_FORUM 401

#define SPAM_CHANCE FIXED(0.012)
#define DELETED_CHANCE FIXED(0.025)
#define ANONYMOUS_CHANCE FIXED(0.07)
#define HTML_CHANCE FIXED(0.3)
#define EDITED_CHANCE FIXED(0.1)
#define GHOST_CHANCE FIXED(0.012)
#define STAFF_REPLY_CHANCE FIXED(0.29)
#define STAFF_DELAY_MAX (48u * 3600)
#define STAFF_PENDING_MAX 64u
#define VOTED_CHANCE FIXED(0.35)
#define VOTES_MAX 6u

const int32_t forum_area_ids[FORUM_AREAS] = { 1, 2, 3, 4, 5, 6 };
const char *const forum_area_names[FORUM_AREAS] = {
        "General Discussion", "Lectures", "Assignments", "Exams", "Course Material Errors", "Study Groups",
};

typedef struct StaffReply {
        uint32_t due, thread;
} StaffReply;

typedef struct Builder {
        const Session *session;
        Forum *forum;
        StaffReply pending[STAFF_PENDING_MAX];
        size_t n_pending;
        int error;
} Builder;

Forum *forum_free(Forum *f) {
        if (!f)
                return NULL;
        free(f->threads);
        free(f->posts);
        free(f->comments);
        free(f);
        return NULL;
}

/* Room for one more member. Return: 0 or -ENOMEM. */
static int grow(void **array, size_t *allocated, size_t used, size_t member) {
        size_t n = *allocated > 0 ? *allocated * 2 : 256;
        void *p;

        if (used < *allocated)
                return 0;
        p = reallocarray(*array, n, member);
        if (!p)
                return -ENOMEM;
        *array = p;
        *allocated = n;
        return 0;
}

unsigned forum_votes(const Session *s, const Contribution *c, uint64_t key) {
        Prng p = prng_make(prng_key(key, 1));

        if (c->flags & (FORUM_SPAM | FORUM_DELETED) || !prng_chance(&p, VOTED_CHANCE))
                return 0;
        return 1 + prng_below(&p, s->learners / 2 < VOTES_MAX ? s->learners / 2 : VOTES_MAX);
}

void forum_vote(
        const Session *s, const Contribution *c, uint64_t key, unsigned k, uint32_t *ret_voter, int *ret_direction) {
        Prng p = prng_make(prng_key(key, 2));
        uint32_t first = prng_below(&p, s->learners), direction = prng_below(&p, 256);

        *ret_voter = (first + k) % s->learners;
        /* Nobody votes on his own contribution: his turn goes to the one past the last. */
        if (*ret_voter == c->author)
                *ret_voter = (first + VOTES_MAX + 1) % s->learners;
        *ret_direction = (direction >> k) & 1 && (direction >> (k + 1)) & 1 ? -1 : 1;
}

static int16_t sum_votes(const Session *s, const Contribution *c, uint64_t key) {
        unsigned n = forum_votes(s, c, key);
        int sum = 0;

        for (unsigned k = 0; k < n; k++) {
                uint32_t voter;
                int direction;

                forum_vote(s, c, key, k, &voter, &direction);
                sum += direction;
        }
        return (int16_t) sum;
}

static int add_post(Builder *b, Contribution c) {
        Forum *f = b->forum;
        ForumThread *t = f->threads + c.thread;
        int r;

        r = grow((void **) &f->posts, &f->posts_allocated, f->n_posts, sizeof(*f->posts));
        if (r < 0)
                return r;
        c.votes = sum_votes(b->session, &c, forum_post_key(f, f->n_posts));
        f->posts[f->n_posts++] = c;
        t->posts++;
        t->staff_replied = t->staff_replied || (c.flags & FORUM_STAFF && !(c.flags & FORUM_ORIGINAL));
        if (c.time >= t->last_time) {
                t->last_time = c.time;
                t->last_author = c.author;
        }
        return 0;
}

static int add_thread(Builder *b, Contribution c) {
        Forum *f = b->forum;
        int r;

        r = grow((void **) &f->threads, &f->threads_allocated, f->n_threads, sizeof(*f->threads));
        if (r < 0)
                return r;
        c.thread = (uint32_t) f->n_threads;
        c.flags |= FORUM_ORIGINAL;
        f->threads[f->n_threads++] = (ForumThread) { .head = c, .last_time = c.time, .last_author = c.author };
        return add_post(b, c);
}

static int add_comment(Builder *b, Contribution c) {
        Forum *f = b->forum;
        int r;

        r = grow((void **) &f->comments, &f->comments_allocated, f->n_comments, sizeof(*f->comments));
        if (r < 0)
                return r;
        c.votes = sum_votes(b->session, &c, forum_comment_key(f, f->n_comments));
        f->comments[f->n_comments++] = c;
        return 0;
}

static uint32_t staff_member(const Session *s, uint64_t key) {
        return s->registered + (uint32_t) (key % CAMPUS_STAFF);
}

/* Replies of the staff that have come due by now, oldest thread first. */
static int add_staff_replies(Builder *b, uint32_t now) {
        size_t kept = 0;
        int r = 0;

        for (size_t i = 0; i < b->n_pending; i++) {
                const StaffReply *s = b->pending + i;

                if (s->due > now || r < 0)
                        b->pending[kept++] = *s;
                else
                        r = add_post(b, (Contribution) {
                                .time = s->due,
                                .author = staff_member(b->session, s->due),
                                .thread = s->thread,
                                .flags = FORUM_STAFF,
                        });
        }
        b->n_pending = kept;
        return r;
}

static uint8_t draw_flags(Prng *p) {
        uint8_t flags = 0;

        if (prng_chance(p, SPAM_CHANCE))
                flags |= FORUM_SPAM;
        if (prng_chance(p, DELETED_CHANCE))
                flags |= FORUM_DELETED;
        if (prng_chance(p, ANONYMOUS_CHANCE))
                flags |= FORUM_ANONYMOUS;
        if (prng_chance(p, EDITED_CHANCE))
                flags |= FORUM_EDITED;
        return prng_chance(p, HTML_CHANCE) ? flags | FORUM_HTML : flags;
}

/* An index below n, the latest most often. */
static uint32_t pick_recent(uint64_t key, size_t n) {
        Prng p = prng_make(key);
        uint64_t u = prng_below(&p, FIXED_ONE);

        return (uint32_t) (n - 1 - ((u * u >> 16) * n >> 16));
}

static int contribute(Builder *b, const Visit *v, const Action *a) {
        Forum *f = b->forum;
        Prng p = prng_make(a->key);
        Contribution c = { .time = (uint32_t) (a->time_ms / 1000), .author = v->learner.number };
        uint32_t i;

        if (v->learner.number != LEARNER_ANCHOR_STAYS) {
                c.flags = draw_flags(&p);
                if (prng_chance(&p, GHOST_CHANCE))
                        c.author = FORUM_GHOST | v->learner.number;
        }
        if (a->item == CONTRIBUTION_THREAD) {
                c.area = (uint8_t) prng_below(&p, FORUM_AREAS);
                if (prng_chance(&p, STAFF_REPLY_CHANCE) && b->n_pending < STAFF_PENDING_MAX)
                        b->pending[b->n_pending++] = (StaffReply) {
                                .due = c.time + 3600 + prng_below(&p, STAFF_DELAY_MAX),
                                .thread = (uint32_t) f->n_threads,
                        };
                return add_thread(b, c);
        }
        i = pick_recent(prng_next(&p), a->item == CONTRIBUTION_POST ? f->n_threads : f->n_posts);
        if (a->item == CONTRIBUTION_POST) {
                c.thread = i;
                /* Visits overlap: nobody answers what is not written yet. */
                if (f->threads[i].head.time >= c.time)
                        c.time = f->threads[i].head.time + 60;
                return add_post(b, c);
        }
        c.post = i;
        c.thread = f->posts[i].thread;
        if (f->posts[i].time >= c.time)
                c.time = f->posts[i].time + 60;
        return add_comment(b, c);
}

static void on_action(void *userdata, const Visit *v, const Action *a) {
        Builder *b = userdata;

        if (a->kind != ACTION_CONTRIBUTE || b->error < 0)
                return;
        b->error = add_staff_replies(b, (uint32_t) (a->time_ms / 1000));
        if (b->error >= 0)
                b->error = contribute(b, v, a);
}

/* What every forum begins with: a welcome, and one each of the rows that careless readers forget. */
static int add_first(Builder *b) {
        const Session *s = b->session;
        uint32_t t = (uint32_t) (s->start - LEARNER_EARLY_WEEKS * CALENDAR_WEEK);
        Contribution first[] = {
                { .time = t, .author = staff_member(s, 0), .flags = FORUM_STAFF | FORUM_HTML },
                { .time = t + 60, .author = FORUM_GHOST | 1, .flags = FORUM_SPAM },
                { .time = t + 120, .author = FORUM_GHOST | 2, .flags = FORUM_DELETED },
                { .time = t + 180, .author = FORUM_GHOST | 3, .flags = FORUM_ANONYMOUS },
        };
        int r = add_thread(b, first[0]);

        for (unsigned i = 1; r >= 0 && i < ELEMENTSOF(first); i++)
                r = add_post(b, first[i]);
        for (unsigned i = 1; r >= 0 && i < ELEMENTSOF(first); i++) {
                first[i].time += 600;
                r = i == 3 ? add_comment(b, first[i]) : add_thread(b, first[i]);
        }
        return r;
}

int forum_new(const Session *s, const Syllabus *y, Forum **ret) {
        _cleanup_(forum_freep) Forum *f = calloc(1, sizeof(*f));
        Builder b = { .session = s, .forum = f };
        int r;

        if (!f)
                return -ENOMEM;
        f->key = prng_key(s->key, TAG_FORUM);
        r = add_first(&b);
        if (r < 0)
                return r;
        r = activity_by_day(s, y, on_action, &b);
        if (r < 0)
                return r;
        if (b.error < 0)
                return b.error;
        r = add_staff_replies(&b, UINT32_MAX);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}

uint32_t forum_pick_thread(const Forum *f, uint32_t time, uint64_t key) {
        size_t low = 0, high = f->n_threads;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (f->threads[middle].head.time <= time)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == 0)
                return SYLLABUS_NONE;
        low = pick_recent(key, low);
        /* Visits overlap, so the threads are only nearly in order of time; the first is before all others. */
        while (f->threads[low].head.time > time)
                low--;
        return (uint32_t) low;
}

uint32_t forum_user_id(const Session *s, uint32_t author) {
        return author & FORUM_GHOST ? learner_ghost_id(s->key ^ author) : learner_user_id(s, author);
}
