/* SPDX-License-Identifier: MIT */

/*
 * The steps of a workflow, one after the other in the order of its plan, which is that of the server where that has no choice.
 */

#include <inttypes.h>

#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/engine-input.h"
#include "spool/layout.h"
#include "spool/limits.h"
#include "spool/phase-record.h"
#include "spool/step-record.h"
#include "tools/cli/local.h"

/* Where steps stand. */
typedef struct Steps {
        Local *l;
        bool *done, *failed; /* by index */
        size_t n, containers; /* of containers: that are behind us, and all */
} Steps;

static bool course_is_lost(const Steps *s, const char *course) {
        for (size_t i = 0; course && i < s->l->plan.n_steps; i++)
                if (s->failed[i] && streq_ptr(s->l->plan.steps[i].course, course))
                        return true;
        return false;
}

/* What both helpers of a phase are called with. */
static int add_common(const Steps *s, const char *verb, unsigned phase, char ***argv) {
        static const char *const options[][2] = {
                { "--plan", JOB_DIR_PLAN }, { "--manifest", JOB_DIR_INTAKE }, { "--work", JOB_DIR_WORK },
                { "--cache-steps", "cache/steps" }, { "--cache-features", "cache/features" },
        };
        const Local *l = s->l;
        int r;

        r = strv_add(argv, verb);
        if (r >= 0)
                r = strv_addf(argv, "--phase=%u", phase);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(options); i++)
                r = strv_addf(argv, "%s=%s/%s", options[i][0], l->path, options[i][1]);
        STRV_FOREACH(root, l->data)
                if (r >= 0)
                        r = strv_addf(argv, "--data=%s", *root);
        for (size_t i = 0; r >= 0 && l->manifest.partial && i < l->plan.n_courses; i++)
                if (course_is_lost(s, l->plan.courses[i].name))
                        r = strv_addf(argv, "--lost=%s", l->plan.courses[i].name);
        return r;
}

/*
 * What an earlier step of this very run made already is not made again; what lacks an input, or whose output breaks the contract, has
 * failed.
 */
static int read_phase(Steps *s, unsigned phase) {
        _cleanup_phase_record_ PhaseRecord record = {};
        _cleanup_fd_ int work = fd_open_dir_at(s->l->fd, JOB_DIR_WORK);
        const Plan *p = &s->l->plan;
        int r;

        r = work < 0 ? work : phase_record_read_at(work, phase, &record, /* reterr= */ NULL);
        for (size_t i = 0; r >= 0 && i < record.n_cached; i++)
                if (plan_step(p, record.cached[i]))
                        s->done[record.cached[i] - 1] = true;
        for (size_t i = 0; r >= 0 && i < record.n_broken; i++) {
                const PhaseBroken *b = &record.broken[i];

                if (!plan_step(p, b->step) || s->failed[b->step - 1])
                        continue;
                s->failed[b->step - 1] = true;
                s->done[b->step - 1] = false;
                local_say(s->l, "%s: the job goes on without the course", strempty(b->fault.message));
                fault_done(&s->l->fault);
                r = fault_copy(&b->fault, &s->l->fault);
        }
        return r;
}

static int prepare(Steps *s, const PlanStep *step) {
        _cleanup_strv_ char **argv = NULL;
        Local *l = s->l;
        int r;

        r = add_common(s, "prepare", step->phase, &argv);
        if (r >= 0)
                r = strv_addf(&argv, "--image=%s", l->image.id);
        if (r >= 0)
                r = strv_addf(&argv, "--cache-raw=%s/cache/raw", l->path);
        if (r >= 0)
                r = local_helper(l, "morf-assemble", argv, JOB_DIR_WORK);
        return r != 0 ? r : read_phase(s, step->phase);
}

static int collect(Steps *s, const PlanStep *step) {
        _cleanup_strv_ char **argv = NULL;
        Local *l = s->l;
        int r;

        r = add_common(s, "collect", step->phase, &argv);
        if (r >= 0)
                r = strv_addf(&argv, "--steps=%s/" JOB_DIR_STEPS, l->path);
        for (size_t i = 0; r >= 0 && i < l->plan.n_steps; i++)
                if (l->plan.steps[i].phase == step->phase && l->plan.steps[i].kind == PLAN_STEP_CONTAINER && !s->done[i])
                        r = strv_addf(&argv, "--failed=%u", l->plan.steps[i].number);
        if (r >= 0)
                r = strv_addf(&argv, "--max-bytes=%" PRIu64, l->limits.output);
        if (r >= 0)
                r = strv_addf(&argv, "--max-files=%u", LIMIT_DROP_ENTRIES);
        if (r >= 0)
                r = local_helper(l, "morf-assemble", argv, JOB_DIR_WORK);
        return r != 0 ? r : read_phase(s, step->phase);
}

