/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Curves made coarse enough to be shown: each step of a ROC curve stands for at least min_cell rows, each point of a calibration
 * for at least min_cell rows of either label, and coordinates are rounded to hundredths.
 */

#include "spool/curve.h"

#define COARSE_MAX CURVE_POINTS_MAX

typedef struct CoarsePoint {
        double x, y;
} CoarsePoint;

typedef struct CoarseCurve {
        CoarsePoint points[COARSE_MAX];
        size_t n;
} CoarseCurve;

/* x: the share of label 0 above a score, y: that of label 1, both ascending from 0 to 1. Without points where there is no curve. */
void coarse_roc(const Curve *c, unsigned min_cell, CoarseCurve *ret);

/* x: the mean score, y: the share of label 1, of neighbouring bins. */
void coarse_calibration(const Curve *c, unsigned min_cell, CoarseCurve *ret);

/* The height of a ROC curve at x, between points linearly. */
double coarse_height(const CoarseCurve *c, double x);
