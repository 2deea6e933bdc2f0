/* SPDX-License-Identifier: MIT */

/* What hangs on the forum's contributions: tags, votes, reports, subscriptions. */

#include "tools/synth/dump.h"

#define TAG_MARKS 901

static void dump_tags(Sqldump *d, const Export *e) {
        const Forum *f = e->forum;
        uint64_t marks = prng_key(f->key, TAG_MARKS);

        sqldump_table(d, "forum_tags", NAMES_TAGS + 1);
        for (unsigned i = 0; i < NAMES_TAGS; i++) {
                sqldump_row(d);
                sqldump_int(d, "id", i + 1);
                sqldump_text(d, "tag_name", names_tag(i));
        }
        sqldump_table(d, "forum_tags_threads", 0);
        for (size_t i = 0; i < f->n_threads; i++) {
                uint64_t key = prng_key(marks, i);

                for (unsigned k = 0; k < key % 4; k++) {
                        sqldump_row(d);
                        /* Steps of seven through twenty tags: no tag twice. */
                        sqldump_int(d, "tag_id", (int64_t) ((key >> 8) + 7 * k) % NAMES_TAGS + 1);
                        sqldump_int(d, "thread_id", (int64_t) i + 1);
                        sqldump_int(d, "user_id", forum_user_id(e->session, f->threads[i].head.author));
                        sqldump_int(d, "timestamp", f->threads[i].head.time);
                }
        }
}

static void put_record(
                Sqldump *d, const Export *e, const Contribution *c, uint64_t key, size_t i, const char *type,
                int16_t *points) {

        unsigned n = forum_votes(e->session, c, key);

        for (unsigned k = 0; k < n; k++) {
                uint32_t voter;
                int direction;

                forum_vote(e->session, c, key, k, &voter, &direction);
                if (c->author < e->session->people)
                        points[c->author] = (int16_t) (points[c->author] + direction);
                sqldump_row(d);
                sqldump_int(d, "user_id", learner_user_id(e->session, voter));
                sqldump_int(d, "pc_id", (int64_t) i + 1);
                sqldump_text(d, "type", type);
                sqldump_int(d, "direction", direction);
                sqldump_int(d, "timestamp", (int64_t) c->time + 600 * (k + 1));
        }
}

static int dump_reputation(Sqldump *d, const Export *e) {
        const Forum *f = e->forum;
        _cleanup_free_ int16_t *points = calloc(e->session->people, sizeof(*points));

        if (!points)
                return -ENOMEM;
        sqldump_table(d, "forum_reputation_record", 0);
        for (size_t i = 0; i < f->n_posts; i++)
                put_record(d, e, f->posts + i, forum_post_key(f, i), i, "post", points);
        for (size_t i = 0; i < f->n_comments; i++)
                put_record(d, e, f->comments + i, forum_comment_key(f, i), i, "comment", points);
        sqldump_table(d, "forum_reputation_points", 0);
        for (uint32_t i = 0; i < e->session->people; i++)
                if (points[i] != 0 || i == LEARNER_ANCHOR_STAYS) {
                        sqldump_row(d);
                        sqldump_int(d, "user_id", learner_user_id(e->session, i));
                        sqldump_int(d, "points", points[i]);
                }
        return 0;
}

static void dump_reports(Sqldump *d, const Export *e) {
        const Forum *f = e->forum;
        unsigned n = 0;

        sqldump_table(d, "forum_reporting", 0);
        for (size_t i = 0; i < f->n_posts; i++) {
                if (!(f->posts[i].flags & FORUM_SPAM))
                        continue;
                sqldump_row(d);
                sqldump_int(d, "id", ++n);
                sqldump_int(d, "user_id", learner_user_id(e->session, (uint32_t) (i % e->session->learners)));
                sqldump_text(d, "report_type", "inappropriate");
                sqldump_text(d, "item_type", "post");
                sqldump_int(d, "item_id", (int64_t) i + 1);
                sqldump_text(d, "description", "This isn't about the course.\nPlease remove.");
                sqldump_int(d, "timestamp", (int64_t) f->posts[i].time + 900);
        }
}

static void dump_subscriptions(Sqldump *d, const Export *e) {
        const Forum *f = e->forum;

        sqldump_table(d, "forum_subscribe_forums", 0);
        for (uint32_t i = 0; i < e->session->learners; i += 23) {
                sqldump_row(d);
                sqldump_int(d, "user_id", learner_user_id(e->session, i));
                sqldump_int(d, "forum_id", forum_area_ids[i / 23 % FORUM_AREAS]);
                sqldump_int(d, "start_time", e->session->start + i % 86400);
        }
        sqldump_table(d, "forum_subscribe_threads", 0);
        for (size_t i = 0; i < f->n_threads; i++) {
                sqldump_row(d);
                sqldump_int(d, "user_id", forum_user_id(e->session, f->threads[i].head.author));
                sqldump_int(d, "thread_id", (int64_t) i + 1);
                sqldump_int(d, "start_time", f->threads[i].head.time);
        }
}

int dump_forum_marks(Sqldump *d, const Export *e) {
        int r;

        dump_tags(d, e);
        r = dump_reputation(d, e);
        if (r < 0)
                return r;
        dump_reports(d, e);
        dump_subscriptions(d, e);
        return 0;
}
