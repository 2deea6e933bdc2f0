/* SPDX-License-Identifier: MIT */
#include "spool/base/log.h"
#include "spool/limits.h"
#include "tools/assemble/feature-cache.h"
#include "tools/assemble/folds.h"
#include "tools/assemble/layout.h"
#include "tools/assemble/raw-layer.h"
#include "tools/assemble/step-cache.h"

/* What each mode needs to have laid out. */
static int lay_out(const Assemble *a, PhaseRecord *record, Fault *reterr) {
        switch (a->phase->mode) {
        case PLAN_MODE_EXTRACT:
        case PLAN_MODE_EXTRACT_HOLDOUT:
                return raw_layers_make(a, reterr);
        case PLAN_MODE_TRAIN:
        case PLAN_MODE_TEST:
        case PLAN_MODE_CV:
                return layout_make(a, record, reterr);
        case PLAN_MODE_FOLDS:
                return folds_make(a, reterr);
        case PLAN_MODE_FORK:
                return feature_cache_fork(a, reterr);
        case _PLAN_MODE_MAX:
        case _PLAN_MODE_INVALID:
                break;
        }
        return -EINVAL;
}

/* Which outputs are there already, and under which keys the others will be kept. */
static int look_up(const Assemble *a, PhaseRecord *record) {
        const PlanStep *s;
        size_t i = 0;

        while ((s = assemble_next_live_step(a, &i))) {
                char key[DIGEST_LENGTH + 1];
                int r;

                if (phase_record_is_broken(record, s->number))
                        continue;
                r = step_cache_key(a, s, key);
                if (r >= 0)
                        r = phase_record_add_key(record, s->number, key);
                if (r >= 0)
                        r = step_cache_take(a, s, key);
                if (r > 0)
                        r = phase_record_add_cached(record, s->number);
                if (r < 0)
                        return r;
        }
        return 0;
}

int assemble_prepare(const Assemble *a, Fault *reterr) {
        _cleanup_phase_record_ PhaseRecord record = { .version = PHASE_RECORD_VERSION };
        int r;

        r = lay_out(a, &record, reterr);
        if (r >= 0)
                r = look_up(a, &record);
        if (r < 0)
                return r;
        if (cache_trim(a->cache_raw_fd, LIMIT_CACHE_RAW_BYTES, LIMIT_CACHE_RAW_IDLE_SEC) < 0 ||
            cache_trim(a->cache_steps_fd, LIMIT_CACHE_STEPS_BYTES, LIMIT_CACHE_STEPS_IDLE_SEC) < 0)
                log_warning("cannot remove all that is old from the caches, ignoring");
        return phase_record_write_at(a->work_fd, a->phase_number, &record);
}
