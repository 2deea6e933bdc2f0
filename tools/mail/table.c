/* SPDX-License-Identifier: MIT */
#include "tools/mail/table.h"

#include <sys/mman.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/csv.h"
#include "tools/mail/body.h"

/* Tables of so many rows (without the heading) are turned. */
#define TURN_ROWS_MAX 4u
#define CELL_MAX 64u

size_t table_width(const char *s) {
        size_t n = 0;

        for (; *s; s++)
                n += ((unsigned char) *s & 0xc0) != 0x80;
        return n;
}

bool table_is_number(const char *s) {
        return *s && strspn(s, "+-.0123456789eE") == strlen(s) && strpbrk(s, "0123456789");
}

/* A file that holds text, at its beginning. */
static int open_text(const char *text) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = memfd_create("table", MFD_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = fd_write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return negative_errno();
        return TAKE_FD(fd);
}

static int add_row(char ***cells, const CsvRecord *record) {
        for (size_t i = 0; i < record->n_cells; i++) {
                _cleanup_free_ char *cell = name_escape(record->cells[i].data, record->cells[i].size, CELL_MAX);
                int r;

                if (!cell)
                        return -ENOMEM;
                /* A metric that is undefined. */
                r = strv_add(cells, *cell ? cell : "-");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* In rows as they stand in the file. */
static int read_rows(const char *text, char ***cells, size_t *ret_rows, size_t *ret_columns, size_t *ret_left_out) {
        static const CsvLimits limits = { .record_max = CSV_RECORD_MAX, .cell_max = CSV_CELL_MAX, .cells_max = BODY_TABLE_COLUMNS_MAX };
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        size_t rows = 0, columns = 0, left_out = 0;
        _cleanup_fd_ int fd = -EBADF;
        CsvRecord record;
        int r;

        fd = open_text(text);
        if (fd < 0)
                return fd;
        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        while ((r = csv_reader_next(reader, &record)) == 0) {
                if (csv_record_is_blank(&record))
                        continue;
                if (rows == 0)
                        columns = record.n_cells;
                if (record.n_cells != columns)
                        return -EBADMSG;
                if (rows > BODY_TABLE_ROWS_MAX) {
                        left_out++;
                        continue;
                }
                r = add_row(cells, &record);
                if (r < 0)
                        return r;
                rows++;
        }
        if (r < 0)
                return r;
        if (r != CSV_E_END || rows < 2)
                return -EBADMSG;
        *ret_rows = rows;
        *ret_columns = columns;
        *ret_left_out = left_out;
        return 0;
}

static int turn(char **cells, size_t rows, size_t columns, char ***ret) {
        _cleanup_strv_ char **turned = NULL;

        for (size_t column = 0; column < columns; column++)
                for (size_t row = 0; row < rows; row++) {
                        int r = strv_add(&turned, cells[row * columns + column]);

                        if (r < 0)
                                return r;
                }
        *ret = TAKE_PTR(turned);
        return 0;
}

/* Where the first column holds no names, the turned table would have numbers for headings: give it plain ones. */
static int add_heading(char ***cells, size_t *columns, size_t rows) {
        _cleanup_strv_ char **wider = NULL;
        char number[24];
        int r;

        for (size_t row = 0; row < rows; row++) {
                snprintf(number, sizeof(number), "%zu", row);
                r = strv_add(&wider, row == 0 ? "metric" : rows == 2 ? "value" : number);
                if (r < 0)
                        return r;
                for (size_t i = 0; i < *columns; i++) {
                        r = strv_add(&wider, (*cells)[row * *columns + i]);
                        if (r < 0)
                                return r;
                }
        }
        strv_free(*cells);
        *cells = TAKE_PTR(wider);
        (*columns)++;
        return 0;
}

int table_from_csv(const char *text, char ***ret_cells, size_t *ret_rows, size_t *ret_columns, size_t *ret_left_out) {
        _cleanup_strv_ char **cells = NULL, **turned = NULL;
        size_t rows, columns;
        int r;

        r = read_rows(text, &cells, &rows, &columns, ret_left_out);
        if (r < 0)
                return r;
        if (rows - 1 > TURN_ROWS_MAX) {
                *ret_cells = TAKE_PTR(cells);
                *ret_rows = rows;
                *ret_columns = columns;
                return 0;
        }
        if (table_is_number(cells[columns])) {
                r = add_heading(&cells, &columns, rows);
                if (r < 0)
                        return r;
        }
        r = turn(cells, rows, columns, &turned);
        if (r < 0)
                return r;
        *ret_cells = TAKE_PTR(turned);
        *ret_rows = columns;
        *ret_columns = rows;
        return 0;
}
