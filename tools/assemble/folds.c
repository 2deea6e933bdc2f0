/* SPDX-License-Identifier: MIT */
#include "tools/assemble/folds.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/beneath.h"
#include "tools/assemble/features.h"
#include "tools/assemble/labels.h"
#include "tools/assemble/learners.h"
#include "tools/assemble/table.h"

#define FOLDS_DIR "folds"
/* What is being divided, by session; gone when the folds are made. */
#define PARTS_DIR ".#folds"

typedef enum FoldFile {
        FOLD_FILE_TRAIN_FEATURES,
        FOLD_FILE_TEST_FEATURES,
        FOLD_FILE_TRAIN_LABELS,
        _FOLD_FILE_MAX,
} FoldFile;

static const char *const suffixes[_FOLD_FILE_MAX] = { "train_features", "test_features", "train_labels" };

typedef struct Folds {
        const Assemble *a;
        int folds_fd, parts_fd;
        Division features, labels; /* the same parts, in the same order */
        Fault *fault;
} Folds;

/* What is divided together: consecutive parts. */
typedef struct Group {
        const char *course, *session; /* session: NULL, by course */
        size_t first, n;
        Learners learners;
} Group;

static int fold_name(const char *course, unsigned fold, FoldFile kind, char **ret) {
        if (asprintf(ret, "%s_%u_%s.csv", course, fold, suffixes[kind]) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* ---- dividing the tables ---- */

static int add_parts(Folds *z) {
        const Plan *p = &z->a->plan;
        int r = 0;

        for (size_t i = 0; i < p->n_courses; i++)
                for (size_t k = 0; r >= 0 && p->courses[i].complete && !assemble_is_lost(z->a, p->courses[i].name) && k < p->courses[i].n_sessions; k++) {
                        const char *course = p->courses[i].name, *session = p->courses[i].sessions[k].name;
                        char *f = NULL, *l = NULL;

                        /* Numbers, as names joined could be those of others. */
                        if (asprintf(&f, "f%zu.%zu", i, k) < 0)
                                f = NULL;
                        r = division_add(&z->features, course, session, f, 0);
                        if (asprintf(&l, "l%zu.%zu", i, k) < 0)
                                l = NULL;
                        if (r >= 0)
                                r = division_add(&z->labels, course, session, l, 0);
                        else
                                free(l);
                }
        division_sort(&z->features);
        division_sort(&z->labels);
        return r;
}

static int divide(Folds *z) {
        static const char *const tables[] = { FEATURES_FILE, FEATURES_HOLDOUT_FILE }, *const kinds[] = { "train", "test" };
        const char *type = z->a->phase->label_type;
        int r;

        z->features.dirfd = z->labels.dirfd = z->parts_fd;
        r = add_parts(z);
        if (r >= 0)
                r = features_divide(z->a, tables, ELEMENTSOF(tables), &z->features, z->fault);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(kinds); i++)
                r = labels_divide(z->a, kinds[i], type, &z->features, &z->labels);
        return r;
}

/* ---- reading the parts ---- */

/* Opens a file that division made. Return: 1; 0 where there is none; a negative errno. */
static int open_part(Folds *z, const DivisionPart *p, Table *t, int *ret_fd) {
        int fd, r;

        if (p->rows == 0)
                return 0;
        fd = fd_open_regular_at(z->parts_fd, p->path, UINT64_MAX, /* ret_st= */ NULL);
        if (fd < 0)
                return fd;
        *ret_fd = fd;
        r = table_open(t, fd, "the features", z->fault);
        return r < 0 ? r : 1;
}

static int read_labels(Folds *z, Group *g) {
        int r = 0;

        for (size_t i = g->first; r >= 0 && i < g->first + g->n; i++) {
                _cleanup_fd_ int fd = -EBADF;
                _cleanup_table_ Table t = {};
                CsvRecord record;

                r = open_part(z, &z->labels.parts[i], &t, &fd);
                while (r > 0 && (r = table_next(&t, &record, z->fault)) > 0) {
                        int k = learners_add(&g->learners, &record.cells[0], csv_cell_equals(&record.cells[1], "1"));

                        r = k < 0 ? k : 1;
                }
        }
        learners_sort(&g->learners);
        return r;
}

/* Calls for each row of the features of a part with the learner that it is of, or NULL. */
typedef int (*RowHandler)(const CsvRecord *record, Learner *l, void *userdata);

static int each_row(Folds *z, const Group *g, size_t part, RowHandler handler, void *userdata) {
        _cleanup_fd_ int fd = -EBADF;
        _cleanup_table_ Table t = {};
        CsvRecord record;
        ssize_t at;
        int r;

        r = open_part(z, &z->features.parts[part], &t, &fd);
        if (r <= 0)
                return r;
        at = table_column(&t, "userID");
        if (at < 0)
                return -EUCLEAN;
        while ((r = table_next(&t, &record, z->fault)) > 0) {
                CsvCell user = csv_cell_trim(record.cells[at]);

                r = handler(&record, learners_find(&g->learners, &user), userdata);
                if (r < 0)
                        return r;
        }
        return r;
}

static int mark_featured(_unused_ const CsvRecord *record, Learner *l, _unused_ void *userdata) {
        if (l)
                l->featured = true;
        return 0;
}

/* ---- writing the folds ---- */

typedef struct FoldWriter {
        unsigned fold;
        bool test;
        FILE *f;
} FoldWriter;

static int write_row(const CsvRecord *record, Learner *l, void *userdata) {
        FoldWriter *w = userdata;

        if (!l || l->fold == 0 || (l->fold == w->fold) != w->test)
                return 0;
        return fwrite(record->raw, 1, record->raw_size, w->f) == record->raw_size ? 0 : -EIO;
}

static int write_features(Folds *z, int dirfd, const Group *groups, size_t n, unsigned fold, FoldFile kind) {
        _cleanup_table_file_ TableFile out = {};
        _cleanup_free_ char *name = NULL;
        FoldWriter w = { .fold = fold, .test = kind == FOLD_FILE_TEST_FEATURES };
        int r;

        r = fold_name(groups->course, fold, kind, &name);
        if (r >= 0)
                r = table_file_open(&out, dirfd, name);
        if (r < 0)
                return r;
        w.f = out.f;
        (void) fprintf(out.f, "%s\n", strempty(z->features.header));
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; r >= 0 && k < groups[i].n; k++)
                        r = each_row(z, &groups[i], groups[i].first + k, write_row, &w);
        return r < 0 ? r : table_file_publish(&out);
}

