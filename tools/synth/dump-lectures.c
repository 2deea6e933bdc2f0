/* SPDX-License-Identifier: MIT */

/* Lectures, quizzes and assignments: what there is, and what was handed in. */

#include "tools/synth/dump.h"

#define TAG_ITEM 1001
/* Days for which late work still counts for something. */
#define GRACE_DAYS 7
/* A submission in so many names the copy of an item instead of its master. */
#define COPY_ONE_IN 16

typedef struct Walk {
        const Export *export;
        Sqldump *dump;
        int64_t id;
} Walk;

static void put_dates(Sqldump *d, int64_t open, int64_t soft, int64_t hard) {
        sqldump_int(d, "open_time", open);
        sqldump_int(d, "soft_close_time", soft);
        sqldump_int(d, "hard_close_time", hard);
}

static void put_lecture(Sqldump *d, const Export *e, uint32_t i, bool copy) {
        const Lecture *l = e->syllabus->lectures + i;
        int64_t open = syllabus_open(e->syllabus, l->week);
        char text[NAMES_TITLE_MAX], phrase[64];

        sqldump_row(d);
        sqldump_int(d, "id", copy ? l->copy_id : l->id);
        sqldump_int(d, "parent_id", copy ? (int64_t) l->id : -1);
        put_dates(d, open, e->syllabus->end, e->syllabus->end + GRACE_DAYS * CALENDAR_DAY);
        (void) names_phrase(prng_key(prng_key(e->session->key, TAG_ITEM), i), 3, phrase, sizeof(phrase));
        (void) snprintf(
                        text, sizeof(text), "%u.%u %s%s (%u:%02u)", l->week + 1, i % e->syllabus->lectures_per_week + 1,
                        copy ? "draft: " : "", phrase, l->length / 60, l->length % 60);
        sqldump_text(d, "title", text);
        (void) snprintf(text, sizeof(text), "lecture_%03u.mp4", i + 1);
        sqldump_text(d, "source_video", text);
        sqldump_thousandths(d, "video_length", l->length * 1000);
        if (l->quiz != SYLLABUS_NONE)
                sqldump_int(d, "quiz_id", e->syllabus->quizzes[l->quiz].id);
        sqldump_int(d, "final", !copy);
        sqldump_int(d, "last_updated", open - CALENDAR_DAY);
}

static void dump_lecture_metadata(Sqldump *d, const Export *e) {
        uint32_t n = e->syllabus->n_lectures;

        sqldump_table(d, "lecture_metadata", 2 * n + 2);
        for (uint32_t i = 0; i < n; i++) {
                put_lecture(d, e, i, false);
                put_lecture(d, e, i, true);
        }
        /* One that was never published: no dates, no video. */
        sqldump_row(d);
        sqldump_int(d, "id", 2 * n + 1);
        sqldump_text(d, "title", "Bonus interview");
        sqldump_int(d, "deleted", 1);
}

static void on_lecture(void *userdata, const Visit *v, const Action *a) {
        Walk *w = userdata;
        char hex[LEARNER_HEX_LENGTH + 1];
        const Lecture *l;

        if (a->kind != ACTION_LECTURE_VIEW && a->kind != ACTION_LECTURE_DOWNLOAD)
                return;
        l = w->export->syllabus->lectures + a->item;
        learner_hex(w->export->session, v->learner.number, hex);
        sqldump_row(w->dump);
        sqldump_int(w->dump, "id", ++w->id);
        sqldump_int(w->dump, "item_id", a->key % COPY_ONE_IN == 0 ? l->copy_id : l->id);
        sqldump_text(w->dump, "session_user_id", hex);
        sqldump_int(w->dump, "submission_time", a->time_ms / 1000);
        sqldump_int(w->dump, "submission_number", 1);
        sqldump_text(w->dump, "action", a->kind == ACTION_LECTURE_VIEW ? "view" : "download");
}

int dump_lectures(Sqldump *d, const Export *e) {
        Walk w = { .export = e, .dump = d };

        dump_lecture_metadata(d, e);
        sqldump_table(d, "lecture_submission_metadata", 0);
        return activity_by_day(e->session, e->syllabus, on_lecture, &w);
}

static void put_quiz(Sqldump *d, const Export *e, uint32_t i, bool copy) {
        const Quiz *q = e->syllabus->quizzes + i;
        int64_t open = syllabus_open(e->syllabus, q->week);
        bool graded = i < e->syllabus->survey;
        char title[NAMES_TITLE_MAX];

        sqldump_row(d);
        sqldump_int(d, "id", copy ? q->copy_id : q->id);
        sqldump_int(d, "parent_id", copy ? (int64_t) q->id : -1);
        put_dates(
                        d, open, graded ? syllabus_due(e->syllabus, q->week) : e->syllabus->end,
                        e->syllabus->end + GRACE_DAYS * CALENDAR_DAY);
        (void) snprintf(
                        title, sizeof(title), "%s%s %u", copy ? "Draft: " : "", quiz_type_to_string(q->type),
                        graded ? q->week + 1 : i);
        sqldump_text(d, "title", title);
        sqldump_int(d, "duration", q->type == QUIZ_TYPE_EXAM ? 7200 : 0);
        sqldump_text(d, "quiz_type", quiz_type_to_string(q->type));
        sqldump_int(d, "deleted", 0);
        sqldump_int(d, "last_updated", open - CALENDAR_DAY);
}

