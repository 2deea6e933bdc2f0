/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Plots of released curves as PNG, drawn by cairo. The font is read from its file, so that neither a configuration of fonts nor a
 * cache of them is needed: helpers see nothing but /usr.
 *
 * Up to PLOT_LEGEND_MAX courses have a colour each and a line in the legend; more are drawn thinly in one colour, with their mean.
 */

#include "tools/gate/coarse.h"

#define PLOT_LEGEND_MAX 10u

typedef enum PlotKind {
        PLOT_ROC,
        PLOT_CALIBRATION,
        _PLOT_KIND_MAX,
} PlotKind;

typedef struct PlotSeries {
        const char *label; /* of the legend, or NULL */
        char note[32];     /* behind it: "AUC 0.931", or "" */
        CoarseCurve curve;
} PlotSeries;

/*
 * Draws series that have points, n of them, at least one. label: what is drawn, a valid name or a pseudonym.
 * Return: 0 and the file's bytes, to be freed; -ENOENT (the font is missing); -EFBIG (over max bytes); or another negative errno.
 */
int plot_draw(PlotKind kind, const PlotSeries *series, size_t n, size_t max, char **ret, size_t *ret_size);
