/* SPDX-License-Identifier: MIT */
#include "tools/gate/table.h"

#include <inttypes.h>
#include <math.h>

/* The two-sided 95 % point of the normal distribution. */
#define Z 1.959963984540054

static const double *real_of(const Metrics *m, const MetricsColumn *c) {
        return (const double *) ((const char *) m + c->offset);
}

static uint64_t count_of(const Metrics *m, const MetricsColumn *c) {
        return *(const uint64_t *) ((const char *) m + c->offset);
}

static void write_header(const GatePolicy *p, const GateResults *g, bool folds, CsvWriter *w) {
        const MetricsColumn *columns = metrics_columns_of(g->file.kind);

        (void) p;
        if (gate_has_labels(g))
                csv_writer_cell(w, "course");
        if (folds)
                csv_writer_cell(w, "fold");
        for (size_t i = 0; i < METRICS_COLUMNS; i++)
                csv_writer_cell(w, columns[i].name);
        csv_writer_end(w);
}

static void write_count(const GatePolicy *p, uint64_t n, CsvWriter *w) {
        char number[METRICS_NUMBER_MAX];

        snprintf(number, sizeof(number), "%" PRIu64, gate_round(n, p->round_counts));
        csv_writer_cell(w, number);
}

static void write_real(const GatePolicy *p, double v, CsvWriter *w) {
        char number[METRICS_NUMBER_MAX];

        csv_writer_cell(w, metrics_format(v, p->digits, number));
}

static void write_row(const GatePolicy *p, const GateResults *g, const Metrics *m, CsvWriter *w) {
        const MetricsColumn *columns = metrics_columns_of(g->file.kind);

        for (size_t i = 0; i < METRICS_COLUMNS; i++)
                if (columns[i].count)
                        write_count(p, count_of(m, &columns[i]), w);
                else
                        write_real(p, *real_of(m, &columns[i]), w);
        csv_writer_end(w);
}

/* ---- folds ---- */

typedef struct Spread {
        double mean, deviation; /* NaN where undefined */
} Spread;

static Spread spread_of(const GateRow *folds, size_t n, const MetricsColumn *c) {
        double sum = 0, square = 0;
        unsigned count = 0;
        Spread s = { NAN, NAN };

        for (size_t i = 0; i < n; i++) {
                double v = c->count ? (double) count_of(&folds[i].row->metrics, c) : *real_of(&folds[i].row->metrics, c);

                if (!isnan(v)) {
                        sum += v;
                        count++;
                }
        }
        if (count == 0)
                return s;
        s.mean = sum / count;
        for (size_t i = 0; i < n; i++) {
                double v = c->count ? (double) count_of(&folds[i].row->metrics, c) : *real_of(&folds[i].row->metrics, c);

                if (!isnan(v))
                        square += (v - s.mean) * (v - s.mean);
        }
        if (count > 1)
                s.deviation = sqrt(square / (count - 1));
        return s;
}

/* Means or deviations over folds. */
static void write_spread(const GatePolicy *p, const GateResults *g, const GateRow *folds, size_t n, bool deviation, CsvWriter *w) {
        const MetricsColumn *columns = metrics_columns_of(g->file.kind);

        for (size_t i = 0; i < METRICS_COLUMNS; i++) {
                Spread s = spread_of(folds, n, &columns[i]);

                if (columns[i].count && !deviation && p->round_counts > 1)
                        write_count(p, (uint64_t) llround(s.mean), w);
                else
                        write_real(p, deviation ? s.deviation : s.mean, w);
        }
        csv_writer_end(w);
}

/* The folds of the course whose row over all is at i: they follow it. */
static size_t count_folds(const GateResults *g, size_t i) {
        size_t n = 0;

        while (i + n + 1 < g->n && g->rows[i + n + 1].row->fold > 0)
                n++;
        return n;
}

static bool may_show_folds(const GateRow *folds, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (folds[i].reason != GATE_REASON_NONE)
                        return false;
        return n > 0;
}

