/* SPDX-License-Identifier: MIT */
#include "tools/assemble/folds.h"


#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "tools/assemble/layout.h"
#include "tools/assemble/table.h"

typedef struct Learner {
        char *id;
        char label; /* '0', '1', or another first byte */
        char *value;
        bool has_features;
        unsigned fold; /* 0: in none */
} Learner;

/* The learners of one course, sorted by id once they are all there. */
typedef struct Learners {
        const PlanCourse *course;
        Learner *items;
        size_t n, allocated;
} Learners;

static void learners_done(Learners *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].id);
                free(l->items[i].value);
        }
        free(l->items);
        *l = (Learners){};
}

static int add_label(void *userdata, CsvCell course, CsvCell session, CsvCell user, CsvCell value) {
        Learners *l = userdata;
        bool known = false;
        Learner x = {};

        if (!csv_cell_equals(&course, l->course->name))
                return 0;
        for (size_t i = 0; i < l->course->n_sessions; i++)
                known = known || csv_cell_equals(&session, l->course->sessions[i].name);
        if (!known || user.size == 0)
                return 0;
        if (l->n == l->allocated) {
                size_t bigger = l->allocated > 0 ? l->allocated * 2 : 1024;
                Learner *items = reallocarray(l->items, bigger, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->allocated = bigger;
        }
        x = (Learner){ .id = strndup(user.data, user.size), .value = strndup(value.data, value.size), .label = value.size > 0 ? value.data[0] : '\0' };
        if (!x.id || !x.value) {
                free(x.id);
                free(x.value);
                return -ENOMEM;
        }
        l->items[l->n++] = x;
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const Learner *) a)->id, ((const Learner *) b)->id);
}

/* One learner may have been in several sessions: the first label counts, as one row per learner is what containers expect. */
static void sort(Learners *l) {
        size_t kept = 0;

        if (l->n > 0)
                qsort(l->items, l->n, sizeof(*l->items), compare);
        for (size_t i = 0; i < l->n; i++) {
                if (kept > 0 && streq(l->items[kept - 1].id, l->items[i].id)) {
                        free(l->items[i].id);
                        free(l->items[i].value);
                        continue;
                }
                l->items[kept++] = l->items[i];
        }
        l->n = kept;
}

static Learner *find(const Learners *l, const CsvCell *user) {
        size_t low = 0, high = l->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const char *id = l->items[middle].id;
                int c = strncmp(id, user->data, user->size);

                if (c == 0 && id[user->size] != '\0')
                        c = 1;
                if (c == 0)
                        return &l->items[middle];
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t next_random(uint64_t *state) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

static int make_seed(const Assemble *a, const char *course, uint64_t *ret) {
        _cleanup_(digest_freep) Digest *d = NULL;
        char hex[DIGEST_LENGTH + 1], text[512];
        int r;

        snprintf(text, sizeof(text), "%s\n%s\n%u\n", a->manifest.name, course, a->phase->k);
        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, text, strlen(text));
        if (r >= 0)
                r = digest_finish(d, hex);
        if (r < 0)
                return r;
        hex[16] = '\0';
        *ret = strtoull(hex, NULL, 16);
        return 0;
}

/* Each label for itself is shuffled (Fisher and Yates) and dealt out; the next label goes on where the last one ended. */
static int deal(const Assemble *a, Learners *l) {
        _cleanup_free_ size_t *order = calloc(l->n + 1, sizeof(*order));
        _cleanup_free_ bool *done = calloc(l->n + 1, sizeof(*done));
        unsigned fold = 0;
        uint64_t seed;
        int r;

        if (!order || !done)
                return -ENOMEM;
        r = make_seed(a, l->course->name, &seed);
        if (r < 0)
                return r;
        for (size_t i = 0; i < l->n; i++) {
                size_t n = 0;

                if (done[i] || !l->items[i].has_features)
                        continue;
                for (size_t k = i; k < l->n; k++)
                        if (!done[k] && l->items[k].has_features && l->items[k].label == l->items[i].label) {
                                order[n++] = k;
                                done[k] = true;
                        }
                for (size_t k = n; k > 1; k--) {
                        size_t other = (size_t) (next_random(&seed) % k), swap = order[k - 1];

                        order[k - 1] = order[other];
                        order[other] = swap;
                }
                for (size_t k = 0; k < n; k++) {
                        l->items[order[k]].fold = fold + 1;
                        fold = (fold + 1) % a->phase->k;
                }
        }
        return 0;
}

