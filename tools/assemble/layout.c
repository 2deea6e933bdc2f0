/* SPDX-License-Identifier: MIT */
#include "tools/assemble/layout.h"

#include <unistd.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "tools/assemble/features.h"
#include "tools/assemble/folds.h"
#include "tools/assemble/labels.h"
#include "tools/assemble/models.h"
#include "tools/assemble/tree.h"

typedef struct Layout {
        const Assemble *a;
        int input_fd;
        PhaseRecord *record;
        Fault *fault;
        Division features, labels; /* the same parts, in the same order */
} Layout;

/* ---- what a step sees ---- */

static int add_part(Division *d, const PlanStep *s, const char *course, const char *session, const char *what) {
        char dir[STEP_DIR_SIZE], *path = NULL;

        if (asprintf(&path, "%s/%s/%s/%s_%s_%s.csv", step_dir(s, dir), course, session, course, session, what) < 0)
                path = NULL;
        return division_add(d, course, session, path, s->number);
}

/* The sessions of one step; no session is seen by two. */
static int add_parts(Layout *l, const PlanStep *s) {
        const Plan *p = &l->a->plan;
        int r = 0;

        for (size_t i = 0; i < p->n_courses; i++) {
                const PlanCourse *c = &p->courses[i];

                if (!c->complete || assemble_is_lost(l->a, c->name) || (s->course && !streq(s->course, c->name)))
                        continue;
                for (size_t k = 0; r >= 0 && k < c->n_sessions; k++) {
                        const PlanSession *session = &c->sessions[k];

                        if (session->holdout != (l->a->phase->mode == PLAN_MODE_TEST) || (s->session && !streq(s->session, session->name)))
                                continue;
                        r = add_part(&l->features, s, c->name, session->name, "features");
                        if (r >= 0)
                                r = add_part(&l->labels, s, c->name, session->name, "labels");
                }
        }
        return r;
}

/* ---- what a step lacks ---- */

static int judge_part(Layout *l, size_t i) {
        const DivisionPart *features = &l->features.parts[i], *labels = &l->labels.parts[i];
        const PlanStep *s = plan_step(&l->a->plan, features->step);
        _cleanup_fault_ Fault fault = {};

        if (features->rows == 0)
                (void) fault_set(&fault, FAULT_FEATURES, NULL, 0, "%s: course '%s', session '%s' has no features, the extraction left no learners of it",
                                 call_function_to_string(l->a->phase->function), features->course, features->session);
        else if (labels->rows == 0 && l->a->phase->mode == PLAN_MODE_TRAIN)
                (void) fault_set(&fault, FAULT_LABELS, NULL, 0, "%s: the platform has no labels '%s' for course '%s', session '%s'",
                                 call_function_to_string(l->a->phase->function), strempty(l->a->phase->label_type), features->course, features->session);
        else
                return 0;
        if (l->a->manifest.partial && !s->course) {
                log_notice("the job goes on without this session: %s", strempty(fault.message));
                return 0;
        }
        return assemble_break_step(l->a, s, &fault, l->record, l->fault);
}

/* A step of all courses needs one session at least. */
static int judge_parts(Layout *l) {
        uint64_t rows = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < l->features.n; i++) {
                rows += l->features.parts[i].rows;
                r = judge_part(l, i);
        }
        if (r < 0 || rows > 0)
                return r;
        return fault_set(l->fault, FAULT_FEATURES, NULL, 0, "%s: there are no features, the extraction left no learners",
                         call_function_to_string(l->a->phase->function));
}

static int judge_models(Layout *l, const PlanStep *s, int found) {
        char title[STEP_TITLE_SIZE];
        _cleanup_fault_ Fault fault = {};

        if (found != 0)
                return found < 0 ? found : 0;
        (void) fault_set(&fault, FAULT_MODELS, NULL, 0, "%s: %s has no model, nothing was trained for it", call_function_to_string(l->a->phase->function),
                         step_title(s, title));
        return assemble_break_step(l->a, s, &fault, l->record, l->fault);
}

