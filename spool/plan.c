/* SPDX-License-Identifier: MIT */
#include "spool/plan.h"

#include "spool/base/digest.h"
#include "spool/base/name.h"
#include "spool/limits.h"

static const char *const plan_step_names[_PLAN_STEP_MAX] = {
        [PLAN_STEP_PREPARE] = "prepare",
        [PLAN_STEP_CONTAINER] = "container",
        [PLAN_STEP_COLLECT] = "collect",
};
DEFINE_STRING_TABLE(plan_step, PlanStepKind, PLAN_STEP)

static bool is_label_type(const char *s) {
        return call_label_type_is_known(s);
}

/* Not from spool/base/digest.h, whose functions the daemon does not link. */
static bool is_version(const char *s) {
        return strlen(s) == DIGEST_LENGTH && strspn(s, "0123456789abcdef") == DIGEST_LENGTH;
}

static const JsonField session_fields[] = {
        { "name", JSON_KIND_STRING, offsetof(PlanSession, name), JSON_REQUIRED, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "holdout", JSON_KIND_BOOL, offsetof(PlanSession, holdout), JSON_OMIT_EMPTY },
        { "version", JSON_KIND_STRING, offsetof(PlanSession, version), JSON_REQUIRED, .max = DIGEST_LENGTH, .check = is_version },
};
static const JsonTable session_table = JSON_TABLE(session_fields);

static const JsonField course_fields[] = {
        { "name", JSON_KIND_STRING, offsetof(PlanCourse, name), JSON_REQUIRED, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "complete", JSON_KIND_BOOL, offsetof(PlanCourse, complete), JSON_OMIT_EMPTY },
        { "sessions", JSON_ARRAY_OF(PlanCourse, sessions, n_sessions), .flags = JSON_REQUIRED, .max = LIMIT_SESSIONS, .table = &session_table },
};
static const JsonTable course_table = JSON_TABLE(course_fields);

static const JsonField phase_fields[] = {
        { "function", JSON_KIND_ENUM, offsetof(PlanPhase, function), JSON_REQUIRED, .names = call_function_names, .max = _CALL_FUNCTION_MAX },
        { "line", JSON_KIND_UNSIGNED, offsetof(PlanPhase, line), JSON_OMIT_EMPTY },
        { "mode", JSON_KIND_ENUM, offsetof(PlanPhase, mode), JSON_REQUIRED, .names = plan_mode_names, .max = _PLAN_MODE_MAX },
        { "level", JSON_KIND_ENUM, offsetof(PlanPhase, level), JSON_REQUIRED, .names = plan_level_names, .max = _PLAN_LEVEL_MAX },
        { "label_type", JSON_KIND_STRING, offsetof(PlanPhase, label_type), JSON_OMIT_EMPTY, .max = CALL_TEXT_MAX, .check = is_label_type },
        { "k", JSON_KIND_UNSIGNED, offsetof(PlanPhase, k), JSON_OMIT_EMPTY, .min = LIMIT_FOLDS_MIN, .max = LIMIT_FOLDS_MAX },
        { "fork", JSON_KIND_STRING, offsetof(PlanPhase, fork), JSON_OMIT_EMPTY, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "labels", JSON_KIND_BOOL, offsetof(PlanPhase, labels), JSON_OMIT_EMPTY },
};
static const JsonTable phase_table = JSON_TABLE(phase_fields);

static const JsonField step_fields[] = {
        { "number", JSON_KIND_UNSIGNED, offsetof(PlanStep, number), JSON_REQUIRED, .min = 1, .max = LIMIT_STEPS },
        { "phase", JSON_KIND_UNSIGNED, offsetof(PlanStep, phase), JSON_REQUIRED, .min = 1, .max = LIMIT_PHASES },
        { "kind", JSON_KIND_ENUM, offsetof(PlanStep, kind), JSON_REQUIRED, .names = plan_step_names, .max = _PLAN_STEP_MAX },
        { "course", JSON_KIND_STRING, offsetof(PlanStep, course), JSON_OMIT_EMPTY, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "session", JSON_KIND_STRING, offsetof(PlanStep, session), JSON_OMIT_EMPTY, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "fold", JSON_KIND_UNSIGNED, offsetof(PlanStep, fold), JSON_OMIT_EMPTY, .min = 1, .max = LIMIT_FOLDS_MAX },
};
static const JsonTable step_table = JSON_TABLE(step_fields);

static const JsonField evaluation_fields[] = {
        { "kind", JSON_KIND_ENUM, offsetof(PlanEvaluation, kind), JSON_REQUIRED, .names = plan_evaluation_names, .max = _PLAN_EVALUATION_MAX },
        { "label_type", JSON_KIND_STRING, offsetof(PlanEvaluation, label_type), JSON_OMIT_EMPTY, .max = CALL_TEXT_MAX, .check = is_label_type },
        { "k", JSON_KIND_UNSIGNED, offsetof(PlanEvaluation, k), JSON_OMIT_EMPTY, .min = LIMIT_FOLDS_MIN, .max = LIMIT_FOLDS_MAX },
        { "line", JSON_KIND_UNSIGNED, offsetof(PlanEvaluation, line), JSON_OMIT_EMPTY },
};
static const JsonTable evaluation_table = JSON_TABLE(evaluation_fields);

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(Plan, version), JSON_REQUIRED, .min = PLAN_VERSION, .max = PLAN_VERSION },
        { "courses", JSON_ARRAY_OF(Plan, courses, n_courses), .flags = JSON_REQUIRED, .max = LIMIT_COURSES, .table = &course_table },
        { "phases", JSON_ARRAY_OF(Plan, phases, n_phases), .flags = JSON_REQUIRED, .max = LIMIT_PHASES, .table = &phase_table },
        { "steps", JSON_ARRAY_OF(Plan, steps, n_steps), .flags = JSON_REQUIRED, .max = LIMIT_STEPS + 2 * LIMIT_PHASES, .table = &step_table },
        { "evaluation", JSON_KIND_OBJECT, offsetof(Plan, evaluation), JSON_REQUIRED, .table = &evaluation_table },
};
const JsonTable plan_table = JSON_TABLE(fields);

