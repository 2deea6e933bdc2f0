/* SPDX-License-Identifier: MIT */
#include "daemon/workflow-record.h"

#include "daemon/daemon.h"
#include "daemon/workflow-plan.h"
#include "spool/base/fd.h"
#include "spool/base/message-id.h"
#include "spool/base/parse.h"
#include "spool/base/time.h"
#include "spool/phase-record.h"
#include "units/name.h"

/* Steps that a message names; of the others it says how many there are. */
#define NAMED_MAX 8u

static int open_below(const Job *j, const char *name) {
        _cleanup_fd_ int dir = job_open_dir(j);

        return dir < 0 ? dir : fd_open_dir_at(dir, name);
}

/* Numbers of attempts go on where those of an earlier try of the job ended: no unit's name is used twice. */
static int read_attempts(const Job *j, Workflow *w) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_fd_ int dir = job_open_dir(j);
        struct dirent *de;
        int r;

        r = dir < 0 ? dir : fd_open_dirstream_at(dir, JOB_DIR_EXITS, &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                unsigned number, attempt;
                WorkflowStep *s;

                if (sscanf(de->d_name, "s%u-%u.json", &number, &attempt) != 2 || number < 1 || number > w->plan.n_steps)
                        continue;
                s = &w->steps[number - 1];
                if (s->record.version == 0 && attempt > s->record.attempt)
                        s->record.attempt = attempt;
        }
        return 0;
}

static int read_records(const Job *j, Workflow *w) {
        _cleanup_fd_ int steps = open_below(j, JOB_DIR_STEPS);
        LogJob stamp = job_log(j);
        int r = steps < 0 ? steps : 0;

        for (unsigned i = 0; r >= 0 && i < w->plan.n_steps; i++) {
                _cleanup_free_ char *error = NULL;

                r = step_record_read_at(steps, i + 1, &w->steps[i].record, &error);
                if (r == -ENOENT)
                        r = 0; /* never started */
                else if (r == -EBADMSG)
                        log_job(LOG_ERR, r, NULL, &stamp, "the record of step %u: %s", i + 1, strempty(error));
        }
        if (r >= 0)
                r = read_attempts(j, w);
        for (size_t i = 0; i < w->plan.n_steps; i++)
                w->steps[i].record.version = STEP_RECORD_VERSION;
        return r;
}

int workflow_load(Job *j) {
        _cleanup_fd_ int plan = open_below(j, JOB_DIR_PLAN);
        _cleanup_manifest_ Manifest m = {};
        _cleanup_free_ char *error = NULL;
        LogJob stamp = job_log(j);
        Workflow *w;
        int r;

        if (plan < 0)
                return plan;
        w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        r = plan_read_at(plan, &w->plan, &error);
        if (r == -EBADMSG)
                log_job(LOG_ERR, r, NULL, &stamp, "the plan made by morf-plan is not valid: %s", strempty(error));
        if (r >= 0)
                r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r >= 0) {
                w->partial = m.partial;
                w->steps = calloc(w->plan.n_steps + 1, sizeof(*w->steps));
                r = w->steps ? read_records(j, w) : -ENOMEM;
        }
        j->workflow = w;
        /* What was cached is known from what prepared the phase. */
        for (size_t i = 0; r >= 0 && i < w->plan.n_steps; i++)
                if (w->plan.steps[i].kind == PLAN_STEP_PREPARE && w->steps[i].record.state == STEP_STATE_DONE)
                        r = workflow_read_phase(j, w->plan.steps[i].phase);
        if (r < 0)
                j->workflow = workflow_free(j, w);
        return r;
}

int workflow_save_step(Job *j, unsigned number) {
        _cleanup_fd_ int steps = open_below(j, JOB_DIR_STEPS);
        LogJob stamp = job_log(j);
        int r;

        r = steps < 0 ? steps : step_record_write_at(steps, number, &j->workflow->steps[number - 1].record, j->daemon->accounts.admin);
        if (r < 0)
                return log_job(LOG_ERR, r, NULL, &stamp, "cannot save the record of step %u", number);
        return 0;
}

