/* SPDX-License-Identifier: MIT */

/* Who read which thread when: activity_log and the read records. */

#include "tools/synth/dump.h"
#include "tools/synth/php.h"

/* Threads remembered per learner for the read records; who reads more loses the earliest. */
#define READS_MAX 96u

typedef struct Walk {
        const Export *export;
        Sqldump *dump;
        int64_t id;
} Walk;

static void put_activity(Walk *w, const Visit *v, const Action *a, const char *action, int64_t item) {
        sqldump_row(w->dump);
        sqldump_int(w->dump, "id", ++w->id);
        sqldump_int(w->dump, "user_id", learner_user_id(w->export->session, v->learner.number));
        sqldump_text(w->dump, "module", "forum");
        sqldump_text(w->dump, "action", action);
        sqldump_int(w->dump, "item_id", item);
        sqldump_text(w->dump, "metadata", "");
        sqldump_int(w->dump, "timestamp", a->time_ms / 1000);
}

static void on_action(void *userdata, const Visit *v, const Action *a) {
        Walk *w = userdata;
        uint32_t thread;

        if (a->kind == ACTION_FORUM_INDEX)
                put_activity(w, v, a, "view.forum", 0);
        if (a->kind != ACTION_THREAD_VIEW)
                return;
        thread = forum_pick_thread(w->export->forum, (uint32_t) (a->time_ms / 1000), a->key);
        if (thread != SYLLABUS_NONE)
                put_activity(w, v, a, "view.thread", (int64_t) thread + 1);
}

typedef struct Reads {
        const Export *export;
        size_t n;
        struct {
                uint32_t thread, time;
        } reads[READS_MAX];
} Reads;

static void keep_read(void *userdata, const Visit *v, const Action *a) {
        Reads *r = userdata;
        uint32_t time = (uint32_t) (a->time_ms / 1000), thread;
        size_t i;

        (void) v;
        if (a->kind != ACTION_THREAD_VIEW)
                return;
        thread = forum_pick_thread(r->export->forum, time, a->key);
        if (thread == SYLLABUS_NONE)
                return;
        for (i = 0; i < r->n; i++)
                if (r->reads[i].thread == thread)
                        break;
        if (i == READS_MAX) {
                memmove(r->reads, r->reads + 1, sizeof(r->reads[0]) * (READS_MAX - 1));
                i--;
        }
        if (i >= r->n)
                r->n = i + 1;
        r->reads[i].thread = thread;
        r->reads[i].time = time;
}

/* One row for each area of which the learner read something; who read everything marks it with "_all". */
static void put_records(Sqldump *d, const Export *e, uint32_t number, const Reads *r, Php *php) {
        char key[64];

        for (unsigned area = 0; area < FORUM_AREAS; area++) {
                size_t n = 0;

                for (size_t i = 0; i < r->n; i++)
                        n += e->forum->threads[r->reads[i].thread].head.area == area;
                if (n == 0)
                        continue;
                php_clear(php);
                if (number % 50 == 7) {
                        php_array(php, 1);
                        php_string(php, "_all");
                        php_int(php, r->reads[r->n - 1].time);
                } else {
                        php_array(php, n);
                        for (size_t i = 0; i < r->n; i++)
                                if (e->forum->threads[r->reads[i].thread].head.area == area) {
                                        php_int(php, (int64_t) r->reads[i].thread + 1);
                                        php_int(php, r->reads[i].time);
                                }
                }
                php_end(php);
                (void) snprintf(
                        key, sizeof(key), "forum_%d.%u", forum_area_ids[area], learner_user_id(e->session, number));
                sqldump_row(d);
                sqldump_text(d, "key", key);
                sqldump_text(d, "value", php->text);
        }
}

int dump_forum_reading(Sqldump *d, const Export *e) {
        _cleanup_free_ Php *php = malloc(sizeof(*php));
        Walk w = { .export = e, .dump = d };
        Reads reads;
        int r;

        if (!php)
                return -ENOMEM;
        sqldump_table(d, "activity_log", 0);
        r = activity_by_day(e->session, e->syllabus, on_action, &w);
        if (r < 0)
                return r;
        sqldump_table(d, "kvs_course.forum_readrecord", 0);
        for (uint32_t i = 0; i < e->session->learners; i++) {
                reads.export = e;
                reads.n = 0;
                activity_of_learner(e->session, e->syllabus, i, keep_read, &reads);
                put_records(d, e, i, &reads, php);
        }
        return 0;
}
