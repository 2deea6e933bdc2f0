/* SPDX-License-Identifier: MIT */

/* One peer-graded essay: everybody who hands in grades the next three and himself. */

#include "tools/synth/calendar.h"
#include "tools/synth/dump.h"

#define HG(n) "hg_assessment_" n
#define PEERS_MAX 3u
#define TITLE "Essay"
#define GRADE_MAX 20u
#define CALIBRATION_ONE_IN 40u
#define TAG_GRADE 1101

/* Who handed in, in order of time. */
typedef struct Handins {
        const Export *export;
        uint32_t *numbers, *times;
        size_t n, allocated;
        unsigned peers;                 /* how many each grades */
} Handins;

static void on_action(void *userdata, const Visit *v, const Action *a) {
        Handins *h = userdata;

        if (a->kind != ACTION_PEER_SUBMIT || h->n == h->allocated)
                return;
        h->numbers[h->n] = v->learner.number;
        h->times[h->n++] = (uint32_t) ((a->time_ms + a->duration_ms) / 1000);
}

static int64_t due(const Handins *h) {
        return syllabus_open(h->export->syllabus, h->export->syllabus->peer_week) + CALENDAR_WEEK;
}

/* Whom the k-th evaluation of grader i is about. The last one is about himself. */
static size_t subject(const Handins *h, size_t i, unsigned k) {
        return k == h->peers ? i : (i + 1 + k) % h->n;
}

/* In thousandths. */
static int64_t grade(const Handins *h, size_t i, unsigned k) {
        return (int64_t) (prng_key(prng_key(h->export->session->key, TAG_GRADE), i * 8 + k) % GRADE_MAX + 1) * 1000;
}

static int64_t evaluation_id(const Handins *h, size_t i, unsigned k) {
        return (int64_t) (i * (h->peers + 1) + k + 1);
}

static void put_user(Sqldump *d, const Handins *h, const char *column, size_t i) {
        char hex[LEARNER_HEX_LENGTH + 1];

        learner_hex(h->export->session, h->numbers[i], hex);
        sqldump_text(d, column, hex);
}

static void dump_assessment(Sqldump *d, const Handins *h) {
        char hex[LEARNER_HEX_LENGTH + 1];

        sqldump_table(d, HG("metadata"), 2);
        learner_hex(h->export->session, h->export->session->registered, hex);
        sqldump_row(d);
        sqldump_int(d, "id", 1);
        sqldump_text(d, "session_user_id", hex);
        sqldump_int(d, "open_time", due(h) - CALENDAR_WEEK);
        sqldump_int(d, "submission_deadline", due(h));
        sqldump_int(d, "submission_deadline_grace_period", 3600);
        sqldump_int(d, "grading_start", due(h) + 3600);
        sqldump_int(d, "grading_deadline", due(h) + CALENDAR_WEEK);
        sqldump_int(d, "grading_deadline_grace_period", 3600);
        sqldump_int(d, "display_grades_time", due(h) + CALENDAR_WEEK + CALENDAR_DAY);
        sqldump_text(d, "title", TITLE);
        sqldump_thousandths(d, "max_grade", GRADE_MAX * 1000);
        sqldump_int(d, "published", 1);
        sqldump_int(d, "deleted", 0);
}

static void dump_submissions(Sqldump *d, const Handins *h) {
        sqldump_table(d, HG("submission_metadata"), h->n + 1);
        for (size_t i = 0; i < h->n; i++) {
                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) i + 1);
                put_user(d, h, "author_id", i);
                sqldump_text(d, "title", TITLE);
                sqldump_int(d, "assessment_id", 1);
                sqldump_int(d, "included_in_ground_truth", i % CALIBRATION_ONE_IN == 0);
                sqldump_int(d, "excluded_from_circulation", 0);
                sqldump_int(d, "anonymized_if_showcased", 1);
                sqldump_int(d, "blank", 0);
                sqldump_int(d, "start_time", (int64_t) h->times[i] - 1200);
                sqldump_int(d, "save_time", (int64_t) h->times[i] - 10);
                sqldump_int(d, "submit_time", h->times[i]);
        }
}