/* ---- features -------------------------------------------------------------------------------------------------------------------- */

typedef int (*RowFunction)(void *userdata, const Table *t, const CsvRecord *row, Learner *learner);

/* Calls a function with each row of the course whose learner has a label. */
static int read_features(const Assemble *a, Learners *l, RowFunction f, void *userdata, Fault *reterr) {
        static const char *const names[] = { "extract.csv", "extract-holdout.csv" };
        unsigned read = 0;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_table_ Table t = {};
                _cleanup_fd_ int fd = -EBADF;
                ssize_t course, user;
                CsvRecord row;
                int r;

                fd = fd_open_regular_at(a->work_fd, names[i], UINT64_MAX, /* ret_st= */ NULL);
                if (fd == -ENOENT)
                        continue;
                r = fd < 0 ? fd : table_open(&t, fd, "the collected features", reterr);
                if (r < 0)
                        return r;
                read++;
                course = table_column(&t, "course");
                user = table_column(&t, "userID");
                if (course < 0 || user < 0)
                        return -EIO; /* we wrote it */
                while ((r = table_next(&t, &row, reterr)) > 0) {
                        Learner *learner = csv_cell_equals(&row.cells[course], l->course->name) ? find(l, &row.cells[user]) : NULL;

                        r = learner ? f(userdata, &t, &row, learner) : 0;
                        if (r < 0)
                                return r;
                }
                if (r < 0)
                        return r;
        }
        return read > 0 ? 0 : fault_set(reterr, FAULT_WORKFLOW, NULL, 0, "no features were extracted that could be divided into folds");
}

static int mark(_unused_ void *userdata, _unused_ const Table *t, _unused_ const CsvRecord *row, Learner *learner) {
        learner->has_features = true;
        return 0;
}

typedef struct Writing {
        unsigned fold;
        TableFile train, test;
        char **columns; /* of the table that the headers were written for */
        size_t n_columns;
} Writing;

/* The tables of training and holdout sessions may have other columns: cells go by name, those that lack are empty. */
static int write_row(void *userdata, const Table *t, const CsvRecord *row, Learner *learner) {
        Writing *w = userdata;
        FILE *f;
        bool first = true;

        if (learner->fold == 0)
                return 0;
        f = learner->fold == w->fold ? w->test.f : w->train.f;
        for (size_t i = 0; i < w->n_columns; i++) {
                ssize_t at = table_column(t, w->columns[i]);

                table_put(f, first, at < 0 ? "" : row->cells[at].data, at < 0 ? 0 : row->cells[at].size);
                first = false;
        }
        (void) putc_unlocked('\n', f);
        return 0;
}

/* Columns of both tables by name, in the order in which they come first; course and session are not features. */
static int list_columns(const Assemble *a, char ***ret, size_t *ret_n, Fault *reterr) {
        static const char *const names[] = { "extract.csv", "extract-holdout.csv" };
        Table all = {};
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(names); i++) {
                _cleanup_table_ Table t = {};
                _cleanup_fd_ int fd = fd_open_regular_at(a->work_fd, names[i], UINT64_MAX, /* ret_st= */ NULL);

                if (fd == -ENOENT)
                        continue;
                r = fd < 0 ? fd : table_open(&t, fd, "the collected features", reterr);
                for (size_t k = 0; r >= 0 && k < t.n_columns; k++) {
                        if (streq(t.columns[k], "course") || streq(t.columns[k], "session") || table_column(&all, t.columns[k]) >= 0)
                                continue;
                        r = strv_add(&all.columns, t.columns[k]);
                        all.n_columns++;
                }
        }
        *ret = all.columns;
        *ret_n = all.n_columns;
        return r;
}

