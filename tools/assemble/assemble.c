/* SPDX-License-Identifier: MIT */
#include "tools/assemble/assemble.h"

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/publish.h"

const PlanStep *assemble_next_step(const Assemble *a, size_t *i) {
        while (*i < a->plan.n_steps) {
                const PlanStep *s = &a->plan.steps[(*i)++];

                if (s->phase == a->phase_number && s->kind == PLAN_STEP_CONTAINER)
                        return s;
        }
        return NULL;
}

const PlanStep *assemble_next_live_step(const Assemble *a, size_t *i) {
        const PlanStep *s;

        while ((s = assemble_next_step(a, i)))
                if (!assemble_is_lost(a, s->course))
                        return s;
        return NULL;
}

bool assemble_is_lost(const Assemble *a, const char *course) {
        for (size_t i = 0; course && i < a->n_lost; i++)
                if (streq(a->lost[i], course))
                        return true;
        return false;
}

int assemble_break_step(const Assemble *a, const PlanStep *s, const Fault *f, PhaseRecord *record, Fault *reterr) {
        if (a->manifest.partial && s->course) {
                log_notice("the job goes on without the course '%s': %s", s->course, strempty(f->message));
                return phase_record_add_broken(record, s->number, f);
        }
        fault_done(reterr);
        return fault_copy(f, reterr) < 0 ? -ENOMEM : -EBADMSG;
}

const char *step_title(const PlanStep *s, char buffer[static STEP_TITLE_SIZE]) {
        int n;

        if (!s->course)
                n = snprintf(buffer, STEP_TITLE_SIZE, "all courses");
        else if (!s->session)
                n = snprintf(buffer, STEP_TITLE_SIZE, "course '%s'", s->course);
        else
                n = snprintf(buffer, STEP_TITLE_SIZE, "course '%s', session '%s'", s->course, s->session);
        if (s->fold > 0 && n > 0 && (size_t) n < STEP_TITLE_SIZE)
                snprintf(buffer + n, STEP_TITLE_SIZE - (size_t) n, ", fold %u", s->fold);
        return buffer;
}

const char *step_dir(const PlanStep *s, char buffer[static STEP_DIR_SIZE]) {
        snprintf(buffer, STEP_DIR_SIZE, "%03u", s->number);
        return buffer;
}

int assemble_open_dir(int dirfd, const char *name) {
        int r;

        r = publish_mkdir_at(dirfd, name, 0755, (uid_t) -1, (gid_t) -1);
        return r < 0 && r != -EEXIST ? r : fd_open_dir_at(dirfd, name);
}
