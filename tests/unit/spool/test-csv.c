/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/csv.h"
#include "tests/unit/scratch.h"

/* A whole table as one string: cells in brackets, records ended by '|', then the condition that ended it. */
static char *render(const void *data, size_t size, const CsvLimits *limits, uint64_t *ret_line) {
        _cleanup_scratch_ Scratch s;
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        _cleanup_fd_ int fd = -EBADF;
        char *text = NULL;
        size_t text_size;
        CsvRecord record;
        FILE *out;
        int r;

        scratch_init(&s);
        scratch_write_bytes(&s, "table", data, size);
        fd = openat(s.fd, "table", O_RDONLY | O_CLOEXEC);
        assert_int_equal(csv_reader_new(fd, limits, &reader), 0);
        out = open_memstream(&text, &text_size);
        while ((r = csv_reader_next(reader, &record)) == 0) {
                for (size_t i = 0; i < record.n_cells; i++)
                        fprintf(out, "[%.*s]", (int) record.cells[i].size, record.cells[i].data);
                fprintf(out, "%llu|", (unsigned long long) record.line);
        }
        assert_true(r > 0);
        assert_int_equal(csv_reader_next(reader, &record), r);
        if (r != CSV_E_END)
                fprintf(out, "%d", r);
        fclose(out);
        if (ret_line)
                *ret_line = csv_reader_line(reader);
        return text;
}

typedef struct Case {
        const char *text;
        const char *strict;
        const char *lenient; /* NULL: the same */
} Case;

static void test_tables(void **state _unused_) {
        static const Case cases[] = {
                { "", "" },
                { "\n", "[]1|" },
                { "a", "[a]1|" },
                { "a,b\n", "[a][b]1|" },
                { "a,b\r\nc,d\r\n", "[a][b]1|[c][d]2|" },
                { "a,b\nc,d", "[a][b]1|[c][d]2|" },
                { ",\n,", "[][]1|[][]2|" },
                { "\n\na\n", "[]1|[]2|[a]3|" },
                { "\xef\xbb\xbf" "a,b\n", "[a][b]1|" },
                { "\xef\xbb\xbf", "" },
                { "\xef\xbb", "[\xef\xbb]1|" },
                { " a , b\n", "[ a ][ b]1|" },
                { "\"a\",\"b\"\n", "[a][b]1|" },
                { "\"a,b\",c\n", "[a,b][c]1|" },
                { "\"a\"\"b\"\n", "[a\"b]1|" },
                { "\"\"\n", "[]1|" },
                { "\"\"\"\"\n", "[\"]1|" },
                { "\"\"\"\",\"a\"\"\"\n", "[\"][a\"]1|" },
                { "\"a\nb\",c\nd\n", "[a\nb][c]1|[d]3|" },
                { "\"a\r\nb\"\r\nd", "[a\r\nb]1|[d]3|" },
                { "\"a\rb\"\n", "[a\rb]1|" },
                { "\"a\"", "[a]1|" },
                { "\xff\xe9,x\n", "[\xff\xe9][x]1|" },
                { "a\nb\"c\n", "[a]1|2", "[a]1|[b\"c]2|" },
                { "a\nb\"\n", "[a]1|2", "[a]1|[b\"]2|" },
                { "a \"b, c\" d\n", "2", "[a \"b][ c\" d]1|" },
                { "\"a\"b\n", "2" },
                { "\"a\" ,b\n", "2" },
                { "\"a", "3" },
                { "\"a\n\n", "3" },
                { "x\n\"a\"\"", "[x]1|3" },
                { "a\rb\n", "4" },
                { "a\r", "4" },
                { "a\r\r\n", "4" },
                { "\"a\"\r", "4" },
        };
        const CsvLimits strict = CSV_LIMITS_DEFAULT;
        CsvLimits lenient = strict;

        lenient.lenient = true;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *a = render(cases[i].text, strlen(cases[i].text), &strict, NULL);
                _cleanup_free_ char *b = render(cases[i].text, strlen(cases[i].text), &lenient, NULL);

                assert_string_equal(a, cases[i].strict);
                assert_string_equal(b, cases[i].lenient ?: cases[i].strict);
        }
}

static void test_nul(void **state _unused_) {
        static const char *const tables[] = { "a\n\0", "a\nb\0c\n", "a\n\"b\0\"\n", "a\nb\r\0" };
        static const size_t sizes[] = { 3, 6, 7, 5 };
        static const int conditions[] = { CSV_E_NUL, CSV_E_NUL, CSV_E_NUL, CSV_E_CARRIAGE_RETURN };
        const CsvLimits limits = CSV_LIMITS_DEFAULT;

        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                char expected[16];
                uint64_t line;
                _cleanup_free_ char *text = render(tables[i], sizes[i], &limits, &line);

                snprintf(expected, sizeof(expected), "[a]1|%d", conditions[i]);
                assert_string_equal(text, expected);
                assert_int_equal(line, 2);
        }
}

