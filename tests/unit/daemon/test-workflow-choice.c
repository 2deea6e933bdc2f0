/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/workflow-choice.h"

#define A ((char *) "accounting")
#define B ((char *) "biology")

/* Two calls: the features of two sessions of each course, then a model of each. */
static PlanStep steps[] = {
        { .number = 1, .phase = 1, .kind = PLAN_STEP_PREPARE },
        { .number = 2, .phase = 1, .kind = PLAN_STEP_CONTAINER, .course = A, .session = (char *) "001" },
        { .number = 3, .phase = 1, .kind = PLAN_STEP_CONTAINER, .course = A, .session = (char *) "002" },
        { .number = 4, .phase = 1, .kind = PLAN_STEP_CONTAINER, .course = B, .session = (char *) "001" },
        { .number = 5, .phase = 1, .kind = PLAN_STEP_COLLECT },
        { .number = 6, .phase = 2, .kind = PLAN_STEP_PREPARE },
        { .number = 7, .phase = 2, .kind = PLAN_STEP_CONTAINER, .course = A },
        { .number = 8, .phase = 2, .kind = PLAN_STEP_CONTAINER, .course = B },
        { .number = 9, .phase = 2, .kind = PLAN_STEP_COLLECT },
};
static PlanPhase phases[] = { { .function = CALL_EXTRACT_SESSION }, { .function = CALL_TRAIN_COURSE } };
static const Plan plan = { .steps = steps, .n_steps = ELEMENTSOF(steps), .phases = phases, .n_phases = 2 };

#define NOW 1000

/* A letter a step: pending, running, waiting (for a time that came: "x"), done, cached, failed (by the platform: "!"), skipped. */
static void set(const char *text, WorkflowStep *w) {
        static const char letters[] = "prwdcfs";

        for (size_t i = 0; i < plan.n_steps; i++) {
                const char *letter = strchr(letters, text[i]);

                w[i] = (WorkflowStep){};
                if (letter)
                        w[i].record.state = (StepState) (letter - letters);
                else
                        w[i].record.state = text[i] == '!' ? STEP_STATE_FAILED : STEP_STATE_WAITING;
                if (text[i] == 'w')
                        w[i].record.retry_at = NOW + 10 * (i + 1);
                if (text[i] == 'f')
                        w[i].record.fault.code = FAULT_EXIT;
                if (text[i] == '!')
                        w[i].record.fault.code = FAULT_PLATFORM;
        }
}

