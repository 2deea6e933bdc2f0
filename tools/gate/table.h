/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The tables that the gate writes, from results that it has judged.
 *
 *   eval.csv   one row a result. Of cross-validation one row a course: the means over its folds, as MORF 2.0 had them
 *   folds.csv  of cross-validation: one row a fold, then their mean and their sample standard deviation, for courses of which every
 *              fold may be released. A metric that is undefined in a fold counts in neither.
 *   ci.csv     confidence intervals of 95 %: of auc by the standard error of DeLong, DeLong and Clarke-Pearson (1988) and the
 *              normal approximation, cut at 0 and 1; of accuracy, precision, recall, specificity and npv by the score
 *              interval of E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal
 *              of the American Statistical Association 22, 209-212. These are made of the rounded metrics and counts, so
 *              that they tell nothing beyond them. Not of cross-validation, whose folds are not independent.
 */

#include "spool/csv.h"
#include "tools/gate/gate.h"

/* Return: the number of rows that were written, or a negative errno. */
ssize_t table_write_eval(const GatePolicy *p, const GateResults *g, CsvWriter *w);
ssize_t table_write_folds(const GatePolicy *p, const GateResults *g, CsvWriter *w);
ssize_t table_write_intervals(const GatePolicy *p, const GateResults *g, CsvWriter *w);

/* Wilson's interval of a share of n at the 95 % level. n > 0. */
void table_wilson(double share, double n, double *ret_low, double *ret_high);
