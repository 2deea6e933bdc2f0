/* SPDX-License-Identifier: MIT */
#include "tools/gate/gate.h"

#include "spool/helper.h"
#include "spool/limits.h"
#include "spool/release.h"
#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "tools/gate/plot.h"
#include "tools/gate/table.h"

#define VERSION 2

static const char *const gate_reason_names[_GATE_REASON_MAX] = {
        [GATE_REASON_NONE] = "none",
        [GATE_REASON_ROWS] = "rows",
        [GATE_REASON_CLASS] = "class",
        [GATE_REASON_CELL] = "cell",
        [GATE_REASON_COURSE] = "course",
};

DEFINE_STRING_TABLE(gate_reason, GateReason, GATE_REASON)

GateReason gate_judge(const GatePolicy *p, const MetricsRow *row) {
        const Metrics *m = &row->metrics;

        if (row->course && p->courses && !strv_contains(p->courses, row->course))
                return GATE_REASON_COURSE;
        if (m->n < p->min_cell)
                return GATE_REASON_ROWS;
        if (m->n_n < p->min_cell || m->n_p < p->min_cell)
                return GATE_REASON_CLASS;
        if (m->tp < p->min_cell || m->fp < p->min_cell || m->tn < p->min_cell || m->fn < p->min_cell)
                return GATE_REASON_CELL;
        return GATE_REASON_NONE;
}

uint64_t gate_round(uint64_t n, unsigned round) {
        return round <= 1 ? n : (n + round / 2) / round * round;
}

/* The name under which row number i (from 0) is released; NULL for the row over everything. Return: 0 or a negative errno. */
static int label_of(const GatePolicy *p, const MetricsFile *f, size_t i, char **ret) {
        const MetricsRow *row = &f->rows[i];
        char pseudonym[PSEUDONYM_LENGTH + 1];
        int r = 0;

        *ret = NULL;
        if (f->kind == METRICS_KIND_ALL)
                *ret = strdup("all");
        else if (!row->course)
                return 0;
        else if (!strv_contains(p->courses, row->course)) {
                if (asprintf(ret, "course-%zu", i + 1) < 0)
                        *ret = NULL;
        } else if (p->pseudonyms) {
                r = pseudonym_make(p->pseudonyms, row->course, pseudonym);
                if (r >= 0)
                        *ret = strdup(pseudonym);
        } else
                *ret = strdup(row->course);
        return r < 0 ? r : *ret ? 0 : -ENOMEM;
}

/* By pseudonym, because the order of the real names would tell which is which; folds behind what they are of. */
static int compare(const void *a, const void *b) {
        const GateRow *x = a, *y = b;
        int r = strcmp(strempty(x->label), strempty(y->label));

        return r != 0 ? r : x->row->fold < y->row->fold ? -1 : x->row->fold > y->row->fold;
}

int gate_judge_all(const GatePolicy *p, GateResults *g) {
        int r;

        g->rows = calloc(g->file.n_rows > 0 ? g->file.n_rows : 1, sizeof(*g->rows));
        if (!g->rows)
                return -ENOMEM;
        for (size_t i = 0; i < g->file.n_rows; i++) {
                GateRow *row = &g->rows[g->n++];

                row->row = &g->file.rows[i];
                row->reason = gate_judge(p, row->row);
                r = label_of(p, &g->file, i, &row->label);
                if (r < 0)
                        return r;
        }
        if (p->pseudonyms)
                qsort(g->rows, g->n, sizeof(*g->rows), compare);
        return 0;
}

void gate_results_done(GateResults *g) {
        for (size_t i = 0; i < g->n; i++)
                free(g->rows[i].label);
        free(g->rows);
        metrics_file_done(&g->file);
        *g = (GateResults){};
}

/* ---- files ---- */

typedef struct Release {
        int dirfd;
        const GatePolicy *policy;
        json_t *files; /* those that were written, with their digests */
} Release;

