/* SPDX-License-Identifier: MIT */
#include "tools/stage/stage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>

#include "spool/csv.h"
#include "spool/helper.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/publish.h"
#include "tools/stage/grant.h"

typedef struct TableKind {
        const char *name;
        GrantKey key;
        bool test_labels;
} TableKind;

static const TableKind kinds[] = {
        { "labels-train.csv", GRANT_KEY_COURSE },
        { "labels-train-with-underscore.csv", GRANT_KEY_SESSION },
        { "coursera_course_dates.csv", GRANT_KEY_SESSION },
        { "coursera_course_dates_with_underscore.csv", GRANT_KEY_SESSION },
        { "labels-test.csv", GRANT_KEY_COURSE, .test_labels = true },
        { "labels-test-with-underscore.csv", GRANT_KEY_SESSION, .test_labels = true },
};

#define COURSE_COLUMN "course"
/* A table while it is being written. */
#define PARTIAL ".#partial"

/* One table on its way from all roots to its reduced copy. */
typedef struct Staging {
        const TableKind *kind;
        const char *root; /* the one being read, for messages */
        Grant grant;
        FILE *out;
        char *header; /* of the first root, without its line end */
        size_t header_size, course_at;
        uint64_t kept, dropped;
        char **reterr;
} Staging;

static int _printf_(3, 4) complain(const Staging *s, uint64_t line, const char *format, ...) {
        _cleanup_free_ char *what = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&what, format, ap) < 0)
                what = NULL;
        va_end(ap);
        if (what && s->reterr && asprintf(s->reterr, "%s/%s:%" PRIu64 ": %s", s->root, s->kind->name, line, what) < 0)
                *s->reterr = NULL;
        return -EBADMSG;
}

static size_t size_without_line_end(const CsvRecord *record) {
        size_t n = record->raw_size;

        if (n > 0 && record->raw[n - 1] == '\n')
                n--;
        if (n > 0 && record->raw[n - 1] == '\r')
                n--;
        return n;
}

static int write_record(Staging *s, const CsvRecord *record) {
        bool ended = record->raw[record->raw_size - 1] == '\n';

        if (fwrite(record->raw, 1, record->raw_size, s->out) != record->raw_size || (!ended && fputc('\n', s->out) == EOF))
                return negative_errno();
        return 0;
}

static int take_header(Staging *s, const CsvRecord *record) {
        size_t size = size_without_line_end(record), found = 0;

        if (s->header) {
                if (size != s->header_size || memcmp(record->raw, s->header, size) != 0)
                        return complain(s, record->line, "the header differs from that of the same table below another data root");
                return 0;
        }
        for (size_t i = 0; i < record->n_cells; i++) {
                CsvCell cell = csv_cell_trim(record->cells[i]);

                if (csv_cell_equals(&cell, COURSE_COLUMN)) {
                        s->course_at = i;
                        found++;
                }
        }
        if (found != 1)
                return complain(s, record->line, "the header must name the column '" COURSE_COLUMN "' once");
        s->header = malloc(size + 1);
        if (!s->header)
                return -ENOMEM;
        memcpy(s->header, record->raw, size);
        s->header_size = size;
        return write_record(s, record);
}

static int take_row(Staging *s, const CsvRecord *record) {
        CsvCell cell;

        if (record->n_cells <= s->course_at) {
                s->dropped++;
                return 0;
        }
        cell = csv_cell_trim(record->cells[s->course_at]);
        if (!grant_allows(&s->grant, &cell)) {
                s->dropped++;
                return 0;
        }
        s->kept++;
        return write_record(s, record);
}

/* The tables are the operator's, who may well have linked them: they are opened as any file. */
static int open_table(int root, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        fd = openat(root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (fstat(fd, &st) < 0)
                return negative_errno();
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

static int take_table(Staging *s, int fd) {
        /* Titles of courses hold quotes that nobody doubled. */
        CsvLimits limits = { .record_max = CSV_RECORD_MAX, .cell_max = CSV_CELL_MAX, .cells_max = CSV_CELLS_MAX, .lenient = true };
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        bool in_rows = false;
        CsvRecord record;
        int r;

        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        while ((r = csv_reader_next(reader, &record)) == 0) {
                if (csv_record_is_blank(&record))
                        continue;
                r = in_rows ? take_row(s, &record) : take_header(s, &record);
                if (r < 0)
                        return r;
                in_rows = true;
        }
        if (r == CSV_E_END)
                return 0;
        return r < 0 ? r : complain(s, csv_reader_line(reader), "the row that begins here has %s", csv_condition_to_string(r));
}

/* Closes and publishes what was written. */
static int publish_partial(Staging *s, int out_dirfd) {
        FILE *out = TAKE_PTR(s->out);
        int r = 0;

        if (fflush(out) != 0 || fchmod(fileno(out), 0644) < 0 || fsync(fileno(out)) < 0)
                r = negative_errno();
        if (fclose(out) != 0 && r == 0)
                r = negative_errno();
        return r < 0 ? r : publish_rename(out_dirfd, PARTIAL, out_dirfd, s->kind->name);
}

static int open_partial(Staging *s, int out_dirfd) {
        _cleanup_fd_ int fd = -EBADF;

        fd = openat(out_dirfd, PARTIAL, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return negative_errno();
        s->out = fdopen(fd, "w");
        if (!s->out)
                return negative_errno();
        TAKE_FD(fd);
        return 0;
}

static int take_tables(Staging *s, const StageOptions *options, int out_dirfd) {
        int r;

        for (size_t i = 0; i < options->n_roots; i++) {
                _cleanup_fd_ int fd = open_table(options->roots[i], s->kind->name);

                s->root = options->names[i];
                if (fd == -ENOENT)
                        continue;
                if (fd == -EINVAL)
                        return complain(s, 1, "not a regular file");
                if (fd < 0)
                        return fd;
                if (!s->out) {
                        r = open_partial(s, out_dirfd);
                        if (r < 0)
                                return r;
                }
                r = take_table(s, fd);
                if (r < 0)
                        return r;
        }
        if (!s->out) {
                log_debug("no data root has %s", s->kind->name);
                return 0;
        }
        log_debug("%s: %" PRIu64 " rows kept, %" PRIu64 " left out", s->kind->name, s->kept, s->dropped);
        return publish_partial(s, out_dirfd);
}

static int stage_table(const TableKind *kind, const StageOptions *options, int out_dirfd, char **reterr) {
        Staging s = { .kind = kind, .grant = { .courses = options->courses, .key = kind->key }, .reterr = reterr };
        int r;

        r = take_tables(&s, options, out_dirfd);
        if (s.out)
                (void) fclose(s.out);
        free(s.header);
        return r;
}

int stage_run(const StageOptions *options, int out_dirfd, char **reterr) {
        const char *names[ELEMENTSOF(kinds) + 2] = { PARTIAL };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                names[i + 1] = kinds[i].name;
        r = helper_clear(out_dirfd, names);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                if (kinds[i].test_labels && !options->test_labels)
                        continue;
                r = stage_table(&kinds[i], options, out_dirfd, reterr);
                if (r < 0) {
                        (void) unlinkat(out_dirfd, PARTIAL, 0);
                        return r;
                }
        }
        return 0;
}
