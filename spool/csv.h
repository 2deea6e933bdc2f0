/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Comma-separated values as RFC 4180 has them, read from foreign files in one pass and in bounded memory, and written.
 *
 * A record is cells separated by commas and ended by LF, CRLF or the end of the file. A cell that begins with a double quote
 * ends with one, may hold commas, line breaks and doubled quotes, and loses its quotes here. A UTF-8 byte order mark at the
 * start of the file is skipped. Everything else is left as it is: bytes are bytes, whatever their encoding; spaces belong to
 * the cell. A line without a byte is a record of one empty cell: the caller decides what it means.
 *
 * Refused, each with its own condition: a quote inside a cell that does not begin with one (unless lenient) or text behind a
 * closing quote, a quote that is never closed, a carriage return without its line feed outside quotes, a NUL byte anywhere,
 * and whatever is over a limit. The first refusal is final: the reader returns it from then on.
 */

#include "spool/base/macro.h"

/* Conditions that csv_reader_next() returns and its caller must consume. */
typedef enum CsvCondition {
        CSV_E_END = 1,
        CSV_E_QUOTE,           /* a quote where none may be, text behind a closing quote */
        CSV_E_OPEN_QUOTE,      /* the file ends inside quotes */
        CSV_E_CARRIAGE_RETURN, /* CR without LF outside quotes */
        CSV_E_NUL,
        CSV_E_TOO_LONG,        /* a record or a cell is over its limit */
        CSV_E_TOO_MANY_CELLS,
        _CSV_E_MAX,
} CsvCondition;

typedef struct CsvLimits {
        size_t record_max; /* bytes of one record as it stands in the file, line end included */
        size_t cell_max;   /* bytes of one cell, without its quotes */
        size_t cells_max;
        bool lenient;      /* a quote inside an unquoted cell stands for itself */
} CsvLimits;

/* Limits that fit tables of predictions, labels and dates. */
#define CSV_RECORD_MAX (64u * 1024u)
#define CSV_CELL_MAX (16u * 1024u)
#define CSV_CELLS_MAX 1024u

#define CSV_LIMITS_DEFAULT { .record_max = CSV_RECORD_MAX, .cell_max = CSV_CELL_MAX, .cells_max = CSV_CELLS_MAX }

/* size bytes at data, not NUL-terminated. */
typedef struct CsvCell {
        const char *data;
        size_t size;
} CsvCell;

/* A record, valid until the next call on its reader. */
typedef struct CsvRecord {
        const CsvCell *cells;
        size_t n_cells;
        uint64_t line;   /* where it begins, the first line being 1 */
        const char *raw; /* its bytes as they stand in the file, with the line end if there is one */
        size_t raw_size;
} CsvRecord;

typedef struct CsvReader CsvReader;

/*
 * Makes a reader of the rest of fd, which stays the caller's and must outlive it.
 * Return: 0 and a reader that csv_reader_free() releases, or -ENOMEM.
 */
int csv_reader_new(int fd, const CsvLimits *limits, CsvReader **ret);
CsvReader *csv_reader_free(CsvReader *r);
DEFINE_CLEANUP(CsvReader *, csv_reader_free);

/* Return: 0 and a record; CSV_E_END; another CsvCondition (see csv_reader_line()); or a negative errno. */
int csv_reader_next(CsvReader *r, CsvRecord *ret);

/* The line in which the record of the last call, read or refused, begins. */
uint64_t csv_reader_line(const CsvReader *r);

/* A condition as the end of a sentence, "a NUL byte"; NULL for what is none. Return: a constant string. */
const char *csv_condition_to_string(int condition);

/* Whether a line holds nothing at all. */
static inline bool csv_record_is_blank(const CsvRecord *record) {
        return record->n_cells == 1 && record->cells[0].size == 0 && record->raw[0] != '"';
}

/* Whether the cell is exactly s. */
static inline bool csv_cell_equals(const CsvCell *cell, const char *s) {
        return cell->size == strlen(s) && memcmp(cell->data, s, cell->size) == 0;
}

/* The cell without spaces and tabs at both ends. */
static inline CsvCell csv_cell_trim(CsvCell cell) {
        while (cell.size > 0 && (cell.data[0] == ' ' || cell.data[0] == '\t'))
                cell.data++, cell.size--;
        while (cell.size > 0 && (cell.data[cell.size - 1] == ' ' || cell.data[cell.size - 1] == '\t'))
                cell.size--;
        return cell;
}

/*
 * A table in the making, held in memory. Embedded: start with {}, end with csv_writer_done(). The first error (-ENOMEM) is
 * kept and makes later calls do nothing, so that only csv_writer_finish() needs a look.
 */
typedef struct CsvWriter {
        char *data;
        size_t size, allocated;
        bool in_record;
        int error;
} CsvWriter;

/* Adds a cell, quoted where it must be. */
void csv_writer_cell(CsvWriter *w, const char *s);
/* Ends the record with a line feed. */
void csv_writer_end(CsvWriter *w);
/* The text so far, NUL-terminated, owned by w. Return: 0 or -ENOMEM. */
int csv_writer_finish(CsvWriter *w, const char **ret_data, size_t *ret_size);
void csv_writer_done(CsvWriter *w);
#define _cleanup_csv_writer_ _cleanup_(csv_writer_done)
