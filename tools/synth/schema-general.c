/* SPDX-License-Identifier: MIT */

/* Tables of the general dump, peer grading apart. */

#include "tools/synth/schema.h"

#define SUBMISSION_KEYS                                                                                                \
        "PRIMARY KEY (`id`)", "KEY `item_id` (`item_id`,`session_user_id`)",                                           \
                "KEY `session_user_id` (`session_user_id`,`item_id`)"
#define DATES INT_N("open_time"), INT_N("soft_close_time"), INT_N("hard_close_time")

static const Column users[] = {
        SESSION_USER,
        COL_D("locale", SQL_CHARS(10), "en_US"),
        COL_D("timezone", SQL_CHARS(255), "America/Los_Angeles"),
        INT("access_group_id"),
        INT_D("registration_time", "0"),
        INT_D("last_access_time", "0"),
        TINY_D("email_announcement", "1"),
        TINY_D("email_forum", "1"),
        FLAG_D("in_signature_track", "0"),
        COL_N("wishes_proctored_exam", SQL_FLAG),
        TINY_D("email_review", "1"),
        TINY_D("deleted", "0"),
        INT_D("signature_track_register_time", "0"),
};

static const Column access_groups[] = {
        AUTO("id"),
        CHARS("name", 255),
        TINY("default"),
        TINY_D("allow_site_access", "1"),
        CHARS("forum_title", 255),
        TINY_D("forum_admin", "0"),
        TINY_D("forum_moderate", "0"),
        TINY_D("forum_banned", "0"),
        TINY_D("admin_access", "0"),
        TINY_D("user_admin", "0"),
        TINY_D("wiki_admin", "0"),
        TINY_D("wiki_createpage", "0"),
        TINY_D("i18n_admin", "0"),
        TINY_D("staging_admin", "0"),
        TINY_D("navbar", "0"),
        TINY_D("dev_admin", "0"),
        TINY_D("log_admin", "0"),
        TINY_D("prereg_access", "0"),
        INT_D("user_level_priority", "0"),
        COL_N("data_access_tier", "tinyint(3) unsigned"),
};

static const Column announcements[] = {
        AUTO("id"),
        TEXT("title"),
        COL("message", "longtext"),
        SESSION_USER,
        INT_N("open_time"),
        INT("close_time"),
        CHARS("icon", 255),
        TINY_D("deleted", "0"),
        COL("email_announcements", "enum('no_email','email_staged','email_sent','email_resend_staged')"),
        TINY_D("published", "0"),
};

static const Column sections[] = {
        AUTO("id"),
        CHARS("title", 255),
        INT_D("display_order", "0"),
        INT_D("last_published_date", "0"),
        INT_D("visible_date", "-1"),
};

static const Column items_sections[] = {
        COL("item_type", "enum('quiz','lecture','assignment','peergrading','coursepage','announcement')"),
        CHARS("item_id", 128), INT("section_id"), INT("order"),
};

static const Column lecture_metadata[] = {
        AUTO("id"),
        INT_D("parent_id", "-1"),
        DATES,
        INT_D("maximum_submissions", "100"),
        CHARS_N("title", 255),
        CHARS_N("source_video", 255),
        FLOAT_N("video_length"),
        INT_N("quiz_id"),
        TINY_D("final", "0"),
        TINY_D("deleted", "0"),
        INT_D("last_updated", "0"),
        CHARS_N("video_id", 255),
        CHARS_N("video_id_v2", 255),
};

static const Column lecture_submission_metadata[] = {
        AUTO("id"),
        INT("item_id"),
        SESSION_USER,
        INT("submission_time"),
        INT("submission_number"),
        FLOAT_N("raw_score"),
        COL_D("action", "enum('view','download')", "view"),
};

static const Column quiz_metadata[] = {
        AUTO("id"),
        INT_D("parent_id", "-1"),
        DATES,
        INT_D("maximum_submissions", "100"),
        CHARS_N("title", 255),
        INT("duration"),
        COL("quiz_type", "enum('quiz','video','exam','homework','survey')"),
        COL_D("proctoring_requirement", "enum('none','proctored','nonproctored')", "none"),
        TINY_D("authentication_required", "1"),
        TINY("deleted"),
        INT_D("last_updated", "0"),
};

static const Column quiz_submission_metadata[] = {
        AUTO("id"),
        INT("item_id"),
        SESSION_USER,
        INT("submission_time"),
        INT("submission_number"),
        FLOAT_N("raw_score"),
        FLAG_D("grading_error", "0"),
        INT_N("authenticated_submission_id"),
};

static const Column assignment_metadata[] = {
        AUTO("id"),
        INT_D("parent_id", "-1"),
        DATES,
        CHARS_N("title", 255),
        INT("maximum_submissions"),
        TINY_D("deleted", "0"),
        INT_D("last_updated", "0"),
};

static const Column assignment_part_metadata[] = {
        AUTO("id"),
        INT("assignment_id"),
        CHARS("sid", 255),
        INT("part_order"),
        INT("maximum_score"),
        INT("retry_delay"),
        FLAG("optional"),
        INT("maximum_submissions"),
        CHARS("title", 255),
        CHARS("grader", 255),
        TINY("deleted"),
};

static const Column assignment_submission_metadata[] = {
        AUTO("id"),
        COL("item_id", "int(11)"),
        SESSION_USER,
        INT("submission_time"),
        INT("submission_number"),
        FLOAT_N("raw_score"),
        INT_N("authenticated_submission_id"),
};