static int write_labels(int dirfd, const Group *g, unsigned fold) {
        _cleanup_table_file_ TableFile out = {};
        _cleanup_free_ char *name = NULL;
        int r;

        r = fold_name(g->course, fold, FOLD_FILE_TRAIN_LABELS, &name);
        if (r >= 0)
                r = table_file_open(&out, dirfd, name);
        if (r < 0)
                return r;
        (void) fprintf(out.f, LABELS_HEADER "\n");
        for (size_t i = 0; i < g->learners.n; i++) {
                const Learner *l = &g->learners.items[i];

                if (l->fold == 0 || l->fold == fold)
                        continue;
                table_put(out.f, true, l->user, l->size);
                table_put(out.f, false, l->value ? "1" : "0", 1);
                (void) putc_unlocked('\n', out.f);
        }
        return table_file_publish(&out);
}

static int write_group(Folds *z, int dirfd, const Group *g, unsigned k) {
        int r = 0;

        for (unsigned fold = 1; r >= 0 && fold <= k; fold++) {
                r = write_features(z, dirfd, g, 1, fold, FOLD_FILE_TRAIN_FEATURES);
                if (r >= 0)
                        r = write_features(z, dirfd, g, 1, fold, FOLD_FILE_TEST_FEATURES);
                if (r >= 0)
                        r = write_labels(dirfd, g, fold);
        }
        return r;
}

/* ---- groups ---- */

/* Where there are too few learners, the job fails; unless it is one that may lose courses. Return: 1; 0 to leave it out; <0. */
static int judge(Folds *z, const Group *g, size_t n, unsigned k) {
        bool labels = false;

        if (n >= k)
                return 1;
        if (z->a->manifest.partial) {
                log_notice("course '%s' is left out of the folds: %zu learners, %u folds", g->course, n, k);
                return 0;
        }
        for (size_t i = g->first; i < g->first + g->n; i++)
                labels |= z->labels.parts[i].rows > 0;
        /* The number of learners is the researcher's to know only where it is large. */
        if (g->learners.n > 0 || labels)
                return fault_set(z->fault, FAULT_FEATURES, NULL, 0, "course '%s'%s%s%s has fewer learners with features and labels than folds (%u)", g->course,
                                 g->session ? ", session '" : "", strempty(g->session), g->session ? "'" : "", k);
        for (size_t i = g->first; i < g->first + g->n; i++)
                if (z->features.parts[i].rows > 0)
                        return fault_set(z->fault, FAULT_LABELS, NULL, 0, "the platform has no labels '%s' for the learners of the course '%s'", z->a->phase->label_type,
                                         g->course);
        return fault_set(z->fault, FAULT_FEATURES, NULL, 0, "there are no features of the course '%s'", g->course);
}

