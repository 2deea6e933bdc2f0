/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * plan.json: what the calls of a workflow mean for the courses there are, as morf-plan wrote it. Each call that needs containers or
 * data is a phase; each phase is steps: it is prepared, its containers run, its output is collected. The steps of one phase and kind
 * may run in parallel; phases follow each other.
 */

#include "spool/call.h"

#define PLAN_FILE "plan.json"
#define PLAN_VERSION 1

typedef enum PlanStepKind {
        PLAN_STEP_PREPARE,   /* every phase has one */
        PLAN_STEP_CONTAINER, /* one or more, but for folds and forks, which have none */
        PLAN_STEP_COLLECT,   /* one, where there are containers */
        _PLAN_STEP_MAX,
        _PLAN_STEP_INVALID = -EINVAL,
} PlanStepKind;
DECLARE_STRING_TABLE(plan_step, PlanStepKind);

typedef struct PlanSession {
        char *name;
        bool holdout;  /* the last session of its course: models are tested on it */
        char *version; /* 64 hex digits: changes with the files of the session and the table of dates */
} PlanSession;

typedef struct PlanCourse {
        char *name;
        bool complete; /* has a holdout session and at least one other: only such courses are trained, tested and evaluated */
        PlanSession *sessions; /* sorted by name */
        size_t n_sessions;
} PlanCourse;

typedef struct PlanPhase {
        CallFunction function;
        unsigned line; /* of the call in the controller or the job file, or 0 */
        PlanMode mode;
        PlanLevel level;
        char *label_type; /* of training, testing, folds and cross-validation; else NULL */
        unsigned k;       /* folds: how many; else 0 */
        char *fork;       /* the name of the job to fork; else NULL */
        bool labels;      /* extract: the table is labels to train on in later phases, and no features */
} PlanPhase;

typedef struct PlanStep {
        unsigned number; /* 1, 2, … */
        unsigned phase;  /* 1, 2, … */
        PlanStepKind kind;
        char *course;    /* what the container gets as --course and --session; NULL: "None" */
        char *session;   /* of a holdout extraction of course level, the holdout; of cross-validation, any session */
        unsigned fold;   /* 1 to k, or 0 */
} PlanStep;

typedef struct PlanEvaluation {
        PlanEvaluationKind kind;
        char *label_type; /* or NULL, of PLAN_EVALUATION_NONE and _PRULE */
        unsigned k;       /* of PLAN_EVALUATION_CV, or 0 */
        unsigned line;
} PlanEvaluation;

typedef struct Plan {
        uint64_t version;
        PlanCourse *courses; /* those that were granted and asked for, sorted by name */
        size_t n_courses;
        PlanPhase *phases;   /* in the order of their calls */
        size_t n_phases;
        PlanStep *steps;     /* sorted by phase, kind, course, session, fold; numbered in that order */
        size_t n_steps;
        PlanEvaluation evaluation;
} Plan;

extern const JsonTable plan_table;

/* Append what they are given to p, which owns its strings afterwards, also when they fail. Return: 0 or -ENOMEM. */
int plan_add_course(Plan *p, PlanCourse *course);
int plan_add_session(PlanCourse *c, PlanSession *session);
int plan_add_phase(Plan *p, PlanPhase *phase);
int plan_add_step(Plan *p, PlanStep *step);
void plan_course_done(PlanCourse *c);
#define _cleanup_plan_course_ _cleanup_(plan_course_done)

/*
 * Whether p is what the comments above say: names by the allow-lists, lists sorted, steps that fit their phases.
 * reterr: may be NULL; a fresh sentence. Return: 0; -EBADMSG; -ENOMEM.
 */
int plan_check(const Plan *p, char **reterr);

/* Publishes p below dirfd as plan.json. Return: 0 or a negative errno. */
int plan_write_at(int dirfd, const Plan *p);

/* Reads and checks dirfd/plan.json, which may be hostile. Return: 0, -ENOENT, -EBADMSG or another negative errno. */
int plan_read_at(int dirfd, Plan *ret, char **reterr);

/* Return: the course, session, phase, step; or NULL when there is none of that name or number. */
const PlanCourse *plan_course(const Plan *p, const char *name);
const PlanSession *plan_session(const PlanCourse *c, const char *name);
const PlanSession *plan_holdout(const PlanCourse *c);
const PlanStep *plan_step(const Plan *p, unsigned number);

/* The phase of a step of a checked plan. */
const PlanPhase *plan_phase_of(const Plan *p, const PlanStep *s);

/* Number of steps of a kind, of a phase or (phase 0) of the whole plan. */
size_t plan_count_steps(const Plan *p, unsigned phase, PlanStepKind kind);

/* What a container gets as --mode: "extract" for the holdout too, which published jobs depend on. */
const char *plan_mode_argument(PlanMode mode);

/* An iterator over the raw sessions that the container of an extract step sees; begin with {}. */
typedef struct PlanStepSessions {
        const PlanCourse *course;
        const PlanSession *session;
        size_t next_course, next_session;
} PlanStepSessions;

/*
 * Goes to the next (course, session) pair: the session of a step of session level; the training sessions of the course (of the
 * holdout: the holdout only) of course level; the same of every course of level all. Return: whether there is one.
 */
bool plan_step_sessions(const Plan *p, const PlanStep *s, PlanStepSessions *i);

void plan_done(Plan *p);
#define _cleanup_plan_ _cleanup_(plan_done)
