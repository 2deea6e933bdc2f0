/* SPDX-License-Identifier: MIT */

/* The forum as written: areas, threads, posts, comments. */

#include "tools/synth/dump.h"
#include "tools/synth/fixed.h"

#define TAG_TITLE 801
/* Length of posts: half are shorter than this, with a long tail (about log-normal). */
#define POST_MEDIAN 291
#define POST_SPREAD FIXED(1.75)
#define POST_MIN 12
#define POST_MAX 11500
#define COMMENT_MEDIAN 160

static void put_area(Sqldump *d, const Session *s, int32_t id, int32_t parent, const char *name, unsigned order) {
        sqldump_row(d);
        sqldump_int(d, "id", id);
        sqldump_int(d, "parent_id", parent);
        sqldump_text(d, "name", name);
        sqldump_text(d, "description",
                id == 1 ? "Anything that belongs nowhere else.<br />\nBe kind; it's read by everybody." : "");
        sqldump_int(d, "can_post", id > 0 && id < 10000);
        sqldump_int(d, "display_order", order);
        sqldump_int(d, "open_time", id > 0 && id < 10000 ? s->start : 0);
        sqldump_int(d, "forum_moderators_only", id == 10001);
}

static void dump_areas(Sqldump *d, const Export *e) {
        sqldump_table(d, "forum_forums", FORUM_NEXT_ID);
        put_area(d, e->session, -2, -1, "Reported", 0);
        put_area(d, e->session, 0, -1, "Forums", 0);
        for (unsigned i = 0; i < FORUM_AREAS; i++)
                put_area(d, e->session, forum_area_ids[i], 0, forum_area_names[i], i + 1);
        put_area(d, e->session, 10001, 0, "Staff", 0);
}

static void dump_threads(Sqldump *d, const Export *e) {
        const Forum *f = e->forum;
        const Session *s = e->session;
        char title[256];

        sqldump_table(d, "forum_threads", f->n_threads + 1);
        for (size_t i = 0; i < f->n_threads; i++) {
                const ForumThread *t = f->threads + i;
                uint64_t key = prng_key(prng_key(f->key, TAG_TITLE), i);

                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) i + 1);
                sqldump_int(d, "forum_id", forum_area_ids[t->head.area]);
                sqldump_int(d, "user_id", forum_user_id(s, t->head.author));
                sqldump_int(d, "posted_time", t->head.time);
                sqldump_int(d, "last_updated_time", t->last_time);
                sqldump_int(d, "last_updated_user", forum_user_id(s, t->last_author));
                sqldump_int(d, "deleted", !!(t->head.flags & FORUM_DELETED));
                sqldump_int(d, "is_spam", !!(t->head.flags & FORUM_SPAM));
                sqldump_int(d, "stickied", i == 0);
                sqldump_int(d, "approved", t->staff_replied);
                sqldump_int(d, "unresolved", !t->staff_replied && key % 5 == 0);
                sqldump_int(d, "instructor_replied", t->staff_replied);
                sqldump_int(d, "num_posts", t->posts);
                sqldump_int(d, "num_views", t->posts * (7 + (int64_t) (key >> 8) % 20));
                sqldump_int(d, "votes", (int64_t) (key >> 16) % 5);
                sqldump_int(d, "anonymous", !!(t->head.flags & FORUM_ANONYMOUS));
                sqldump_text(d, "title",
                        i == 0 ? "Welcome!" : names_phrase(key, 3 + (unsigned) (key >> 24) % 7, title, sizeof(title)));
        }
}

/* The text of a contribution. Return: its length. */
static size_t compose(uint64_t key, int64_t median, char ret[static NAMES_TEXT_MAX]) {
        Prng p = prng_make(key);
        int64_t length = fixed_mul(median, fixed_exp2(fixed_mul(POST_SPREAD, prng_normal(&p))));

        length = length < POST_MIN ? POST_MIN : length > POST_MAX ? POST_MAX : length;
        return names_prose(prng_next(&p), (size_t) length, ret);
}

static const char *text_type(const Contribution *c) {
        return c->flags & FORUM_HTML ? "html" : "markdown";
}

static void dump_posts(Sqldump *d, const Export *e) {
        const Forum *f = e->forum;
        char text[NAMES_TEXT_MAX];

        sqldump_table(d, "forum_posts", f->n_posts + 1);
        for (size_t i = 0; i < f->n_posts; i++) {
                const Contribution *c = f->posts + i;
                uint64_t key = prng_key(forum_post_key(f, i), 3);

                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) i + 1);
                sqldump_int(d, "thread_id", (int64_t) c->thread + 1);
                sqldump_int(d, "user_id", forum_user_id(e->session, c->author));
                sqldump_int(d, "post_time", c->time);
                sqldump_int(d, "edit_time", c->flags & FORUM_EDITED ? (int64_t) c->time + 300 : -1);
                sqldump_int(d, "deleted", !!(c->flags & FORUM_DELETED));
                sqldump_int(d, "is_spam", !!(c->flags & FORUM_SPAM));
                sqldump_int(d, "original", !!(c->flags & FORUM_ORIGINAL));
                sqldump_int(d, "approved", !!(c->flags & FORUM_STAFF));
                sqldump_int(d, "anonymous", !!(c->flags & FORUM_ANONYMOUS));
                sqldump_int(d, "votes", c->votes);
                sqldump_bytes(d, "post_text", text, compose(key, POST_MEDIAN, text));
                sqldump_text(d, "user_agent", names_user_agent(key >> 8));
                sqldump_text(d, "text_type", text_type(c));
        }
}

static void dump_comments(Sqldump *d, const Export *e) {
        const Forum *f = e->forum;
        char text[NAMES_TEXT_MAX];

        sqldump_table(d, "forum_comments", f->n_comments + 1);
        for (size_t i = 0; i < f->n_comments; i++) {
                const Contribution *c = f->comments + i;
                uint64_t key = prng_key(forum_comment_key(f, i), 3);

                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) i + 1);
                sqldump_int(d, "thread_id", (int64_t) c->thread + 1);
                sqldump_int(d, "post_id", (int64_t) c->post + 1);
                sqldump_int(d, "user_id", forum_user_id(e->session, c->author));
                sqldump_int(d, "post_time", c->time);
                sqldump_int(d, "deleted", !!(c->flags & FORUM_DELETED));
                sqldump_int(d, "is_spam", !!(c->flags & FORUM_SPAM));
                sqldump_int(d, "votes", c->votes);
                sqldump_int(d, "anonymous", !!(c->flags & FORUM_ANONYMOUS));
                sqldump_bytes(d, "comment_text", text, compose(key, COMMENT_MEDIAN, text));
                sqldump_text(d, "user_agent", names_user_agent(key >> 8));
                sqldump_text(d, "text_type", text_type(c));
        }
}

void dump_forum(Sqldump *d, const Export *e) {
        dump_areas(d, e);
        dump_threads(d, e);
        dump_posts(d, e);
        dump_comments(d, e);
}
