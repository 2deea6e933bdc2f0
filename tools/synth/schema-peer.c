/* SPDX-License-Identifier: MIT */

/* Tables of peer grading, which are part of the general dump. */

#include "tools/synth/schema.h"

#define HG(n) "hg_assessment_" n
#define AUTHOR CHARS("author_id", 160)
#define ITEM_NUMBER COL("item_number", "int(8)")

static const Column assessment[] = {
        AUTO("id"),
        SESSION_USER,
        INT_N("open_time"),
        INT_N("submission_deadline"),
        INT("submission_deadline_grace_period"),
        INT_N("grading_start"),
        INT_N("grading_deadline"),
        INT("grading_deadline_grace_period"),
        INT_N("display_grades_time"),
        CHARS("title", 255),
        FLOAT("max_grade"),
        INT_N("last_updated"),
        COL_D("published", "int(1)", "0"),
        TINY("deleted"),
};

static const Column submission[] = {
        AUTO("id"), AUTHOR, CHARS_N("title", 50), INT("assessment_id"), FLAG_D("included_in_training", "0"),
        FLAG_D("included_in_grading", "1"), FLAG("included_in_ground_truth"), FLAG("excluded_from_circulation"),
        FLAG("anonymized_if_showcased"), FLAG("blank"), INT("start_time"), INT("save_time"), INT_N("submit_time"),
        FLOAT_N("allocation_score"), INT_N("authenticated_submission_id"), FLAG_D("ignore_grade_adjustments", "0"),
};

static const Column evaluation[] = {
        AUTO("id"),
        AUTHOR,
        COL_D("author_group", "enum('student','staff')", "student"),
        INT("submission_id"),
        INT("start_time"),
        INT("save_time"),
        INT_N("submit_time"),
        FLOAT_N("grade"),
        FLAG("ignore"),
};

static const Column overall[] = {
        AUTO("id"),
        INT("submission_id"),
        FLOAT_N("grade"),
        FLOAT_N("final_grade"),
        FLOAT_N("staff_grade"),
        FLOAT_N("peer_grade"),
        FLOAT_N("self_grade"),
};

static const Column peer_grading[] = {
        AUTO("id"), ITEM_NUMBER, INT("peer_grading_set_id"), INT("evaluation_id"), INT_N("submit_time"),
        COL("required", "int(1)"), COL("last_required", "int(1)"),
};

static const Column grading_set[] = {
        AUTO("id"), SESSION_USER, INT("assessment_id"), INT("start_time"), INT_N("finish_time"),
        COL("status", "enum('completed','ongoing')"),
};

static const Column calibration[] = {
        AUTO("id"), ITEM_NUMBER, INT("calibration_set_id"), INT("evaluation_id"),
        COL_N("type", "enum('training','groundTruth','staffGradeOnly')"), INT_N("submit_time"),
};

static const Column training[] = {
        AUTO("id"), ITEM_NUMBER, INT("training_set_id"), INT("evaluation_id"), INT_N("submit_time"),
};

static const Column training_set[] = {
        AUTO("id"), SESSION_USER, INT("assessment_id"), INT("start_time"), INT_N("finish_time"),
        COL("status", "enum('pass','fail','ongoing')"),
};

#define ONLY_ID (KEYS{ "PRIMARY KEY (`id`)", NULL })
#define SET_KEYS                                                                                                       \
        (KEYS{ "PRIMARY KEY (`id`)", "UNIQUE KEY `session_user_id` (`session_user_id`,`assessment_id`)", NULL })

const Table schema_peer[] = {
        TABLE(HG("metadata"), UTF8, assessment, ONLY_ID),
        TABLE(HG("submission_metadata"), LATIN1, submission, ONLY_ID),
        TABLE(HG("evaluation_metadata"), LATIN1, evaluation, ONLY_ID),
        TABLE(HG("overall_evaluation_metadata"), LATIN1, overall, (KEYS{
                "PRIMARY KEY (`id`)", "UNIQUE KEY `submission_id` (`submission_id`)", NULL })),
        TABLE(HG("peer_grading_metadata"), LATIN1, peer_grading, (KEYS{
                "PRIMARY KEY (`id`)", "UNIQUE KEY `item_number` (`item_number`,`peer_grading_set_id`)", NULL })),
        TABLE(HG("peer_grading_set_metadata"), LATIN1, grading_set, SET_KEYS),
        TABLE(HG("self_grading_set_metadata"), LATIN1, grading_set, SET_KEYS),
        TABLE(HG("calibration_gradings"), LATIN1, calibration, (KEYS{
                "PRIMARY KEY (`id`)", "UNIQUE KEY `item_number` (`item_number`,`calibration_set_id`)", NULL })),
        TABLE(HG("training_metadata"), LATIN1, training, (KEYS{
                "PRIMARY KEY (`id`)", "UNIQUE KEY `item_number` (`item_number`,`training_set_id`)", NULL })),
        TABLE(HG("training_set_metadata"), LATIN1, training_set, ONLY_ID),
        {},
};