/* "step 3 of 12: extract_session, accounting, 001". Return: a fresh string or NULL. */
static char *describe(const Steps *s, const PlanStep *step) {
        char *text, fold[32] = "";

        if (step->fold > 0)
                snprintf(fold, sizeof(fold), ", fold %u", step->fold);
        return asprintf(&text, "step %zu of %zu: %s%s%s%s%s%s", s->n, s->containers, call_function_to_string(plan_phase_of(&s->l->plan, step)->function),
                        step->course ? ", " : "", strempty(step->course), step->session ? ", " : "", strempty(step->session), fold) < 0 ?
                       NULL : text;
}

static int run_container(Steps *s, const PlanStep *step) {
        _cleanup_strv_ char **layers = NULL, **arguments = NULL;
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        char label[STEP_RECORD_NAME_SIZE], dir[64];
        _cleanup_free_ char *raw = NULL;
        LocalContainer c;
        Local *l = s->l;
        int r;

        snprintf(dir, sizeof(dir), JOB_DIR_STEPS "/%s", step_dir_name(step->number, label));
        raw = local_path(l, "cache/raw");
        if (!raw)
                return -ENOMEM;
        r = engine_input_step(l->path, dir, raw, &l->plan, step, &l->courses, &mounts, &layers, &l->fault);
        if (r >= 0)
                r = engine_input_step_arguments(&l->plan, step, &l->manifest, &arguments);
        if (r < 0)
                return r == -EBADMSG ? LOCAL_E_FAULT : r;
        c = (LocalContainer){
                .label = label,
                .dir = dir,
                .limits = &l->limits,
                .profile = l->manifest.profile,
                .mounts = &mounts,
                .layers = layers,
                .arguments = arguments,
        };
        return local_container(l, &c);
}

/* Whether no container of a phase came to an end that is of use. */
static bool phase_is_lost(const Steps *s, unsigned phase) {
        for (size_t i = 0; i < s->l->plan.n_steps; i++)
                if (s->l->plan.steps[i].phase == phase && s->l->plan.steps[i].kind == PLAN_STEP_CONTAINER && !s->failed[i])
                        return false;
        return true;
}

static int container(Steps *s, size_t i) {
        const PlanStep *step = &s->l->plan.steps[i];
        Local *l = s->l;
        int r;

        s->n++;
        free(l->step);
        l->step = describe(s, step);
        if (!l->step)
                return -ENOMEM;
        if (s->done[i]) {
                local_say(l, "%s: the same as before, not run again", l->step);
                return 0;
        }
        if (l->manifest.partial && course_is_lost(s, step->course)) {
                local_say(l, "%s: left out, as the course is lost", l->step);
                s->failed[i] = true;
                return phase_is_lost(s, step->phase) ? LOCAL_E_FAULT : 0;
        }
        local_say(l, "%s", l->step);
        r = run_container(s, step);
        s->done[i] = r == 0;
        if (r != LOCAL_E_FAULT)
                return r;
        s->failed[i] = true;
        if (!l->manifest.partial || !step->course || phase_is_lost(s, step->phase))
                return r;
        /* The last of them is told when nothing else is left. */
        local_say(l, "%s: %s; the job goes on without the course", l->step, strempty(l->fault.message));
        return 0;
}

int local_steps(Local *l) {
        Steps s = { .l = l, .containers = plan_count_steps(&l->plan, 0, PLAN_STEP_CONTAINER) };
        _cleanup_free_ bool *done = NULL, *failed = NULL;
        int r = 0;

        s.done = done = calloc(l->plan.n_steps + 1, sizeof(*done));
        s.failed = failed = calloc(l->plan.n_steps + 1, sizeof(*failed));
        if (!done || !failed)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < l->plan.n_steps; i++) {
                const PlanStep *step = &l->plan.steps[i];

                switch (step->kind) {
                case PLAN_STEP_PREPARE:
                        r = prepare(&s, step);
                        break;
                case PLAN_STEP_CONTAINER:
                        r = container(&s, i);
                        break;
                case PLAN_STEP_COLLECT:
                        r = collect(&s, step);
                        break;
                case _PLAN_STEP_MAX:
                case _PLAN_STEP_INVALID:
                        r = -EINVAL;
                        break;
                }
                if (step->kind != PLAN_STEP_CONTAINER && r == LOCAL_E_FAULT) {
                        free(l->step);
                        l->step = NULL;
                }
        }
        if (r == 0) {
                free(l->step);
                l->step = NULL;
        }
        return r;
}
