/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A job in the middle of its workflow: the courses "a" (001, 002, holdout 003) and "a-b" (001, holdout 002), a plan of one phase after
 * a training, a data root, work/ and caches. Include after cmocka.h.
 */

#include "tests/unit/scratch.h"
#include "tools/assemble/assemble.h"

typedef struct Fixture {
        Scratch s;
        Assemble a;
        Fault fault;
        int root;
} Fixture;

static inline void fixture_course(Fixture *f, const char *name, unsigned n) {
        PlanCourse c = { .name = strdup(name), .complete = n > 1 };

        for (unsigned i = 1; i <= n; i++) {
                PlanSession s = { .holdout = i == n };

                /* "a1000…": which course and which session */
                assert_true(asprintf(&s.version, "%c%u%062u", (char) ('a' + f->a.plan.n_courses % 6), i, 0) > 0);
                assert_true(asprintf(&s.name, "%03u", i) > 0);
                assert_int_equal(plan_add_session(&c, &s), 0);
        }
        assert_int_equal(plan_add_course(&f->a.plan, &c), 0);
}

static inline void fixture_phase(Fixture *f, PlanMode mode, PlanLevel level, unsigned k) {
        PlanPhase p = { .mode = mode, .level = level, .k = k, .label_type = strdup("dropout"), .fork = mode == PLAN_MODE_FORK ? strdup("before") : NULL };

        assert_int_equal(plan_add_phase(&f->a.plan, &p), 0);
        f->a.phase_number = (unsigned) f->a.plan.n_phases;
        f->a.phase = &f->a.plan.phases[f->a.phase_number - 1];
}

/* course, session: may be NULL. Return: the number of the step. */
static inline unsigned fixture_step(Fixture *f, const char *course, const char *session, unsigned fold) {
        PlanStep s = { .number = (unsigned) f->a.plan.n_steps + 1, .phase = f->a.phase_number, .kind = PLAN_STEP_CONTAINER, .fold = fold };

        s.course = course ? strdup(course) : NULL;
        s.session = session ? strdup(session) : NULL;
        assert_int_equal(plan_add_step(&f->a.plan, &s), 0);
        return (unsigned) f->a.plan.n_steps;
}

static inline void fixture_init(Fixture *f) {
        *f = (Fixture){ .a.steps_fd = -EBADF, .a.image = "sha256:0" };
        scratch_init(&f->s);
        f->root = scratch_dir(&f->s, "root");
        f->a.roots = &f->root;
        f->a.n_roots = 1;
        f->a.work_fd = scratch_dir(&f->s, "work");
        f->a.cache_raw_fd = scratch_dir(&f->s, "raw");
        f->a.cache_steps_fd = scratch_dir(&f->s, "cached");
        f->a.cache_features_fd = scratch_dir(&f->s, "kept");
        f->a.manifest.name = (char *) "job";
        fixture_course(f, "a", 3);
        fixture_course(f, "a-b", 2);
}

static inline void fixture_done(Fixture *f) {
        fd_close(f->root);
        fd_close(f->a.work_fd);
        fd_close(f->a.cache_raw_fd);
        fd_close(f->a.cache_steps_fd);
        fd_close(f->a.cache_features_fd);
        plan_done(&f->a.plan);
        fault_done(&f->fault);
        scratch_done(&f->s);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)
