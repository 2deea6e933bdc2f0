/* SPDX-License-Identifier: MIT */
#include "spool/release.h"

const ReleaseFile release_files[RELEASE_FILES] = {
        { RELEASE_EVAL, .max = LIMIT_RELEASE_BYTES, .text = true },
        { RELEASE_FOLDS, .max = LIMIT_RELEASE_BYTES, .text = true },
        { RELEASE_INTERVALS, .max = LIMIT_RELEASE_BYTES, .text = true },
        { RELEASE_ROC, .max = RELEASE_PLOT_MAX },
        { RELEASE_CALIBRATION, .max = RELEASE_PLOT_MAX },
        { RELEASE_RECEIPT, .max = LIMIT_RELEASE_BYTES, .text = true },
};
