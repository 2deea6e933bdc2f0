/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The contents of the four dumps of a session. Each function writes whole tables into an open dump.
 */

#include "tools/synth/forum.h"
#include "tools/synth/sqldump.h"

/* What the tables are made from. */
typedef struct Export {
        const Session *session;
        const Syllabus *syllabus;
        const Forum *forum;
} Export;

/* Access groups that people are in. */
enum {
        DUMP_GROUP_ADMINISTRATOR = 1,
        DUMP_GROUP_INSTRUCTOR = 2,
        DUMP_GROUP_TEACHING_STAFF = 3,
        DUMP_GROUP_STUDENT = 4,
        DUMP_GROUP_FORUM_BANNED = 12,
};

void dump_hash_mapping(Sqldump *d, const Export *e);

/*
 * The forum dump: contributions; what hangs on them (tags, votes, subscriptions); who read what. Return: 0 or
 * -ENOMEM.
 */
void dump_forum(Sqldump *d, const Export *e);
int dump_forum_marks(Sqldump *d, const Export *e);
int dump_forum_reading(Sqldump *d, const Export *e);

/* The general dump. Those that walk the activity day by day return 0 or -ENOMEM. */
void dump_people(Sqldump *d, const Export *e);
void dump_grades(Sqldump *d, const Export *e);
void dump_course_pages(Sqldump *d, const Export *e);
int dump_lectures(Sqldump *d, const Export *e);
int dump_quizzes(Sqldump *d, const Export *e);
int dump_assignments(Sqldump *d, const Export *e);
int dump_peer(Sqldump *d, const Export *e);
int dump_general_values(Sqldump *d, const Export *e);

/* The dump of what cannot be made anonymous: texts that people handed in. */
int dump_unanonymizable(Sqldump *d, const Export *e);
