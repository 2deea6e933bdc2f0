/* SPDX-License-Identifier: MIT */
#include "tools/cli/result.h"

#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "spool/csv.h"
#include "spool/limits.h"
#include "tools/cli/grid.h"

#define EVAL_FILE "eval.csv"
/* With at most so many rows, metrics stand below each other. */
#define UPRIGHT_ROWS 2u
/* With fewer than so many, so they do where the terminal is too narrow for the table. */
#define UPRIGHT_ROWS_NARROW 8u

typedef struct Table {
        char **cells; /* row by row, the header first */
        size_t n_columns, n_rows; /* rows without the header */
} Table;

static void table_done(Table *t) {
        strv_free(t->cells);
        *t = (Table){};
}

int result_open(const Jobs *j, const char *id) {
        _cleanup_fd_ int job = jobs_open_dir(j, id, NULL), release = -EBADF;

        if (job < 0)
                return job;
        if (j->researcher)
                return fd_open_regular_at(job, EVAL_FILE, LIMIT_RELEASE_BYTES, NULL);
        release = fd_open_dir_at(job, "release");
        return release < 0 ? release : fd_open_regular_at(release, EVAL_FILE, LIMIT_RELEASE_BYTES, NULL);
}

static int add_record(Table *t, const CsvRecord *record) {
        int r;

        if (t->n_columns == 0)
                t->n_columns = record->n_cells;
        else
                t->n_rows++;
        if (record->n_cells != t->n_columns || t->n_columns > GRID_COLUMNS_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < record->n_cells; i++) {
                r = strv_addf(&t->cells, "%.*s", (int) record->cells[i].size, record->cells[i].data);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int table_read(int fd, Table *ret) {
        static const CsvLimits limits = CSV_LIMITS_DEFAULT;
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        _cleanup_(table_done) Table t = {};
        CsvRecord record;
        int r;

        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        while ((r = csv_reader_next(reader, &record)) == 0) {
                if (csv_record_is_blank(&record))
                        continue;
                r = add_record(&t, &record);
                if (r < 0)
                        return r;
        }
        if (r != CSV_E_END)
                return r < 0 ? r : -EBADMSG;
        if (t.n_columns == 0)
                return -EBADMSG;
        *ret = t;
        t = (Table){};
        return 0;
}

static int print_flat(const Table *table, const Term *t, bool force) {
        _cleanup_grid_ Grid g;

        grid_init(&g, t);
        for (size_t c = 0; c < table->n_columns; c++)
                grid_column(&g, table->cells[c], c == 0 ? GRID_LEFT : GRID_RIGHT);
        for (size_t i = table->n_columns; i < table->n_columns * (table->n_rows + 1); i++)
                grid_cell(&g, TERM_PLAIN, table->cells[i]);
        if (!force && t->columns > 0 && grid_width(&g) > t->columns)
                return -E2BIG;
        return grid_print(&g, stdout);
}

static int print_upright(const Table *table, const Term *t) {
        _cleanup_grid_ Grid g;

        grid_init(&g, t);
        grid_column(&g, "METRIC", GRID_LEFT);
        for (size_t row = 1; row <= table->n_rows; row++)
                grid_column(&g, row == 1 ? "VALUE" : "", GRID_RIGHT);
        for (size_t c = 0; c < table->n_columns; c++)
                for (size_t row = 0; row <= table->n_rows; row++)
                        grid_cell(&g, TERM_PLAIN, table->cells[row * table->n_columns + c]);
        return grid_print(&g, stdout);
}

int result_print(int fd, const Term *t) {
        _cleanup_(table_done) Table table = {};
        int r;

        r = table_read(fd, &table);
        if (r < 0)
                return r;
        if (table.n_rows <= UPRIGHT_ROWS)
                return print_upright(&table, t);
        r = print_flat(&table, t, false);
        if (r != -E2BIG)
                return r;
        return table.n_rows < UPRIGHT_ROWS_NARROW ? print_upright(&table, t) : print_flat(&table, t, true);
}

json_t *result_to_json(int fd) {
        _cleanup_(table_done) Table t = {};
        _cleanup_json_ json_t *rows = json_array();

        if (!rows || table_read(fd, &t) < 0)
                return NULL;
        for (size_t row = 1; row <= t.n_rows; row++) {
                json_t *object = json_object();

                if (json_array_append_new(rows, object) < 0)
                        return NULL;
                for (size_t c = 0; c < t.n_columns; c++)
                        if (json_object_set_new(object, t.cells[c], json_string(t.cells[row * t.n_columns + c])) < 0)
                                return NULL;
        }
        return TAKE_PTR(rows);
}
