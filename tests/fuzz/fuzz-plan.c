/* SPDX-License-Identifier: MIT */
/* Any bytes as plan.json, read by the daemon as root: refused with a sentence, or a plan whose steps lead to phases, courses and sessions. */

#include "spool/base/name.h"
#include "spool/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *error = NULL;
        _cleanup_plan_ Plan p = {};
        int r;

        r = json_record_parse(&plan_table, (const char *) data, size, &p, &error);
        if (r == 0)
                r = plan_check(&p, &error);
        check((r == 0 && !error) || (r == -EBADMSG && error));
        for (size_t i = 0; r == 0 && i < p.n_steps; i++) {
                const PlanPhase *phase = plan_phase_of(&p, &p.steps[i]);
                PlanStepSessions sessions = {};

                check(phase && plan_mode_argument(phase->mode));
                check(!p.steps[i].course || (name_is_valid(p.steps[i].course) && plan_course(&p, p.steps[i].course)));
                while (plan_step_sessions(&p, &p.steps[i], &sessions))
                        check(name_is_valid(sessions.course->name) && name_is_valid(sessions.session->name));
        }
        return 0;
}