static const PlanStep *container_of_phase(const Workflow *w, unsigned number, unsigned phase) {
        const PlanStep *s = number <= w->plan.n_steps ? &w->plan.steps[number - 1] : NULL;

        return s && s->phase == phase && s->kind == PLAN_STEP_CONTAINER ? s : NULL;
}

/* A step that ended well, or has not begun, comes to nothing all the same. */
static int note_broken(Job *j, const PlanStep *s, const Fault *fault) {
        StepRecord *r = &j->workflow->steps[s->number - 1].record;
        LogJob stamp = job_log(j);

        if (r->state == STEP_STATE_FAILED || r->state == STEP_STATE_SKIPPED)
                return 0;
        if (r->state == STEP_STATE_RUNNING || r->state == STEP_STATE_WAITING)
                return -EBADMSG;
        log_job(LOG_NOTICE, 0, MESSAGE_ID_STEP_FAILED, &stamp, "step %u of %s%s%s failed: %s", s->number, strempty(s->course), s->session ? "/" : "",
                strempty(s->session), strempty(fault->message));
        r->state = STEP_STATE_FAILED;
        if (r->finished == 0)
                r->finished = time_now_realtime();
        fault_done(&r->fault);
        if (fault_copy(fault, &r->fault) < 0)
                return -ENOMEM;
        return workflow_save_step(j, s->number);
}

int workflow_read_phase(Job *j, unsigned phase) {
        _cleanup_fd_ int work = open_below(j, JOB_DIR_WORK);
        _cleanup_phase_record_ PhaseRecord record = {};
        _cleanup_free_ char *error = NULL;
        Workflow *w = j->workflow;
        LogJob stamp = job_log(j);
        int r;

        r = work < 0 ? work : phase_record_read_at(work, phase, &record, &error);
        if (r == -EBADMSG)
                log_job(LOG_ERR, r, NULL, &stamp, "what morf-assemble wrote about phase %u is not valid: %s", phase, strempty(error));
        if (r < 0)
                return r;
        for (size_t i = 0; i < record.n_cached; i++) {
                const PlanStep *s = container_of_phase(w, record.cached[i], phase);

                if (!s)
                        return -EBADMSG;
                if (w->steps[s->number - 1].record.state == STEP_STATE_PENDING)
                        w->steps[s->number - 1].record.state = STEP_STATE_CACHED;
        }
        for (size_t i = 0; r >= 0 && i < record.n_broken; i++) {
                const PlanStep *s = w->partial ? container_of_phase(w, record.broken[i].step, phase) : NULL;

                r = s && s->course ? note_broken(j, s, &record.broken[i].fault) : -EBADMSG;
        }
        return r;
}

unsigned workflow_find_unit(const Job *j, const char *unit) {
        UnitServiceName name;
        unsigned number;

        if (!j->workflow || unit_name_parse_service(unit, &name) < 0 || sscanf(name.stage, "s%u", &number) != 1)
                return 0;
        if (number < 1 || number > j->workflow->plan.n_steps)
                return 0;
        return streq_ptr(j->workflow->steps[number - 1].record.unit, unit) ? number : 0;
}

bool workflow_ends_phase(const Plan *p, const PlanStep *s) {
        return s->number == p->n_steps || p->steps[s->number].phase != s->phase;
}

void workflow_add_usage(Usage *to, const Usage *from) {
        to->wall_usec += from->wall_usec;
        to->cpu_usec += from->cpu_usec;
        to->memory_peak = from->memory_peak > to->memory_peak ? from->memory_peak : to->memory_peak;
        to->memory_limit = from->memory_limit > to->memory_limit ? from->memory_limit : to->memory_limit;
        to->output_bytes += from->output_bytes;
        to->oom_kills += from->oom_kills;
}

/* "accounting/001 E_EXIT" */
static void print_step(FILE *f, const PlanStep *s, const StepRecord *r) {
        fprintf(f, "%s%s%s %s", s->course ?: "all courses", s->session ? "/" : "", strempty(s->session), fault_to_string(r->fault.code));
}

