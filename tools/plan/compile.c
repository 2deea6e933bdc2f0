/* SPDX-License-Identifier: MIT */
#include "tools/plan/compile.h"

#include "spool/job-name.h"
#include "spool/limits.h"

/* What the calls so far have made. The last of each kind counts, as each overwrites the one before. */
typedef struct Compiler {
        const CompileOptions *o;
        Plan *p;
        Fault *reterr;
        size_t n_containers;
        bool features, holdout;    /* of the training sessions, of the holdout sessions */
        const Call *train, *test, *cv;
        const Call *folds[_PLAN_LEVEL_MAX];
} Compiler;

#define COMPLAIN(z, call, ...) fault_set((z)->reterr, FAULT_WORKFLOW, (z)->o->file, (call)->line, __VA_ARGS__)

static const char *name_of(const Call *c) {
        return call_function_to_string(c->function);
}

static unsigned folds_of(const Call *c) {
        return c->k > 0 ? c->k : LIMIT_FOLDS_DEFAULT;
}

/* ---- arguments ---- */

/* Tests had none in the first versions of MORF 2.0, and what they do does not depend on it: that of the training before. */
static const char *label_type_of(const Compiler *z, const Call *c) {
        if (!c->label_type && call_signature(c->function)->mode == PLAN_MODE_TEST && z->train)
                return z->train->label_type;
        return c->label_type;
}

static int check_label_type(Compiler *z, const Call *c) {
        const char *label_type = label_type_of(z, c);

        if (!label_type && call_signature(c->function)->mode == PLAN_MODE_TEST && !z->train)
                return 0; /* check_test() knows what is missing */
        if (!label_type)
                return COMPLAIN(z, c, "%s needs a label_type, \"%s\" or \"%s\"", name_of(c), call_label_types[0], call_label_types[1]);
        if (!call_label_type_is_known(label_type))
                return COMPLAIN(z, c, "%s: the label_type '%.64s' is neither \"%s\" nor \"%s\"", name_of(c), label_type, call_label_types[0],
                                call_label_types[1]);
        return 0;
}

static int check_arguments(Compiler *z, const Call *c) {
        unsigned takes = call_signature(c->function)->takes;
        bool optional = (takes & CALL_MAY_LABEL_TYPE) != 0;

        if (c->label_type && !(takes & (CALL_TAKES_LABEL_TYPE | CALL_MAY_LABEL_TYPE)))
                return COMPLAIN(z, c, "%s takes no label_type", name_of(c));
        if (c->k > 0 && !(takes & CALL_TAKES_K))
                return COMPLAIN(z, c, "%s takes no k", name_of(c));
        if (c->labels && !(takes & CALL_TAKES_LABELS))
                return COMPLAIN(z, c, "%s takes no labels", name_of(c));
        if (c->job_id && !(takes & CALL_TAKES_JOB))
                return COMPLAIN(z, c, "%s takes no job_id", name_of(c));
        if (c->k > 0 && (c->k < LIMIT_FOLDS_MIN || c->k > LIMIT_FOLDS_MAX))
                return COMPLAIN(z, c, "%s: k is %u, but must be from %u to %u", name_of(c), c->k, LIMIT_FOLDS_MIN, LIMIT_FOLDS_MAX);
        if ((takes & CALL_TAKES_JOB) && !c->job_id)
                return COMPLAIN(z, c, "%s needs the job_id of a job", name_of(c));
        if (takes & CALL_TAKES_LABEL_TYPE)
                return check_label_type(z, c);
        /* Of extractions it is the name of a table, which the platform gives itself. */
        return optional && c->function == CALL_EVALUATE_ALL && c->label_type ? check_label_type(z, c) : 0;
}

/* ---- what must have been called before ---- */

static int check_features(Compiler *z, const Call *c, bool holdout) {
        if (!z->features)
                return COMPLAIN(z, c, "%s needs features: call extract_session, extract_course, extract_all or fork_features before it", name_of(c));
        if (holdout && !z->holdout)
                return COMPLAIN(z, c, "%s needs features of the holdout sessions: call extract_holdout_session, extract_holdout_course, "
                                "extract_holdout_all or fork_features before it", name_of(c));
        return 0;
}