static int judge_folds(Layout *l, const PlanStep *s, int r) {
        char title[STEP_TITLE_SIZE];
        _cleanup_fault_ Fault fault = {};

        if (r != -ENOENT || !l->a->manifest.partial)
                return r;
        (void) fault_set(&fault, FAULT_FEATURES, NULL, 0, "%s: %s has no folds, as there are too few learners with features and labels",
                         call_function_to_string(l->a->phase->function), step_title(s, title));
        return assemble_break_step(l->a, s, &fault, l->record, l->fault);
}

/* ---- all ---- */

static int make_tables(Layout *l) {
        static const char *const tables[] = { FEATURES_FILE }, *const holdouts[] = { FEATURES_HOLDOUT_FILE };
        bool test = l->a->phase->mode == PLAN_MODE_TEST;
        const PlanStep *s;
        size_t i = 0;
        int r = 0;

        while (r >= 0 && (s = assemble_next_live_step(l->a, &i)))
                r = add_parts(l, s);
        division_sort(&l->features);
        division_sort(&l->labels);
        if (r >= 0)
                r = features_divide(l->a, test ? holdouts : tables, 1, &l->features, l->fault);
        if (r >= 0 && !test)
                r = labels_divide(l->a, "train", l->a->phase->label_type, &l->features, &l->labels);
        return r < 0 ? r : judge_parts(l);
}

/* Each step has its directory, which nothing is in of what a run left that was killed. */
static int open_input(const Layout *l, const PlanStep *s, bool fresh) {
        char name[STEP_DIR_SIZE];
        int r = fresh ? fd_remove_tree_at(l->input_fd, step_dir(s, name)) : 0;

        return r < 0 ? r : assemble_open_dir(l->input_fd, step_dir(s, name));
}

static int clear_inputs(Layout *l) {
        const PlanStep *s;
        size_t i = 0;

        while ((s = assemble_next_step(l->a, &i))) {
                _cleanup_fd_ int input = open_input(l, s, true);

                if (input < 0)
                        return input;
        }
        return 0;
}

static int fill_input(Layout *l, const PlanStep *s, int input) {
        switch (l->a->phase->mode) {
        case PLAN_MODE_TEST:
                return judge_models(l, s, models_lay_out(l->a, s, input));
        case PLAN_MODE_CV:
                return judge_folds(l, s, folds_lay_out(l->a, s, input));
        case PLAN_MODE_TRAIN:
        case PLAN_MODE_EXTRACT:
        case PLAN_MODE_EXTRACT_HOLDOUT:
        case PLAN_MODE_FOLDS:
        case PLAN_MODE_FORK:
        case _PLAN_MODE_MAX:
        case _PLAN_MODE_INVALID:
                break;
        }
        return 0;
}

static int make(Layout *l) {
        const PlanStep *s;
        size_t i = 0;
        int r;

        r = clear_inputs(l);
        if (r < 0)
                return r;
        /* The same folds as before, but if calls made others in between or gave another label. */
        r = l->a->phase->mode == PLAN_MODE_CV ? folds_make(l->a, l->fault) : make_tables(l);
        while (r >= 0 && (s = assemble_next_live_step(l->a, &i))) {
                _cleanup_fd_ int input = open_input(l, s, false);

                r = input < 0 ? input : fill_input(l, s, input);
        }
        if (r >= 0)
                r = tree_make_readable(l->input_fd);
        /* Many small files: all at once, before the record says that they are there. */
        return r >= 0 && syncfs(l->input_fd) < 0 ? negative_errno() : r;
}

int layout_make(const Assemble *a, PhaseRecord *record, Fault *reterr) {
        _cleanup_fd_ int inputs = assemble_open_dir(a->work_fd, "input");
        Layout l = { .a = a, .input_fd = inputs, .record = record, .fault = reterr, .features = { .dirfd = inputs }, .labels = { .dirfd = inputs } };
        int r;

        r = inputs < 0 ? inputs : make(&l);
        division_done(&l.features);
        division_done(&l.labels);
        return r;
}
