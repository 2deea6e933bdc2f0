/* SPDX-License-Identifier: MIT */
#include "tools/assemble/labels.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "tools/assemble/table.h"

typedef enum LabelColumn {
        LABEL_COLUMN_COURSE,
        LABEL_COLUMN_USER,
        LABEL_COLUMN_TYPE,
        LABEL_COLUMN_VALUE,
        LABEL_COLUMN_SESSION, /* not of the tables with underscore */
        _LABEL_COLUMN_MAX,
} LabelColumn;

static const char *const columns[_LABEL_COLUMN_MAX] = {
        [LABEL_COLUMN_COURSE] = "course",
        [LABEL_COLUMN_USER] = "userID",
        [LABEL_COLUMN_TYPE] = "label_type",
        [LABEL_COLUMN_VALUE] = "label_value",
        [LABEL_COLUMN_SESSION] = "session",
};

typedef struct LabelTable {
        Table table;
        const char *name, *label_type;
        bool joined;
        size_t at[_LABEL_COLUMN_MAX];
} LabelTable;

/* Tables are the operator's, who may have linked them. */
static int open_labels(int root, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        fd = openat(root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (fstat(fd, &st) < 0)
                return negative_errno();
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : log_error_errno(-EUCLEAN, "%s is not a regular file", name);
}

static int take_header(LabelTable *t) {
        for (LabelColumn c = 0; c < _LABEL_COLUMN_MAX; c++) {
                ssize_t at = table_column(&t->table, columns[c]);

                if (at < 0 && !(c == LABEL_COLUMN_SESSION && t->joined))
                        return log_error_errno(-EUCLEAN, "%s has no column '%s'", t->name, columns[c]);
                t->at[c] = at < 0 ? 0 : (size_t) at;
        }
        return 0;
}

static CsvCell cell_of(const LabelTable *t, const CsvRecord *record, LabelColumn c) {
        return csv_cell_trim(record->cells[t->at[c]]);
}

/* The spellings that morf-evaluate knows; containers get 0 and 1. Return: 0, 1 or -EINVAL. */
int labels_parse_value(const CsvCell *cell) {
        static const char *const names[][2] = { { "0", "1" }, { "0.0", "1.0" }, { "False", "True" }, { "FALSE", "TRUE" }, { "false", "true" } };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                for (int value = 0; value < 2; value++)
                        if (csv_cell_equals(cell, names[i][value]))
                                return value;
        return -EINVAL;
}

static int take_row(const LabelTable *t, const CsvRecord *record, const Division *features, Division *d) {
        CsvCell type = cell_of(t, record, LABEL_COLUMN_TYPE), course = cell_of(t, record, LABEL_COLUMN_COURSE);
        CsvCell session = cell_of(t, record, LABEL_COLUMN_SESSION), user = cell_of(t, record, LABEL_COLUMN_USER);
        CsvCell value = cell_of(t, record, LABEL_COLUMN_VALUE);
        DivisionPart *p;
        int label, r;
        FILE *f;

        if (!csv_cell_equals(&type, t->label_type))
                return 0;
        p = t->joined ? division_find_joined(d, &course) : division_find(d, &course, &session);
        if (!p || features->parts[p - d->parts].rows == 0)
                return 0;
        label = labels_parse_value(&value);
        if (label < 0)
                return log_error_errno(-EUCLEAN, "%s:%" PRIu64 ": the label_value is neither 0 nor 1", t->name, record->line);
        r = division_row(d, p, &f);
        if (r < 0)
                return r;
        table_put(f, true, user.data, user.size);
        table_put(f, false, label ? "1" : "0", 1);
        return putc_unlocked('\n', f) == EOF ? -EIO : 0;
}

static int read_table(LabelTable *t, int fd, const Division *features, Division *d) {
        _cleanup_fault_ Fault fault = {};
        CsvRecord record;
        int r;

        r = table_open(&t->table, fd, t->name, &fault);
        if (r >= 0)
                r = take_header(t);
        while (r >= 0 && (r = table_next(&t->table, &record, &fault)) > 0)
                r = take_row(t, &record, features, d);
        table_done(&t->table);
        /* What is wrong with it is not the researcher's fault. */
        return r == -EBADMSG ? log_error_errno(-EUCLEAN, "%s", strempty(fault.message)) : r;
}

static bool has_own(const Assemble *a) {
        for (unsigned p = 1; p < a->phase_number; p++)
                if (a->plan.phases[p - 1].labels && a->plan.phases[p - 1].mode == PLAN_MODE_EXTRACT)
                        return true;
        return false;
}

/* It was checked when it was collected. */
static int divide_own(const Assemble *a, const char *label_type, const Division *features, Division *d) {
        LabelTable t = { .name = LABELS_OWN_TRAIN, .label_type = label_type };
        _cleanup_fd_ int fd = fd_open_regular_at(a->work_fd, t.name, UINT64_MAX, /* ret_st= */ NULL);

        return fd < 0 ? log_error_errno(fd == -ENOENT ? -EIO : fd, "cannot open the labels of the job") : read_table(&t, fd, features, d);
}

int labels_divide(const Assemble *a, const char *kind, const char *label_type, const Division *features, Division *d) {
        if (!d->header && !(d->header = strdup(LABELS_HEADER)))
                return -ENOMEM;
        if (a->phase->mode == PLAN_MODE_TRAIN && has_own(a))
                return divide_own(a, label_type, features, d);
        for (size_t i = 0; i < a->n_roots; i++)
                for (unsigned joined = 0; joined < 2; joined++) {
                        LabelTable t = { .label_type = label_type, .joined = joined };
                        _cleanup_free_ char *name = NULL;
                        _cleanup_fd_ int fd = -EBADF;
                        int r;

                        if (asprintf(&name, "labels-%s%s.csv", kind, joined ? "-with-underscore" : "") < 0) {
                                name = NULL;
                                return -ENOMEM;
                        }
                        fd = open_labels(a->roots[i], name);
                        if (fd == -ENOENT)
                                continue;
                        if (fd < 0)
                                return fd;
                        t.name = name;
                        r = read_table(&t, fd, features, d);
                        if (r < 0)
                                return r;
                        break;
                }
        return division_finish(d);
}
