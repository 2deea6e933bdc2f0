/* SPDX-License-Identifier: MIT */
#include "spool/csv.h"

/* Bytes asked of the kernel at a time. */
#define CHUNK (128u * 1024u)
/* Behind the data stand two NULs, so that the scanner stops there and may look one byte ahead. */
#define SENTINEL 2u

struct CsvReader {
        int fd;
        CsvLimits limits;
        bool eof, started;
        int ended;             /* condition or errno that every later call returns */
        char *buffer;
        size_t capacity;       /* of buffer, without the sentinel */
        size_t start, end;     /* what is read and not yet handed out */
        uint64_t line, next_line;
        CsvCell *cells;
        size_t n_cells;
        char *unquoted;        /* cells with doubled quotes, written out */
        size_t unquoted_size, unquoted_allocated;
};

/* The scanner's way to say that the record does not end in the buffer. */
#define SCAN_MORE _CSV_E_MAX

int csv_reader_new(int fd, const CsvLimits *limits, CsvReader **ret) {
        _cleanup_(csv_reader_freep) CsvReader *r = NULL;

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->fd = fd;
        r->limits = *limits;
        r->line = r->next_line = 1;
        r->capacity = CHUNK;
        r->buffer = malloc(r->capacity + SENTINEL);
        r->cells = malloc(limits->cells_max * sizeof(*r->cells));
        if (!r->buffer || !r->cells)
                return -ENOMEM;
        memset(r->buffer, 0, SENTINEL);
        *ret = TAKE_PTR(r);
        return 0;
}

CsvReader *csv_reader_free(CsvReader *r) {
        if (!r)
                return NULL;
        free(r->buffer);
        free(r->cells);
        free(r->unquoted);
        free(r);
        return NULL;
}

uint64_t csv_reader_line(const CsvReader *r) {
        return r->line;
}

const char *csv_condition_to_string(int condition) {
        static const char *const names[_CSV_E_MAX] = {
                [CSV_E_END] = "the end of the file",
                [CSV_E_QUOTE] = "a double quote in the wrong place",
                [CSV_E_OPEN_QUOTE] = "a double quote that is never closed",
                [CSV_E_CARRIAGE_RETURN] = "a carriage return without a line feed",
                [CSV_E_NUL] = "a NUL byte",
                [CSV_E_TOO_LONG] = "a line or a cell that is too long",
                [CSV_E_TOO_MANY_CELLS] = "too many cells",
        };

        return condition > 0 && condition < _CSV_E_MAX ? names[condition] : NULL;
}

/* Reads more behind what is there; makes room first. */
static int fill(CsvReader *r) {
        ssize_t n;

        if (r->start > 0) {
                memmove(r->buffer, r->buffer + r->start, r->end - r->start);
                r->end -= r->start;
                r->start = 0;
        }
        if (r->end == r->capacity) {
                size_t bigger = r->capacity * 2;
                char *grown = realloc(r->buffer, bigger + SENTINEL);

                if (!grown)
                        return -ENOMEM;
                r->buffer = grown;
                r->capacity = bigger;
        }
        do
                n = read(r->fd, r->buffer + r->end, r->capacity - r->end);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return negative_errno();
        if (n == 0)
                r->eof = true;
        r->end += (size_t) n;
        memset(r->buffer + r->end, 0, SENTINEL);
        return 0;
}

/* What a NUL means: the sentinel or a byte of the file. */
static int nul_condition(const CsvReader *r, const char *p, int at_end) {
        if (p != r->buffer + r->end)
                return CSV_E_NUL;
        return r->eof ? at_end : SCAN_MORE;
}

/* Copies a quoted cell without the second of each pair of quotes. */
static int unquote(CsvReader *r, const char *data, size_t size, CsvCell *ret) {
        char *out;

        /* As much as the whole record is enough for all of its cells: cells point in here, so it must not move. */
        if (!r->unquoted) {
                r->unquoted_allocated = r->limits.record_max;
                r->unquoted = malloc(r->unquoted_allocated);
                if (!r->unquoted)
                        return -ENOMEM;
        }
        if (size > r->unquoted_allocated - r->unquoted_size)
                return CSV_E_TOO_LONG;
        out = r->unquoted + r->unquoted_size;
        ret->data = out;
        for (size_t i = 0; i < size; i++) {
                *out++ = data[i];
                if (data[i] == '"')
                        i++;
        }
        ret->size = (size_t) (out - ret->data);
        r->unquoted_size += ret->size;
        return 0;
}

/* Scans a cell from its opening quote to behind its closing one. */
static int scan_quoted(CsvReader *r, const char **p, uint64_t *lines, CsvCell *ret) {
        const char *begin = *p + 1, *q = begin;
        bool doubled = false;

        for (;; q++) {
                if (*q == '\n')
                        (*lines)++;
                else if (*q == '\0')
                        return nul_condition(r, q, CSV_E_OPEN_QUOTE);
                else if (*q == '"') {
                        if (q[1] != '"')
                                break;
                        doubled = true;
                        q++;
                }
        }
        *p = q + 1;
        *ret = (CsvCell){ .data = begin, .size = (size_t) (q - begin) };
        return doubled ? unquote(r, begin, ret->size, ret) : 0;
}

/* What may end a cell without quotes. */
static const bool ends_plain[UINT8_MAX + 1] = { [','] = true, ['\n'] = true, ['\r'] = true, ['\0'] = true, ['"'] = true };

