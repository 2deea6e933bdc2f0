/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is kept of the scores of one result, beside its metrics: vertices of its ROC curve and the bins of its calibration, few
 * enough to be written, and counts, so that the gate can judge them as it judges every other count.
 *
 * A point of the ROC curve is how many rows of each label have a score up to some value. Points follow each other in steps of
 * at least one hundredth of one of the labels, and only behind the last of equal scores: each is a vertex of the true curve. The
 * bins divide the scores from 0 to 1 into CURVE_BINS of equal width; 1 belongs to the last.
 */

#include "spool/json.h"

#define CURVE_STEPS 100u
/* The origin, and a step of either label at a time. */
#define CURVE_POINTS_MAX (2 * CURVE_STEPS + 2)
#define CURVE_BINS 20u

typedef struct CurvePoint {
        uint64_t n_n, n_p; /* rows of label 0 and 1 with scores up to here */
} CurvePoint;

typedef struct CurveBin {
        uint64_t n_n, n_p;
        double sum; /* of the scores */
} CurveBin;

/* Embedded: start with {}, end with curve_done(). */
typedef struct Curve {
        CurvePoint *points; /* from (0,0) to all rows; NULL: one label has no rows, or nobody asked */
        size_t n_points;
        CurveBin bins[CURVE_BINS]; /* of no meaning without points */
} Curve;

/*
 * Adds all rows with one score, greater than those before: add_n and add_p of them. n_n and n_p: all rows of either label that there
 * will be. Return: 0 or -ENOMEM.
 */
int curve_add(Curve *c, uint64_t n_n, uint64_t n_p, double score, uint64_t add_n, uint64_t add_p);

/* As two JSON arrays of numbers. Return: 0 or -ENOMEM. */
int curve_to_json(const Curve *c, json_t *object);

/*
 * Reads what curve_to_json() wrote; n_n and n_p: all rows, which the counts must add up to. Return: 0; -EBADMSG; -ENOMEM.
 */
int curve_from_json(const json_t *object, uint64_t n_n, uint64_t n_p, Curve *ret);

void curve_done(Curve *c);
#define _cleanup_curve_ _cleanup_(curve_done)