static int make_group(Folds *z, int course_fd, Group *g) {
        unsigned k = z->a->phase->k;
        _cleanup_free_ char *seed = NULL;
        _cleanup_fd_ int dir = -EBADF;
        ssize_t n;
        int r;

        r = read_labels(z, g);
        for (size_t i = 0; r >= 0 && i < g->n; i++)
                r = each_row(z, g, g->first + i, mark_featured, NULL);
        if (r < 0)
                return r;
        if (asprintf(&seed, "morf folds 1\n%s\n%s\n%s\n%u\n", z->a->manifest.name, g->course, strempty(g->session), k) < 0) {
                seed = NULL;
                return -ENOMEM;
        }
        n = learners_divide(&g->learners, k, seed);
        r = n < 0 ? (int) n : judge(z, g, (size_t) n, k);
        if (r <= 0 || !g->session)
                return r <= 0 ? r : write_group(z, course_fd, g, k);
        dir = assemble_open_dir(course_fd, g->session);
        return dir < 0 ? dir : write_group(z, dir, g, k);
}

static int make_course(Folds *z, size_t first, size_t n) {
        bool by_session = z->a->phase->level == PLAN_LEVEL_SESSION;
        const char *course = z->features.parts[first].course;
        size_t n_groups = by_session ? n : 1;
        _cleanup_free_ Group *groups = NULL;
        _cleanup_fd_ int dir = -EBADF;
        int r = 0;

        groups = calloc(n_groups, sizeof(*groups));
        if (!groups)
                return -ENOMEM;
        dir = assemble_open_dir(z->folds_fd, course);
        if (dir < 0)
                return dir;
        for (size_t i = 0; r >= 0 && i < n_groups; i++) {
                groups[i] = (Group){ .course = course, .first = first + i, .n = by_session ? 1 : n };
                groups[i].session = by_session ? z->features.parts[first + i].session : NULL;
                r = make_group(z, dir, &groups[i]);
        }
        for (unsigned fold = 1; by_session && r >= 0 && fold <= z->a->phase->k; fold++)
                r = write_features(z, dir, groups, n_groups, fold, FOLD_FILE_TEST_FEATURES);
        for (size_t i = 0; i < n_groups; i++)
                learners_done(&groups[i].learners);
        return r;
}

static int make_all(Folds *z) {
        size_t n;
        int r;

        r = divide(z);
        for (size_t i = 0; r >= 0 && i < z->features.n; i += n) {
                for (n = 1; i + n < z->features.n && streq(z->features.parts[i + n].course, z->features.parts[i].course);)
                        n++;
                r = make_course(z, i, n);
        }
        return r;
}

static int open_fresh(int dirfd, const char *name) {
        int r = fd_remove_tree_at(dirfd, name);

        return r < 0 ? r : assemble_open_dir(dirfd, name);
}

int folds_make(const Assemble *a, Fault *reterr) {
        Folds z = { .a = a, .folds_fd = -EBADF, .parts_fd = -EBADF, .fault = reterr };
        int r;

        z.folds_fd = open_fresh(a->work_fd, FOLDS_DIR);
        z.parts_fd = z.folds_fd < 0 ? z.folds_fd : open_fresh(a->work_fd, PARTS_DIR);
        r = z.parts_fd < 0 ? z.parts_fd : make_all(&z);
        division_done(&z.features);
        division_done(&z.labels);
        fd_close(z.folds_fd);
        fd_close(z.parts_fd);
        return r < 0 ? r : fd_remove_tree_at(a->work_fd, PARTS_DIR);
}

int folds_lay_out(const Assemble *a, const PlanStep *step, int input_fd) {
        _cleanup_fd_ int folds = -EBADF, course = -EBADF, session = -EBADF, to = -EBADF;
        int from, r = 0;

        folds = fd_open_dir_at(a->work_fd, FOLDS_DIR);
        course = folds < 0 ? folds : fd_open_dir_at(folds, step->course);
        if (course >= 0 && step->session)
                session = fd_open_dir_at(course, step->session);
        from = course >= 0 && step->session ? session : course;
        if (from < 0)
                return from;
        to = assemble_open_dir(input_fd, step->course);
        if (to < 0)
                return to;
        for (FoldFile kind = 0; r >= 0 && kind < _FOLD_FILE_MAX; kind++) {
                _cleanup_free_ char *name = NULL;
                _cleanup_fd_ int fd = -EBADF;
                struct stat st;

                r = fold_name(step->course, step->fold, kind, &name);
                if (r < 0)
                        return r;
                fd = fd_open_regular_at(from, name, UINT64_MAX, &st);
                r = fd < 0 ? fd : beneath_copy(fd, (uint64_t) st.st_size, to, name);
        }
        return r;
}