static void dump_quiz_metadata(Sqldump *d, const Export *e) {
        uint32_t n = e->syllabus->n_quizzes;

        sqldump_table(d, "quiz_metadata", 2 * n + 2);
        for (uint32_t i = 0; i < n; i++) {
                put_quiz(d, e, i, false);
                put_quiz(d, e, i, true);
        }
        /* One that was never published. */
        sqldump_row(d);
        sqldump_int(d, "id", 2 * n + 1);
        sqldump_text(d, "title", "Practice quiz");
        sqldump_int(d, "duration", 0);
        sqldump_text(d, "quiz_type", "quiz");
        sqldump_int(d, "deleted", 1);
}

static void on_quiz(void *userdata, const Visit *v, const Action *a) {
        Walk *w = userdata;
        char hex[LEARNER_HEX_LENGTH + 1];
        const Quiz *q;

        if (a->kind != ACTION_QUIZ_SUBMIT)
                return;
        q = w->export->syllabus->quizzes + a->item;
        learner_hex(w->export->session, v->learner.number, hex);
        sqldump_row(w->dump);
        sqldump_int(w->dump, "id", ++w->id);
        sqldump_int(w->dump, "item_id",
                v->key % COPY_ONE_IN == 0 && v->learner.number != LEARNER_ANCHOR_STAYS ? q->copy_id : q->id);
        sqldump_text(w->dump, "session_user_id", hex);
        sqldump_int(w->dump, "submission_time", (a->time_ms + a->duration_ms) / 1000);
        sqldump_int(w->dump, "submission_number", a->number);
        if (a->score >= 0)
                sqldump_thousandths(w->dump, "raw_score", a->score * 1000);
        sqldump_int(w->dump, "grading_error", 0);
}

int dump_quizzes(Sqldump *d, const Export *e) {
        Walk w = { .export = e, .dump = d };

        dump_quiz_metadata(d, e);
        sqldump_table(d, "quiz_submission_metadata", 0);
        return activity_by_day(e->session, e->syllabus, on_quiz, &w);
}

static void dump_assignment_metadata(Sqldump *d, const Export *e) {
        char text[64];

        sqldump_table(d, "assignment_metadata", SYLLABUS_ASSIGNMENTS + 1);
        for (unsigned a = 0; a < SYLLABUS_ASSIGNMENTS; a++) {
                unsigned week = e->session->weeks * (a + 1) / (SYLLABUS_ASSIGNMENTS + 1);

                sqldump_row(d);
                sqldump_int(d, "id", a + 1);
                put_dates(d, syllabus_open(e->syllabus, week), syllabus_due(e->syllabus, week), e->syllabus->end);
                (void) snprintf(text, sizeof(text), "Programming assignment %u", a + 1);
                sqldump_text(d, "title", text);
                sqldump_int(d, "maximum_submissions", 100);
        }
        sqldump_table(d, "assignment_part_metadata", SYLLABUS_ASSIGNMENTS * SYLLABUS_PARTS_PER_ASSIGNMENT + 1);
        for (unsigned i = 0; i < SYLLABUS_ASSIGNMENTS * SYLLABUS_PARTS_PER_ASSIGNMENT; i++) {
                sqldump_row(d);
                sqldump_int(d, "id", i + 1);
                sqldump_int(d, "assignment_id", i / SYLLABUS_PARTS_PER_ASSIGNMENT + 1);
                (void) snprintf(text, sizeof(text), "part-%u", i + 1);
                sqldump_text(d, "sid", text);
                sqldump_int(d, "part_order", i % SYLLABUS_PARTS_PER_ASSIGNMENT + 1);
                sqldump_int(d, "maximum_score", 10);
                sqldump_int(d, "retry_delay", 0);
                sqldump_int(d, "optional", 0);
                sqldump_int(d, "maximum_submissions", 100);
                sqldump_text(d, "title", text);
                sqldump_text(d, "grader", "grader.py");
                sqldump_int(d, "deleted", 0);
        }
}

static void on_assignment(void *userdata, const Visit *v, const Action *a) {
        Walk *w = userdata;
        char hex[LEARNER_HEX_LENGTH + 1];

        if (a->kind != ACTION_ASSIGNMENT_SUBMIT)
                return;
        learner_hex(w->export->session, v->learner.number, hex);
        sqldump_row(w->dump);
        sqldump_int(w->dump, "id", ++w->id);
        sqldump_int(w->dump, "item_id", a->item + 1);
        sqldump_text(w->dump, "session_user_id", hex);
        sqldump_int(w->dump, "submission_time", (a->time_ms + a->duration_ms) / 1000);
        sqldump_int(w->dump, "submission_number", a->number);
        sqldump_thousandths(w->dump, "raw_score", a->score * 1000);
}

int dump_assignments(Sqldump *d, const Export *e) {
        Walk w = { .export = e, .dump = d };

        dump_assignment_metadata(d, e);
        sqldump_table(d, "assignment_submission_metadata", 0);
        return activity_by_day(e->session, e->syllabus, on_assignment, &w);
}
