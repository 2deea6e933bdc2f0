/* SPDX-License-Identifier: MIT */
#include "daemon/workflow-choice.h"

#include "spool/base/time.h"

static bool is_users(const WorkflowStep *s) {
        return s->record.fault.code != FAULT_NONE && s->record.fault.code != FAULT_PLATFORM;
}

bool workflow_course_is_lost(const Plan *p, const WorkflowStep *steps, const char *course) {
        if (!course)
                return false;
        for (size_t i = 0; i < p->n_steps; i++)
                if (steps[i].record.state == STEP_STATE_FAILED && streq_ptr(p->steps[i].course, course))
                        return true;
        return false;
}

/* Whether the containers of a phase all came to nothing. */
static bool phase_is_lost(const Plan *p, const WorkflowStep *steps, unsigned phase) {
        for (size_t i = 0; i < p->n_steps && p->steps[i].phase <= phase; i++) {
                StepState s = steps[i].record.state;

                if (p->steps[i].phase == phase && p->steps[i].kind == PLAN_STEP_CONTAINER && s != STEP_STATE_FAILED && s != STEP_STATE_SKIPPED)
                        return false;
        }
        return true;
}

/* Whether the failure of a step is the end of the job. */
static bool is_fatal(const Plan *p, const WorkflowStep *steps, size_t i, bool partial) {
        const PlanStep *s = &p->steps[i];

        if (steps[i].record.state == STEP_STATE_SKIPPED)
                return phase_is_lost(p, steps, s->phase);
        if (steps[i].record.state != STEP_STATE_FAILED)
                return false;
        return !partial || s->kind != PLAN_STEP_CONTAINER || !s->course || !is_users(&steps[i]) || phase_is_lost(p, steps, s->phase);
}

/* The job fails at step i. */
static WorkflowChoice choose_end(const Plan *p, const WorkflowStep *steps, size_t i) {
        WorkflowChoice c = { .next = WORKFLOW_NEXT_FAIL, .number = p->steps[i].number, .retry_at = UINT64_MAX };
        unsigned phase = p->steps[i].phase;
        bool worth = false;

        /* Steps of one phase: they lie together. */
        while (i > 0 && p->steps[i - 1].phase == phase)
                i--;
        for (; i < p->n_steps && p->steps[i].phase == phase; i++) {
                StepState s = steps[i].record.state;

                if (s == STEP_STATE_RUNNING) {
                        c.next = WORKFLOW_NEXT_WAIT;
                        return c;
                }
                if (p->steps[i].kind == PLAN_STEP_CONTAINER)
                        worth = worth || s == STEP_STATE_DONE;
                else if (p->steps[i].kind == PLAN_STEP_COLLECT && s == STEP_STATE_PENDING && worth) {
                        c.next = WORKFLOW_NEXT_SALVAGE;
                        c.number = p->steps[i].number;
                        return c;
                }
        }
        return c;
}

/* The index behind the group that begins at i. */
static size_t end_of_group(const Plan *p, size_t i) {
        size_t end = i;

        while (end < p->n_steps && p->steps[end].phase == p->steps[i].phase && p->steps[end].kind == p->steps[i].kind)
                end++;
        return end;
}

/* In the group from..end nothing failed that the job cannot do without. */
static WorkflowChoice choose_in_group(const Plan *p, const WorkflowStep *steps, bool partial, uint64_t now, size_t from, size_t end) {
        WorkflowChoice c = { .next = WORKFLOW_NEXT_DONE, .retry_at = UINT64_MAX };

        for (size_t i = from; i < end; i++) {
                const StepRecord *r = &steps[i].record;

                if (step_state_is_final(r->state))
                        continue;
                c.next = WORKFLOW_NEXT_WAIT;
                if (r->state == STEP_STATE_RUNNING)
                        continue;
                if (r->state == STEP_STATE_WAITING && r->retry_at > now) {
                        c.retry_at = r->retry_at < c.retry_at ? r->retry_at : c.retry_at;
                        continue;
                }
                c.next = partial && workflow_course_is_lost(p, steps, p->steps[i].course) ? WORKFLOW_NEXT_SKIP : WORKFLOW_NEXT_START;
                c.number = p->steps[i].number;
                return c;
        }
        return c;
}

WorkflowChoice workflow_choose(const Plan *p, const WorkflowStep *steps, bool partial, uint64_t now, size_t *from) {
        WorkflowChoice c = { .next = WORKFLOW_NEXT_DONE, .retry_at = UINT64_MAX };

        while (*from < p->n_steps) {
                size_t end = end_of_group(p, *from);

                for (size_t i = *from; i < end; i++)
                        if (is_fatal(p, steps, i, partial))
                                return choose_end(p, steps, i);
                c = choose_in_group(p, steps, partial, now, *from, end);
                if (c.next != WORKFLOW_NEXT_DONE)
                        break;
                *from = end;
        }
        return c;
}

WorkflowProgress workflow_progress(const Plan *p, const WorkflowStep *steps, unsigned phase) {
        WorkflowProgress w = {};
        uint64_t spent = 0, ran = 0, live = 0;

        for (size_t i = 0; i < p->n_steps; i++) {
                const StepRecord *r = &steps[i].record;

                if (!step_state_is_final(r->state) && w.phase == 0)
                        w.phase = p->steps[i].phase;
                if (p->steps[i].kind != PLAN_STEP_CONTAINER || (phase > 0 && p->steps[i].phase != phase))
                        continue;
                w.containers++;
                w.done += step_state_is_final(r->state);
                w.cached += r->state == STEP_STATE_CACHED;
                live += r->state == STEP_STATE_RUNNING;
                if (r->state == STEP_STATE_DONE) {
                        spent = time_add(spent, time_sub(r->finished, r->started));
                        ran++;
                }
        }
        if (w.phase == 0)
                w.phase = (unsigned) p->n_phases;
        if (ran > 0)
                w.left_usec = spent / ran * (w.containers - w.done) / (live > 0 ? live : 1);
        return w;
}
