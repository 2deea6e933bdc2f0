/* SPDX-License-Identifier: MIT */
#include "tools/assemble/merge.h"

#include <inttypes.h>

#include "spool/base/strv.h"
#include "tools/assemble/table.h"

/* What the columns of ours hold in the rows of a step; NULL: what the table itself says. */
typedef struct Own {
        const char *name, *value;
} Own;

#define OWN_COUNT 3u

static const char *session_of(const Assemble *a, const PlanStep *s) {
        const PlanCourse *c = s->course ? plan_course(&a->plan, s->course) : NULL;
        const PlanSession *holdout = c ? plan_holdout(c) : NULL;

        if (s->session)
                return s->session;
        return holdout && (a->phase->mode == PLAN_MODE_EXTRACT_HOLDOUT || a->phase->mode == PLAN_MODE_TEST) ? holdout->name : NULL;
}

static void fill_own(const Assemble *a, const PlanStep *s, char fold[static 16], Own own[static OWN_COUNT]) {
        snprintf(fold, 16, "%u", s->fold);
        own[0] = (Own){ "course", s->course };
        own[1] = (Own){ "session", a->phase->mode == PLAN_MODE_CV ? s->session : session_of(a, s) };
        own[2] = (Own){ "fold", s->fold > 0 ? fold : NULL };
}

static int require(const Table *t, const char *column, Fault *reterr) {
        if (table_column(t, column) >= 0)
                return 0;
        return fault_set(reterr, FAULT_CSV_COLUMNS, NULL, 0, "%s lacks the column '%s'", t->title, column);
}

static int check_columns(const Assemble *a, const Table *t, const PlanStep *s, Fault *reterr) {
        bool predicts = a->phase->mode == PLAN_MODE_TEST || a->phase->mode == PLAN_MODE_CV;
        int r;

        r = require(t, "userID", reterr);
        if (r >= 0 && predicts)
                r = require(t, "prob", reterr);
        if (r >= 0 && predicts)
                r = require(t, "pred", reterr);
        if (r >= 0 && !s->course)
                r = require(t, "course", reterr);
        if (r >= 0 && !predicts && !session_of(a, s))
                r = require(t, "session", reterr);
        return r;
}

/* The text of a container is in no message: the line is enough. */
static int check_row(const Assemble *a, const PlanStep *s, const Table *t, const CsvRecord *row, ssize_t course_at, ssize_t session_at, Fault *reterr) {
        const PlanCourse *course = s->course ? plan_course(&a->plan, s->course) : NULL;

        for (size_t i = 0; !course && i < a->plan.n_courses; i++) {
                CsvCell cell = csv_cell_trim(row->cells[course_at]);

                if (csv_cell_equals(&cell, a->plan.courses[i].name))
                        course = &a->plan.courses[i];
        }
        if (!course)
                return fault_set(reterr, FAULT_CSV_COURSE, NULL, 0, "%s: line %" PRIu64 " names a course that was not seen", t->title, row->line);
        if (session_of(a, s) || session_at < 0)
                return 0;
        for (size_t i = 0; i < course->n_sessions; i++) {
                CsvCell cell = csv_cell_trim(row->cells[session_at]);

                if (csv_cell_equals(&cell, course->sessions[i].name))
                        return 0;
        }
        return fault_set(reterr, FAULT_CSV_COURSE, NULL, 0, "%s: line %" PRIu64 " names a session that was not seen", t->title, row->line);
}

int merge_check(const Assemble *a, const PlanStep *s, int fd, Fault *reterr) {
        char title[STEP_TITLE_SIZE + 32], step[STEP_TITLE_SIZE];
        bool predicts = a->phase->mode == PLAN_MODE_TEST || a->phase->mode == PLAN_MODE_CV;
        _cleanup_table_ Table t = {};
        ssize_t course, session;
        CsvRecord row;
        int r;

        snprintf(title, sizeof(title), "the CSV file of %s", step_title(s, step));
        r = table_open(&t, fd, title, reterr);
        if (r >= 0)
                r = check_columns(a, &t, s, reterr);
        if (r < 0)
                return r;
        course = table_column(&t, "course");
        session = predicts ? -1 : table_column(&t, "session");
        while ((r = table_next(&t, &row, reterr)) > 0) {
                r = check_row(a, s, &t, &row, course, session, reterr);
                if (r < 0)
                        return r;
        }
        return r;
}

