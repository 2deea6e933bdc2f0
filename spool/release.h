/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the gate lets out: the names of the files in release/ that a researcher may get, in the order in which they are attached to
 * the mail. All but the receipt are there only where there is something to tell.
 */

#include "spool/limits.h"
#include "spool/base/macro.h"

#define RELEASE_EVAL "eval.csv"               /* the metrics */
#define RELEASE_FOLDS "folds.csv"             /* those of each fold, their mean and standard deviation */
#define RELEASE_INTERVALS "ci.csv"            /* confidence intervals */
#define RELEASE_ROC "roc.png"
#define RELEASE_CALIBRATION "calibration.png"
#define RELEASE_RECEIPT "receipt.json"
/* For the mail alone: one line about what is not in the results. */
#define RELEASE_NOTE "note.txt"
#define RELEASE_NOTE_MAX 1000u

/* Larger plots are not attached, and not even drawn by the gate. */
#define RELEASE_PLOT_MAX (512u * 1024u)

typedef struct ReleaseFile {
        const char *name;
        size_t max; /* bytes */
        bool text;  /* else a picture */
} ReleaseFile;

#define RELEASE_FILES 6u
extern const ReleaseFile release_files[RELEASE_FILES];
