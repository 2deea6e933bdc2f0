/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The learners of a course or a session with their labels, and the fold that each is in. Memory grows with the labels of one
 * course, not with its features.
 */

#include <sys/types.h>

#include "spool/csv.h"

typedef struct Learner {
        char *user;
        size_t size; /* of user, which may hold any byte */
        bool value;
        bool featured; /* has features */
        unsigned fold; /* from 1, or 0: in none */
} Learner;

/* Embedded: start with {}. */
typedef struct Learners {
        Learner *items;
        size_t n, allocated;
} Learners;

/* Return: 0 or -ENOMEM. */
int learners_add(Learners *l, const CsvCell *user, bool value);

/* Sorts and leaves one of each; with two labels, it is the label 0 that counts. learners_find() works from here on. */
void learners_sort(Learners *l);

/* Return: the learner or NULL. */
Learner *learners_find(const Learners *l, const CsvCell *user);

/*
 * Divides those who are featured into k folds. seed: text.
 * Return: how many there are; or -EIO. With fewer than k, some folds are empty.
 */
ssize_t learners_divide(Learners *l, unsigned k, const char *seed);

void learners_done(Learners *l);