static void what_is_next(_unused_ void **state) {
        static const struct {
                const char *steps;
                bool partial;
                WorkflowNext next;
                unsigned number;
        } cases[] = {
                /* Groups follow each other, the steps of one need not. */
                { "ppppppppp", false, WORKFLOW_NEXT_START, 1 },
                { "rpppppppp", false, WORKFLOW_NEXT_WAIT, 0 },
                { "dpppppppp", false, WORKFLOW_NEXT_START, 2 },
                { "drppppppp", false, WORKFLOW_NEXT_START, 3 },
                { "drrrppppp", false, WORKFLOW_NEXT_WAIT, 0 },
                { "drdrppppp", false, WORKFLOW_NEXT_WAIT, 0 },
                { "dddrppppp", false, WORKFLOW_NEXT_WAIT, 0 },
                { "dcddppppp", false, WORKFLOW_NEXT_START, 5 },
                { "dcccppppp", false, WORKFLOW_NEXT_START, 5 },
                { "dddddpppp", false, WORKFLOW_NEXT_START, 6 },
                { "ddddddddp", false, WORKFLOW_NEXT_START, 9 },
                { "ddddddddd", false, WORKFLOW_NEXT_DONE, 0 },
                /* Another try, and not before its time. */
                { "dwpdppppp", false, WORKFLOW_NEXT_START, 3 },
                { "dwrdppppp", false, WORKFLOW_NEXT_WAIT, 0 },
                { "dxrdppppp", false, WORKFLOW_NEXT_START, 2 },
                /* One that failed: the others end, what they made is kept, and the job fails. */
                { "dfrpppppp", false, WORKFLOW_NEXT_WAIT, 0 },
                { "dfdpppppp", false, WORKFLOW_NEXT_SALVAGE, 5 },
                { "dfdwppppp", false, WORKFLOW_NEXT_SALVAGE, 5 },
                { "dfdprpppp", false, WORKFLOW_NEXT_WAIT, 0 },
                { "dfdpdpppp", false, WORKFLOW_NEXT_FAIL, 2 },
                { "dfdpwpppp", false, WORKFLOW_NEXT_FAIL, 2 },
                { "dfdpfpppp", false, WORKFLOW_NEXT_FAIL, 2 },
                { "dfppppppp", false, WORKFLOW_NEXT_FAIL, 2 },
                { "dcfpppppp", false, WORKFLOW_NEXT_FAIL, 3 },
                { "fpppppppp", false, WORKFLOW_NEXT_FAIL, 1 },
                { "ddddfpppp", false, WORKFLOW_NEXT_FAIL, 5 },
                /* It costs its course only. */
                { "dfppppppp", true, WORKFLOW_NEXT_SKIP, 3 },
                { "dfspppppp", true, WORKFLOW_NEXT_START, 4 },
                { "dfrdppppp", true, WORKFLOW_NEXT_WAIT, 0 },
                { "dfsdppppp", true, WORKFLOW_NEXT_START, 5 },
                { "dfsddpppp", true, WORKFLOW_NEXT_START, 6 },
                { "dfsdddppp", true, WORKFLOW_NEXT_SKIP, 7 },
                { "dfsdddspp", true, WORKFLOW_NEXT_START, 8 },
                { "dfsdddsfp", true, WORKFLOW_NEXT_FAIL, 7 },
                { "dfsfppppp", true, WORKFLOW_NEXT_FAIL, 2 },
                { "dfsddddds", true, WORKFLOW_NEXT_DONE, 0 },
                /* But not what is the platform's, or of no course. */
                { "d!dpppppp", true, WORKFLOW_NEXT_SALVAGE, 5 },
                { "fpppppppp", true, WORKFLOW_NEXT_FAIL, 1 },
                { "dfsdfpppp", true, WORKFLOW_NEXT_FAIL, 5 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                WorkflowStep w[ELEMENTSOF(steps)];
                WorkflowChoice c;
                size_t from = 0;

                set(cases[i].steps, w);
                c = workflow_choose(&plan, w, cases[i].partial, NOW, &from);
                if (c.next != cases[i].next || (cases[i].number > 0 && c.number != cases[i].number))
                        fail_msg("%s: %d, step %u", cases[i].steps, (int) c.next, c.number);
                /* Asked again from where it stopped, it says the same. */
                c = workflow_choose(&plan, w, cases[i].partial, NOW, &from);
                assert_int_equal(c.next, cases[i].next);
        }
}

static void the_first_of_those_that_wait(_unused_ void **state) {
        WorkflowStep w[ELEMENTSOF(steps)];
        size_t from = 0;

        set("dwrwppppp", w);
        assert_int_equal(workflow_choose(&plan, w, false, NOW, &from).retry_at, NOW + 20);
        set("drrrppppp", w);
        assert_true(workflow_choose(&plan, w, false, NOW, &from).retry_at == UINT64_MAX);
}

static void progress(_unused_ void **state) {
        WorkflowStep w[ELEMENTSOF(steps)];
        WorkflowProgress p;

        set("ddcrppppp", w);
        w[1].record.started = 100;
        w[1].record.finished = 160;
        p = workflow_progress(&plan, w, 0);
        assert_int_equal(p.containers, 5);
        assert_int_equal(p.done, 2);
        assert_int_equal(p.cached, 1);
        assert_int_equal(p.phase, 1);
        assert_int_equal(p.left_usec, 60 * 3);
        /* Two at a time take half as long. */
        set("ddrrppppp", w);
        w[1].record.started = 100;
        w[1].record.finished = 160;
        assert_int_equal(workflow_progress(&plan, w, 0).left_usec, 60 * 4 / 2);
        p = workflow_progress(&plan, w, 1);
        assert_true(p.containers == 3 && p.done == 1);
        set("ddddddddd", w);
        p = workflow_progress(&plan, w, 0);
        assert_true(p.done == 5 && p.phase == 2 && p.left_usec == 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_next), cmocka_unit_test(the_first_of_those_that_wait), cmocka_unit_test(progress),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
