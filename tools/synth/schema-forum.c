/* SPDX-License-Identifier: MIT */

/* Tables of the hash mapping and forum dumps. */

#include "tools/synth/schema.h"

#define TEXT_TYPE COL_D("text_type", "enum('markdown','html')", "markdown")

static const Column hash_mapping[] = {
        INT("user_id"), CHARS("eventing_user_id", 255), CHARS("session_user_id", 255), CHARS("public_user_id", 255),
};

static const Column forum_forums[] = {
        AUTO("id"), INT_D("parent_id", "-1"), CHARS("name", 255), TEXT("description"),
        COL_D("type", "enum('qna','forum')", "forum"), TINY_D("deleted", "0"), TINY_D("can_post", "0"),
        TINY_D("show_threads", "1"), TINY_D("resolved_tag", "0"), INT_D("display_order", "0"), INT_D("open_time", "0"),
        TINY_D("forum_moderators_only", "0"),
};

static const Column forum_threads[] = {
        AUTO("id"),
        INT("forum_id"),
        INT("user_id"),
        INT("posted_time"),
        INT("last_updated_time"),
        INT("last_updated_user"),
        TINY_D("deleted", "0"),
        TINY_D("is_spam", "0"),
        TINY_D("stickied", "0"),
        TINY_D("approved", "0"),
        TINY_D("unresolved", "0"),
        TINY_D("instructor_replied", "0"),
        INT_D("num_posts", "1"),
        INT_D("num_views", "0"),
        INT("votes"),
        TINY_D("locked", "0"),
        TINY_D("anonymous", "0"),
        TEXT("title"),
        FLAG_D("triage_sync_status", "0"),
        COL_D("triage_status", "smallint(3)", "0"),
        INT_D("private", "0"),
        CHARS_N("problem_id", 255),
};

static const Column forum_posts[] = {
        AUTO("id"),
        INT("thread_id"),
        INT("user_id"),
        INT("post_time"),
        INT_D("edit_time", "-1"),
        TINY_D("deleted", "0"),
        TINY_D("is_spam", "0"),
        TINY_D("original", "0"),
        TINY_D("stickied", "0"),
        TINY_D("approved", "0"),
        TINY_D("anonymous", "0"),
        INT_D("votes", "0"),
        TEXT("post_text"),
        TEXT("user_agent"),
        TEXT_TYPE,
};

static const Column forum_comments[] = {
        AUTO("id"),
        INT("thread_id"),
        INT("post_id"),
        INT("user_id"),
        INT("post_time"),
        TINY_D("deleted", "0"),
        TINY_D("is_spam", "0"),
        INT("votes"),
        TINY_D("anonymous", "0"),
        TEXT("comment_text"),
        TEXT("user_agent"),
        TEXT_TYPE,
};

static const Column forum_tags[] = {
        AUTO("id"), CHARS_N("tag_name", 100),
};

static const Column forum_tags_threads[] = {
        INT("tag_id"), INT("thread_id"), INT_N("user_id"), INT("timestamp"), TINY_D("is_spam", "0"),
};

static const Column forum_reputation_points[] = {
        INT("user_id"), INT_D("points", "0"),
};

static const Column forum_reputation_record[] = {
        INT("user_id"),
        INT("pc_id"),
        COL("type", "enum('post','comment')"),
        TINY("direction"),
        INT_D("timestamp", "-1"),
};

static const Column forum_reporting[] = {
        AUTO("id"), INT("user_id"), COL("report_type", "enum('inappropriate','technical')"),
        COL("item_type", "enum('post','comment')"), INT("item_id"), TEXT("description"), INT("timestamp"),
};

static const Column forum_subscribe_forums[] = {
        INT("user_id"), INT("forum_id"), INT("start_time"),
};

static const Column forum_subscribe_threads[] = {
        INT("user_id"), INT("thread_id"), INT("start_time"),
};

static const Column activity_log[] = {
        AUTO("id"),
        INT("user_id"),
        CHARS("module", 255),
        CHARS("action", 255),
        INT("item_id"),
        COL("metadata", "longtext"),
        INT("timestamp"),
};

static const Column kvs[] = {
        COL("key", "text CHARACTER SET utf8 COLLATE utf8_bin"), COL_N("value", "longtext"),
};

const Table schema_forum[] = {
        TABLE("hash_mapping", LATIN1, hash_mapping, (KEYS{ "PRIMARY KEY (`user_id`)", NULL })),
        TABLE("forum_forums", UTF8, forum_forums,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `parent_id` (`parent_id`,`open_time`)", NULL })),
        TABLE("forum_threads", UTF8, forum_threads,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `forum_id` (`forum_id`,`deleted`,`stickied`)",
                        "KEY `forum_id_2` (`forum_id`,`stickied`,`last_updated_time`)", "KEY `user_id` (`user_id`)",
                        "KEY `problem_id` (`problem_id`(191))", NULL })),
        TABLE("forum_posts", UTF8, forum_posts,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `thread_id` (`thread_id`)", "KEY `user_id` (`user_id`)", NULL })),
        TABLE("forum_comments", UTF8, forum_comments,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `post_id` (`post_id`)", "KEY `user_id` (`user_id`)",
                        "KEY `thread_id` (`thread_id`)", NULL })),
        TABLE("forum_tags", UTF8, forum_tags,
                (KEYS{ "PRIMARY KEY (`id`)", "UNIQUE KEY `tag_name` (`tag_name`)", NULL })),
        TABLE("forum_tags_threads", UTF8, forum_tags_threads,
                (KEYS{ "UNIQUE KEY `tag_id` (`tag_id`,`thread_id`)", "UNIQUE KEY `thread_id` (`thread_id`,`tag_id`)",
                        "KEY `timestamp` (`timestamp`,`tag_id`)", NULL })),
        TABLE("forum_reputation_points", UTF8, forum_reputation_points,
                (KEYS{ "PRIMARY KEY (`user_id`)", "KEY `points` (`points`)", NULL })),
        TABLE("forum_reputation_record", UTF8, forum_reputation_record,
                (KEYS{ "UNIQUE KEY `user_id` (`user_id`,`type`,`pc_id`)", "KEY `type` (`type`,`pc_id`,`timestamp`)",
                        NULL })),
        TABLE("forum_reporting", UTF8, forum_reporting,
                (KEYS{ "PRIMARY KEY (`id`)", "UNIQUE KEY `user_id` (`user_id`,`report_type`,`item_type`,`item_id`)",
                        "KEY `item_type` (`item_type`,`item_id`,`report_type`)", NULL })),
        TABLE("forum_subscribe_forums", UTF8, forum_subscribe_forums,
                (KEYS{ "UNIQUE KEY `forum_id` (`forum_id`,`user_id`)", NULL })),
        TABLE("forum_subscribe_threads", UTF8, forum_subscribe_threads,
                (KEYS{ "UNIQUE KEY `thread_id` (`thread_id`,`user_id`)", NULL })),
        TABLE("activity_log", LATIN1, activity_log,
                (KEYS{ "PRIMARY KEY (`id`)", "KEY `timestamp` (`timestamp`,`module`,`action`,`item_id`)", NULL })),
        TABLE("kvs_course.forum_readrecord", UTF8, kvs, (KEYS{ "PRIMARY KEY (`key`(160))", NULL })),
        {},
};
