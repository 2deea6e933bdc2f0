/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/tally.h"

#include <math.h>

#include "spool/limits.h"
#include "spool/base/name.h"

/* Places of the hash table: never more than half of them are taken. */
#define PLACES (2u * LIMIT_COURSES)

struct TallySet {
        ScorePool pool;
        Tally *tallies; /* LIMIT_METRICS_ROWS of them, so that they never move */
        size_t n;
        uint16_t places[PLACES]; /* index + 1 by hash of the course */
        Tally *last;             /* rows of a course mostly stand together */
};

int tally_set_new(int dirfd, uint64_t memory_max, TallySet **ret) {
        _cleanup_(tally_set_freep) TallySet *s = NULL;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        score_pool_init(&s->pool, dirfd, memory_max);
        s->tallies = calloc(LIMIT_METRICS_ROWS, sizeof(*s->tallies));
        if (!s->tallies)
                return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

TallySet *tally_set_free(TallySet *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n; i++) {
                free(s->tallies[i].course);
                score_list_done(&s->tallies[i].scores);
        }
        free(s->tallies);
        score_pool_done(&s->pool);
        free(s);
        return NULL;
}

static uint32_t hash(const CsvCell *cell) {
        uint32_t h = 2166136261u;

        for (size_t i = 0; i < cell->size; i++)
                h = (h ^ (unsigned char) cell->data[i]) * 16777619u;
        return h;
}

static int add_course(TallySet *s, const CsvCell *cell, uint16_t *place, Tally **ret) {
        char name[NAME_MAX_LENGTH + 1];
        Tally *t;

        if (cell->size > NAME_MAX_LENGTH || memchr(cell->data, '\0', cell->size))
                return -EINVAL;
        memcpy(name, cell->data, cell->size);
        name[cell->size] = '\0';
        if (!name_is_valid(name))
                return -EINVAL;
        if (s->n == LIMIT_COURSES)
                return -E2BIG;
        t = &s->tallies[s->n];
        t->course = strdup(name);
        if (!t->course)
                return -ENOMEM;
        *place = (uint16_t) ++s->n;
        *ret = t;
        return 0;
}

int tally_set_get(TallySet *s, const CsvCell *course, Tally **ret) {
        CsvCell cell;
        uint32_t h;
        int r;

        if (!course) {
                s->n = 1;
                *ret = s->tallies;
                return 0;
        }
        cell = csv_cell_trim(*course);
        if (!s->last || !csv_cell_equals(&cell, s->last->course)) {
                for (h = hash(&cell) % PLACES; s->places[h] > 0; h = (h + 1) % PLACES)
                        if (csv_cell_equals(&cell, s->tallies[s->places[h] - 1].course))
                                break;
                if (s->places[h] > 0)
                        s->last = &s->tallies[s->places[h] - 1];
                else {
                        r = add_course(s, &cell, &s->places[h], &s->last);
                        if (r < 0)
                                return r;
                }
        }
        *ret = s->last;
        return 0;
}

int tally_set_append(TallySet *s, const char *course, unsigned fold, Tally **ret) {
        Tally *t;

        if (s->n == LIMIT_METRICS_ROWS)
                return -E2BIG;
        t = &s->tallies[s->n];
        if (course) {
                t->course = strdup(course);
                if (!t->course)
                        return -ENOMEM;
        }
        t->fold = fold;
        s->n++;
        *ret = t;
        return 0;
}

/* Adds to a sum without losing the low bits (Neumaier), so that the order and the number of rows hardly matter. */
static void add_compensated(double v, double *sum, double *low) {
        double s = *sum + v;

        *low += fabs(*sum) >= fabs(v) ? (*sum - s) + v : (v - s) + *sum;
        *sum = s;
}

static double loss_of(bool label, double score) {
        double s = score < METRICS_CLIP ? METRICS_CLIP : score > 1 - METRICS_CLIP ? 1 - METRICS_CLIP : score;

        return -log(label ? s : 1 - s);
}

int tally_set_add(TallySet *s, Tally *t, bool y_true, bool y_pred, double y_score) {
        int r;

        if (score_pool_is_full(&s->pool))
                for (size_t i = 0; i < s->n; i++) {
                        r = score_list_spill(&s->pool, &s->tallies[i].scores);
                        if (r < 0)
                                return r;
                }
        r = score_list_add(&s->pool, &t->scores, y_score, y_true);
        if (r < 0)
                return r;
        t->counts[y_true][y_pred]++;
        add_compensated(loss_of(y_true, y_score), &t->loss, &t->loss_low);
        return 0;
}

static int finish(TallySet *s, Tally *t, MetricsFile *f) {
        uint64_t n = t->counts[0][0] + t->counts[0][1] + t->counts[1][0] + t->counts[1][1];
        ScoreSummary summary;
        MetricsRow *row;
        Metrics m;
        int r;

        if (n == 0)
                return 0;
        r = score_list_summarise(&s->pool, &t->scores, &summary);
        if (r < 0)
                return r;
        metrics_compute(t->counts[1][1], t->counts[0][1], t->counts[0][0], t->counts[1][0], summary.auc, (t->loss + t->loss_low) / (double) n, &m);
        m.auc_se = summary.auc_se;
        r = metrics_file_add(f, t->course, &m);
        if (r < 0) {
                curve_done(&summary.curve);
                return r;
        }
        row = &f->rows[f->n_rows - 1];
        row->fold = t->fold;
        /* A fold is too little for a curve. */
        if (t->fold > 0)
                curve_done(&summary.curve);
        row->curve = summary.curve;
        return 0;
}

int tally_set_finish(TallySet *s, MetricsFile *ret) {
        _cleanup_metrics_file_ MetricsFile f = { .by_course = s->n > 0 && s->tallies[0].course };
        int r;

        for (size_t i = 0; i < s->n; i++) {
                r = finish(s, &s->tallies[i], &f);
                if (r < 0)
                        return r;
                score_list_done(&s->tallies[i].scores);
        }
        *ret = f;
        f = (MetricsFile){};
        return 0;
}