static int check_test(Compiler *z, const Call *c) {
        bool all = c->function == CALL_TEST_ALL;

        if (!z->train)
                return COMPLAIN(z, c, "%s needs models: call %s before it", name_of(c), all ? "train_all" : "train_course or train_session");
        if (all != (z->train->function == CALL_TRAIN_ALL))
                return COMPLAIN(z, c, "%s does not fit %s, the last training before it: call %s instead", name_of(c), name_of(z->train),
                                all ? "test_course" : "test_all");
        return check_features(z, c, /* holdout= */ true);
}

static int check_folds(Compiler *z, const Call *c) {
        const Call *folds = z->folds[call_signature(c->function)->level];

        if (folds && folds_of(folds) != folds_of(c))
                return COMPLAIN(z, c, "%s has k=%u, but %s before it made %u folds", name_of(c), folds_of(c), name_of(folds), folds_of(folds));
        return check_features(z, c, /* holdout= */ true);
}

static int check_evaluation(Compiler *z, const Call *c) {
        switch (call_signature(c->function)->evaluation) {
        case PLAN_EVALUATION_COURSE:
        case PLAN_EVALUATION_ALL:
                if (!z->test)
                        return COMPLAIN(z, c, "%s needs predictions: call test_course or test_all before it", name_of(c));
                return 0;
        case PLAN_EVALUATION_CV:
                if (!z->cv)
                        return COMPLAIN(z, c, "%s needs predictions: call cross_validate_course or cross_validate_session before it", name_of(c));
                if (folds_of(z->cv) != folds_of(c))
                        return COMPLAIN(z, c, "%s has k=%u, but %s before it made %u folds", name_of(c), folds_of(c), name_of(z->cv), folds_of(z->cv));
                return 0;
        case PLAN_EVALUATION_PRULE:
                (void) fault_set(z->reterr, FAULT_POLICY, z->o->file, c->line, "%s: production rules are evaluated by an image of the platform's own (prule_evaluate_image), and this platform has none", name_of(c));
                (void) fault_set_hint(z->reterr, "Leave the call out: the features are kept all the same, and fork_features takes them.");
                return -EBADMSG;
        case PLAN_EVALUATION_NONE:
        case _PLAN_EVALUATION_MAX:
        case _PLAN_EVALUATION_INVALID:
                break;
        }
        return 0;
}

static int check_order(Compiler *z, const Call *c) {
        const CallSignature *s = call_signature(c->function);

        if (s->evaluation != PLAN_EVALUATION_NONE)
                return check_evaluation(z, c);
        switch (s->mode) {
        case PLAN_MODE_TRAIN:
                return check_features(z, c, /* holdout= */ false);
        case PLAN_MODE_TEST:
                return check_test(z, c);
        case PLAN_MODE_CV:
                return check_folds(z, c);
        case PLAN_MODE_FOLDS:
                return check_features(z, c, /* holdout= */ true);
        case PLAN_MODE_EXTRACT:
        case PLAN_MODE_EXTRACT_HOLDOUT:
                if (!c->labels || z->o->labels_allowed)
                        return 0;
                (void) fault_set(z->reterr, FAULT_POLICY, z->o->file, c->line, "%s: labels=True makes a table of labels, which your account may not", name_of(c));
                (void) fault_set_hint(z->reterr, "Leave labels out, or ask the operator to let your account make labels.");
                return -EBADMSG;
        case PLAN_MODE_FORK:
        case _PLAN_MODE_MAX:
        case _PLAN_MODE_INVALID:
                break;
        }
        return 0;
}

