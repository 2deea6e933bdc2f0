/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The labels that predictions are joined with: who is in which course, and how it ended for them. They come from the tables of
 * the platform, labels-test.csv and labels-train.csv (course,session,userID,label_type,label_value) or, where a root has
 * not the one, labels-test-with-underscore.csv and labels-train-with-underscore.csv, whose column "course" holds the
 * course and the session ("accounting_001"). Columns may stand in any order.
 *
 * Memory grows with the labels of the courses wanted, never with what a job wrote.
 */

#include <sys/types.h>

#include "spool/base/digest.h"
#include "spool/csv.h"

/* One learner with a label. */
typedef struct Label {
        size_t id;        /* where its text begins in the set's texts */
        uint32_t size;    /* bytes of it */
        uint32_t session; /* of a set by session: its index; else 0 */
        bool value;
        bool expected;    /* a prediction must be there; all are, unless the caller says otherwise */
        bool predicted;
        unsigned fold;    /* in which it must be, or 0 */
} Label;

/* The learners of one course. */
typedef struct LabelSet {
        const char *course;     /* the caller's */
        char *const *sessions;  /* those that count, ended by NULL; the caller's */
        bool by_session;        /* who is in two sessions is two learners; the caller's */
        Label *labels;
        size_t n, allocated;
        uint32_t *places;       /* hash table of indices + 1 */
        size_t n_places;
        char *texts;
        size_t texts_size, texts_allocated;
        uint64_t contradicted;  /* learners with both labels */
} LabelSet;

typedef struct Labels {
        LabelSet *sets; /* in the order of the courses */
        size_t n;
        Digest *digest; /* of the labels that were taken, in the order in which they were read */
} Labels;

/* n courses without sessions; the caller fills sets[].course, .sessions and .by_session. Return: 0 or -ENOMEM. */
int labels_init(Labels *l, size_t n);

/*
 * Adds the labels of one type from the table "labels-KIND.csv" (kind: "test", "train") below each root. A root without one is
 * passed over.
 * Return: 0; -EBADMSG (a table is damaged; reterr, to be freed, says where); or another negative errno.
 */
int labels_load(Labels *l, const int *roots, size_t n_roots, const char *kind, const char *label_type, char **reterr);

/* The index of a session of the set, or -1. */
ssize_t labels_find_session(const LabelSet *s, const CsvCell *session);

/* The label of a learner, or NULL. session: the index, of no meaning unless the set is by session. */
Label *label_find(LabelSet *s, size_t session, const CsvCell *user);

/* The index of the set of a course, or -1. hint: where the last one was found, kept by the caller, from 0. */
ssize_t labels_find_course(const Labels *l, const CsvCell *course, size_t *hint);

void labels_done(Labels *l);
#define _cleanup_labels_ _cleanup_(labels_done)
