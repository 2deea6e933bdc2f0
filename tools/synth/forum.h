/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The forum of a session: who wrote what when. Built once a session by a walk over the activity, in memory that grows
 * with the number of contributions (about one for ten people); texts are made when they are written out.
 */

#include "tools/synth/activity.h"

/* Numbers of the areas; 0, -2 and 10001 are special ones that readers leave out. */
#define FORUM_AREAS 6u
extern const int32_t forum_area_ids[FORUM_AREAS];
extern const char *const forum_area_names[FORUM_AREAS];
#define FORUM_NEXT_ID 10101u

/* An author whose account is deleted; the rest of the bits tell which. */
#define FORUM_GHOST UINT32_C(0x80000000)

typedef enum ForumFlags {
        FORUM_DELETED   = 1 << 0,
        FORUM_SPAM      = 1 << 1,
        FORUM_ANONYMOUS = 1 << 2,
        FORUM_ORIGINAL  = 1 << 3,
        FORUM_STAFF     = 1 << 4,
        FORUM_HTML      = 1 << 5,
        FORUM_EDITED    = 1 << 6,
} ForumFlags;

/* A thread, post or comment; its id is its index + 1. */
typedef struct Contribution {
        uint32_t time, author;
        uint32_t thread, post;          /* indexes; post: comments only */
        int16_t votes;
        uint8_t flags;
        uint8_t area;                   /* threads only: index into forum_area_ids */
} Contribution;

typedef struct ForumThread {
        Contribution head;
        uint32_t posts, last_time, last_author;
        bool staff_replied;
} ForumThread;

typedef struct Forum {
        uint64_t key;
        ForumThread *threads;
        Contribution *posts, *comments;
        size_t n_threads, n_posts, n_comments;
        size_t threads_allocated, posts_allocated, comments_allocated;
} Forum;

/* Return: 0 and a forum that forum_free() releases, or -ENOMEM. */
int forum_new(const Session *s, const Syllabus *y, Forum **ret);
Forum *forum_free(Forum *f);
DEFINE_CLEANUP(Forum *, forum_free);

/*
 * The thread that a view at this time (seconds) looks at, by its key. Return: an index, or SYLLABUS_NONE when there
 * is none yet.
 */
uint32_t forum_pick_thread(const Forum *f, uint32_t time, uint64_t key);

/* user_id of an author. */
uint32_t forum_user_id(const Session *s, uint32_t author);

/* The k-th vote (from 0) on a contribution: by whom (learner number, distinct) and in which direction (+1, -1). */
void forum_vote(
        const Session *s, const Contribution *c, uint64_t key, unsigned k, uint32_t *ret_voter, int *ret_direction);
/* How many votes it has. */
unsigned forum_votes(const Session *s, const Contribution *c, uint64_t key);

/* Keys of the votes and the text of post or comment i. */
static inline uint64_t forum_post_key(const Forum *f, size_t i) {
        return prng_key(f->key, 2 * i);
}
static inline uint64_t forum_comment_key(const Forum *f, size_t i) {
        return prng_key(f->key, 2 * i + 1);
}