/* All steps that failed in a phase, but the one that is described already. */
static int list_failed(const Workflow *w, unsigned phase, unsigned but, char **ret) {
        unsigned n = 0;
        size_t size;
        FILE *f;

        *ret = NULL;
        f = open_memstream(ret, &size);
        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < w->plan.n_steps; i++) {
                if (w->plan.steps[i].phase != phase || w->plan.steps[i].number == but || w->steps[i].record.state != STEP_STATE_FAILED)
                        continue;
                if (n < NAMED_MAX) {
                        fputs(n > 0 ? ", " : "; failed too: ", f);
                        print_step(f, &w->plan.steps[i], &w->steps[i].record);
                }
                n++;
        }
        if (n > NAMED_MAX)
                fprintf(f, " and %u more", n - NAMED_MAX);
        return fclose(f) == 0 ? 0 : -ENOMEM;
}

int workflow_describe_failure(const Job *j, unsigned number, Fault *ret) {
        const Workflow *w = j->workflow;
        const PlanStep *s = &w->plan.steps[number - 1];
        const Fault *fault = &w->steps[number - 1].record.fault;
        const PlanPhase *phase = plan_phase_of(&w->plan, s);
        _cleanup_free_ char *others = NULL;
        char line[32] = "";
        int r;

        if (s->kind != PLAN_STEP_CONTAINER && fault->code != FAULT_NONE)
                return fault_copy(fault, ret) < 0 ? -ENOMEM : -EBADMSG;
        if (fault->code == FAULT_NONE)
                return fault_set(ret, FAULT_EXIT, NULL, 0, "%s: no course is left, all of them failed", call_function_to_string(phase->function));
        r = list_failed(w, s->phase, number, &others);
        if (r < 0)
                return r;
        if (phase->line > 0)
                snprintf(line, sizeof(line), " (line %u)", phase->line);
        r = fault_set(ret, fault->code, NULL, 0, "%s%s, step %u of %s%s%s: %s%s", call_function_to_string(phase->function), line, number,
                      s->course ?: "all courses", s->session ? "/" : "", strempty(s->session), strempty(fault->message), others);
        if (r == -EBADMSG && fault->hint && fault_set_hint(ret, "%s", fault->hint) < 0)
                r = -ENOMEM;
        return r;
}

int workflow_note_lost(Job *j) {
        const Workflow *w = j->workflow;
        _cleanup_free_ char *text = NULL;
        unsigned n = 0;
        size_t size;
        FILE *f;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < w->plan.n_courses; i++) {
                if (!workflow_course_is_lost(&w->plan, w->steps, w->plan.courses[i].name))
                        continue;
                if (n < NAMED_MAX)
                        fprintf(f, "%s%s", n > 0 ? ", " : "", w->plan.courses[i].name);
                n++;
        }
        if (n > NAMED_MAX)
                fprintf(f, " and %u more", n - NAMED_MAX);
        if (fclose(f) != 0)
                return -ENOMEM;
        free(j->record.left_out);
        j->record.left_out = n > 0 ? TAKE_PTR(text) : NULL;
        return 0;
}

char *workflow_describe_phase(Job *j, unsigned phase) {
        bool loaded = j->workflow;
        WorkflowProgress w;
        char *text = NULL;

        if (!loaded && workflow_load(j) < 0)
                return NULL;
        if (phase >= 1 && phase <= j->workflow->plan.n_phases) {
                const char *name = call_function_to_string(j->workflow->plan.phases[phase - 1].function);
                int r;

                w = workflow_progress(&j->workflow->plan, j->workflow->steps, phase);
                if (w.containers == 0)
                        r = asprintf(&text, "%s: done", name);
                else if (w.cached > 0)
                        r = asprintf(&text, "%s: %u of %u steps done, %u of them by an earlier job", name, w.done, w.containers, w.cached);
                else
                        r = asprintf(&text, "%s: %u of %u steps done", name, w.done, w.containers);
                if (r < 0)
                        text = NULL;
        }
        if (!loaded)
                j->workflow = workflow_free(j, j->workflow);
        return text;
}

bool workflow_is_evaluated(const Job *j) {
        _cleanup_fd_ int dir = open_below(j, JOB_DIR_PLAN);
        _cleanup_plan_ Plan p = {};

        if (dir < 0 || plan_read_at(dir, &p, /* reterr= */ NULL) < 0)
                return true; /* the evaluation will say what is wrong */
        return p.evaluation.kind != PLAN_EVALUATION_NONE;
}
