/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The calls of a workflow, the functions that MORF 2.0 gave a controller: one table says what each of them means, for the intake,
 * the planner and the daemon alike. A list of calls comes from the job file, or from the recording of a controller as
 * calls.json, which is hostile.
 */

#include "spool/base/string-table.h"
#include "spool/json.h"

#define CALLS_FILE "calls.json"
#define CALLS_VERSION 1

/* Longest text of a call's own: label types, names of jobs. */
#define CALL_TEXT_MAX 256u
/* Longest sentence and longest kind of a recording's error. */
#define CALL_ERROR_TEXT_MAX 400u

/* What a container is asked for, or what is done without one. */
typedef enum PlanMode {
        PLAN_MODE_EXTRACT,         /* features of the training sessions */
        PLAN_MODE_EXTRACT_HOLDOUT, /* features of the holdout sessions; containers see the mode "extract" */
        PLAN_MODE_TRAIN,
        PLAN_MODE_TEST,
        PLAN_MODE_CV,    /* cross-validation: train and test, once per fold */
        PLAN_MODE_FOLDS, /* no container: the features divided into folds */
        PLAN_MODE_FORK,  /* no container: the features of another job */
        _PLAN_MODE_MAX,
        _PLAN_MODE_INVALID = -EINVAL,
} PlanMode;
DECLARE_STRING_TABLE(plan_mode, PlanMode);

/* What one container is for. */
typedef enum PlanLevel {
        PLAN_LEVEL_ALL,     /* all courses */
        PLAN_LEVEL_COURSE,
        PLAN_LEVEL_SESSION,
        _PLAN_LEVEL_MAX,
        _PLAN_LEVEL_INVALID = -EINVAL,
} PlanLevel;
DECLARE_STRING_TABLE(plan_level, PlanLevel);

typedef enum PlanEvaluationKind {
        PLAN_EVALUATION_NONE,
        PLAN_EVALUATION_COURSE, /* one row per course */
        PLAN_EVALUATION_ALL,    /* one row over all courses */
        PLAN_EVALUATION_CV,     /* per course, over the folds */
        PLAN_EVALUATION_PRULE,  /* production rules */
        _PLAN_EVALUATION_MAX,
        _PLAN_EVALUATION_INVALID = -EINVAL,
} PlanEvaluationKind;
DECLARE_STRING_TABLE(plan_evaluation, PlanEvaluationKind);

typedef enum CallFunction {
        CALL_EXTRACT_ALL,
        CALL_EXTRACT_COURSE,
        CALL_EXTRACT_SESSION,
        CALL_EXTRACT_HOLDOUT_ALL,
        CALL_EXTRACT_HOLDOUT_COURSE,
        CALL_EXTRACT_HOLDOUT_SESSION,
        CALL_TRAIN_ALL,
        CALL_TRAIN_COURSE,
        CALL_TRAIN_SESSION,
        CALL_TEST_ALL,
        CALL_TEST_COURSE,
        CALL_CREATE_COURSE_FOLDS,
        CALL_CREATE_SESSION_FOLDS,
        CALL_CROSS_VALIDATE_COURSE,
        CALL_CROSS_VALIDATE_SESSION,
        CALL_FORK_FEATURES,
        CALL_EVALUATE_ALL,
        CALL_EVALUATE_COURSE,
        CALL_EVALUATE_CV_COURSE,
        CALL_EVALUATE_PRULE_SESSION,
        _CALL_FUNCTION_MAX,
        _CALL_FUNCTION_INVALID = -EINVAL,
} CallFunction;
DECLARE_STRING_TABLE(call_function, CallFunction);

/* The words of these enums, for tables of JSON fields. */
extern const char *const plan_mode_names[_PLAN_MODE_MAX];
extern const char *const plan_level_names[_PLAN_LEVEL_MAX];
extern const char *const plan_evaluation_names[_PLAN_EVALUATION_MAX];
extern const char *const call_function_names[_CALL_FUNCTION_MAX];

/* Which arguments a function takes. */
enum {
        CALL_TAKES_LABELS = 1 << 0,     /* labels: bool */
        CALL_TAKES_LABEL_TYPE = 1 << 1, /* label_type: one of call_label_types, and required */
        CALL_MAY_LABEL_TYPE = 1 << 2,   /* label_type: may be given; of extractions it has no meaning unless labels is true */
        CALL_TAKES_K = 1 << 3,          /* k: LIMIT_FOLDS_MIN to LIMIT_FOLDS_MAX */
        CALL_TAKES_JOB = 1 << 4,        /* job_id: required */
};

typedef struct CallSignature {
        PlanMode mode;                 /* of the phase that a call makes; of no meaning for evaluations */
        PlanLevel level;
        PlanEvaluationKind evaluation; /* PLAN_EVALUATION_NONE: the call makes a phase */
        unsigned takes;
} CallSignature;

const CallSignature *call_signature(CallFunction function);

/* The outcomes that labels exist for: "dropout" and "dropout_current_week", ended by NULL. */
extern const char *const call_label_types[];
bool call_label_type_is_known(const char *s);

typedef struct Call {
        CallFunction function;
        unsigned line;    /* of the controller or the job file; 0: not known */
        char *label_type; /* or NULL: not given */
        unsigned k;       /* or 0: not given */
        bool labels;
        char *job_id; /* fork_features: the name of the job, or NULL */
} Call;

extern const JsonTable call_table;

/* Appends a call, whose strings are the list's afterwards, also when it fails. Return: 0 or -ENOMEM. */
int call_add(Call **calls, size_t *n, Call *call);
void call_done(Call *c);
#define _cleanup_call_ _cleanup_(call_done)

/* Why a recording ended early. */
typedef struct CallError {
        char *kind; /* a word: "unknown-call", "bad-argument", … see tools/recorder; NULL: no error */
        char *text; /* a sentence made by the recorder, which may hold text of the controller; printable ASCII */
        unsigned line;
} CallError;

/* What a recording says. */
typedef struct Calls {
        uint64_t version;
        Call *items;
        size_t n;
        CallError error;
} Calls;

extern const JsonTable calls_table;

/* Reads and checks dirfd/calls.json, which is hostile. reterr: as json_record_parse(). Return: 0, -ENOENT, -EBADMSG or another negative errno. */
int calls_read_at(int dirfd, Calls *ret, char **reterr);
int calls_parse(const char *text, size_t size, Calls *ret, char **reterr);

void calls_done(Calls *c);
#define _cleanup_calls_ _cleanup_(calls_done)
