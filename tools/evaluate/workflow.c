/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/workflow.h"

#include <inttypes.h>

#include "spool/limits.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/strv.h"
#include "tools/evaluate/join.h"

#define TEST_FILE "test.csv"
#define CV_FILE "cv.csv"

typedef struct Evaluation {
        const WorkflowOptions *options;
        PlanEvaluationKind kind;
        bool by_session; /* folds were made by session */
        char ***sessions; /* of each course: the names of those whose labels count */
        Labels labels;
        Join join;
        TallySet *tallies;
        Fault *problems; /* of each course; code FAULT_NONE: it is well */
        Fault *fault;
} Evaluation;

const char *workflow_count(const WorkflowOptions *o, uint64_t n, char buffer[static WORKFLOW_COUNT_MAX]) {
        uint64_t round = o->round_counts > 1 ? o->round_counts : 1;

        if (n < o->min_cell)
                snprintf(buffer, WORKFLOW_COUNT_MAX, "fewer than %u", o->min_cell);
        else
                snprintf(buffer, WORKFLOW_COUNT_MAX, "%s%" PRIu64, round > 1 ? "about " : "", (n + round / 2) / round * round);
        return buffer;
}

/* ---- labels ---- */

/* The complete courses and those of their sessions whose labels count. */
static int choose_courses(Evaluation *e) {
        const Plan *p = e->options->plan;
        size_t n = 0;
        int r;

        for (size_t i = 0; i < p->n_courses; i++)
                n += p->courses[i].complete;
        if (n == 0)
                return fault_set(e->fault, FAULT_EVALUATION, NULL, 0, "none of the courses has a session to test on beside one to train on");
        r = labels_init(&e->labels, n);
        if (r < 0)
                return r;
        e->sessions = calloc(n, sizeof(*e->sessions));
        e->problems = calloc(n, sizeof(*e->problems));
        e->join.courses = calloc(n, sizeof(*e->join.courses));
        if (!e->sessions || !e->problems || !e->join.courses)
                return -ENOMEM;
        n = 0;
        for (size_t i = 0; i < p->n_courses; i++) {
                const PlanCourse *c = &p->courses[i];

                if (!c->complete)
                        continue;
                for (size_t k = 0; r >= 0 && k < c->n_sessions; k++)
                        if (c->sessions[k].holdout || e->kind == PLAN_EVALUATION_CV)
                                r = strv_add(&e->sessions[n], c->sessions[k].name);
                if (r < 0)
                        return r;
                e->labels.sets[n].course = c->name;
                e->labels.sets[n].sessions = e->sessions[n];
                e->labels.sets[n].by_session = e->by_session;
                n++;
        }
        return 0;
}

static int load_labels(Evaluation *e) {
        const WorkflowOptions *o = e->options;
        const char *type = o->plan->evaluation.label_type;
        _cleanup_free_ char *error = NULL;
        int r;

        if (!type)
                return -EINVAL;
        r = labels_load(&e->labels, o->roots, o->n_roots, "test", type, &error);
        if (r >= 0 && e->kind == PLAN_EVALUATION_CV)
                r = labels_load(&e->labels, o->roots, o->n_roots, "train", type, &error);
        if (r == -EBADMSG && error)
                return log_error_errno(-EUCLEAN, "a label table is damaged: %s", error);
        return r;
}

/* ---- folds ---- */

/* Marks the learners of one fold as expected there. */
static int read_fold(LabelSet *s, size_t session, int fd, unsigned fold) {
        CsvLimits limits = CSV_LIMITS_DEFAULT;
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        size_t at = SIZE_MAX;
        CsvRecord record;
        int r;

        /* Features of a learner may be many. */
        limits.record_max = 16 * CSV_RECORD_MAX;
        limits.cells_max = 64 * CSV_CELLS_MAX;
        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        while ((r = csv_reader_next(reader, &record)) == 0) {
                bool header = at == SIZE_MAX;

                for (size_t i = 0; header && i < record.n_cells; i++)
                        if (csv_cell_equals(&record.cells[i], "userID"))
                                at = i;
                if (at >= record.n_cells)
                        return -EUCLEAN;
                if (!header) {
                        CsvCell user = csv_cell_trim(record.cells[at]);
                        Label *l = label_find(s, session, &user);

                        if (l) {
                                l->expected = true;
                                l->fold = fold;
                        }
                }
        }
        return r == CSV_E_END ? 0 : r < 0 ? r : -EUCLEAN;
}