static void write_header(const Writing *w, FILE *f) {
        for (size_t i = 0; i < w->n_columns; i++)
                table_put(f, i == 0, w->columns[i], strlen(w->columns[i]));
        (void) putc_unlocked('\n', f);
}

static int write_labels(const Learners *l, unsigned fold, int dirfd) {
        _cleanup_table_file_ TableFile out = {};
        char name[256];
        int r;

        snprintf(name, sizeof(name), "%s_%u_train_labels.csv", l->course->name, fold);
        r = table_file_open(&out, dirfd, name);
        if (r < 0)
                return r;
        (void) fputs("userID,label_value\n", out.f);
        for (size_t i = 0; i < l->n; i++) {
                const Learner *x = &l->items[i];

                if (x->fold == 0 || x->fold == fold)
                        continue;
                table_put(out.f, true, x->id, strlen(x->id));
                table_put(out.f, false, x->value, strlen(x->value));
                (void) putc_unlocked('\n', out.f);
        }
        return table_file_publish(&out);
}

static int write_fold(const Assemble *a, Learners *l, unsigned fold, char **columns, size_t n_columns, int dirfd, Fault *reterr) {
        Writing w = { .fold = fold, .columns = columns, .n_columns = n_columns };
        char name[256];
        int r;

        snprintf(name, sizeof(name), "%s_%u_train_features.csv", l->course->name, fold);
        r = table_file_open(&w.train, dirfd, name);
        snprintf(name, sizeof(name), "%s_%u_test_features.csv", l->course->name, fold);
        if (r >= 0)
                r = table_file_open(&w.test, dirfd, name);
        if (r >= 0) {
                write_header(&w, w.train.f);
                write_header(&w, w.test.f);
                r = read_features(a, l, write_row, &w, reterr);
        }
        if (r >= 0)
                r = table_file_publish(&w.train);
        if (r >= 0)
                r = table_file_publish(&w.test);
        table_file_done(&w.train);
        table_file_done(&w.test);
        return r < 0 ? r : write_labels(l, fold, dirfd);
}

static int make_course(const Assemble *a, Learners *l, int folds, Fault *reterr) {
        _cleanup_strv_ char **columns = NULL;
        _cleanup_fd_ int dir = -EBADF;
        size_t n_columns, dealt = 0;
        int r;

        r = layout_read_labels(a, "train", add_label, l);
        if (r >= 0)
                r = layout_read_labels(a, "test", add_label, l);
        if (r < 0)
                return r;
        sort(l);
        r = read_features(a, l, mark, NULL, reterr);
        if (r >= 0)
                r = deal(a, l);
        if (r >= 0)
                r = list_columns(a, &columns, &n_columns, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < l->n; i++)
                dealt += l->items[i].fold > 0;
        if (dealt < a->phase->k)
                return fault_set(reterr, FAULT_WORKFLOW, NULL, 0, "the course '%s' has too few learners with features and a label for %u folds",
                                 l->course->name, a->phase->k);
        dir = assemble_open_dir(folds, l->course->name);
        if (dir < 0)
                return dir;
        for (unsigned fold = 1; r >= 0 && fold <= a->phase->k; fold++)
                r = write_fold(a, l, fold, columns, n_columns, dir, reterr);
        return r;
}

int folds_make(const Assemble *a, Fault *reterr) {
        _cleanup_fd_ int folds = -EBADF;
        int r;

        r = fd_remove_tree_at(a->work_fd, "folds");
        if (r < 0)
                return r;
        folds = assemble_open_dir(a->work_fd, "folds");
        if (folds < 0)
                return folds;
        for (size_t i = 0; r >= 0 && i < a->plan.n_courses; i++) {
                Learners l = { .course = &a->plan.courses[i] };

                if (!l.course->complete)
                        continue;
                r = make_course(a, &l, folds, reterr);
                learners_done(&l);
        }
        return r;
}
