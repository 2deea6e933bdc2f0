/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/evaluate.h"

#include <fcntl.h>
#include <limits.h>

#include "spool/csv.h"
#include "spool/helper.h"
#include "spool/limits.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "tools/evaluate/columns.h"
#include "tools/evaluate/tally.h"

typedef struct Evaluation {
        const char *name;
        CsvReader *reader;
        Columns columns;
        TallySet *tallies;
        Fault *fault;
} Evaluation;

static unsigned line_number(uint64_t line) {
        return line > UINT_MAX ? UINT_MAX : (unsigned) line;
}

/* Turns a refusal of the reader into a fault. */
static int refuse(Evaluation *e, int condition) {
        bool too_long = condition == CSV_E_TOO_LONG || condition == CSV_E_TOO_MANY_CELLS;

        return fault_set(e->fault, too_long ? FAULT_CSV_LINE : FAULT_CSV_SYNTAX, e->name, line_number(csv_reader_line(e->reader)),
                         "the row that begins here has %s", csv_condition_to_string(condition));
}

/* The next row that is not blank. Return: 0, CSV_E_END, or a negative errno. */
static int next_row(Evaluation *e, CsvRecord *ret) {
        int r;

        do
                r = csv_reader_next(e->reader, ret);
        while (r == 0 && csv_record_is_blank(ret));
        return r > 0 && r != CSV_E_END ? refuse(e, r) : r;
}

static int bad_cell(Evaluation *e, const CsvRecord *row, Column column, int error) {
        static const FaultCode codes[_COLUMN_MAX] = {
                [COLUMN_Y_TRUE] = FAULT_CSV_Y_TRUE,
                [COLUMN_Y_PRED] = FAULT_CSV_Y_PRED,
                [COLUMN_Y_SCORE] = FAULT_CSV_Y_SCORE,
                [COLUMN_COURSE] = FAULT_CSV_COURSE,
        };

        return fault_set(e->fault, codes[column], e->name, line_number(row->line), "%s %s", column_to_string(column),
                         column_complaint(column, row->cells[e->columns.at[column]], error));
}

static int add_row(Evaluation *e, const CsvRecord *row) {
        const Columns *c = &e->columns;
        bool y_true, y_pred;
        double y_score;
        Tally *tally;
        int r;

        if (row->n_cells != c->n_cells)
                return fault_set(e->fault, FAULT_CSV_SYNTAX, e->name, line_number(row->line), "the row has %zu cells, the header has %zu",
                                 row->n_cells, c->n_cells);
        r = column_parse_label(row->cells[c->at[COLUMN_Y_TRUE]], &y_true);
        if (r < 0)
                return bad_cell(e, row, COLUMN_Y_TRUE, r);
        r = column_parse_label(row->cells[c->at[COLUMN_Y_PRED]], &y_pred);
        if (r < 0)
                return bad_cell(e, row, COLUMN_Y_PRED, r);
        r = column_parse_score(row->cells[c->at[COLUMN_Y_SCORE]], &y_score);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return bad_cell(e, row, COLUMN_Y_SCORE, r);

        r = tally_set_get(e->tallies, c->has_course ? &row->cells[c->at[COLUMN_COURSE]] : NULL, &tally);
        if (r == -E2BIG)
                return fault_set(e->fault, FAULT_CSV_COURSE, e->name, line_number(row->line), "there are more than %u courses",
                                 LIMIT_COURSES);
        if (r == -EINVAL)
                return bad_cell(e, row, COLUMN_COURSE, r);
        if (r < 0)
                return r;
        return tally_set_add(e->tallies, tally, y_true, y_pred, y_score);
}

