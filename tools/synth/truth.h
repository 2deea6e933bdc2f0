/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The labels and the dates file.
 *
 * dropout: 1 when the last course week with an event is before the final week. dropout_current_week: 1 when it is week
 * TRUTH_CURRENT_WEEK. The first has both classes in every session by learner.h's fixed learners, and so has the second.
 */

#include "tools/synth/campus.h"
#include "tools/synth/outfile.h"

/* The third week: the last one that every course is sure to have before its final week. */
#define TRUTH_CURRENT_WEEK 2

/* One pair of files for the holdout sessions or for the others. */
typedef struct TruthFiles {
        Outfile *labels, *labels_underscore;
} TruthFiles;

typedef struct Truth {
        TruthFiles train, test;
        Outfile *dates, *dates_underscore;
} Truth;

/* Creates the six files below dirfd. Return: 0 or a negative errno; truth_done() in any case. */
int truth_open(int dirfd, Truth *ret);
void truth_done(Truth *t);

/* Adds a session; last_week: of each learner, as clickstream_write() tells. */
void truth_add(Truth *t, const Session *s, const uint8_t *last_week);

/* Finishes the files. Return: 0 or the first negative errno met. */
int truth_close(Truth *t);
