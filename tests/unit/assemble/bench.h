/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan of two courses and one phase, with the directories that morf-assemble works on. Include after cmocka.h.
 *
 *         accounting: 001, holdout 002         poetry: 001, 002, holdout 003         unfinished: 001
 */

#include "tests/unit/scratch.h"
#include "tools/assemble/assemble.h"

typedef struct Bench {
        Scratch scratch;
        Assemble a;
} Bench;

static inline char *bench_text(const char *s) {
        char *copy = s ? strdup(s) : NULL;

        assert_true(!s || copy);
        return copy;
}

static inline void bench_course(Bench *b, const char *name, bool complete, unsigned n_sessions) {
        PlanCourse course = { .name = bench_text(name), .complete = complete };

        for (unsigned i = 1; i <= n_sessions; i++) {
                PlanSession s = { .holdout = complete && i == n_sessions };

                assert_true(asprintf(&s.name, "%03u", i) > 0);
                assert_true(asprintf(&s.version, "%064u", i) > 0);
                assert_int_equal(plan_add_session(&course, &s), 0);
        }
        assert_int_equal(plan_add_course(&b->a.plan, &course), 0);
}

static inline void bench_step(Bench *b, PlanStepKind kind, const char *course, const char *session, unsigned fold) {
        PlanStep s = {
                .number = (unsigned) b->a.plan.n_steps + 1, .phase = 1, .kind = kind, .course = bench_text(course), .session = bench_text(session),
                .fold = fold,
        };

        assert_int_equal(plan_add_step(&b->a.plan, &s), 0);
}

/* Step 1 prepares, the containers are steps 2, 3, ... */
static inline void bench_steps(Bench *b, PlanMode mode, PlanLevel level) {
        const Plan *p = &b->a.plan;

        bench_step(b, PLAN_STEP_PREPARE, NULL, NULL, 0);
        if (level == PLAN_LEVEL_ALL)
                bench_step(b, PLAN_STEP_CONTAINER, NULL, NULL, 0);
        for (size_t i = 0; level != PLAN_LEVEL_ALL && i < 2; i++) {
                const PlanCourse *c = &p->courses[i];

                if (mode == PLAN_MODE_CV)
                        for (unsigned k = 1; k <= 2; k++)
                                bench_step(b, PLAN_STEP_CONTAINER, c->name, NULL, k);
                else if (level == PLAN_LEVEL_COURSE)
                        bench_step(b, PLAN_STEP_CONTAINER, c->name, mode == PLAN_MODE_TEST ? plan_holdout(c)->name : NULL, 0);
                else
                        for (size_t k = 0; k < c->n_sessions; k++)
                                if (c->sessions[k].holdout == (mode == PLAN_MODE_EXTRACT_HOLDOUT))
                                        bench_step(b, PLAN_STEP_CONTAINER, c->name, c->sessions[k].name, 0);
        }
        bench_step(b, PLAN_STEP_COLLECT, NULL, NULL, 0);
}

static inline void bench_init(Bench *b, CallFunction function) {
        const CallSignature *sig = call_signature(function);
        PlanPhase phase = { .function = function, .line = 1, .mode = sig->mode, .level = sig->level };

        *b = (Bench){ .a = { .phase_number = 1, .cache_raw_fd = -EBADF, .image = "sha256:1", .max_bytes = 1000, .max_files = 10 } };
        scratch_init(&b->scratch);
        b->a.work_fd = scratch_dir(&b->scratch, "work");
        b->a.steps_fd = scratch_dir(&b->scratch, "steps");
        b->a.cache_steps_fd = scratch_dir(&b->scratch, "cache");
        b->a.cache_features_fd = scratch_dir(&b->scratch, "features");
        b->a.manifest.name = bench_text("job");
        if (sig->takes & CALL_TAKES_LABEL_TYPE)
                phase.label_type = bench_text("dropout");
        assert_int_equal(plan_add_phase(&b->a.plan, &phase), 0);
        b->a.phase = &b->a.plan.phases[0];
        bench_course(b, "accounting", true, 2);
        bench_course(b, "poetry", true, 3);
        bench_course(b, "unfinished", false, 1);
        bench_steps(b, sig->mode, sig->level);
}

static inline void bench_done(Bench *b) {
        fd_close(b->a.work_fd);
        fd_close(b->a.steps_fd);
        fd_close(b->a.cache_steps_fd);
        fd_close(b->a.cache_features_fd);
        plan_done(&b->a.plan);
        manifest_done(&b->a.manifest);
        scratch_done(&b->scratch);
}
#define _cleanup_bench_ _cleanup_(bench_done)
