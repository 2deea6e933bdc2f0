/* SPDX-License-Identifier: MIT */
#include "tools/assemble/merge.h"

#include <inttypes.h>

#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "tools/assemble/labels.h"
#include "tools/assemble/table.h"

/* What the columns of ours hold in the rows of a step; NULL: what the table itself says. */
typedef struct Own {
        const char *name, *value;
} Own;

#define OWN_COUNT 3u

static bool predicts(const Assemble *a) {
        return a->phase->mode == PLAN_MODE_TEST || a->phase->mode == PLAN_MODE_CV;
}

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
        own[1] = (Own){ "session", a->phase->mode == PLAN_MODE_CV ? strempty(s->session) : session_of(a, s) };
        own[2] = (Own){ "fold", s->fold > 0 ? fold : NULL };
}

static int require(const Table *t, const char *column, Fault *reterr) {
        if (table_column(t, column) >= 0)
                return 0;
        return fault_set(reterr, FAULT_CSV_COLUMNS, NULL, 0, "%s lacks the column '%s'", t->title, column);
}

static int check_columns(const Assemble *a, const Table *t, const PlanStep *s, Fault *reterr) {
        int r;

        r = require(t, "userID", reterr);
        if (r >= 0 && predicts(a))
                r = require(t, "prob", reterr);
        if (r >= 0 && predicts(a))
                r = require(t, "pred", reterr);
        if (r >= 0 && a->phase->labels)
                r = require(t, "label_type", reterr);
        if (r >= 0 && a->phase->labels)
                r = require(t, "label_value", reterr);
        if (r >= 0 && !s->course)
                r = require(t, "course", reterr);
        if (r >= 0 && !predicts(a) && !session_of(a, s))
                r = require(t, "session", reterr);
        return r;
}

static const PlanCourse *find_course(const Assemble *a, const CsvCell *name) {
        for (size_t i = 0; i < a->plan.n_courses; i++)
                if (csv_cell_equals(name, a->plan.courses[i].name))
                        return &a->plan.courses[i];
        return NULL;
}

/* Which of the cells names what the container saw; session may be NULL. */
static void look_up(const Assemble *a, const PlanStep *s, const CsvCell *course, const CsvCell *session, bool *ret_course, bool *ret_session) {
        PlanStepSessions i = {};

        *ret_course = *ret_session = false;
        if (predicts(a)) {
                const PlanCourse *c = find_course(a, course);

                *ret_course = c && c->complete;
                *ret_session = true;
                return;
        }
        while (plan_step_sessions(&a->plan, s, &i)) {
                if (!csv_cell_equals(course, i.course->name))
                        continue;
                *ret_course = true;
                if (!session || csv_cell_equals(session, i.session->name)) {
                        *ret_session = true;
                        return;
                }
        }
}

/* The text of a container is in no message: the line is enough. */
static int check_row(const Assemble *a, const PlanStep *s, const Table *t, const CsvRecord *row, ssize_t course_at, ssize_t session_at, Fault *reterr) {
        CsvCell course, session = {};
        bool has_course, has_session;

        if (s->course && session_at < 0)
                return 0;
        course = s->course ? (CsvCell){ s->course, strlen(s->course) } : csv_cell_trim(row->cells[course_at]);
        if (session_at >= 0)
                session = csv_cell_trim(row->cells[session_at]);
        look_up(a, s, &course, session_at >= 0 ? &session : NULL, &has_course, &has_session);
        if (!has_course)
                return fault_set(reterr, FAULT_CSV_COURSE, NULL, 0, "%s: line %" PRIu64 " names a course that was not seen", t->title, row->line);
        if (!has_session)
                return fault_set(reterr, FAULT_CSV_COURSE, NULL, 0, "%s: line %" PRIu64 " names a session that was not seen", t->title, row->line);
        return 0;
}

static int check_label(const Table *t, const CsvRecord *row, ssize_t at, Fault *reterr) {
        CsvCell value = csv_cell_trim(row->cells[at]);

        if (labels_parse_value(&value) >= 0)
                return 0;
        return fault_set(reterr, FAULT_CSV_COLUMNS, NULL, 0, "%s: line %" PRIu64 " has a label_value that is neither 0 nor 1", t->title, row->line);
}

int merge_check(const Assemble *a, const PlanStep *s, int fd, Fault *reterr) {
        char title[STEP_TITLE_SIZE + 32], step[STEP_TITLE_SIZE];
        _cleanup_table_ Table t = {};
        ssize_t course, session, label;
        CsvRecord row;
        int r;

        snprintf(title, sizeof(title), "the CSV file of %s", step_title(s, step));
        r = table_open(&t, fd, title, reterr);
        if (r >= 0)
                r = check_columns(a, &t, s, reterr);
        if (r < 0)
                return r;
        course = table_column(&t, "course");
        session = predicts(a) || session_of(a, s) ? -1 : table_column(&t, "session");
        label = a->phase->labels ? table_column(&t, "label_value") : -1;
        while ((r = table_next(&t, &row, reterr)) > 0) {
                r = check_row(a, s, &t, &row, course, session, reterr);
                if (r >= 0 && label >= 0)
                        r = check_label(&t, &row, label, reterr);
                if (r < 0)
                        return r;
        }
        return r;
}

