/* SPDX-License-Identifier: MIT */
#include "tools/assemble/features.h"

#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "tools/assemble/table.h"

typedef struct Features {
        const Assemble *a;
        Table all; /* the columns of the parts: those of all tables, each once */
} Features;

static bool says_where(const char *column) {
        return streq(column, "course") || streq(column, "session");
}

/* Opens work/name. *ret_fd must outlive it. Return: 1; 0: there is no such table; a negative errno. */
static int open_features(const Assemble *a, const char *name, Table *t, int *ret_fd, Fault *reterr) {
        int r;

        *ret_fd = fd_open_regular_at(a->work_fd, name, UINT64_MAX, /* ret_st= */ NULL);
        if (*ret_fd < 0)
                return *ret_fd == -ENOENT ? 0 : *ret_fd;
        r = table_open(t, *ret_fd, name, reterr);
        return r < 0 ? r : 1;
}

static int add_columns(Features *f, const char *name, Fault *reterr) {
        _cleanup_table_ Table t = {};
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = open_features(f->a, name, &t, &fd, reterr);
        for (size_t i = 0; r > 0 && i < t.n_columns; i++) {
                int k;

                if (says_where(t.columns[i]) || table_column(&f->all, t.columns[i]) >= 0)
                        continue;
                k = strv_add(&f->all.columns, t.columns[i]);
                if (k < 0)
                        return k;
                f->all.n_columns++;
        }
        return r;
}

/* The header of every part. */
static int make_header(const Features *f, char **ret) {
        size_t size;
        FILE *text;

        text = open_memstream(ret, &size);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < f->all.n_columns; i++)
                table_put(text, i == 0, f->all.columns[i], strlen(f->all.columns[i]));
        return fclose(text) != 0 ? -ENOMEM : 0;
}

/* Where a table has the columns of the parts. */
static int find_columns(const Features *f, const Table *t, ssize_t **ret) {
        ssize_t *at = calloc(f->all.n_columns + 1, sizeof(*at));

        if (!at)
                return -ENOMEM;
        for (size_t i = 0; i < f->all.n_columns; i++)
                at[i] = table_column(t, f->all.columns[i]);
        *ret = at;
        return 0;
}

static int divide_table(const Features *f, const char *name, Division *d, Fault *reterr) {
        _cleanup_free_ ssize_t *at = NULL;
        _cleanup_table_ Table t = {};
        _cleanup_fd_ int fd = -EBADF;
        ssize_t course, session;
        CsvRecord record;
        int r;

        r = open_features(f->a, name, &t, &fd, reterr);
        if (r <= 0)
                return r;
        course = table_column(&t, "course");
        session = table_column(&t, "session");
        if (course < 0 || session < 0 || table_column(&t, "userID") < 0)
                return fault_set(reterr, FAULT_CSV_COLUMNS, NULL, 0, "%s lacks the column '%s'", name,
                                 course < 0 ? "course" : session < 0 ? "session" : "userID");
        r = find_columns(f, &t, &at);
        while (r >= 0 && (r = table_next(&t, &record, reterr)) > 0) {
                CsvCell c = csv_cell_trim(record.cells[course]), s = csv_cell_trim(record.cells[session]);
                DivisionPart *p = division_find(d, &c, &s);
                FILE *out;

                if (!p)
                        continue;
                r = division_row(d, p, &out);
                if (r < 0)
                        return r;
                for (size_t i = 0; i < f->all.n_columns; i++)
                        table_put(out, i == 0, at[i] < 0 ? "" : record.cells[at[i]].data, at[i] < 0 ? 0 : record.cells[at[i]].size);
                if (putc_unlocked('\n', out) == EOF)
                        return -EIO;
        }
        return r;
}

int features_divide(const Assemble *a, const char *const *names, size_t n, Division *d, Fault *reterr) {
        Features f = { .a = a };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = add_columns(&f, names[i], reterr);
        if (r >= 0)
                r = make_header(&f, &d->header);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = divide_table(&f, names[i], d, reterr);
        table_done(&f.all);
        return r < 0 ? r : division_finish(d);
}
