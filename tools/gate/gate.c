/* SPDX-License-Identifier: MIT */
#include "tools/gate/gate.h"

#include <inttypes.h>

#include "spool/csv.h"
#include "spool/helper.h"
#include "spool/limits.h"
#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"

#define VERSION 1
/* "course-1024" */
#define LABEL_MAX 32u

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

/* The name under which row number i (from 0) is released; NULL for the row over everything. */
static const char *label_of(const GatePolicy *p, const MetricsRow *row, size_t i, char buffer[static LABEL_MAX]) {
        if (!row->course)
                return NULL;
        if (strv_contains(p->courses, row->course))
                return row->course;
        snprintf(buffer, LABEL_MAX, "course-%zu", i + 1);
        return buffer;
}

static void write_row(CsvWriter *w, const GatePolicy *p, const MetricsRow *row, const char *label) {
        char number[METRICS_NUMBER_MAX];

        if (label)
                csv_writer_cell(w, label);
        for (size_t i = 0; i < METRICS_COLUMNS; i++) {
                const char *member = (const char *) &row->metrics + metrics_columns[i].offset;

                if (metrics_columns[i].count)
                        snprintf(number, sizeof(number), "%" PRIu64, gate_round(*(const uint64_t *) member, p->round_counts));
                else
                        metrics_format(*(const double *) member, p->digits, number);
                csv_writer_cell(w, number);
        }
        csv_writer_end(w);
}

static void write_header(CsvWriter *w, bool by_course) {
        if (by_course)
                csv_writer_cell(w, "course");
        for (size_t i = 0; i < METRICS_COLUMNS; i++)
                csv_writer_cell(w, metrics_columns[i].name);
        csv_writer_end(w);
}

/* Writes what may be released to w and the rest, with reasons, to suppressed. Return: the number of released rows, or -ENOMEM. */
static ssize_t sift(const GatePolicy *p, const MetricsFile *f, CsvWriter *w, json_t *suppressed) {
        char buffer[LABEL_MAX];
        ssize_t released = 0;

        write_header(w, f->by_course);
        for (size_t i = 0; i < f->n_rows; i++) {
                const char *label = label_of(p, &f->rows[i], i, buffer);
                GateReason reason = gate_judge(p, &f->rows[i]);
                json_t *entry;

                if (reason == GATE_REASON_NONE) {
                        write_row(w, p, &f->rows[i], label);
                        released++;
                        continue;
                }
                entry = json_pack("{s:s*, s:s}", "course", label, "reason", gate_reason_to_string(reason));
                if (json_array_append_new(suppressed, entry) < 0)
                        return -ENOMEM;
        }
        return released;
}

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

static int publish(int dirfd, const GatePolicy *p, CsvWriter *w, ssize_t released, json_t *suppressed) {
        _cleanup_json_ json_t *object = NULL;
        _cleanup_free_ char *json = NULL, *lined = NULL;
        char digest[DIGEST_LENGTH + 1];
        const char *text;
        size_t size;
        int r;

        r = csv_writer_finish(w, &text, &size);
        if (r < 0)
                return r;
        if (size > LIMIT_RELEASE_BYTES)
                return -EFBIG;
        r = digest_text(text, size, digest);
        if (r < 0)
                return r;
        object = json_pack("{s:i, s:{s:i, s:i, s:i}, s:I, s:O, s:{s:s, s:I, s:s}}", "version", VERSION, "policy", "digits", (int) p->digits,
                           "min_cell", (int) p->min_cell, "round_counts", (int) p->round_counts, "released", (json_int_t) released,
                           "suppressed", suppressed, "table", "file", METRICS_TABLE_FILE, "bytes", (json_int_t) size, "sha256", digest);
        if (!object)
                return -ENOMEM;
        json = json_dumps(object, JSON_INDENT(1));
        if (!json || asprintf(&lined, "%s\n", json) < 0)
                return -ENOMEM;
        r = publish_file_at(dirfd, METRICS_TABLE_FILE, text, size, 0640, (uid_t) -1, (gid_t) -1);
        if (r < 0)
                return r;
        return publish_file_at(dirfd, GATE_RELEASE_FILE, lined, strlen(lined), 0640, (uid_t) -1, (gid_t) -1);
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

int gate_run(int in_dirfd, int out_dirfd, const GatePolicy *p, Fault *reterr) {
        static const char *const results[] = { GATE_RELEASE_FILE, METRICS_TABLE_FILE, NULL };
        _cleanup_metrics_file_ MetricsFile f = {};
        _cleanup_csv_writer_ CsvWriter w = {};
        _cleanup_json_ json_t *suppressed = NULL;
        _cleanup_free_ char *text = NULL;
        ssize_t released;
        size_t size;
        int r;

        r = helper_clear(out_dirfd, results);
        if (r < 0)
                return r;
        r = fd_read_file_at(in_dirfd, METRICS_FILE, METRICS_FILE_MAX, &text, &size);
        if (r < 0)
                return r;
        r = metrics_file_parse(text, size, &f);
        if (r < 0)
                return r;
        suppressed = json_array();
        if (!suppressed)
                return -ENOMEM;
        released = sift(p, &f, &w, suppressed);
        if (released < 0)
                return (int) released;
        if (released == 0)
                return nothing_left(p, &f, reterr);
        return publish(out_dirfd, p, &w, released, suppressed);
}