/* The folds of a course, or of one of its sessions. */
static int read_folds_of(LabelSet *s, size_t session, int dirfd, unsigned k) {
        int r = 0;

        for (unsigned fold = 1; r >= 0 && fold <= k; fold++) {
                _cleanup_free_ char *name = NULL;
                _cleanup_fd_ int fd = -EBADF;

                if (asprintf(&name, "%s_%u_test_features.csv", s->course, fold) < 0) {
                        name = NULL;
                        return -ENOMEM;
                }
                fd = fd_open_regular_at(dirfd, name, UINT64_MAX, /* ret_st= */ NULL);
                if (fd != -ENOENT)
                        r = fd < 0 ? fd : read_fold(s, session, fd, fold);
                if (r < 0)
                        log_error_errno(r, "cannot read fold %u of course '%s'", fold, s->course);
        }
        return r;
}

/* Those who are in no fold were not in the features, and nobody could predict anything for them. */
static int read_folds(Evaluation *e, LabelSet *s, unsigned k) {
        _cleanup_fd_ int folds = -EBADF, course = -EBADF;
        int r = 0;

        for (size_t i = 0; i < s->n; i++)
                s->labels[i].expected = false;
        folds = fd_open_dir_at(e->options->work_dirfd, "folds");
        course = folds < 0 ? folds : fd_open_dir_at(folds, s->course);
        if (course < 0)
                return course == -ENOENT ? 0 : course;
        if (!e->by_session)
                return read_folds_of(s, 0, course, k);
        for (size_t i = 0; r >= 0 && s->sessions && s->sessions[i]; i++) {
                _cleanup_fd_ int session = fd_open_dir_at(course, s->sessions[i]);

                if (session != -ENOENT) /* a partial job may have lost it */
                        r = session < 0 ? session : read_folds_of(s, i, session, k);
        }
        return r;
}

/* ---- judging ---- */

static uint64_t count_expected(const LabelSet *s, bool missing) {
        uint64_t n = 0;

        for (size_t i = 0; i < s->n; i++)
                n += s->labels[i].expected && !(missing && s->labels[i].predicted);
        return n;
}

/* Sets the problem of a course, if there is one. Return: 0 or -ENOMEM. */
static int judge(Evaluation *e, size_t i) {
        const WorkflowOptions *o = e->options;
        const LabelSet *s = &e->labels.sets[i];
        const JoinCourse *c = &e->join.courses[i];
        uint64_t all = count_expected(s, false), missing = count_expected(s, true);
        char n[WORKFLOW_COUNT_MAX], of[WORKFLOW_COUNT_MAX];
        Fault *f = &e->problems[i];
        int r = 0;

        workflow_count(o, all, of);
        if (s->n == 0)
                r = fault_set(f, FAULT_LABELS, NULL, 0, "the platform has no labels '%s' for the course '%s'", o->plan->evaluation.label_type, s->course);
        else if (s->contradicted > 0)
                r = fault_set(f, FAULT_LABELS, NULL, 0, "the labels '%s' of the course '%s' contradict each other for %s learners",
                              o->plan->evaluation.label_type, s->course, workflow_count(o, s->contradicted, n));
        else if (c->duplicates > 0)
                r = fault_set(f, FAULT_PREDICTIONS_DUPLICATE, NULL, 0, "the course '%s' has %s predictions more than learners whom they are for",
                              s->course, workflow_count(o, c->duplicates, n));
        else if (c->misplaced > 0)
                r = fault_set(f, FAULT_PREDICTIONS_MISSING, NULL, 0, "the course '%s' has %s predictions in a fold that the learner is not in",
                              s->course, workflow_count(o, c->misplaced, n));
        else if (all == 0)
                r = fault_set(f, FAULT_PREDICTIONS_MISSING, NULL, 0, "the folds of the course '%s' hold no learner with a label", s->course);
        else if (missing > 0)
                r = fault_set(f, FAULT_PREDICTIONS_MISSING, NULL, 0, "the course '%s' has no prediction for %s of %s learners", s->course,
                              workflow_count(o, missing, n), of);
        else if (c->values > 0)
                r = fault_set(f, FAULT_PREDICTIONS_VALUE, NULL, 0, "the course '%s' has %s predictions that cannot be used: %s %s", s->course,
                              workflow_count(o, c->values, n), c->column, c->complaint);
        return r == -EBADMSG ? 0 : r;
}