static int digest_text(const char *text, size_t size, char ret[static DIGEST_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;
        int r;

        r = digest_new(&d);
        if (r < 0)
                return r;
        r = digest_add(d, text, size);
        if (r < 0)
                return r;
        return digest_finish(d, ret);
}

/* Publishes a file and notes it; the summary, which is the last one, makes the names of all durable. */
static int publish(Release *o, const char *name, const char *data, size_t size) {
        char digest[DIGEST_LENGTH + 1];
        int r;

        if (size > LIMIT_RELEASE_BYTES)
                return -EFBIG;
        r = digest_text(data, size, digest);
        if (r < 0)
                return r;
        r = publish_unnamed_file_at(o->dirfd, name, data, size, 0640, (uid_t) -1, (gid_t) -1);
        if (r < 0)
                return r;
        if (json_array_append_new(o->files, json_pack("{s:s, s:I, s:s}", "file", name, "bytes", (json_int_t) size, "sha256", digest)) < 0)
                return -ENOMEM;
        return o->policy->receipt ? receipt_add_file(o->policy->receipt, name, size, digest) : 0;
}

typedef ssize_t (*TableWriter)(const GatePolicy *p, const GateResults *g, CsvWriter *w);

/* Writes a table unless it has no rows. Return: the number of rows, or a negative errno. */
static ssize_t publish_table(Release *o, const GateResults *g, const char *name, TableWriter writer) {
        _cleanup_csv_writer_ CsvWriter w = {};
        const char *text;
        ssize_t n;
        size_t size;
        int r;

        n = writer(o->policy, g, &w);
        if (n <= 0)
                return n;
        r = csv_writer_finish(&w, &text, &size);
        if (r >= 0 && size > LIMIT_RELEASE_BYTES && !streq(name, RELEASE_EVAL)) {
                log_warning("%s would have %zu bytes, leaving it out", name, size);
                return n;
        }
        if (r >= 0)
                r = publish(o, name, text, size);
        return r < 0 ? r : n;
}

/* ---- plots ---- */

static void format_note(const GatePolicy *p, const MetricsRow *row, PlotKind kind, char note[static 32]) {
        char number[METRICS_NUMBER_MAX];

        if (kind == PLOT_ROC && row->fold == 0)
                snprintf(note, 32, "AUC %s", metrics_format(row->metrics.auc, p->digits > 0 && p->digits < 4 ? p->digits : 4, number));
}

/* A plot is a courtesy: where none can be drawn the result goes without. */
static int publish_plot(Release *o, const GateResults *g, const char *name, PlotKind kind) {
        _cleanup_free_ PlotSeries *series = calloc(g->n, sizeof(*series));
        _cleanup_free_ char *data = NULL;
        size_t n = 0, size;
        int r;

        if (!series)
                return -ENOMEM;
        for (size_t i = 0; i < g->n; i++) {
                const GateRow *row = &g->rows[i];
                PlotSeries *s = &series[n];

                if (row->reason != GATE_REASON_NONE || row->row->fold > 0)
                        continue;
                (kind == PLOT_ROC ? coarse_roc : coarse_calibration)(&row->row->curve, o->policy->min_cell, &s->curve);
                if (s->curve.n < 2)
                        continue;
                s->label = row->label;
                /* Of folds the mean is released, which is not that of the curve over all. */
                if (g->file.kind != METRICS_KIND_CV)
                        format_note(o->policy, row->row, kind, s->note);
                n++;
        }
        if (n == 0)
                return 0;
        r = plot_draw(kind, series, n, RELEASE_PLOT_MAX, &data, &size);
        if (r < 0) {
                log_warning_errno(r, "cannot draw %s, ignoring", name);
                return 0;
        }
        return publish(o, name, data, size);
}

/* ---- what else is told ---- */

/* What is not in the results, in one line for the mail. Return: 0 and a fresh string or NULL, or a negative errno. */
static int make_note(const GateResults *g, char **ret) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n = 0, size = 0;
        FILE *f;
        int r = 0;

        *ret = NULL;
        /* By their own names, as faults and the researcher's job have them: that they are missing says nothing about results. */
        for (size_t i = 0; r >= 0 && i < g->file.n_left_out; i++)
                r = strv_add(&names, g->file.left_out[i].course);
        if (r < 0)
                return r;
        for (size_t i = 0; i < g->n; i++)
                n += g->rows[i].reason != GATE_REASON_NONE && g->rows[i].row->fold == 0;
        if (n == 0 && !names)
                return 0;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        if (names) {
                size_t told = 0;

                fputs("These courses could not be evaluated and were left out: ", f);
                for (; names[told] && ftell(f) < (long) (RELEASE_NOTE_MAX / 2); told++)
                        fprintf(f, "%s%s", told > 0 ? ", " : "", names[told]);
                if (names[told])
                        fprintf(f, " and %zu more", strv_length(names) - told);
                fputs(".", f);
        }
        if (n > 0)
                fprintf(f, "%s%zu result%s too small to be released.", names ? " " : "", n, n > 1 ? "s were" : " was");
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

static int publish_note(Release *o, const GateResults *g) {
        _cleanup_free_ char *note = NULL;
        int r;

        r = make_note(g, &note);
        if (r < 0 || !note)
                return r;
        return publish_unnamed_file_at(o->dirfd, RELEASE_NOTE, note, strlen(note), 0640, (uid_t) -1, (gid_t) -1);
}

static int publish_receipt(Release *o, const GateResults *g) {
        Receipt *receipt = o->policy->receipt;
        _cleanup_free_ char *text = NULL;
        char now[TIME_STRING_MAX];
        int r;

        if (!receipt)
                return 0;
        free(receipt->released);
        receipt->released = strdup(time_format_utc(time_now_realtime(), now));
        if (!receipt->released)
                return -ENOMEM;
        if (g->file.labels) {
                free(receipt->labels);
                receipt->labels = strdup(g->file.labels);
                if (!receipt->labels)
                        return -ENOMEM;
        }
        r = receipt_format(receipt, o->policy->receipt_key, &text);
        return r < 0 ? r : publish(o, RELEASE_RECEIPT, text, strlen(text));
}

/* For the operator: what was released, by which policy, and what was not. */
static int publish_summary(Release *o, const GateResults *g, ssize_t released) {
        _cleanup_json_ json_t *object = NULL, *suppressed = json_array();
        _cleanup_free_ char *json = NULL, *lined = NULL;
        const GatePolicy *p = o->policy;

        for (size_t i = 0; i < g->n; i++) {
                const GateRow *row = &g->rows[i];

                if (row->reason == GATE_REASON_NONE)
                        continue;
                if (json_array_append_new(suppressed, json_pack("{s:s*, s:s}", "course", row->label, "reason", gate_reason_to_string(row->reason))) < 0)
                        return -ENOMEM;
        }
        object = json_pack("{s:i, s:{s:i, s:i, s:i}, s:I, s:O, s:O}", "version", VERSION, "policy", "digits", (int) p->digits,
                           "min_cell", (int) p->min_cell, "round_counts", (int) p->round_counts, "released", (json_int_t) released,
                           "suppressed", suppressed, "files", o->files);
        if (!object)
                return -ENOMEM;
        json = json_dumps(object, JSON_INDENT(1));
        if (!json || asprintf(&lined, "%s\n", json) < 0)
                return -ENOMEM;
        return publish_file_at(o->dirfd, GATE_RELEASE_FILE, lined, strlen(lined), 0640, (uid_t) -1, (gid_t) -1);
}

static int nothing_left(const GatePolicy *p, const MetricsFile *f, Fault *reterr) {
        bool known = false;
        int r;

        for (size_t i = 0; i < f->n_rows; i++)
                known = known || gate_judge(p, &f->rows[i]) != GATE_REASON_COURSE;
        if (known)
                return fault_set(reterr, FAULT_RELEASE_SUPPRESSED, NULL, 0,
                                 "nothing may be released: in each of %zu results, the rows, one class or one kind of right or wrong "
                                 "prediction number fewer than %u",
                                 f->n_rows, p->min_cell);
        r = fault_set(reterr, FAULT_RELEASE_SUPPRESSED, NULL, 0, "nothing may be released: none of %zu results is for a course of this job",
                      f->n_rows);
        if (r == -EBADMSG && fault_set_hint(reterr, "Write into the column 'course' only courses that the job was given.") < 0)
                return -ENOMEM;
        return r;
}

/* Everything but receipt and summary. Return: the number of results, or a negative errno. */
static ssize_t release_results(Release *o, GateResults *g, Fault *reterr) {
        ssize_t released, n;
        int r;

        r = gate_judge_all(o->policy, g);
        if (r < 0)
                return r;
        released = publish_table(o, g, RELEASE_EVAL, table_write_eval);
        if (released == 0)
                return nothing_left(o->policy, &g->file, reterr);
        if (released < 0)
                return released;
        if (g->file.kind == METRICS_KIND_CV) {
                n = publish_table(o, g, RELEASE_FOLDS, table_write_folds);
                if (n < 0)
                        return n;
        }
        n = publish_table(o, g, RELEASE_INTERVALS, table_write_intervals);
        r = n < 0 ? (int) n : 0;
        if (r >= 0 && o->policy->plots)
                r = publish_plot(o, g, RELEASE_ROC, PLOT_ROC);
        if (r >= 0 && o->policy->plots)
                r = publish_plot(o, g, RELEASE_CALIBRATION, PLOT_CALIBRATION);
        if (r >= 0)
                r = publish_note(o, g);
        return r < 0 ? r : released;
}

static int clear(int dirfd) {
        const char *names[RELEASE_FILES + 3] = { GATE_RELEASE_FILE, RELEASE_NOTE };

        for (size_t i = 0; i < RELEASE_FILES; i++)
                names[i + 2] = release_files[i].name;
        return helper_clear(dirfd, names);
}

int gate_run(int in_dirfd, int out_dirfd, const GatePolicy *p, Fault *reterr) {
        _cleanup_json_ json_t *files = json_array();
        _cleanup_gate_results_ GateResults g = {};
        Release o = { .dirfd = out_dirfd, .policy = p, .files = files };
        _cleanup_free_ char *text = NULL;
        ssize_t released = 0;
        size_t size;
        int r;

        if (!files)
                return -ENOMEM;
        r = clear(out_dirfd);
        if (r < 0)
                return r;
        if (!p->no_evaluation) {
                r = fd_read_file_at(in_dirfd, METRICS_FILE, METRICS_FILE_MAX, &text, &size);
                if (r >= 0)
                        r = metrics_file_parse(text, size, &g.file);
                if (r < 0)
                        return r;
                released = release_results(&o, &g, reterr);
                if (released < 0)
                        return (int) released;
        }
        r = publish_receipt(&o, &g);
        return r < 0 ? r : publish_summary(&o, &g, released);
}
