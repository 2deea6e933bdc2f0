/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/join.h"

#include <limits.h>

#include "spool/base/name.h"
#include "tools/evaluate/columns.h"

typedef enum JoinColumn {
        JOIN_COLUMN_COURSE,
        JOIN_COLUMN_USER,
        JOIN_COLUMN_PROB,
        JOIN_COLUMN_PRED,
        JOIN_COLUMN_FOLD,    /* of folds only */
        JOIN_COLUMN_SESSION, /* of folds by session only */
        _JOIN_COLUMN_MAX,
} JoinColumn;

static const char *const names[_JOIN_COLUMN_MAX] = {
        [JOIN_COLUMN_COURSE] = "course",
        [JOIN_COLUMN_USER] = "userID",
        [JOIN_COLUMN_PROB] = "prob",
        [JOIN_COLUMN_PRED] = "pred",
        [JOIN_COLUMN_FOLD] = "fold",
        [JOIN_COLUMN_SESSION] = "session",
};

typedef struct Reading {
        Join *join;
        const char *name;
        bool count;
        size_t at[_JOIN_COLUMN_MAX], n_cells;
        size_t hint;
        Fault *fault;
} Reading;

static unsigned line_number(uint64_t line) {
        return line > UINT_MAX ? UINT_MAX : (unsigned) line;
}

static int take_header(Reading *g, const CsvRecord *header) {
        unsigned found[_JOIN_COLUMN_MAX] = {};
        int r;

        for (size_t i = 0; i < header->n_cells; i++) {
                CsvCell cell = csv_cell_trim(header->cells[i]);

                for (JoinColumn c = 0; c < _JOIN_COLUMN_MAX; c++)
                        if (csv_cell_equals(&cell, names[c])) {
                                g->at[c] = i;
                                found[c]++;
                        }
        }
        for (JoinColumn c = 0; c < _JOIN_COLUMN_MAX; c++) {
                if (found[c] == 1 || (c == JOIN_COLUMN_FOLD && g->join->folds == 0) || (c == JOIN_COLUMN_SESSION && !g->join->by_session))
                        continue;
                r = fault_set(g->fault, FAULT_CSV_COLUMNS, g->name, 0, "the predictions %s the column %s",
                              found[c] == 0 ? "lack" : "have several times", names[c]);
                if (fault_set_hint(g->fault, "Write the columns userID,prob,pred (and course, for all courses at once) each once.") < 0)
                        return -ENOMEM;
                return r;
        }
        g->n_cells = header->n_cells;
        return 0;
}

/* 1, 2, ... as a program may have written it, "2" or "2.0". Return: 0 where it is no fold. */
static unsigned fold_of(const Reading *g, const CsvRecord *row) {
        CsvCell cell;
        unsigned fold = 0;
        size_t i = 0;

        if (g->join->folds == 0)
                return 0;
        cell = csv_cell_trim(row->cells[g->at[JOIN_COLUMN_FOLD]]);
        for (; i < cell.size && cell.data[i] >= '0' && cell.data[i] <= '9' && fold <= g->join->folds; i++)
                fold = fold * 10 + (unsigned) (cell.data[i] - '0');
        if (i < cell.size && !(cell.size - i == 2 && memcmp(cell.data + i, ".0", 2) == 0))
                return 0;
        return fold <= g->join->folds ? fold : 0;
}

/* Return: the column that is wrong, with error, or -1. */
static int parse_values(const Reading *g, const CsvRecord *row, double *prob, bool *pred, int *error) {
        *error = column_parse_score(row->cells[g->at[JOIN_COLUMN_PROB]], prob);
        if (*error < 0)
                return JOIN_COLUMN_PROB;
        *error = column_parse_label(row->cells[g->at[JOIN_COLUMN_PRED]], pred);
        return *error < 0 ? JOIN_COLUMN_PRED : -1;
}

