/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Predictions of a workflow joined with the labels of the platform. The table, work/test.csv or work/cv.csv, has the columns course,
 * userID, prob and pred, fold where folds are evaluated, and session where these were made by session; it comes from containers and is not trusted. Rows of other courses and of
 * learners without a label are passed over, whatever is in them. Of each learner with a label there must be one row, with a
 * prob from 0 to 1 and a pred of 0 or 1.
 *
 * The table is read twice: once to see which courses are whole, and once to count these.
 */

#include "spool/fault.h"
#include "tools/evaluate/labels.h"
#include "tools/evaluate/tally.h"

/* What was found of a course. */
typedef struct JoinCourse {
        uint64_t rows;      /* joined */
        uint64_t duplicates; /* rows of learners who had one already */
        uint64_t values;    /* rows with a prob or pred that is none, */
        const char *column; /* the column of the first of these, */
        const char *complaint; /* and what is wrong with it */
        uint64_t misplaced; /* rows in another fold than the learner's */
        bool skip;          /* do not count */
        Tally **tallies;    /* for folds 0, 1, ...: where to count; the caller's */
} JoinCourse;

typedef struct Join {
        Labels *labels;
        JoinCourse *courses; /* as many as labels has sets */
        unsigned folds;      /* the table has folds 1 to this; 0: it has no column fold */
        bool by_session;     /* the sets of labels are by session */
        TallySet *tallies;
} Join;

/*
 * Reads the table at the beginning of fd, which is called name in messages. count false: looks at every course and marks the
 * labels as predicted; true: adds the rows of all courses but those to be skipped to their tallies.
 * Return: 0; -EBADMSG with a fault (not a table, or a column is missing); or another negative errno.
 */
int join_read(Join *j, int fd, const char *name, bool count, Fault *reterr);
