/* SPDX-License-Identifier: MIT */

/* Who is registered, and with what result. */

#include "tools/synth/dump.h"
#include "tools/synth/fixed.h"

#define TAG_ACCOUNT 701
#define GRADE_NORMAL 69000
#define GRADE_DISTINCTION 90000
#define LATE_DAYS 5

static const struct {
        const char *name, *title;
        bool initial, staff, forum, banned;
} groups[] = {
        { "Administrator", "Administrator", false, true, true, false },
        { "Instructor", "Instructor", false, true, true, false },
        { "Teaching Staff", "Staff", false, true, true, false },
        { "Student", "", true, false, false, false },
        { "Blocked", "", false, false, false, true },
        { "Student Access", "", false, false, false, false },
        { "School Administrator", "", false, true, false, false },
        { "External Viewer", "", false, false, false, false },
        { "Community TA", "Community TA", false, false, true, false },
        { "Coursera Tech Support", "Coursera Staff", false, true, true, false },
        { "Data Coordinator", "", false, true, false, false },
        { "Student (Forum Banned)", "", false, false, false, true },
};
#define NEXT_GROUP 15u

void dump_hash_mapping(Sqldump *d, const Export *e) {
        const Session *s = e->session;

        sqldump_table(d, "hash_mapping", 0);
        for (uint32_t rank = 0; rank < s->people; rank++) {
                uint32_t i = learner_by_rank(s, rank);
                char hex[LEARNER_HEX_LENGTH + 1], other[LEARNER_HEX_LENGTH + 1];
                Session shadow = *s;

                learner_hex(s, i, hex);
                sqldump_row(d);
                sqldump_int(d, "user_id", learner_user_id(s, i));
                shadow.key = prng_key(s->key, 1);
                learner_hex(&shadow, i, other);
                sqldump_text(d, "eventing_user_id", other);
                sqldump_text(d, "session_user_id", hex);
                shadow.key = prng_key(s->key, 2);
                learner_hex(&shadow, i, other);
                sqldump_text(d, "public_user_id", other);
        }
}

static void dump_groups(Sqldump *d) {
        sqldump_table(d, "access_groups", NEXT_GROUP);
        for (unsigned i = 0; i < ELEMENTSOF(groups); i++) {
                sqldump_row(d);
                sqldump_int(d, "id", i + 1);
                sqldump_text(d, "name", groups[i].name);
                sqldump_int(d, "default", groups[i].initial);
                sqldump_int(d, "allow_site_access", !streq(groups[i].name, "Blocked"));
                sqldump_text(d, "forum_title", groups[i].title);
                sqldump_int(d, "forum_admin", groups[i].forum && groups[i].staff);
                sqldump_int(d, "forum_moderate", groups[i].forum);
                sqldump_int(d, "forum_banned", groups[i].banned);
                sqldump_int(d, "admin_access", groups[i].staff);
        }
}

static void keep_last_time(void *userdata, const Visit *v, const Action *a) {
        int64_t *last = userdata;

        (void) v;
        if (a->time_ms / 1000 > *last)
                *last = a->time_ms / 1000;
}

static int group_of(const Session *s, uint32_t i, uint64_t key) {
        if (i < s->registered)
                return i >= _LEARNER_ANCHORS && key % 400 == 0 ? DUMP_GROUP_FORUM_BANNED : DUMP_GROUP_STUDENT;
        return i == s->registered ? DUMP_GROUP_INSTRUCTOR
                : i + 1 == s->people ? DUMP_GROUP_ADMINISTRATOR : DUMP_GROUP_TEACHING_STAFF;
}

static void dump_users(Sqldump *d, const Export *e) {
        const Session *s = e->session;

        sqldump_table(d, "users", 0);
        for (uint32_t i = 0; i < s->people; i++) {
                uint64_t key = prng_key(prng_key(s->key, TAG_ACCOUNT), i);
                int64_t registered = learner_registered(s, i), last = registered;
                char hex[LEARNER_HEX_LENGTH + 1];

                if (i < s->learners)
                        activity_of_learner(s, e->syllabus, i, keep_last_time, &last);
                learner_hex(s, i, hex);
                sqldump_row(d);
                sqldump_text(d, "session_user_id", hex);
                sqldump_text(d, "locale", names_locale(key));
                sqldump_text(d, "timezone", names_timezone(key >> 8));
                sqldump_int(d, "access_group_id", group_of(s, i, key >> 16));
                sqldump_int(d, "registration_time", registered);
                sqldump_int(d, "last_access_time", last);
                sqldump_int(d, "email_announcement", (key >> 32) % 10 > 0);
                sqldump_int(d, "email_forum", (key >> 36) % 10 > 0);
                sqldump_int(d, "in_signature_track", (key >> 40) % 50 == 0);
                sqldump_int(d, "deleted", i >= s->learners && i < s->registered && (key >> 48) % 60 == 0);
        }
}

void dump_people(Sqldump *d, const Export *e) {
        dump_users(d, e);
        dump_groups(d);
}

/* The best score of a learner in each graded quiz. */
typedef struct Best {
        const Syllabus *syllabus;
        int32_t scores[SYLLABUS_WEEKS_MAX];
} Best;

static void keep_best(void *userdata, const Visit *v, const Action *a) {
        Best *b = userdata;

        (void) v;
        if (a->kind == ACTION_QUIZ_SUBMIT && a->item < b->syllabus->survey && a->score > b->scores[a->item])
                b->scores[a->item] = a->score;
}

/* Return: percent in thousandths. */
static int64_t grade_of(const Export *e, uint32_t i) {
        Best b = { .syllabus = e->syllabus };
        int64_t reached = 0, all = 0;

        if (i >= e->session->learners)
                return 0;
        activity_of_learner(e->session, e->syllabus, i, keep_best, &b);
        for (unsigned w = 0; w < e->session->weeks; w++) {
                reached += b.scores[w];
                all += e->syllabus->quizzes[w].points;
        }
        return reached * 100000 / all;
}

void dump_grades(Sqldump *d, const Export *e) {
        const Session *s = e->session;
        char hex[LEARNER_HEX_LENGTH + 1];

        sqldump_table(d, "course_grades", s->registered + 1);
        for (uint32_t i = 0; i < s->registered; i++) {
                int64_t grade = grade_of(e, i);

                learner_hex(s, i, hex);
                sqldump_row(d);
                sqldump_int(d, "id", i + 1);
                sqldump_text(d, "session_user_id", hex);
                sqldump_thousandths(d, "normal_grade", grade);
                sqldump_thousandths(d, "distinction_grade", grade * 9 / 10);
                sqldump_text(
                                d, "achievement_level",
                                grade >= GRADE_DISTINCTION ? "distinction" : grade >= GRADE_NORMAL ? "normal" : "none");
        }
        sqldump_table(d, "late_days_left", 0);
        for (uint32_t i = 0; i < s->learners; i++) {
                learner_hex(s, i, hex);
                sqldump_row(d);
                sqldump_text(d, "session_user_id", hex);
                sqldump_int(d, "late_days_left", i % 37 == 0 ? LATE_DAYS - 1 : LATE_DAYS);
        }
        sqldump_table(d, "late_days_applied", 0);
        for (uint32_t i = 0; i < s->learners; i += 37) {
                learner_hex(s, i, hex);
                sqldump_row(d);
                sqldump_text(d, "item_type", "quiz");
                sqldump_int(d, "item_id", e->syllabus->quizzes[0].id);
                sqldump_text(d, "session_user_id", hex);
                sqldump_int(d, "late_days_applied", 1);
        }
}