int plan_add_course(Plan *p, PlanCourse *course) {
        int r = json_array_add(&course_table, &p->courses, &p->n_courses, sizeof(*course), course);

        *course = (PlanCourse){};
        return r;
}

int plan_add_session(PlanCourse *c, PlanSession *session) {
        int r = json_array_add(&session_table, &c->sessions, &c->n_sessions, sizeof(*session), session);

        *session = (PlanSession){};
        return r;
}

int plan_add_phase(Plan *p, PlanPhase *phase) {
        int r = json_array_add(&phase_table, &p->phases, &p->n_phases, sizeof(*phase), phase);

        *phase = (PlanPhase){};
        return r;
}

int plan_add_step(Plan *p, PlanStep *step) {
        int r = json_array_add(&step_table, &p->steps, &p->n_steps, sizeof(*step), step);

        *step = (PlanStep){};
        return r;
}

void plan_course_done(PlanCourse *c) {
        json_record_done(&course_table, c);
        *c = (PlanCourse){};
}

int plan_write_at(int dirfd, const Plan *p) {
        return json_record_publish_at(&plan_table, p, dirfd, PLAN_FILE, 0640, (uid_t) -1, (gid_t) -1);
}

int plan_read_at(int dirfd, Plan *ret, char **reterr) {
        _cleanup_plan_ Plan p = {};
        int r;

        r = json_record_read_at(&plan_table, dirfd, PLAN_FILE, LIMIT_PLAN_BYTES, &p, reterr);
        if (r >= 0)
                r = plan_check(&p, reterr);
        if (r < 0)
                return r;
        *ret = p;
        p = (Plan){};
        return 0;
}

static int compare_course(const void *name, const void *c) {
        return strcmp(name, ((const PlanCourse *) c)->name);
}

const PlanCourse *plan_course(const Plan *p, const char *name) {
        return p->n_courses > 0 ? bsearch(name, p->courses, p->n_courses, sizeof(*p->courses), compare_course) : NULL;
}

static int compare_session(const void *name, const void *s) {
        return strcmp(name, ((const PlanSession *) s)->name);
}

const PlanSession *plan_session(const PlanCourse *c, const char *name) {
        return c->n_sessions > 0 ? bsearch(name, c->sessions, c->n_sessions, sizeof(*c->sessions), compare_session) : NULL;
}

const PlanSession *plan_holdout(const PlanCourse *c) {
        for (size_t i = 0; i < c->n_sessions; i++)
                if (c->sessions[i].holdout)
                        return &c->sessions[i];
        return NULL;
}

const PlanStep *plan_step(const Plan *p, unsigned number) {
        return number > 0 && number <= p->n_steps ? &p->steps[number - 1] : NULL;
}

const PlanPhase *plan_phase_of(const Plan *p, const PlanStep *s) {
        return &p->phases[s->phase - 1];
}

size_t plan_count_steps(const Plan *p, unsigned phase, PlanStepKind kind) {
        size_t n = 0;

        for (size_t i = 0; i < p->n_steps; i++)
                if (p->steps[i].kind == kind && (phase == 0 || p->steps[i].phase == phase))
                        n++;
        return n;
}

const char *plan_mode_argument(PlanMode mode) {
        return plan_mode_to_string(mode == PLAN_MODE_EXTRACT_HOLDOUT ? PLAN_MODE_EXTRACT : mode);
}

static bool sees_session(const PlanStep *s, const PlanPhase *phase, const PlanCourse *c, const PlanSession *session) {
        if (phase->level != PLAN_LEVEL_ALL && (!s->course || !streq(s->course, c->name)))
                return false;
        if (phase->level == PLAN_LEVEL_SESSION)
                return s->session && streq(s->session, session->name);
        return session->holdout == (phase->mode == PLAN_MODE_EXTRACT_HOLDOUT);
}

bool plan_step_sessions(const Plan *p, const PlanStep *s, PlanStepSessions *i) {
        const PlanPhase *phase = plan_phase_of(p, s);

        for (; i->next_course < p->n_courses; i->next_course++, i->next_session = 0) {
                const PlanCourse *c = &p->courses[i->next_course];

                while (i->next_session < c->n_sessions) {
                        const PlanSession *session = &c->sessions[i->next_session++];

                        if (!sees_session(s, phase, c, session))
                                continue;
                        i->course = c;
                        i->session = session;
                        return true;
                }
        }
        return false;
}

void plan_done(Plan *p) {
        json_record_done(&plan_table, p);
        *p = (Plan){};
}