/* Scans a cell without quotes up to what ends it. */
static int scan_plain(CsvReader *r, const char **p, CsvCell *ret) {
        const char *begin = *p, *q = begin;

        for (;; q++) {
                while (!ends_plain[(unsigned char) *q])
                        q++;
                if (*q != '"')
                        break;
                if (!r->limits.lenient)
                        return CSV_E_QUOTE;
        }
        *p = q;
        *ret = (CsvCell){ .data = begin, .size = (size_t) (q - begin) };
        return 0;
}

/* After a cell: 0 when another follows, CSV_E_END when the record ends, with *p behind the separator. */
static int scan_separator(CsvReader *r, const char **p, uint64_t *lines) {
        const char *q = *p;

        switch (*q) {
        case ',':
                *p = q + 1;
                return 0;
        case '\n':
                (*lines)++;
                *p = q + 1;
                return CSV_E_END;
        case '\r':
                if (q[1] == '\n') {
                        (*lines)++;
                        *p = q + 2;
                        return CSV_E_END;
                }
                if (q[1] == '\0' && q + 1 == r->buffer + r->end && !r->eof)
                        return SCAN_MORE;
                return CSV_E_CARRIAGE_RETURN;
        case '\0':
                return nul_condition(r, q, CSV_E_END);
        default: /* behind a closing quote */
                return CSV_E_QUOTE;
        }
}

/* Scans one record from r->start. Return: 0 and its size and line ends, SCAN_MORE, a condition, -ENOMEM. */
static int scan(CsvReader *r, size_t *ret_size, uint64_t *ret_lines) {
        const char *begin = r->buffer + r->start, *p = begin;
        uint64_t lines = 0;
        int c;

        r->n_cells = 0;
        r->unquoted_size = 0;
        for (;;) {
                CsvCell cell;

                c = *p == '"' ? scan_quoted(r, &p, &lines, &cell) : scan_plain(r, &p, &cell);
                if (c != 0)
                        return c;
                c = scan_separator(r, &p, &lines);
                if (c != 0 && c != CSV_E_END)
                        return c;
                if (cell.size > r->limits.cell_max)
                        return CSV_E_TOO_LONG;
                if (r->n_cells == r->limits.cells_max)
                        return CSV_E_TOO_MANY_CELLS;
                r->cells[r->n_cells++] = cell;
                if (c == CSV_E_END)
                        break;
        }
        *ret_size = (size_t) (p - begin);
        *ret_lines = lines;
        return *ret_size > r->limits.record_max ? CSV_E_TOO_LONG : 0;
}

/* Before the first record: some data, and no byte order mark. */
static int start(CsvReader *r) {
        static const char mark[] = { '\xef', '\xbb', '\xbf' };
        int c;

        while (!r->eof && r->end < sizeof(mark)) {
                c = fill(r);
                if (c < 0)
                        return c;
        }
        if (r->end >= sizeof(mark) && memcmp(r->buffer, mark, sizeof(mark)) == 0)
                r->start = sizeof(mark);
        r->started = true;
        return 0;
}

static int next(CsvReader *r, CsvRecord *ret) {
        uint64_t lines = 0;
        size_t size = 0;
        int c;

        r->line = r->next_line;
        for (;;) {
                if (r->start == r->end && r->eof)
                        return CSV_E_END;
                c = r->start == r->end ? SCAN_MORE : scan(r, &size, &lines);
                if (c != SCAN_MORE)
                        break;
                if (r->end - r->start > r->limits.record_max)
                        return CSV_E_TOO_LONG;
                c = fill(r);
                if (c < 0)
                        return c;
        }
        if (c != 0)
                return c;

        *ret = (CsvRecord){ .cells = r->cells, .n_cells = r->n_cells, .line = r->line, .raw = r->buffer + r->start, .raw_size = size };
        r->start += size;
        r->next_line += lines;
        return 0;
}

int csv_reader_next(CsvReader *r, CsvRecord *ret) {
        if (r->ended == 0 && !r->started)
                r->ended = start(r);
        if (r->ended == 0)
                r->ended = next(r, ret);
        return r->ended;
}

static void append(CsvWriter *w, const char *data, size_t size) {
        if (w->error < 0)
                return;
        if (size + 1 > w->allocated - w->size) {
                size_t bigger = (w->size + size + 1) * 2;
                char *grown = realloc(w->data, bigger);

                if (!grown) {
                        w->error = -ENOMEM;
                        return;
                }
                w->data = grown;
                w->allocated = bigger;
        }
        memcpy(w->data + w->size, data, size);
        w->size += size;
        w->data[w->size] = '\0';
}

void csv_writer_cell(CsvWriter *w, const char *s) {
        if (w->in_record)
                append(w, ",", 1);
        w->in_record = true;
        if (!strpbrk(s, ",\"\r\n")) {
                append(w, s, strlen(s));
                return;
        }
        append(w, "\"", 1);
        for (; *s; s++)
                append(w, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
        append(w, "\"", 1);
}

void csv_writer_end(CsvWriter *w) {
        append(w, "\n", 1);
        w->in_record = false;
}

int csv_writer_finish(CsvWriter *w, const char **ret_data, size_t *ret_size) {
        append(w, "", 0);
        if (w->error < 0)
                return w->error;
        *ret_data = w->data;
        *ret_size = w->size;
        return 0;
}

void csv_writer_done(CsvWriter *w) {
        free(w->data);
        *w = (CsvWriter){};
}