/* The first reading: what is wrong with a row of a learner. */
static int look(Reading *g, JoinCourse *c, Label *label, const CsvRecord *row) {
        unsigned fold = fold_of(g, row);
        int column, error;
        double prob;
        bool pred;

        if (g->join->folds > 0 && (fold == 0 || (label->fold > 0 && label->fold != fold))) {
                c->misplaced++;
                return 0;
        }
        if (label->predicted) {
                c->duplicates++;
                return 0;
        }
        label->predicted = true;
        c->rows++;
        column = parse_values(g, row, &prob, &pred, &error);
        if (error == -ENOMEM)
                return error;
        if (column < 0)
                return 0;
        if (c->values++ == 0) {
                c->column = names[column];
                c->complaint = column_complaint(column == JOIN_COLUMN_PROB ? COLUMN_Y_SCORE : COLUMN_Y_PRED, row->cells[g->at[column]], error);
        }
        return 0;
}

/* The second: nothing is wrong with it. */
static int count(Reading *g, JoinCourse *c, const Label *label, const CsvRecord *row) {
        unsigned fold = fold_of(g, row);
        double prob;
        bool pred;
        int error, r;

        if (parse_values(g, row, &prob, &pred, &error) >= 0)
                return error == -ENOMEM ? error : -EIO;
        r = tally_set_add(g->join->tallies, c->tallies[0], label->value, pred, prob);
        if (r >= 0 && fold > 0)
                r = tally_set_add(g->join->tallies, c->tallies[fold], label->value, pred, prob);
        return r;
}

static int take_row(Reading *g, const CsvRecord *row) {
        CsvCell course, user;
        JoinCourse *c;
        Label *label;
        ssize_t i, session = 0;

        if (row->n_cells != g->n_cells)
                return fault_set(g->fault, FAULT_CSV_SYNTAX, g->name, line_number(row->line), "the row has %zu cells, the header has %zu",
                                 row->n_cells, g->n_cells);
        course = csv_cell_trim(row->cells[g->at[JOIN_COLUMN_COURSE]]);
        i = labels_find_course(g->join->labels, &course, &g->hint);
        if (i < 0)
                return 0;
        if (g->join->by_session) {
                CsvCell cell = csv_cell_trim(row->cells[g->at[JOIN_COLUMN_SESSION]]);

                session = labels_find_session(&g->join->labels->sets[i], &cell);
                if (session < 0)
                        return 0;
        }
        user = csv_cell_trim(row->cells[g->at[JOIN_COLUMN_USER]]);
        label = label_find(&g->join->labels->sets[i], (size_t) session, &user);
        if (!label || !label->expected)
                return 0;
        c = &g->join->courses[i];
        if (!g->count)
                return look(g, c, label, row);
        return c->skip ? 0 : count(g, c, label, row);
}

int join_read(Join *j, int fd, const char *name, bool count_rows, Fault *reterr) {
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        CsvLimits limits = CSV_LIMITS_DEFAULT;
        Reading g = { .join = j, .name = name, .count = count_rows, .fault = reterr };
        bool in_rows = false;
        CsvRecord record;
        int r;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return negative_errno();
        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        while ((r = csv_reader_next(reader, &record)) == 0) {
                if (csv_record_is_blank(&record))
                        continue;
                r = in_rows ? take_row(&g, &record) : take_header(&g, &record);
                if (r < 0)
                        return r;
                in_rows = true;
        }
        if (r < 0)
                return r;
        if (r != CSV_E_END)
                return fault_set(reterr, r == CSV_E_TOO_LONG || r == CSV_E_TOO_MANY_CELLS ? FAULT_CSV_LINE : FAULT_CSV_SYNTAX, name,
                                 line_number(csv_reader_line(reader)), "the row that begins here has %s", csv_condition_to_string(r));
        return in_rows ? 0 : fault_set(reterr, FAULT_CSV_EMPTY, name, 0, "there are no predictions");
}
