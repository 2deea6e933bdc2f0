/* SPDX-License-Identifier: MIT */
/* What the tables of spool/plan.c alone cannot say of a plan: how its parts fit together. */
#include <stdarg.h>

#include "spool/base/name.h"
#include "spool/limits.h"
#include "spool/plan.h"

static int _printf_(2, 3) complain(char **reterr, const char *format, ...) {
        va_list ap;

        if (!reterr)
                return -EBADMSG;
        va_start(ap, format);
        if (vasprintf(reterr, format, ap) < 0)
                *reterr = NULL;
        va_end(ap);
        return -EBADMSG;
}

static int check_course(const PlanCourse *c, char **reterr) {
        size_t n_holdout = 0;

        for (size_t i = 0; i < c->n_sessions; i++) {
                if (i > 0 && strcmp(c->sessions[i - 1].name, c->sessions[i].name) >= 0)
                        return complain(reterr, "the sessions of course '%s' are not sorted", c->name);
                if (c->sessions[i].holdout)
                        n_holdout++;
        }
        if (n_holdout > 1)
                return complain(reterr, "course '%s' has more than one holdout session", c->name);
        if (c->complete != (n_holdout == 1 && c->n_sessions > 1))
                return complain(reterr, "course '%s' is not what 'complete' says", c->name);
        return 0;
}

static int check_phase(const PlanPhase *p, size_t number, char **reterr) {
        const CallSignature *s = call_signature(p->function);

        if (s->evaluation != PLAN_EVALUATION_NONE || p->mode != s->mode || p->level != s->level)
                return complain(reterr, "phase %zu: its mode or level is not that of its function", number);
        if ((p->k > 0) != ((s->takes & CALL_TAKES_K) != 0))
                return complain(reterr, "phase %zu: a number of folds is missing or of no meaning", number);
        if ((p->label_type != NULL) != ((s->takes & CALL_TAKES_LABEL_TYPE) != 0))
                return complain(reterr, "phase %zu: a label type is missing or of no meaning", number);
        if ((p->fork != NULL) != ((s->takes & CALL_TAKES_JOB) != 0))
                return complain(reterr, "phase %zu: a job to fork is missing or of no meaning", number);
        if (p->labels && (s->takes & CALL_TAKES_LABELS) == 0)
                return complain(reterr, "phase %zu: its labels are of no meaning", number);
        return 0;
}

/* Which session a container is for is said by the level and the mode. */
static int check_container(const Plan *p, const PlanStep *s, char **reterr) {
        const PlanPhase *phase = plan_phase_of(p, s);
        bool extract = phase->mode == PLAN_MODE_EXTRACT || phase->mode == PLAN_MODE_EXTRACT_HOLDOUT;
        const PlanSession *session = NULL;
        const PlanCourse *c = NULL;

        if ((s->course != NULL) != (phase->level != PLAN_LEVEL_ALL))
                return complain(reterr, "step %u: a course is missing or of no meaning", s->number);
        if (s->course) {
                c = plan_course(p, s->course);
                if (!c)
                        return complain(reterr, "step %u: its course is not in the plan", s->number);
                if (!extract && !c->complete)
                        return complain(reterr, "step %u: its course is not complete", s->number);
        }
        if (phase->level == PLAN_LEVEL_SESSION && !s->session)
                return complain(reterr, "step %u: a session is missing", s->number);
        if (s->session) {
                session = c ? plan_session(c, s->session) : NULL;
                if (!session || (phase->level != PLAN_LEVEL_SESSION && phase->mode != PLAN_MODE_EXTRACT_HOLDOUT))
                        return complain(reterr, "step %u: its session is not one of its course, or of no meaning", s->number);
                if (phase->mode != PLAN_MODE_CV && session->holdout != (phase->mode == PLAN_MODE_EXTRACT_HOLDOUT))
                        return complain(reterr, "step %u: its session is not for this mode", s->number);
        }
        if ((s->fold > 0) != (phase->mode == PLAN_MODE_CV) || s->fold > phase->k)
                return complain(reterr, "step %u: its fold is missing or of no meaning", s->number);
        return 0;
}

static int compare_steps(const PlanStep *a, const PlanStep *b) {
        int r;

        if (a->phase != b->phase)
                return a->phase < b->phase ? -1 : 1;
        if (a->kind != b->kind)
                return a->kind < b->kind ? -1 : 1;
        r = strcmp(strempty(a->course), strempty(b->course));
        if (r == 0)
                r = strcmp(strempty(a->session), strempty(b->session));
        if (r == 0 && a->fold != b->fold)
                return a->fold < b->fold ? -1 : 1;
        return r;
}

/* Counts the kinds of steps on the way; n has one row per phase. */
static int check_steps(const Plan *p, size_t (*n)[_PLAN_STEP_MAX], char **reterr) {
        size_t n_containers = 0;

        for (size_t i = 0; i < p->n_steps; i++) {
                const PlanStep *s = &p->steps[i];
                int r = 0;

                if (s->number != i + 1 || s->phase == 0 || s->phase > p->n_phases)
                        return complain(reterr, "step %zu: its number or its phase is wrong", i + 1);
                if (i > 0 && compare_steps(&p->steps[i - 1], s) >= 0)
                        return complain(reterr, "step %u: it is not sorted", s->number);
                n[s->phase - 1][s->kind]++;
                if (s->kind == PLAN_STEP_CONTAINER) {
                        if (++n_containers > LIMIT_STEPS)
                                return complain(reterr, "there are too many steps");
                        r = check_container(p, s, reterr);
                } else if (s->course || s->session || s->fold > 0)
                        r = complain(reterr, "step %u: only containers have courses, sessions and folds", s->number);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool has_containers(PlanMode mode) {
        return mode != PLAN_MODE_FOLDS && mode != PLAN_MODE_FORK;
}

static int check_phases_have_steps(const Plan *p, char **reterr) {
        _cleanup_free_ size_t (*n)[_PLAN_STEP_MAX] = calloc(p->n_phases + 1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        r = check_steps(p, n, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < p->n_phases; i++) {
                size_t with = has_containers(p->phases[i].mode) ? 1 : 0;

                if (n[i][PLAN_STEP_PREPARE] != 1 || n[i][PLAN_STEP_COLLECT] != with || (n[i][PLAN_STEP_CONTAINER] > 0) != (with > 0))
                        return complain(reterr, "phase %zu: it has not the steps that its mode needs", i + 1);
        }
        return 0;
}

static int check_evaluation(const PlanEvaluation *e, char **reterr) {
        bool labelled = e->kind != PLAN_EVALUATION_NONE && e->kind != PLAN_EVALUATION_PRULE;

        if ((e->label_type != NULL) != labelled || (e->k > 0) != (e->kind == PLAN_EVALUATION_CV))
                return complain(reterr, "the evaluation has members that are missing or of no meaning");
        return 0;
}

int plan_check(const Plan *p, char **reterr) {
        int r;

        for (size_t i = 0; i < p->n_courses; i++) {
                if (i > 0 && strcmp(p->courses[i - 1].name, p->courses[i].name) >= 0)
                        return complain(reterr, "the courses are not sorted");
                r = check_course(&p->courses[i], reterr);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < p->n_phases; i++) {
                r = check_phase(&p->phases[i], i + 1, reterr);
                if (r < 0)
                        return r;
        }
        r = check_phases_have_steps(p, reterr);
        return r < 0 ? r : check_evaluation(&p->evaluation, reterr);
}