/* The first problem is told, and how many more there are. */
static int tell(Evaluation *e, size_t n_problems) {
        const Fault *first = NULL;

        for (size_t i = 0; !first; i++)
                if (e->problems[i].code != FAULT_NONE)
                        first = &e->problems[i];
        if (n_problems == 1)
                return fault_set(e->fault, first->code, NULL, 0, "%s", first->message);
        return fault_set(e->fault, first->code, NULL, 0, "%s; %zu more course%s cannot be evaluated either", first->message, n_problems - 1,
                         n_problems > 2 ? "s" : "");
}

static int judge_all(Evaluation *e) {
        size_t n = 0;
        int r;

        for (size_t i = 0; i < e->labels.n; i++) {
                r = judge(e, i);
                if (r < 0)
                        return r;
                e->join.courses[i].skip = e->problems[i].code != FAULT_NONE;
                n += e->join.courses[i].skip;
        }
        if (n > 0 && (!e->options->partial || n == e->labels.n))
                return tell(e, n);
        return 0;
}

/* ---- counting ---- */

/* One tally a course, one over all, or one a course and fold. */
static int make_tallies(Evaluation *e) {
        Tally *all = NULL;
        int r = 0;

        if (e->kind == PLAN_EVALUATION_ALL)
                r = tally_set_append(e->tallies, NULL, 0, &all);
        for (size_t i = 0; r >= 0 && i < e->labels.n; i++) {
                JoinCourse *c = &e->join.courses[i];

                if (c->skip)
                        continue;
                c->tallies = calloc(e->join.folds + 1, sizeof(*c->tallies));
                if (!c->tallies)
                        return -ENOMEM;
                c->tallies[0] = all;
                for (unsigned fold = 0; r >= 0 && fold <= e->join.folds; fold++)
                        if (!c->tallies[fold])
                                r = tally_set_append(e->tallies, e->labels.sets[i].course, fold, &c->tallies[fold]);
        }
        if (r == -E2BIG)
                return fault_set(e->fault, FAULT_EVALUATION, NULL, 0, "there are more than %u courses and folds", LIMIT_METRICS_ROWS);
        return r;
}

static int open_table(const Evaluation *e, const char *name) {
        int fd = fd_open_regular_at(e->options->work_dirfd, name, UINT64_MAX, /* ret_st= */ NULL);
        int r;

        if (fd != -ENOENT)
                return fd;
        r = fault_set(e->fault, FAULT_OUTPUT_MISSING, NULL, 0, "there are no predictions to evaluate");
        if (fault_set_hint(e->fault, "Call %s before the evaluation.", e->join.folds > 0 ? "cross_validate_course" : "test_course or test_all") < 0)
                return -ENOMEM;
        return r;
}