ssize_t table_write_folds(const GatePolicy *p, const GateResults *g, CsvWriter *w) {
        ssize_t written = 0;

        write_header(p, g, /* folds= */ true, w);
        for (size_t i = 0; i < g->n; i++) {
                const GateRow *folds = &g->rows[i + 1];
                size_t n = count_folds(g, i);

                if (g->rows[i].row->fold > 0 || g->rows[i].reason != GATE_REASON_NONE || !may_show_folds(folds, n))
                        continue;
                for (size_t k = 0; k < n; k++) {
                        char fold[16];

                        csv_writer_cell(w, g->rows[i].label);
                        snprintf(fold, sizeof(fold), "%u", folds[k].row->fold);
                        csv_writer_cell(w, fold);
                        write_row(p, g, &folds[k].row->metrics, w);
                        written++;
                }
                for (unsigned deviation = 0; deviation < 2; deviation++) {
                        csv_writer_cell(w, g->rows[i].label);
                        csv_writer_cell(w, deviation ? "sd" : "mean");
                        write_spread(p, g, folds, n, deviation, w);
                }
        }
        return written;
}

/* ---- the metrics ---- */

ssize_t table_write_eval(const GatePolicy *p, const GateResults *g, CsvWriter *w) {
        ssize_t written = 0;

        write_header(p, g, /* folds= */ false, w);
        for (size_t i = 0; i < g->n; i++) {
                const GateRow *row = &g->rows[i];

                if (row->row->fold > 0 || row->reason != GATE_REASON_NONE)
                        continue;
                if (row->label)
                        csv_writer_cell(w, row->label);
                if (g->file.kind == METRICS_KIND_CV)
                        write_spread(p, g, row + 1, count_folds(g, i), /* deviation= */ false, w);
                else
                        write_row(p, g, &row->row->metrics, w);
                written++;
        }
        return written;
}

/* ---- intervals ---- */

void table_wilson(double share, double n, double *ret_low, double *ret_high) {
        double scale = 1 + Z * Z / n, middle = (share + Z * Z / (2 * n)) / scale;
        double half = Z / scale * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));

        *ret_low = fmax(0, middle - half);
        *ret_high = fmin(1, middle + half);
}

/* What a table says a number is. */
static double rounded(const GatePolicy *p, double v) {
        char number[METRICS_NUMBER_MAX];

        return isnan(v) ? v : strtod(metrics_format(v, p->digits, number), NULL);
}

static void write_interval(const GatePolicy *p, const GateRow *row, const char *metric, const char *method, double v, double low, double high,
                           CsvWriter *w) {
        if (row->label)
                csv_writer_cell(w, row->label);
        csv_writer_cell(w, metric);
        write_real(p, v, w);
        write_real(p, low, w);
        write_real(p, high, w);
        csv_writer_cell(w, method);
        csv_writer_end(w);
}

/* A share of so many rows, a metric of this name. */
static void write_share(const GatePolicy *p, const GateRow *row, const char *metric, double share, uint64_t n, CsvWriter *w) {
        double low = NAN, high = NAN, v = rounded(p, share);
        uint64_t of = gate_round(n, p->round_counts);

        if (!isnan(v) && of > 0)
                table_wilson(v, (double) of, &low, &high);
        write_interval(p, row, metric, "Wilson", v, low, high, w);
}

static void write_auc(const GatePolicy *p, const GateRow *row, CsvWriter *w) {
        const Metrics *m = &row->row->metrics;
        double low = NAN, high = NAN;

        /* Nothing varies in a perfect ranking of a sample, which says nothing about the next one. */
        if (!isnan(m->auc) && m->auc_se > 0) {
                low = fmax(0, m->auc - Z * m->auc_se);
                high = fmin(1, m->auc + Z * m->auc_se);
        }
        write_interval(p, row, "auc", "DeLong", m->auc, low, high, w);
}

ssize_t table_write_intervals(const GatePolicy *p, const GateResults *g, CsvWriter *w) {
        static const char *const header[] = { "metric", "estimate", "low", "high", "method" };
        ssize_t written = 0;

        if (g->file.kind == METRICS_KIND_CV)
                return 0;
        if (gate_has_labels(g))
                csv_writer_cell(w, "course");
        for (size_t i = 0; i < ELEMENTSOF(header); i++)
                csv_writer_cell(w, header[i]);
        csv_writer_end(w);
        for (size_t i = 0; i < g->n; i++) {
                const GateRow *row = &g->rows[i];
                const Metrics *m = &row->row->metrics;

                if (row->reason != GATE_REASON_NONE)
                        continue;
                write_auc(p, row, w);
                write_share(p, row, "accuracy", m->accuracy, m->n, w);
                write_share(p, row, "precision", m->precision, m->tp + m->fp, w);
                write_share(p, row, "recall", m->recall, m->n_p, w);
                write_share(p, row, "specificity", m->specificity, m->n_n, w);
                write_share(p, row, "npv", m->npv, m->tn + m->fn, w);
                written++;
        }
        return written;
}