static void remember(Compiler *z, const Call *c) {
        const CallSignature *s = call_signature(c->function);

        if (s->evaluation != PLAN_EVALUATION_NONE || c->labels)
                return;
        switch (s->mode) {
        case PLAN_MODE_EXTRACT:
                z->features = true;
                break;
        case PLAN_MODE_EXTRACT_HOLDOUT:
                z->holdout = true;
                break;
        case PLAN_MODE_FORK:
                z->features = z->holdout = true;
                break;
        case PLAN_MODE_TRAIN:
                z->train = c;
                break;
        case PLAN_MODE_TEST:
                z->test = c;
                break;
        case PLAN_MODE_CV:
                z->cv = z->folds[s->level] = c;
                break;
        case PLAN_MODE_FOLDS:
                z->folds[s->level] = c;
                break;
        case _PLAN_MODE_MAX:
        case _PLAN_MODE_INVALID:
                break;
        }
}

/* ---- steps ---- */

static int add_step(Compiler *z, const Call *c, PlanStepKind kind, const char *course, const char *session, unsigned fold) {
        PlanStep s = { .number = (unsigned) z->p->n_steps + 1, .phase = (unsigned) z->p->n_phases, .kind = kind, .fold = fold };

        if (kind == PLAN_STEP_CONTAINER && ++z->n_containers > LIMIT_STEPS)
                return COMPLAIN(z, c, "%s: the job would need more than %u containers", name_of(c), LIMIT_STEPS);
        s.course = course ? strdup(course) : NULL;
        s.session = session ? strdup(session) : NULL;
        if ((course && !s.course) || (session && !s.session)) {
                free(s.course);
                free(s.session);
                return -ENOMEM;
        }
        return plan_add_step(z->p, &s);
}