static int finish(Evaluation *e, MetricsFile *ret) {
        static const MetricsKind kinds[_PLAN_EVALUATION_MAX] = {
                [PLAN_EVALUATION_COURSE] = METRICS_KIND_COURSE,
                [PLAN_EVALUATION_ALL] = METRICS_KIND_ALL,
                [PLAN_EVALUATION_CV] = METRICS_KIND_CV,
        };
        _cleanup_metrics_file_ MetricsFile f = {};
        char digest[DIGEST_LENGTH + 1];
        int r;

        r = tally_set_finish(e->tallies, &f);
        f.kind = kinds[e->kind];
        f.by_course = e->kind != PLAN_EVALUATION_ALL;
        for (size_t i = 0; r >= 0 && i < e->labels.n; i++)
                if (e->problems[i].code != FAULT_NONE) {
                        log_notice("course '%s' is left out: %s", e->labels.sets[i].course, e->problems[i].message);
                        r = metrics_file_leave_out(&f, e->labels.sets[i].course, fault_to_string(e->problems[i].code));
                }
        if (r >= 0)
                r = digest_finish(e->labels.digest, digest);
        if (r < 0)
                return r;
        f.labels = strdup(digest);
        if (!f.labels)
                return -ENOMEM;
        *ret = f;
        f = (MetricsFile){};
        return 0;
}

static int evaluate(Evaluation *e, int dirfd, MetricsFile *ret) {
        const WorkflowOptions *o = e->options;
        const char *name = e->kind == PLAN_EVALUATION_CV ? CV_FILE : TEST_FILE;
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = choose_courses(e);
        if (r >= 0)
                r = load_labels(e);
        if (r < 0)
                return r;
        e->join.labels = &e->labels;
        e->join.folds = e->kind == PLAN_EVALUATION_CV ? o->plan->evaluation.k : 0;
        e->join.by_session = e->by_session;
        for (size_t i = 0; r >= 0 && e->join.folds > 0 && i < e->labels.n; i++)
                r = read_folds(e, &e->labels.sets[i], e->join.folds);
        if (r < 0)
                return r;
        fd = open_table(e, name);
        if (fd < 0)
                return fd;
        r = join_read(&e->join, fd, name, /* count= */ false, e->fault);
        if (r >= 0)
                r = judge_all(e);
        if (r >= 0)
                r = tally_set_new(dirfd, o->memory_max, &e->tallies);
        if (r < 0)
                return r;
        e->join.tallies = e->tallies;
        r = make_tallies(e);
        if (r >= 0)
                r = join_read(&e->join, fd, name, /* count= */ true, e->fault);
        return r < 0 ? r : finish(e, ret);
}

static void evaluation_done(Evaluation *e) {
        for (size_t i = 0; i < e->labels.n; i++) {
                if (e->sessions)
                        strv_free(e->sessions[i]);
                if (e->problems)
                        fault_done(&e->problems[i]);
                if (e->join.courses)
                        free(e->join.courses[i].tallies);
        }
        free(e->sessions);
        free(e->problems);
        free(e->join.courses);
        tally_set_free(e->tallies);
        labels_done(&e->labels);
}

/* Whether the cross-validation that counts, the last, was one by session. */
static bool is_by_session(const Plan *p) {
        for (size_t i = p->n_phases; i > 0 && p->evaluation.kind == PLAN_EVALUATION_CV; i--)
                if (p->phases[i - 1].mode == PLAN_MODE_CV)
                        return p->phases[i - 1].level == PLAN_LEVEL_SESSION;
        return false;
}

int workflow_evaluate(const WorkflowOptions *o, int dirfd, MetricsFile *ret, Fault *reterr) {
        _cleanup_(evaluation_done) Evaluation e = { .options = o, .kind = o->plan->evaluation.kind, .by_session = is_by_session(o->plan), .fault = reterr };

        switch (e.kind) {
        case PLAN_EVALUATION_COURSE:
        case PLAN_EVALUATION_ALL:
        case PLAN_EVALUATION_CV:
                return evaluate(&e, dirfd, ret);
        case PLAN_EVALUATION_PRULE:
                return fault_set(reterr, FAULT_EVALUATION, NULL, 0,
                                 "evaluate_prule_session is not done here: the program that MORF 2.0 tested production rules with is not part of it");
        case PLAN_EVALUATION_NONE:
        case _PLAN_EVALUATION_MAX:
        case _PLAN_EVALUATION_INVALID:
                break;
        }
        return fault_set(reterr, FAULT_EVALUATION, NULL, 0, "the workflow has no evaluation");
}
