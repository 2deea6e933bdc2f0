/* SPDX-License-Identifier: MIT */
#include "tools/assemble/table.h"

#include <fcntl.h>
#include <inttypes.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/limits.h"

/* Features may be many, and texts. */
static const CsvLimits limits = {
        .record_max = LIMIT_FEATURES_RECORD_BYTES, .cell_max = CSV_CELL_MAX, .cells_max = LIMIT_FEATURES_COLUMNS, .lenient = true,
};

static int refuse(const Table *t, int condition, Fault *reterr) {
        return fault_set(reterr, FAULT_CSV_SYNTAX, NULL, 0, "%s: line %" PRIu64 " has %s", t->title, csv_reader_line(t->reader),
                         csv_condition_to_string(condition));
}

static int take_header(Table *t, const CsvRecord *record, Fault *reterr) {
        int r;

        for (size_t i = 0; i < record->n_cells; i++) {
                CsvCell cell = csv_cell_trim(record->cells[i]);
                char *name = strndup(cell.data, cell.size);

                if (!name)
                        return -ENOMEM;
                if (cell.size > 0 && table_column(t, name) >= 0) {
                        free(name);
                        return fault_set(reterr, FAULT_CSV_COLUMNS, NULL, 0, "%s: column %zu has the name of another column", t->title, i + 1);
                }
                r = strv_add(&t->columns, name);
                free(name);
                if (r < 0)
                        return r;
                t->n_columns++;
        }
        return 0;
}

int table_open(Table *t, int fd, const char *title, Fault *reterr) {
        CsvRecord record;
        int r;

        t->title = title;
        r = csv_reader_new(fd, &limits, &t->reader);
        if (r < 0)
                return r;
        do
                r = csv_reader_next(t->reader, &record);
        while (r == 0 && csv_record_is_blank(&record));
        if (r == CSV_E_END)
                return fault_set(reterr, FAULT_CSV_EMPTY, NULL, 0, "%s is empty", title);
        if (r != 0)
                return r < 0 ? r : refuse(t, r, reterr);
        return take_header(t, &record, reterr);
}

int table_next(Table *t, CsvRecord *ret, Fault *reterr) {
        int r;

        do
                r = csv_reader_next(t->reader, ret);
        while (r == 0 && csv_record_is_blank(ret));
        if (r == CSV_E_END)
                return 0;
        if (r != 0)
                return r < 0 ? r : refuse(t, r, reterr);
        if (ret->n_cells != t->n_columns)
                return fault_set(reterr, FAULT_CSV_LINE, NULL, 0, "%s: line %" PRIu64 " has %zu cells, but the header has %zu", t->title, ret->line,
                                 ret->n_cells, t->n_columns);
        return 1;
}

ssize_t table_column(const Table *t, const char *name) {
        for (size_t i = 0; i < t->n_columns; i++)
                if (streq(t->columns[i], name))
                        return (ssize_t) i;
        return -1;
}

void table_done(Table *t) {
        csv_reader_free(t->reader);
        strv_free(t->columns);
        *t = (Table){};
}

void table_put(FILE *f, bool first, const char *data, size_t size) {
        bool quoted = memchr(data, ',', size) || memchr(data, '"', size) || memchr(data, '\n', size) || memchr(data, '\r', size);

        if (!first)
                (void) putc_unlocked(',', f);
        if (!quoted) {
                (void) fwrite(data, 1, size, f);
                return;
        }
        (void) putc_unlocked('"', f);
        for (size_t i = 0; i < size; i++) {
                if (data[i] == '"')
                        (void) putc_unlocked('"', f);
                (void) putc_unlocked(data[i], f);
        }
        (void) putc_unlocked('"', f);
}

int table_file_open(TableFile *t, int dirfd, const char *name) {
        _cleanup_fd_ int fd = -EBADF;

        if (strlen(name) >= sizeof(t->name))
                return -ENAMETOOLONG;
        t->dirfd = dirfd;
        strcpy(t->name, name);
        snprintf(t->partial, sizeof(t->partial), ".#%s", name);
        (void) unlinkat(dirfd, t->partial, 0); /* of a run that was killed */
        fd = openat(dirfd, t->partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return negative_errno();
        t->f = fdopen(fd, "w");
        if (!t->f)
                return negative_errno();
        TAKE_FD(fd);
        return 0;
}

int table_file_publish(TableFile *t) {
        FILE *f = TAKE_PTR(t->f);
        int r = 0;

        if (ferror(f))
                r = -EIO;
        if (fflush(f) != 0 || fchmod(fileno(f), 0644) < 0 || fsync(fileno(f)) < 0)
                r = negative_errno();
        if (fclose(f) != 0 && r == 0)
                r = negative_errno();
        if (r >= 0 && renameat(t->dirfd, t->partial, t->dirfd, t->name) < 0)
                r = negative_errno();
        if (r < 0)
                (void) unlinkat(t->dirfd, t->partial, 0);
        return r < 0 ? r : publish_sync_dir(t->dirfd);
}

void table_file_done(TableFile *t) {
        if (!t->f)
                return;
        (void) fclose(t->f);
        (void) unlinkat(t->dirfd, t->partial, 0);
        *t = (TableFile){};
}