static bool is_own(const char *column) {
        return streq(column, "course") || streq(column, "session") || streq(column, "fold");
}

static int list_columns(const Assemble *a, const MergeInput *inputs, size_t n, char ***ret, size_t *ret_n) {
        Table all = {};
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                _cleanup_fault_ Fault fault = {};
                _cleanup_table_ Table t = {};

                if (lseek(inputs[i].fd, 0, SEEK_SET) < 0)
                        return negative_errno();
                r = table_open(&t, inputs[i].fd, "a table", &fault);
                for (size_t k = 0; r >= 0 && k < t.n_columns; k++) {
                        if (is_own(t.columns[k]) || table_column(&all, t.columns[k]) >= 0)
                                continue;
                        r = strv_add(&all.columns, t.columns[k]);
                        all.n_columns++;
                }
        }
        (void) a;
        *ret = all.columns;
        *ret_n = all.n_columns;
        return r == -EBADMSG ? -EIO : r; /* it was checked */
}

static int copy_rows(const Assemble *a, const MergeInput *in, char *const *columns, size_t n, bool folds, FILE *out) {
        _cleanup_free_ ssize_t *at = calloc(n + OWN_COUNT, sizeof(*at));
        _cleanup_fault_ Fault fault = {};
        _cleanup_table_ Table t = {};
        Own own[OWN_COUNT];
        char fold[16];
        CsvRecord row;
        int r;

        if (!at)
                return -ENOMEM;
        if (lseek(in->fd, 0, SEEK_SET) < 0)
                return negative_errno();
        r = table_open(&t, in->fd, "a table", &fault);
        if (r < 0)
                return r == -EBADMSG ? -EIO : r;
        fill_own(a, in->step, fold, own);
        for (size_t i = 0; i < n; i++)
                at[i] = table_column(&t, columns[i]);
        for (size_t i = 0; i < OWN_COUNT; i++)
                at[n + i] = own[i].value ? -1 : table_column(&t, own[i].name);
        while ((r = table_next(&t, &row, &fault)) > 0) {
                for (size_t i = 0; i < n; i++)
                        table_put(out, i == 0, at[i] < 0 ? "" : row.cells[at[i]].data, at[i] < 0 ? 0 : row.cells[at[i]].size);
                for (size_t i = 0; i < (folds ? OWN_COUNT : OWN_COUNT - 1); i++) {
                        CsvCell cell = at[n + i] >= 0 ? csv_cell_trim(row.cells[at[n + i]]) : (CsvCell){ "", 0 };

                        if (own[i].value)
                                cell = (CsvCell){ own[i].value, strlen(own[i].value) };
                        table_put(out, false, cell.data, cell.size);
                }
                (void) putc_unlocked('\n', out);
        }
        return r == -EBADMSG ? -EIO : r;
}

int merge_tables(const Assemble *a, const MergeInput *inputs, size_t n, const char *name) {
        bool folds = a->phase->mode == PLAN_MODE_CV;
        _cleanup_strv_ char **columns = NULL;
        _cleanup_table_file_ TableFile out = {};
        size_t n_columns;
        int r;

        r = list_columns(a, inputs, n, &columns, &n_columns);
        if (r >= 0)
                r = table_file_open(&out, a->work_fd, name);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_columns; i++)
                table_put(out.f, i == 0, columns[i], strlen(columns[i]));
        (void) fputs(folds ? ",course,session,fold\n" : ",course,session\n", out.f);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = copy_rows(a, &inputs[i], columns, n_columns, folds, out.f);
        return r < 0 ? r : table_file_publish(&out);
}