static void test_limits(void **state _unused_) {
        const CsvLimits limits = { .record_max = 12, .cell_max = 5, .cells_max = 3 };
        static const Case cases[] = {
                { "12345,1234\n", "[12345][1234]1|" },      /* 11 bytes */
                { "12345,12345\n", "[12345][12345]1|" },    /* 12 bytes */
                { "12345,12345\r\n", "6" },                 /* 13 */
                { "123456\n", "6" },                        /* cell */
                { "\"12345\"\n", "[12345]1|" },
                { "\"123456\"\n", "6" },
                { "\"\"\"\"\"\"\"\"\"\"\n", "[\"\"\"\"]1|" },
                { "1,2,3\n", "[1][2][3]1|" },
                { "x\n1,2,3,4\n", "[x]1|7" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = render(cases[i].text, strlen(cases[i].text), &limits, NULL);

                assert_string_equal(text, cases[i].strict);
        }
}

/* A line of a megabyte is refused after the limit, not after the line. */
static void test_long_line(void **state _unused_) {
        static const char fillers[] = { 'x', ',', '"', '\r' };
        const CsvLimits limits = CSV_LIMITS_DEFAULT;

        for (size_t i = 0; i < sizeof(fillers); i++) {
                const size_t size = 1000000;
                _cleanup_free_ char *data = malloc(size), *text = NULL;

                assert_non_null(data);
                memset(data, fillers[i], size);
                data[0] = fillers[i] == '"' ? '"' : 'a';
                text = render(data, size, &limits, NULL);
                assert_true(streq(text, fillers[i] == '\r' ? "4" : fillers[i] == ',' ? "7" : "6"));
        }
}

/* Every record comes out whole, wherever the reader's buffer happens to end. */
static void test_buffer_ends(void **state _unused_) {
        const CsvLimits limits = CSV_LIMITS_DEFAULT;
        static const char row[] = "ab,\"c\"\"\r\nd\",\r\n";
        static const char rendered[] = "[ab][c\"\r\nd][]";

        for (size_t shift = 0; shift < sizeof(row); shift++) {
                _cleanup_free_ char *data = NULL, *text = NULL;
                size_t size, n = 12000, found = 0;
                FILE *out = open_memstream(&data, &size);

                fprintf(out, "%*s\n", (int) shift + 1, "x");
                for (size_t i = 0; i < n; i++)
                        fputs(row, out);
                fclose(out);
                text = render(data, size, &limits, NULL);
                for (const char *p = text; (p = strchr(p, '|')); p++)
                        found += startswith(p + 1, rendered) != NULL;
                assert_int_equal(found, n);
                assert_non_null(endswith(text, "|"));
        }
}

/* Bytes that arrive one at a time make the same table. */
static void test_pipe(void **state _unused_) {
        static const char table[] = "\xef\xbb\xbf" "a,\"b\"\"\"\r\nc,d";
        const CsvLimits limits = CSV_LIMITS_DEFAULT;
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        CsvRecord record;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT), 0); /* packets: each read returns one write */
        for (size_t i = 0; i < strlen(table); i++)
                assert_int_equal(write(fds[1], table + i, 1), 1);
        fd_close(fds[1]);
        assert_int_equal(csv_reader_new(fds[0], &limits, &reader), 0);
        assert_int_equal(csv_reader_next(reader, &record), 0);
        assert_int_equal(record.n_cells, 2);
        assert_true(csv_cell_equals(&record.cells[1], "b\""));
        assert_int_equal(record.raw_size, 9);
        assert_memory_equal(record.raw, "a,\"b\"\"\"\r\n", 9);
        assert_int_equal(csv_reader_next(reader, &record), 0);
        assert_true(csv_cell_equals(&record.cells[1], "d"));
        assert_int_equal(record.raw_size, 3);
        assert_int_equal(csv_reader_next(reader, &record), CSV_E_END);
        fd_close(fds[0]);
}

static void test_read_error(void **state _unused_) {
        const CsvLimits limits = CSV_LIMITS_DEFAULT;
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        _cleanup_fd_ int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CsvRecord record;

        assert_int_equal(csv_reader_new(fd, &limits, &reader), 0);
        assert_int_equal(csv_reader_next(reader, &record), -EISDIR);
        assert_int_equal(csv_reader_next(reader, &record), -EISDIR);
}

static void test_cells(void **state _unused_) {
        CsvCell cell = csv_cell_trim((CsvCell){ .data = " \tx y\t ", .size = 7 });
        CsvRecord blank = { .cells = &(CsvCell){ .data = "\n", .size = 0 }, .n_cells = 1, .raw = "\n", .raw_size = 1 };
        CsvRecord quoted = { .cells = &(CsvCell){ .data = "\"\n", .size = 0 }, .n_cells = 1, .raw = "\"\"\n", .raw_size = 3 };

        assert_true(csv_cell_equals(&cell, "x y"));
        assert_false(csv_cell_equals(&cell, "x"));
        assert_int_equal(csv_cell_trim((CsvCell){ .data = "  ", .size = 2 }).size, 0);
        assert_true(csv_record_is_blank(&blank));
        assert_false(csv_record_is_blank(&quoted));
        assert_null(csv_condition_to_string(0));
        assert_null(csv_condition_to_string(_CSV_E_MAX));
        for (int c = CSV_E_END; c < _CSV_E_MAX; c++)
                assert_non_null(csv_condition_to_string(c));
}

static void test_writer(void **state _unused_) {
        _cleanup_csv_writer_ CsvWriter w = {};
        const char *text;
        size_t size;

        assert_int_equal(csv_writer_finish(&w, &text, &size), 0);
        assert_string_equal(text, "");
        csv_writer_cell(&w, "a");
        csv_writer_cell(&w, "");
        csv_writer_cell(&w, "b,\"c\"");
        csv_writer_end(&w);
        csv_writer_cell(&w, "two\nlines");
        csv_writer_end(&w);
        assert_int_equal(csv_writer_finish(&w, &text, &size), 0);
        assert_string_equal(text, "a,,\"b,\"\"c\"\"\"\n\"two\nlines\"\n");
        assert_int_equal(size, strlen(text));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),      cmocka_unit_test(test_nul),   cmocka_unit_test(test_limits),
                cmocka_unit_test(test_long_line),   cmocka_unit_test(test_pipe),  cmocka_unit_test(test_buffer_ends),
                cmocka_unit_test(test_read_error),  cmocka_unit_test(test_cells), cmocka_unit_test(test_writer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