static const Column course_grades[] = {
        AUTO("id"), SESSION_USER, FLOAT_N("normal_grade"), FLOAT_N("distinction_grade"),
        COL("achievement_level", "enum('normal','distinction','none')"), COL_N("authenticated_overall", SQL_TINY),
        FLOAT_N("ace_grade"), COL_N("passed_ace", SQL_TINY),
};

static const Column late_days_applied[] = {
        COL("item_type", "enum('quiz','lecture','assignment')"), INT("item_id"), SESSION_USER, INT("late_days_applied"),
};

static const Column late_days_left[] = {
        SESSION_USER, INT("late_days_left"),
};

static const Column navbar_list[] = {
        AUTO("id"),
        CHARS("name", 255),
        CHARS("icon", 255),
        COL("link_type", "enum('circuit','wiki','link','window_link','heading')"),
        CHARS("link_data", 255),
        INT_D("order", "0"),
};

static const Column wiki_pages[] = {
        AUTO("id"), CHARS("canonical_name", 100), TEXT("title"), INT("creator"), INT("created"), TINY_D("locked", "0"),
        TINY_D("visible", "1"), TINY_D("deleted", "0"), INT("modified"), INT("current_revision"),
};

static const Column wiki_revisions[] = {
        AUTO("id"), INT("page_id"), SESSION_USER, INT("timestamp"), CHARS("comments", 255),
};

static const Column kvs[] = {
        COL("key", "text CHARACTER SET utf8 COLLATE utf8_bin"), COL_N("value", "longtext"),
};

static const Column kvs2_wiki[] = {
        CHARS("id", 128),
        INT_D("version", "0"),
        CHARS_N("alternate_key", 180),
        COL_N("metadata", "mediumtext"),
        CHARS_N("encoding", 64),
        CHARS_N("schema_version", 64),
        COL_N("content", "mediumblob"),
        CHARS_N("content_encoding", 64),
        COL_N("is_deleted", SQL_FLAG),
        COL_N("created_date", "bigint(20)"),
        COL_N("modified_date", "bigint(20)"),
};

#define ONLY_ID (KEYS{ "PRIMARY KEY (`id`)", NULL })
#define KVS_KEY (KEYS{ "PRIMARY KEY (`key`(160))", NULL })

const Table schema_general[] = {
        TABLE("users", UTF8, users,
                (KEYS{ "PRIMARY KEY (`session_user_id`)", "KEY `deleted` (`deleted`)",
                        "KEY `access_group_id` (`access_group_id`)", "KEY `access_group_id_2` (`access_group_id`)",
                        NULL })),
        TABLE("access_groups", UTF8, access_groups, ONLY_ID),
        TABLE("announcements", LATIN1, announcements,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `deleted` (`deleted`,`open_time`)", NULL })),
        TABLE("sections", UTF8, sections, ONLY_ID),
        TABLE("items_sections", UTF8, items_sections, (KEYS{ "PRIMARY KEY (`item_type`,`item_id`)", NULL })),
        TABLE("lecture_metadata", UTF8, lecture_metadata, ONLY_ID),
        TABLE("lecture_submission_metadata", UTF8, lecture_submission_metadata, (KEYS{ SUBMISSION_KEYS, NULL })),
        TABLE("quiz_metadata", UTF8, quiz_metadata, ONLY_ID),
        TABLE("quiz_submission_metadata", UTF8, quiz_submission_metadata,
                (KEYS{ SUBMISSION_KEYS, "KEY `grading_error` (`grading_error`)", NULL })),
        TABLE("assignment_metadata", UTF8, assignment_metadata, ONLY_ID),
        TABLE("assignment_part_metadata", UTF8, assignment_part_metadata,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `assignment_id` (`assignment_id`)", "KEY `sid` (`sid`(191))",
                        NULL })),
        TABLE("assignment_submission_metadata", UTF8, assignment_submission_metadata, (KEYS{ SUBMISSION_KEYS, NULL })),
        TABLE("course_grades", LATIN1, course_grades,
                (KEYS{ "PRIMARY KEY (`id`)", "UNIQUE KEY `session_user_id` (`session_user_id`)", NULL })),
        TABLE("late_days_applied", UTF8, late_days_applied,
                (KEYS{ "PRIMARY KEY (`item_type`,`item_id`,`session_user_id`)", NULL })),
        TABLE("late_days_left", UTF8, late_days_left, (KEYS{ "PRIMARY KEY (`session_user_id`)", NULL })),
        TABLE("navbar_list", UTF8, navbar_list, ONLY_ID),
        TABLE("wiki_pages", UTF8, wiki_pages,
                (KEYS{ "PRIMARY KEY (`id`)", "UNIQUE KEY `canonical_name` (`canonical_name`)", NULL })),
        TABLE("wiki_revisions", UTF8, wiki_revisions,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `page_id` (`page_id`,`timestamp`)", NULL })),
        TABLE("kvs_course.quiz", UTF8, kvs, KVS_KEY),
        TABLE("kvs_course.lecture", UTF8, kvs, KVS_KEY),
        TABLE("kvs_course.assignment.data", UTF8, kvs, KVS_KEY),
        TABLE("kvs_course.assignment.submissions", UTF8, kvs, KVS_KEY),
        TABLE("kvs_course.human_grading", UTF8, kvs, KVS_KEY),
        TABLE("kvs_course.internationalization", UTF8, kvs, KVS_KEY),
        TABLE("kvs2_wiki", UTF8, kvs2_wiki, (KEYS{ "PRIMARY KEY (`id`,`version`)", NULL })),
        {},
};
