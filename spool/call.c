/* SPDX-License-Identifier: MIT */
#include "spool/call.h"

#include "spool/base/fd.h"
#include "spool/limits.h"

const char *const plan_mode_names[_PLAN_MODE_MAX] = {
        [PLAN_MODE_EXTRACT] = "extract",
        [PLAN_MODE_EXTRACT_HOLDOUT] = "extract-holdout",
        [PLAN_MODE_TRAIN] = "train",
        [PLAN_MODE_TEST] = "test",
        [PLAN_MODE_CV] = "cv",
        [PLAN_MODE_FOLDS] = "folds",
        [PLAN_MODE_FORK] = "fork",
};
DEFINE_STRING_TABLE(plan_mode, PlanMode, PLAN_MODE)

const char *const plan_level_names[_PLAN_LEVEL_MAX] = {
        [PLAN_LEVEL_ALL] = "all",
        [PLAN_LEVEL_COURSE] = "course",
        [PLAN_LEVEL_SESSION] = "session",
};
DEFINE_STRING_TABLE(plan_level, PlanLevel, PLAN_LEVEL)

const char *const plan_evaluation_names[_PLAN_EVALUATION_MAX] = {
        [PLAN_EVALUATION_NONE] = "none",
        [PLAN_EVALUATION_COURSE] = "course",
        [PLAN_EVALUATION_ALL] = "all",
        [PLAN_EVALUATION_CV] = "cv",
        [PLAN_EVALUATION_PRULE] = "prule",
};
DEFINE_STRING_TABLE(plan_evaluation, PlanEvaluationKind, PLAN_EVALUATION)

const char *const call_function_names[_CALL_FUNCTION_MAX] = {
        [CALL_EXTRACT_ALL] = "extract_all",
        [CALL_EXTRACT_COURSE] = "extract_course",
        [CALL_EXTRACT_SESSION] = "extract_session",
        [CALL_EXTRACT_HOLDOUT_ALL] = "extract_holdout_all",
        [CALL_EXTRACT_HOLDOUT_COURSE] = "extract_holdout_course",
        [CALL_EXTRACT_HOLDOUT_SESSION] = "extract_holdout_session",
        [CALL_TRAIN_ALL] = "train_all",
        [CALL_TRAIN_COURSE] = "train_course",
        [CALL_TRAIN_SESSION] = "train_session",
        [CALL_TEST_ALL] = "test_all",
        [CALL_TEST_COURSE] = "test_course",
        [CALL_CREATE_COURSE_FOLDS] = "create_course_folds",
        [CALL_CREATE_SESSION_FOLDS] = "create_session_folds",
        [CALL_CROSS_VALIDATE_COURSE] = "cross_validate_course",
        [CALL_CROSS_VALIDATE_SESSION] = "cross_validate_session",
        [CALL_FORK_FEATURES] = "fork_features",
        [CALL_EVALUATE_ALL] = "evaluate_all",
        [CALL_EVALUATE_COURSE] = "evaluate_course",
        [CALL_EVALUATE_CV_COURSE] = "evaluate_cv_course",
        [CALL_EVALUATE_PRULE_SESSION] = "evaluate_prule_session",
};
DEFINE_STRING_TABLE(call_function, CallFunction, CALL_FUNCTION)

#define PHASE(m, l, t) { .mode = PLAN_MODE_##m, .level = PLAN_LEVEL_##l, .takes = (t) }
#define EVALUATION(e, l, t) { .level = PLAN_LEVEL_##l, .evaluation = PLAN_EVALUATION_##e, .takes = (t) }

static const CallSignature signatures[_CALL_FUNCTION_MAX] = {
        [CALL_EXTRACT_ALL] = PHASE(EXTRACT, ALL, 0),
        [CALL_EXTRACT_COURSE] = PHASE(EXTRACT, COURSE, 0),
        [CALL_EXTRACT_SESSION] = PHASE(EXTRACT, SESSION, CALL_TAKES_LABELS | CALL_MAY_LABEL_TYPE),
        [CALL_EXTRACT_HOLDOUT_ALL] = PHASE(EXTRACT_HOLDOUT, ALL, 0),
        [CALL_EXTRACT_HOLDOUT_COURSE] = PHASE(EXTRACT_HOLDOUT, COURSE, 0),
        [CALL_EXTRACT_HOLDOUT_SESSION] = PHASE(EXTRACT_HOLDOUT, SESSION, CALL_TAKES_LABELS | CALL_MAY_LABEL_TYPE),
        [CALL_TRAIN_ALL] = PHASE(TRAIN, ALL, CALL_TAKES_LABEL_TYPE),
        [CALL_TRAIN_COURSE] = PHASE(TRAIN, COURSE, CALL_TAKES_LABEL_TYPE),
        [CALL_TRAIN_SESSION] = PHASE(TRAIN, SESSION, CALL_TAKES_LABEL_TYPE),
        [CALL_TEST_ALL] = PHASE(TEST, ALL, CALL_TAKES_LABEL_TYPE),
        [CALL_TEST_COURSE] = PHASE(TEST, COURSE, CALL_TAKES_LABEL_TYPE),
        [CALL_CREATE_COURSE_FOLDS] = PHASE(FOLDS, COURSE, CALL_TAKES_LABEL_TYPE | CALL_TAKES_K),
        [CALL_CREATE_SESSION_FOLDS] = PHASE(FOLDS, SESSION, CALL_TAKES_LABEL_TYPE | CALL_TAKES_K),
        [CALL_CROSS_VALIDATE_COURSE] = PHASE(CV, COURSE, CALL_TAKES_LABEL_TYPE | CALL_TAKES_K),
        [CALL_CROSS_VALIDATE_SESSION] = PHASE(CV, SESSION, CALL_TAKES_LABEL_TYPE | CALL_TAKES_K),
        [CALL_FORK_FEATURES] = PHASE(FORK, SESSION, CALL_TAKES_JOB),
        [CALL_EVALUATE_ALL] = EVALUATION(ALL, ALL, CALL_MAY_LABEL_TYPE),
        [CALL_EVALUATE_COURSE] = EVALUATION(COURSE, COURSE, CALL_TAKES_LABEL_TYPE),
        [CALL_EVALUATE_CV_COURSE] = EVALUATION(CV, COURSE, CALL_TAKES_LABEL_TYPE | CALL_TAKES_K),
        [CALL_EVALUATE_PRULE_SESSION] = EVALUATION(PRULE, SESSION, 0),
};

