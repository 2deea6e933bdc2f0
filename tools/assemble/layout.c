/* SPDX-License-Identifier: MIT */
#include "tools/assemble/layout.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "tools/assemble/folds.h"
#include "tools/assemble/spread.h"
#include "tools/assemble/tree.h"

/* ---- labels ------------------------------------------------------------------------------------------------------------------ */

static int open_labels(int root, const char *kind, bool *ret_underscore) {
        char name[64];
        int fd;

        snprintf(name, sizeof(name), "labels-%s.csv", kind);
        *ret_underscore = false;
        fd = openat(root, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 || errno != ENOENT)
                return fd < 0 ? negative_errno() : fd;
        snprintf(name, sizeof(name), "labels-%s-with-underscore.csv", kind);
        *ret_underscore = true;
        fd = openat(root, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

/* "accounting_001": the session is what follows the last underscore. */
static void split_course(CsvCell *course, CsvCell *session) {
        for (size_t i = course->size; i > 0; i--)
                if (course->data[i - 1] == '_') {
                        *session = (CsvCell){ course->data + i, course->size - i };
                        course->size = i - 1;
                        return;
                }
}

static int read_table(const Assemble *a, int fd, bool underscore, LayoutLabel f, void *userdata) {
        static const char *const names[] = { "course", "userID", "label_type", "label_value", "session" };
        ssize_t at[ELEMENTSOF(names)];
        _cleanup_fault_ Fault fault = {};
        _cleanup_table_ Table t = {};
        CsvRecord row;
        int r;

        r = table_open(&t, fd, "the table of labels", &fault);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(names); i++) {
                at[i] = table_column(&t, names[i]);
                if (at[i] < 0 && !(underscore && i == 4))
                        return log_error_errno(-EIO, "the table of labels has no column '%s'", names[i]);
        }
        while (r >= 0 && (r = table_next(&t, &row, &fault)) > 0) {
                CsvCell course = csv_cell_trim(row.cells[at[0]]), type = csv_cell_trim(row.cells[at[2]]), session = {};

                if (a->phase->label_type && !csv_cell_equals(&type, a->phase->label_type))
                        continue;
                if (at[4] >= 0)
                        session = csv_cell_trim(row.cells[at[4]]);
                else
                        split_course(&course, &session);
                r = f(userdata, course, session, csv_cell_trim(row.cells[at[1]]), csv_cell_trim(row.cells[at[3]]));
        }
        /* The operator's table: not the researcher's fault. */
        if (r == -EBADMSG && fault.code != FAULT_NONE)
                return log_error_errno(-EIO, "%s", strempty(fault.message));
        return r;
}

int layout_read_labels(const Assemble *a, const char *kind, LayoutLabel f, void *userdata) {
        for (size_t i = 0; i < a->n_roots; i++) {
                _cleanup_fd_ int fd = -EBADF;
                bool underscore;
                int r;

                fd = open_labels(a->roots[i], kind, &underscore);
                if (fd == -ENOENT)
                        continue;
                r = fd < 0 ? fd : read_table(a, fd, underscore, f, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* "course\nsession": a key of a spread; neither name has a line end. */
static int make_key(CsvCell course, CsvCell session, char *ret, size_t size) {
        int n = snprintf(ret, size, "%.*s\n%.*s", (int) course.size, course.data, (int) session.size, session.data);

        return n < 0 || (size_t) n >= size ? -ENAMETOOLONG : n;
}

static int put_label(void *userdata, CsvCell course, CsvCell session, CsvCell user, CsvCell value) {
        Spread *s = userdata;
        char key[256];
        bool is_new;
        ssize_t i;
        FILE *f;
        int r;

        r = make_key(course, session, key, sizeof(key));
        if (r < 0)
                return 0; /* a name so long is none of the plan's */
        i = spread_find(s, key, (size_t) r, 0);
        if (i < 0)
                return 0;
        r = spread_stream(s, (size_t) i, &f, &is_new);
        if (r < 0)
                return r;
        if (is_new)
                (void) fputs("userID,label_value\n", f);
        table_put(f, true, user.data, user.size);
        table_put(f, false, value.data, value.size);
        (void) putc_unlocked('\n', f);
        return 0;
}

/* ---- features ------------------------------------------------------------------------------------------------------------------ */

static int put_features(const Table *t, const CsvRecord *row, FILE *f) {
        bool first = true;

        for (size_t i = 0; i < t->n_columns; i++) {
                const char *name = t->columns[i];

                if (streq(name, "course") || streq(name, "session"))
                        continue;
                if (row)
                        table_put(f, first, row->cells[i].data, row->cells[i].size);
                else
                        table_put(f, first, name, strlen(name));
                first = false;
        }
        (void) putc_unlocked('\n', f);
        return 0;
}

static int read_header(const Table *t, char **ret) {
        size_t size;
        FILE *f = open_memstream(ret, &size);

        if (!f)
                return -ENOMEM;
        (void) put_features(t, NULL, f);
        if (fclose(f) != 0)
                return -ENOMEM;
        (*ret)[strcspn(*ret, "\n")] = '\0';
        return 0;
}

static int spread_features(const Assemble *a, const char *name, Spread *s, Fault *reterr) {
        _cleanup_free_ char *header = NULL;
        _cleanup_table_ Table t = {};
        ssize_t course, session;
        _cleanup_fd_ int fd = -EBADF;
        CsvRecord row;
        int r;

        fd = fd_open_regular_at(a->work_fd, name, UINT64_MAX, /* ret_st= */ NULL);
        if (fd == -ENOENT)
                return fault_set(reterr, FAULT_WORKFLOW, NULL, 0, "no features were extracted for %s", plan_mode_to_string(a->phase->mode));
        if (fd < 0)
                return fd;
        r = table_open(&t, fd, "the collected features", reterr);
        if (r >= 0)
                r = read_header(&t, &header);
        if (r < 0)
                return r;
        course = table_column(&t, "course");
        session = table_column(&t, "session");
        if (course < 0 || session < 0)
                return -EIO; /* we wrote it */
        while ((r = table_next(&t, &row, reterr)) > 0) {
                char key[256];
                bool is_new;
                ssize_t i;
                FILE *f;

                r = make_key(row.cells[course], row.cells[session], key, sizeof(key));
                i = r < 0 ? -1 : spread_find(s, key, (size_t) r, 0);
                if (i < 0)
                        continue;
                r = spread_stream(s, (size_t) i, &f, &is_new);
                if (r < 0)
                        return r;
                if (is_new)
                        (void) put_features(&t, NULL, f);
                (void) put_features(&t, &row, f);
        }
        return r < 0 ? r : spread_publish(s, header);
}

/* ---- training and testing ------------------------------------------------------------------------------------------------------ */

/* Which sessions the container of a step that trains or tests sees. */
static bool sees(const Assemble *a, const PlanStep *s, const PlanCourse *c, const PlanSession *session) {
        if (!c->complete || session->holdout != (a->phase->mode == PLAN_MODE_TEST))
                return false;
        if (s->course && !streq(s->course, c->name))
                return false;
        return a->phase->level != PLAN_LEVEL_SESSION || !s->session || streq(s->session, session->name);
}

static int add_session(const Assemble *a, int input, const PlanCourse *c, const PlanSession *session, Spread *features, Spread *labels) {
        _cleanup_fd_ int course = -EBADF, dir = -EBADF;
        char key[256], name[256];
        int r;

        course = assemble_open_dir(input, c->name);
        dir = course < 0 ? course : assemble_open_dir(course, session->name);
        if (dir < 0)
                return dir;
        r = make_key((CsvCell){ c->name, strlen(c->name) }, (CsvCell){ session->name, strlen(session->name) }, key, sizeof(key));
        if (r < 0)
                return r;
        snprintf(name, sizeof(name), "%s_%s_features.csv", c->name, session->name);
        r = spread_add(features, key, fcntl(dir, F_DUPFD_CLOEXEC, 3), name);
        if (r < 0 || a->phase->mode == PLAN_MODE_TEST)
                return r;
        snprintf(name, sizeof(name), "%s_%s_labels.csv", c->name, session->name);
        return spread_add(labels, key, TAKE_FD(dir), name);
}

static int add_step(const Assemble *a, const PlanStep *s, int input, Spread *features, Spread *labels) {
        for (size_t i = 0; i < a->plan.n_courses; i++) {
                const PlanCourse *c = &a->plan.courses[i];

                for (size_t k = 0; k < c->n_sessions; k++) {
                        int r = sees(a, s, c, &c->sessions[k]) ? add_session(a, input, c, &c->sessions[k], features, labels) : 0;

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* The phase that trained last before this one; 0: none. */
static unsigned training_phase(const Assemble *a) {
        for (unsigned p = a->phase_number - 1; p > 0; p--)
                if (a->plan.phases[p - 1].mode == PLAN_MODE_TRAIN)
                        return p;
        return 0;
}

/* Moves what one model's container left to the root, by another name where one is taken. */
static int merge_model(int input, const PlanStep *model, const char *from_name) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(input, from_name, &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                _cleanup_free_ char *other = NULL;

                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                if (renameat2(dirfd(d), de->d_name, input, de->d_name, RENAME_NOREPLACE) >= 0)
                        continue;
                if (errno != EEXIST)
                        return negative_errno();
                if (asprintf(&other, "%s_%s_%s", model->course ?: "all", model->session ?: "all", de->d_name) < 0) {
                        other = NULL;
                        return -ENOMEM;
                }
                if (renameat2(dirfd(d), de->d_name, input, other, RENAME_NOREPLACE) < 0)
                        return negative_errno();
        }
        return fd_remove_tree_at(input, from_name);
}

static int add_models(const Assemble *a, const PlanStep *s, int input) {
        _cleanup_fd_ int sealed = assemble_open_dir(a->work_fd, "sealed");
        unsigned phase = training_phase(a);

        if (sealed < 0)
                return sealed;
        for (size_t i = 0; i < a->plan.n_steps; i++) {
                const PlanStep *model = &a->plan.steps[i];
                _cleanup_fd_ int from = -EBADF;
                char dir[STEP_DIR_SIZE];
                int r;

                if (model->phase != phase || model->kind != PLAN_STEP_CONTAINER)
                        continue;
                if (model->course && s->course && !streq(model->course, s->course))
                        continue;
                from = fd_open_dir_at(sealed, step_dir(model, dir));
                if (from == -ENOENT)
                        continue; /* left out of a partial result */
                r = from < 0 ? from : tree_copy_own(from, input, ".model");
                if (r >= 0)
                        r = merge_model(input, model, ".model");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- all ----------------------------------------------------------------------------------------------------------------------- */

int layout_make(const Assemble *a, Fault *reterr) {
        _cleanup_spread_ Spread features = {}, labels = {};
        _cleanup_fd_ int inputs = -EBADF;
        const PlanStep *s;
        size_t i = 0;
        int r = 0;

        /* The same folds as before, but if calls made others in between or gave another label. */
        if (a->phase->mode == PLAN_MODE_CV)
                r = folds_make(a, reterr);
        if (r < 0)
                return r;
        inputs = assemble_open_dir(a->work_fd, "input");
        if (inputs < 0)
                return inputs;
        while (r >= 0 && (s = assemble_next_step(a, &i))) {
                _cleanup_fd_ int input = -EBADF;
                char name[STEP_DIR_SIZE];

                r = fd_remove_tree_at(inputs, step_dir(s, name));
                input = r < 0 ? r : assemble_open_dir(inputs, name);
                if (input < 0)
                        return input;
                if (a->phase->mode == PLAN_MODE_CV) {
                        r = folds_lay_out(a, s, input);
                        if (r == -ENOENT && a->manifest.partial)
                                r = 0; /* a course that was lost */
                }
                if (r >= 0 && a->phase->mode != PLAN_MODE_CV)
                        r = add_step(a, s, input, &features, &labels);
                if (r >= 0 && a->phase->mode == PLAN_MODE_TEST)
                        r = add_models(a, s, input);
        }
        if (r >= 0 && a->phase->mode != PLAN_MODE_CV)
                r = spread_features(a, a->phase->mode == PLAN_MODE_TEST ? "extract-holdout.csv" : "extract.csv", &features, reterr);
        if (r >= 0 && a->phase->mode == PLAN_MODE_TRAIN)
                r = layout_read_labels(a, "train", put_label, &labels);
        if (r >= 0)
                r = spread_publish(&labels, "userID,label_value");
        if (r >= 0)
                r = tree_make_readable(inputs);
        return r;
}