static void dump_evaluations(Sqldump *d, const Handins *h) {
        sqldump_table(d, HG("evaluation_metadata"), h->n * (h->peers + 1) + 1);
        for (size_t i = 0; i < h->n; i++)
                for (unsigned k = 0; k <= h->peers; k++) {
                        int64_t when = due(h) + CALENDAR_DAY + (int64_t) (i % 86400) + 900 * k;

                        sqldump_row(d);
                        sqldump_int(d, "id", evaluation_id(h, i, k));
                        put_user(d, h, "author_id", i);
                        sqldump_int(d, "submission_id", (int64_t) subject(h, i, k) + 1);
                        sqldump_int(d, "start_time", when);
                        sqldump_int(d, "save_time", when + 500);
                        sqldump_int(d, "submit_time", when + 510);
                        sqldump_thousandths(d, "grade", grade(h, i, k));
                        sqldump_int(d, "ignore", 0);
                }
        sqldump_table(d, HG("overall_evaluation_metadata"), h->n + 1);
        for (size_t i = 0; i < h->n; i++) {
                int64_t sum = 0, self = grade(h, i, h->peers);

                for (unsigned k = 0; k < h->peers; k++)
                        sum += grade(h, (i + h->n - 1 - k) % h->n, k);
                sum = h->peers > 0 ? sum / h->peers : self;
                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) i + 1);
                sqldump_int(d, "submission_id", (int64_t) i + 1);
                sqldump_thousandths(d, "grade", sum);
                sqldump_thousandths(d, "final_grade", sum);
                sqldump_thousandths(d, "peer_grade", sum);
                sqldump_thousandths(d, "self_grade", self);
        }
}

static void dump_sets(Sqldump *d, const Handins *h, const char *table, const char *status) {
        sqldump_table(d, table, h->n + 1);
        for (size_t i = 0; i < h->n; i++) {
                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) i + 1);
                put_user(d, h, "session_user_id", i);
                sqldump_int(d, "assessment_id", 1);
                sqldump_int(d, "start_time", due(h) + 3600);
                sqldump_int(d, "finish_time", due(h) + 2 * CALENDAR_DAY);
                sqldump_text(d, "status", status);
        }
}

static void dump_items(Sqldump *d, const Handins *h) {
        int64_t id = 0;

        sqldump_table(d, HG("peer_grading_metadata"), h->n * h->peers + 1);
        for (size_t i = 0; i < h->n; i++)
                for (unsigned k = 0; k < h->peers; k++) {
                        sqldump_row(d);
                        sqldump_int(d, "id", ++id);
                        sqldump_int(d, "item_number", k + 1);
                        sqldump_int(d, "peer_grading_set_id", (int64_t) i + 1);
                        sqldump_int(d, "evaluation_id", evaluation_id(h, i, k));
                        sqldump_int(d, "submit_time", due(h) + 2 * CALENDAR_DAY);
                        sqldump_int(d, "required", 1);
                        sqldump_int(d, "last_required", k + 1 == h->peers);
                }
        sqldump_table(d, HG("calibration_gradings"), 0);
        for (size_t i = 0, n = 1; i < h->n; i += CALIBRATION_ONE_IN, n++) {
                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) n);
                sqldump_int(d, "item_number", 1);
                sqldump_int(d, "calibration_set_id", (int64_t) i + 1);
                sqldump_int(d, "evaluation_id", evaluation_id(h, i, 0));
                sqldump_text(d, "type", "groundTruth");
        }
        sqldump_table(d, HG("training_metadata"), 0);
        for (size_t i = 0, n = 1; i < h->n; i += CALIBRATION_ONE_IN, n++) {
                sqldump_row(d);
                sqldump_int(d, "id", (int64_t) n);
                sqldump_int(d, "item_number", 1);
                sqldump_int(d, "training_set_id", (int64_t) i + 1);
                sqldump_int(d, "evaluation_id", evaluation_id(h, i, 0));
        }
}

int dump_peer(Sqldump *d, const Export *e) {
        uint32_t learners = e->session->learners;
        _cleanup_free_ uint32_t *numbers = malloc(sizeof(*numbers) * learners),
                                *times = malloc(sizeof(*times) * learners);
        Handins h = { .export = e, .numbers = numbers, .times = times, .allocated = learners };
        int r;

        if (!numbers || !times)
                return -ENOMEM;
        r = activity_by_day(e->session, e->syllabus, on_action, &h);
        if (r < 0)
                return r;
        h.peers = h.n > PEERS_MAX ? PEERS_MAX : h.n > 0 ? (unsigned) h.n - 1 : 0;
        dump_assessment(d, &h);
        dump_submissions(d, &h);
        dump_evaluations(d, &h);
        dump_sets(d, &h, HG("peer_grading_set_metadata"), "completed");
        dump_sets(d, &h, HG("self_grading_set_metadata"), "completed");
        dump_sets(d, &h, HG("training_set_metadata"), "pass");
        dump_items(d, &h);
        return 0;
}