const CallSignature *call_signature(CallFunction function) {
        return &signatures[function];
}

const char *const call_label_types[] = { "dropout", "dropout_current_week", NULL };

bool call_label_type_is_known(const char *s) {
        for (const char *const *l = call_label_types; *l; l++)
                if (streq(*l, s))
                        return true;
        return false;
}

/* What the planner has not judged yet: anything that can be shown in a message. */
static bool is_printable(const char *s) {
        for (; *s; s++)
                if (*s < 0x20 || *s > 0x7e)
                        return false;
        return true;
}

static bool is_word(const char *s) {
        return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz-") == strlen(s);
}

static const JsonField call_fields[] = {
        { "function", JSON_KIND_ENUM, offsetof(Call, function), JSON_REQUIRED, .names = call_function_names, .max = _CALL_FUNCTION_MAX },
        { "line", JSON_KIND_UNSIGNED, offsetof(Call, line), JSON_OMIT_EMPTY },
        { "label_type", JSON_KIND_STRING, offsetof(Call, label_type), JSON_OMIT_EMPTY, .max = CALL_TEXT_MAX, .check = is_printable },
        { "k", JSON_KIND_UNSIGNED, offsetof(Call, k), JSON_OMIT_EMPTY },
        { "labels", JSON_KIND_BOOL, offsetof(Call, labels), JSON_OMIT_EMPTY },
        { "job_id", JSON_KIND_STRING, offsetof(Call, job_id), JSON_OMIT_EMPTY, .max = CALL_TEXT_MAX, .check = is_printable },
};
const JsonTable call_table = JSON_TABLE(call_fields);

int call_add(Call **calls, size_t *n, Call *call) {
        int r = json_array_add(&call_table, calls, n, sizeof(*call), call);

        *call = (Call){};
        return r;
}

void call_done(Call *c) {
        json_record_done(&call_table, c);
        *c = (Call){};
}

static const JsonField error_fields[] = {
        { "kind", JSON_KIND_STRING, offsetof(CallError, kind), JSON_REQUIRED, .max = 32, .check = is_word },
        { "text", JSON_KIND_STRING, offsetof(CallError, text), JSON_REQUIRED, .max = CALL_ERROR_TEXT_MAX, .check = is_printable },
        { "line", JSON_KIND_UNSIGNED, offsetof(CallError, line), JSON_OMIT_EMPTY },
};
static const JsonTable error_table = JSON_TABLE(error_fields);

static const JsonField calls_fields[] = {
        { "version", JSON_KIND_U64, offsetof(Calls, version), JSON_REQUIRED, .min = CALLS_VERSION, .max = CALLS_VERSION },
        { "calls", JSON_ARRAY_OF(Calls, items, n), .max = LIMIT_CALLS, .table = &call_table },
        { "error", JSON_KIND_OBJECT, offsetof(Calls, error), JSON_OMIT_EMPTY, .table = &error_table },
};
const JsonTable calls_table = JSON_TABLE(calls_fields);

int calls_parse(const char *text, size_t size, Calls *ret, char **reterr) {
        _cleanup_calls_ Calls c = {};
        int r;

        r = json_record_parse(&calls_table, text, size, &c, reterr);
        if (r < 0)
                return r;
        *ret = c;
        c = (Calls){};
        return 0;
}

int calls_read_at(int dirfd, Calls *ret, char **reterr) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = fd_read_file_at(dirfd, CALLS_FILE, LIMIT_CALLS_BYTES, &text, &size);
        return r < 0 ? r : calls_parse(text, size, ret, reterr);
}

void calls_done(Calls *c) {
        json_record_done(&calls_table, c);
        *c = (Calls){};
}
