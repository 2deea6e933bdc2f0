/* SPDX-License-Identifier: MIT */

/* The key-value tables: quizzes as XML, answers, and what people handed in. */

#include "tools/synth/dump.h"
#include "tools/synth/php.h"

#define QUESTIONS 5u
#define OPTIONS 4u
#define TAG_VALUES 1201

/* Two buffers: values are serialised twice. */
typedef struct Values {
        const Export *export;
        Sqldump *dump;
        int64_t id;
        Php inner, outer;
} Values;

static void put_value(Sqldump *d, const char *key, const Php *value) {
        sqldump_row(d);
        sqldump_text(d, "key", key);
        sqldump_bytes(d, "value", value->text, value->used);
}

/* Puts the inner buffer as one serialised string. */
static void put_string_value(Values *v, const char *key) {
        php_clear(&v->outer);
        php_string(&v->outer, v->inner.text);
        put_value(v->dump, key, &v->outer);
}

static void compose_question(Php *p, uint64_t key, unsigned number) {
        static const char *const types[] = { "radio", "select", "checkbox" };
        char phrase[128];

        php_printf(p,
                "<question id=\"q%u\" "
                "type=\"GS_Choice_Answer_Question\"><metadata><parameters><choice_type>%s</choice_type>"
                "</parameters></metadata><data><text><![CDATA[%s?<br />]]></text><option_groups><option_group "
                "select=\"all\">",
                number, types[key % ELEMENTSOF(types)], names_phrase(key, 8, phrase, sizeof(phrase)));
        for (unsigned k = 0; k < OPTIONS; k++)
                php_printf(p,
                        "<option id=\"o%u%u\" selected_score=\"%u\" "
                        "unselected_score=\"0\"><text><![CDATA[%s]]></text></option>",
                        number, k, k == key % OPTIONS ? 2 : 0, names_phrase(key + k + 1, 3, phrase, sizeof(phrase)));
        php_printf(p, "</option_group></option_groups></data></question>");
}

static void dump_quiz_texts(Values *v) {
        const Syllabus *y = v->export->syllabus;
        uint64_t base = prng_key(v->export->session->key, TAG_VALUES);
        char key[64];

        for (uint32_t i = 0; i < y->n_quizzes; i++) {
                unsigned n = y->quizzes[i].type == QUIZ_TYPE_VIDEO ? 1 : QUESTIONS;

                php_clear(&v->inner);
                php_printf(&v->inner,
                        "<quiz><metadata><title><![CDATA[%s %u]]></title><maximum_score>%u</maximum_score></metadata>"
                        "<data><question_groups><question_group select=\"all\">",
                        quiz_type_to_string(y->quizzes[i].type), i, y->quizzes[i].points);
                for (unsigned k = 0; k < n; k++)
                        compose_question(&v->inner, prng_key(base, i * QUESTIONS + k), k + 1);
                php_printf(&v->inner, "</question_group></question_groups></data></quiz>");
                (void) snprintf(key, sizeof(key), "xml.quiz_id:%u", y->quizzes[i].id);
                put_string_value(v, key);
        }
}

static void on_quiz(void *userdata, const Visit *visit, const Action *a) {
        Values *v = userdata;
        char key[64], question[8], answer[8];
        unsigned n;

        (void) visit;
        if (a->kind != ACTION_QUIZ_SUBMIT)
                return;
        n = v->export->syllabus->quizzes[a->item].type == QUIZ_TYPE_VIDEO ? 1 : QUESTIONS;
        php_clear(&v->inner);
        php_array(&v->inner, 3);
        php_string(&v->inner, "answers");
        php_array(&v->inner, n);
        for (unsigned k = 1; k <= n; k++) {
                (void) snprintf(question, sizeof(question), "q%u", k);
                (void) snprintf(answer, sizeof(answer), "o%u%u", k, (unsigned) (a->key >> (2 * k)) % OPTIONS);
                php_string(&v->inner, question);
                php_array(&v->inner, 1);
                php_int(&v->inner, 0);
                php_string(&v->inner, answer);
                php_end(&v->inner);
        }
        php_end(&v->inner);
        php_string(&v->inner, "start_time");
        php_int(&v->inner, a->time_ms / 1000);
        php_string(&v->inner, "saved_time");
        php_int(&v->inner, (a->time_ms + a->duration_ms) / 1000);
        php_end(&v->inner);
        /* The same walk as for quiz_submission_metadata, hence the same ids. */
        (void) snprintf(key, sizeof(key), "submission.submission_id:%lld", (long long) ++v->id);
        put_string_value(v, key);
}