static int add_folds(Compiler *z, const Call *c, const char *course, const char *session) {
        if (call_signature(c->function)->mode != PLAN_MODE_CV)
                return add_step(z, c, PLAN_STEP_CONTAINER, course, session, 0);
        for (unsigned fold = 1; fold <= folds_of(c); fold++) {
                int r = add_step(z, c, PLAN_STEP_CONTAINER, course, session, fold);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Whether a session is one that the containers of a mode see. */
static bool wants_session(PlanMode mode, const PlanSession *s) {
        return mode == PLAN_MODE_CV || s->holdout == (mode == PLAN_MODE_EXTRACT_HOLDOUT || mode == PLAN_MODE_TEST);
}

static bool wants_course(PlanMode mode, const PlanCourse *c) {
        if (mode != PLAN_MODE_EXTRACT && mode != PLAN_MODE_EXTRACT_HOLDOUT)
                return c->complete;
        /* Every course has a holdout, but not every one more than that. */
        return mode == PLAN_MODE_EXTRACT_HOLDOUT || c->n_sessions > 1;
}

static int add_course(Compiler *z, const Call *c, const PlanCourse *course) {
        const CallSignature *s = call_signature(c->function);

        /* Published jobs are told the holdout session here too. */
        if (s->level == PLAN_LEVEL_COURSE)
                return add_folds(z, c, course->name, s->mode == PLAN_MODE_EXTRACT_HOLDOUT ? plan_holdout(course)->name : NULL);
        for (size_t i = 0; i < course->n_sessions; i++) {
                int r;

                if (!wants_session(s->mode, &course->sessions[i]))
                        continue;
                r = add_folds(z, c, course->name, course->sessions[i].name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_containers(Compiler *z, const Call *c) {
        const CallSignature *s = call_signature(c->function);
        size_t n = 0;

        for (size_t i = 0; i < z->p->n_courses; i++) {
                const PlanCourse *course = &z->p->courses[i];
                int r;

                if (!wants_course(s->mode, course))
                        continue;
                n++;
                r = s->level == PLAN_LEVEL_ALL ? 0 : add_course(z, c, course);
                if (r < 0)
                        return r;
        }
        if (n == 0 && s->mode == PLAN_MODE_EXTRACT_HOLDOUT)
                return COMPLAIN(z, c, "%s: none of the courses has a session", name_of(c));
        if (n == 0)
                return COMPLAIN(z, c, "%s: none of the courses has a session besides its holdout session, the last one", name_of(c));
        return s->level == PLAN_LEVEL_ALL ? add_step(z, c, PLAN_STEP_CONTAINER, NULL, NULL, 0) : 0;
}

/* A call may get by as another function: cross-validation makes folds if there are none. */
static int add_phase(Compiler *z, const Call *c, CallFunction function) {
        const CallSignature *s = call_signature(function);
        PlanPhase phase = { .function = function, .line = c->line, .mode = s->mode, .level = s->level, .labels = c->labels };
        _cleanup_free_ char *fork = NULL;
        int r;

        if (z->p->n_phases >= LIMIT_PHASES)
                return COMPLAIN(z, c, "%s: a workflow may have %u phases", name_of(c), LIMIT_PHASES);
        if (s->takes & CALL_TAKES_JOB) {
                r = job_name_fit(c->job_id, &fork);
                if (r == -EINVAL)
                        return COMPLAIN(z, c, "%s: '%.64s' cannot be the name of a job", name_of(c), c->job_id);
                if (r < 0)
                        return r;
        }
        if (s->takes & CALL_TAKES_K)
                phase.k = folds_of(c);
        if (s->takes & CALL_TAKES_LABEL_TYPE) {
                phase.label_type = strdup(label_type_of(z, c));
                if (!phase.label_type)
                        return -ENOMEM;
        }
        phase.fork = TAKE_PTR(fork);
        return plan_add_phase(z->p, &phase);
}

static int compile_phase(Compiler *z, const Call *c, CallFunction function) {
        PlanMode mode = call_signature(function)->mode;
        int r;

        r = add_phase(z, c, function);
        if (r >= 0)
                r = add_step(z, c, PLAN_STEP_PREPARE, NULL, NULL, 0);
        if (r < 0 || mode == PLAN_MODE_FOLDS || mode == PLAN_MODE_FORK)
                return r;
        r = add_containers(z, c);
        return r < 0 ? r : add_step(z, c, PLAN_STEP_COLLECT, NULL, NULL, 0);
}

static int compile_evaluation(Compiler *z, const Call *c) {
        const char *label_type = c->label_type ? c->label_type : z->test ? label_type_of(z, z->test) : NULL;
        PlanEvaluation *e = &z->p->evaluation;

        free(e->label_type);
        *e = (PlanEvaluation){ .kind = call_signature(c->function)->evaluation, .line = c->line };
        if (e->kind == PLAN_EVALUATION_CV)
                e->k = folds_of(c);
        e->label_type = label_type ? strdup(label_type) : NULL;
        return label_type && !e->label_type ? -ENOMEM : 0;
}

static int compile_call(Compiler *z, const Call *c) {
        const CallSignature *s = call_signature(c->function);
        int r;

        r = check_arguments(z, c);
        if (r >= 0)
                r = check_order(z, c);
        if (r < 0)
                return r;
        if (s->evaluation != PLAN_EVALUATION_NONE)
                return compile_evaluation(z, c);
        if (s->mode == PLAN_MODE_CV && !z->folds[s->level])
                r = compile_phase(z, c, s->level == PLAN_LEVEL_COURSE ? CALL_CREATE_COURSE_FOLDS : CALL_CREATE_SESSION_FOLDS);
        if (r >= 0)
                r = compile_phase(z, c, c->function);
        if (r >= 0)
                remember(z, c);
        return r;
}

int compile_calls(const CompileOptions *o, const Call *calls, size_t n, Plan *p, Fault *reterr) {
        Compiler z = { .o = o, .p = p, .reterr = reterr };

        if (n == 0)
                return fault_set(reterr, FAULT_WORKFLOW, o->file, 0, "it calls no function of MORF");
        if (p->n_courses == 0)
                return fault_set(reterr, FAULT_WORKFLOW, NULL, 0, "none of the courses that you may use has sessions");
        for (size_t i = 0; i < n; i++) {
                int r = compile_call(&z, &calls[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}