static bool is_own(const char *column) {
        return streq(column, "course") || streq(column, "session") || streq(column, "fold");
}

/* What happens to one table of many. */
typedef struct Merging {
        const Assemble *a;
        MergeOpen opener;
        void *userdata;
} Merging;

/* Opens a table that was checked before. *ret_fd must outlive it. */
static int open_checked(const Merging *m, const PlanStep *s, int *ret_fd, Table *t) {
        _cleanup_fault_ Fault fault = {};
        int r;

        *ret_fd = m->opener(m->userdata, s);
        if (*ret_fd < 0)
                return *ret_fd;
        r = table_open(t, *ret_fd, "a table", &fault);
        return r == -EBADMSG ? -EIO : r;
}

/* Adds the columns of a step's table to all, as far as they are new. */
static int add_columns(const Merging *m, const PlanStep *s, Table *all) {
        _cleanup_fd_ int fd = -EBADF;
        _cleanup_table_ Table t = {};
        int r;

        r = open_checked(m, s, &fd, &t);
        for (size_t k = 0; r >= 0 && k < t.n_columns; k++) {
                if (is_own(t.columns[k]) || table_column(all, t.columns[k]) >= 0)
                        continue;
                r = strv_add(&all->columns, t.columns[k]);
                if (r >= 0)
                        all->n_columns++;
        }
        return r;
}

/* What a cell of our columns holds in a row. */
static CsvCell own_cell(const Assemble *a, const Own *own, const CsvRecord *row, ssize_t at, ssize_t course_at) {
        CsvCell cell = {};

        if (own->value)
                return (CsvCell){ own->value, strlen(own->value) };
        if (streq(own->name, "session") && predicts(a)) { /* tested on all courses: the holdout of this row's */
                const PlanSession *holdout = NULL;

                if (course_at >= 0) {
                        cell = csv_cell_trim(row->cells[course_at]);
                        holdout = plan_holdout(find_course(a, &cell)); /* which was checked */
                }
                return holdout ? (CsvCell){ holdout->name, strlen(holdout->name) } : (CsvCell){ "", 0 };
        }
        return at >= 0 ? csv_cell_trim(row->cells[at]) : (CsvCell){ "", 0 };
}

static int copy_rows(const Merging *m, const PlanStep *s, char *const *columns, size_t n, bool folds, FILE *out) {
        _cleanup_free_ ssize_t *at = calloc(n + OWN_COUNT, sizeof(*at));
        _cleanup_fault_ Fault fault = {};
        _cleanup_fd_ int fd = -EBADF;
        _cleanup_table_ Table t = {};
        Own own[OWN_COUNT];
        char fold[16];
        CsvRecord row;
        int r;

        if (!at)
                return -ENOMEM;
        r = open_checked(m, s, &fd, &t);
        if (r < 0)
                return r;
        fill_own(m->a, s, fold, own);
        for (size_t i = 0; i < n; i++)
                at[i] = table_column(&t, columns[i]);
        for (size_t i = 0; i < OWN_COUNT; i++)
                at[n + i] = own[i].value ? -1 : table_column(&t, own[i].name);
        while ((r = table_next(&t, &row, &fault)) > 0) {
                for (size_t i = 0; i < n; i++)
                        table_put(out, i == 0, at[i] < 0 ? "" : row.cells[at[i]].data, at[i] < 0 ? 0 : row.cells[at[i]].size);
                for (size_t i = 0; i < (folds ? OWN_COUNT : OWN_COUNT - 1); i++) {
                        CsvCell cell = own_cell(m->a, &own[i], &row, at[n + i], at[n]);

                        table_put(out, false, cell.data, cell.size);
                }
                (void) putc_unlocked('\n', out);
        }
        return r == -EBADMSG ? -EIO : r;
}

int merge_tables(const Assemble *a, const PlanStep *const *steps, size_t n, MergeOpen opener, void *userdata, const char *name) {
        const Merging m = { a, opener, userdata };
        bool folds = a->phase->mode == PLAN_MODE_CV;
        _cleanup_table_file_ TableFile out = {};
        _cleanup_table_ Table all = {};
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = add_columns(&m, steps[i], &all);
        if (r >= 0)
                r = table_file_open(&out, a->work_fd, name);
        if (r < 0)
                return r;
        for (size_t i = 0; i < all.n_columns; i++)
                table_put(out.f, i == 0, all.columns[i], strlen(all.columns[i]));
        (void) fputs(folds ? ",course,session,fold\n" : ",course,session\n", out.f);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = copy_rows(&m, steps[i], all.columns, all.n_columns, folds, out.f);
        return r < 0 ? r : table_file_publish(&out);
}