static int evaluate(Evaluation *e, MetricsFile *ret) {
        CsvRecord row;
        uint64_t n = 0;
        int r;

        r = next_row(e, &row);
        if (r == CSV_E_END)
                return fault_set(e->fault, FAULT_CSV_EMPTY, e->name, 0, "the file is empty");
        if (r < 0)
                return r;
        r = columns_find(e->name, &row, &e->columns, e->fault);
        if (r < 0)
                return r;
        for (; (r = next_row(e, &row)) == 0; n++) {
                r = add_row(e, &row);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        if (n == 0)
                return fault_set(e->fault, FAULT_CSV_EMPTY, e->name, 0, "the file has a header and no rows");
        return tally_set_finish(e->tallies, ret);
}

int evaluate_table(int fd, const char *name, int dirfd, uint64_t memory_max, MetricsFile *ret, Fault *reterr) {
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        _cleanup_(tally_set_freep) TallySet *tallies = NULL;
        CsvLimits limits = CSV_LIMITS_DEFAULT;
        Evaluation e = { .name = name, .fault = reterr };
        int r;

        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        r = tally_set_new(dirfd, memory_max, &tallies);
        if (r < 0)
                return r;
        e.reader = reader;
        e.tallies = tallies;
        return evaluate(&e, ret);
}

static void write_cell(CsvWriter *w, const MetricsColumn *column, const Metrics *m) {
        const char *member = (const char *) m + column->offset;
        char number[METRICS_NUMBER_MAX];

        if (column->count)
                snprintf(number, sizeof(number), "%llu", (unsigned long long) *(const uint64_t *) member);
        else
                metrics_format(*(const double *) member, /* digits= */ 0, number);
        csv_writer_cell(w, number);
}

static int publish_table(int dirfd, const MetricsFile *f) {
        const MetricsColumn *columns = metrics_columns_of(f->kind);
        _cleanup_csv_writer_ CsvWriter w = {};
        const char *text;
        size_t size;
        int r;

        if (f->by_course)
                csv_writer_cell(&w, "course");
        if (f->kind == METRICS_KIND_CV)
                csv_writer_cell(&w, "fold");
        for (size_t i = 0; i < METRICS_COLUMNS; i++)
                csv_writer_cell(&w, columns[i].name);
        csv_writer_end(&w);
        for (size_t row = 0; row < f->n_rows; row++) {
                char fold[16];

                if (f->by_course)
                        csv_writer_cell(&w, f->rows[row].course);
                snprintf(fold, sizeof(fold), "%u", f->rows[row].fold);
                if (f->kind == METRICS_KIND_CV)
                        csv_writer_cell(&w, f->rows[row].fold > 0 ? fold : "");
                for (size_t i = 0; i < METRICS_COLUMNS; i++)
                        write_cell(&w, &columns[i], &f->rows[row].metrics);
                csv_writer_end(&w);
        }
        r = csv_writer_finish(&w, &text, &size);
        if (r < 0)
                return r;
        return publish_unnamed_file_at(dirfd, METRICS_TABLE_FILE, text, size, 0640, (uid_t) -1, (gid_t) -1);
}

int evaluate_publish(int dirfd, const MetricsFile *f) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = metrics_file_format(f, &text);
        if (r < 0)
                return r;
        r = publish_table(dirfd, f);
        if (r < 0)
                return r;
        return publish_file_at(dirfd, METRICS_FILE, text, strlen(text), 0640, (uid_t) -1, (gid_t) -1);
}

static const char *const results[] = { METRICS_FILE, METRICS_TABLE_FILE, NULL };

int evaluate_run(int in_dirfd, int out_dirfd, uint64_t memory_max, Fault *reterr) {
        _cleanup_metrics_file_ MetricsFile f = {};
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = helper_clear(out_dirfd, results);
        if (r < 0)
                return r;
        fd = fd_open_regular_at(in_dirfd, EVALUATE_INPUT_FILE, UINT64_MAX, /* ret_st= */ NULL);
        if (fd == -ENOENT)
                return fault_set(reterr, FAULT_OUTPUT_MISSING, EVALUATE_INPUT_FILE, 0, "the job did not write it");
        if (fd == -ELOOP || fd == -EBADMSG || fd == -EMLINK)
                return fault_set(reterr, FAULT_OUTPUT_KIND, EVALUATE_INPUT_FILE, 0, "it is not a regular file of its own");
        if (fd < 0)
                return fd;
        (void) posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        r = evaluate_table(fd, EVALUATE_INPUT_FILE, out_dirfd, memory_max, &f, reterr);
        if (r < 0)
                return r;
        return evaluate_publish(out_dirfd, &f);
}

int evaluate_run_workflow(const WorkflowOptions *o, int out_dirfd, Fault *reterr) {
        _cleanup_metrics_file_ MetricsFile f = {};
        int r;

        r = helper_clear(out_dirfd, results);
        if (r >= 0)
                r = workflow_evaluate(o, out_dirfd, &f, reterr);
        return r < 0 ? r : evaluate_publish(out_dirfd, &f);
}