static void dump_small(Values *v) {
        const Syllabus *y = v->export->syllabus;
        char key[64];

        sqldump_table(v->dump, "kvs_course.lecture", 0);
        for (uint32_t i = 0; i < y->n_lectures; i++) {
                php_clear(&v->outer);
                php_array(&v->outer, 1);
                php_string(&v->outer, "subtitles");
                php_array(&v->outer, 1);
                php_int(&v->outer, 0);
                php_string(&v->outer, "en");
                php_end(&v->outer);
                php_end(&v->outer);
                (void) snprintf(key, sizeof(key), "lecture.lecture_id:%u", y->lectures[i].id);
                put_value(v->dump, key, &v->outer);
        }
        sqldump_table(v->dump, "kvs_course.assignment.data", 0);
        for (unsigned i = 1; i <= SYLLABUS_ASSIGNMENTS; i++) {
                php_clear(&v->inner);
                php_printf(&v->inner, "<p>Programming assignment %u: don't forget to test.</p>\n", i);
                (void) snprintf(key, sizeof(key), "assignment_id:%u", i);
                put_string_value(v, key);
        }
        sqldump_table(v->dump, "kvs_course.internationalization", 0);
        php_clear(&v->outer);
        php_array(&v->outer, 0);
        php_end(&v->outer);
        put_value(v->dump, "languages", &v->outer);
}

static int values_new(Sqldump *d, const Export *e, Values **ret) {
        Values *v = malloc(sizeof(*v));

        if (!v)
                return -ENOMEM;
        v->export = e;
        v->dump = d;
        v->id = 0;
        *ret = v;
        return 0;
}

int dump_general_values(Sqldump *d, const Export *e) {
        _cleanup_free_ Values *v = NULL;
        int r;

        r = values_new(d, e, &v);
        if (r < 0)
                return r;
        sqldump_table(d, "kvs_course.quiz", 0);
        dump_quiz_texts(v);
        r = activity_by_day(e->session, e->syllabus, on_quiz, v);
        if (r < 0)
                return r;
        dump_small(v);
        return 0;
}

/* What was handed in to the kind of work asked for, as a serialised text. */
static void put_handin(Values *v, const char *prefix, const Action *a, unsigned words) {
        char key[64], phrase[1024];

        php_clear(&v->inner);
        php_printf(&v->inner, "# %s\nprint 'hello'\n", names_phrase(a->key, words, phrase, sizeof(phrase)));
        (void) snprintf(key, sizeof(key), "%s:%lld", prefix, (long long) ++v->id);
        put_string_value(v, key);
}

static void on_assignment(void *userdata, const Visit *visit, const Action *a) {
        (void) visit;
        if (a->kind == ACTION_ASSIGNMENT_SUBMIT)
                put_handin(userdata, "submission.submission_id", a, 20);
}

static void on_essay(void *userdata, const Visit *visit, const Action *a) {
        (void) visit;
        if (a->kind == ACTION_PEER_SUBMIT)
                put_handin(userdata, "submission_id", a, 120);
}

int dump_unanonymizable(Sqldump *d, const Export *e) {
        _cleanup_free_ Values *v = NULL;
        int r;

        r = values_new(d, e, &v);
        if (r < 0)
                return r;
        sqldump_table(d, "kvs_course.assignment.submissions", 0);
        r = activity_by_day(e->session, e->syllabus, on_assignment, v);
        if (r < 0)
                return r;
        v->id = 0;
        sqldump_table(d, "kvs_course.human_grading", 0);
        return activity_by_day(e->session, e->syllabus, on_essay, v);
}
