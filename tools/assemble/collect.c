/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "tools/assemble/feature-cache.h"
#include "tools/assemble/labels.h"
#include "tools/assemble/merge.h"
#include "tools/assemble/step-cache.h"
#include "tools/assemble/step-output.h"
#include "tools/assemble/tree.h"

/* So many failures are told one by one. */
#define TOLD_MAX 3u

typedef struct Collecting {
        const Assemble *a;
        PhaseRecord record;
        int sealed_fd;
        const PlanStep **good; /* steps that kept the contract */
        size_t n_good;
        unsigned bad;
        Fault first; /* of the first step that failed */
        char *told;  /* what the first few did wrong */
} Collecting;

static bool has_failed(const Assemble *a, const PlanStep *s) {
        for (size_t i = 0; i < a->n_failed; i++)
                if (a->failed[i] == s->number)
                        return true;
        return false;
}

static const char *key_of(const PhaseRecord *record, unsigned step) {
        for (size_t i = 0; i < record->n_keys; i++)
                if (record->keys[i].step == step)
                        return record->keys[i].key;
        return NULL;
}

/* What is sealed is complete: it comes from the cache, or from a run of this program that was killed later. */
static int seal(const Collecting *c, const PlanStep *s, Fault *reterr) {
        _cleanup_fd_ int there = -EBADF, step = -EBADF, output = -EBADF;
        char dir[STEP_DIR_SIZE], title[STEP_TITLE_SIZE];
        SealOptions options = { .max_bytes = c->a->max_bytes, .max_files = c->a->max_files, .who = step_title(s, title) };

        there = fd_open_dir_at(c->sealed_fd, step_dir(s, dir));
        if (there >= 0)
                return 0;
        step = fd_open_dir_at(c->a->steps_fd, dir);
        output = step < 0 ? step : fd_open_dir_at(step, "output");
        if (output < 0)
                return log_error_errno(output, "cannot open the output of step %u", s->number);
        return tree_copy(output, c->sealed_fd, dir, &options, /* report= */ NULL, reterr);
}

static int add_good(Collecting *c, const PlanStep *s) {
        const PlanStep **bigger = reallocarray(c->good, c->n_good + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        c->good = bigger;
        bigger[c->n_good++] = s;
        return 0;
}

static int open_input(void *userdata, const PlanStep *s) {
        const Collecting *c = userdata;
        _cleanup_fault_ Fault fault = {};
        int fd, r;

        r = step_output_open(c->a, s, c->sealed_fd, &fd, &fault);
        return r == -EBADMSG ? -EIO : r < 0 ? r : fd; /* it was checked */
}

/* Only an output that keeps the contract is worth to be kept. */
static int take_step(Collecting *c, const PlanStep *s, Fault *reterr) {
        const char *key = key_of(&c->record, s->number);
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = seal(c, s, reterr);
        if (r >= 0)
                r = step_output_open(c->a, s, c->sealed_fd, &fd, reterr);
        if (r >= 0 && fd >= 0)
                r = merge_check(c->a, s, fd, reterr);
        if (r >= 0)
                r = add_good(c, s);
        if (r >= 0 && key) {
                r = step_cache_store(c->a, s, key);
                if (r < 0)
                        log_warning_errno(r, "cannot keep the output of step %u for later jobs, ignoring", s->number);
                r = 0;
        }
        return r;
}

/* Another step's words join those of the first. */
static int note_fault(Collecting *c, const PlanStep *s, const Fault *f) {
        char *longer;

        c->bad++;
        if (c->a->manifest.partial && s->course && phase_record_add_broken(&c->record, s->number, f) < 0)
                return -ENOMEM;
        if (c->bad == 1 && fault_copy(f, &c->first) < 0)
                return -ENOMEM;
        if (c->bad > TOLD_MAX)
                return 0;
        if (asprintf(&longer, "%s%s%s", strempty(c->told), c->told ? "; " : "", strempty(f->message)) < 0)
                return -ENOMEM;
        free(c->told);
        c->told = longer;
        return 0;
}

static int take_steps(Collecting *c) {
        const PlanStep *s;
        size_t i = 0;

        while ((s = assemble_next_step(c->a, &i))) {
                _cleanup_fault_ Fault fault = {};
                int r;

                if (has_failed(c->a, s))
                        continue;
                r = take_step(c, s, &fault);
                if (r == -EBADMSG && fault.code != FAULT_NONE)
                        r = note_fault(c, s, &fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What to change, where the standard hint is about the output.csv of a job without calls. */
static const char *const hints[_FAULT_MAX] = {
        [FAULT_OUTPUT_MISSING] = "Write to /output what the mode asks for: one CSV file; COURSE_K_test.csv to cross-validate; any file to train.",
        [FAULT_OUTPUT_KIND] = "Leave one CSV file directly in /output.",
        [FAULT_OUTPUT_TOO_BIG] = "Leave less in /output, or ask for more with limits.output.",
        [FAULT_CSV_EMPTY] = "Write a line of column names and one row a learner.",
        [FAULT_CSV_COLUMNS] = "Write each column once: userID; prob and pred to test; course and session where the container sees several.",
        [FAULT_CSV_LINE] = "Write as many cells in each row as there are column names.",
        [FAULT_CSV_COURSE] = "Write course and session as the directories below /input are named.",
};

/* Return: -EBADMSG or -ENOMEM. */
static int give_hint(Fault *f, int r) {
        if (r == -EBADMSG && hints[f->code])
                return fault_set_hint(f, "%s", hints[f->code]) < 0 ? -ENOMEM : r;
        return r;
}

static int judge(const Collecting *c, Fault *reterr) {
        if (c->bad == 0 && c->n_good == 0)
                return fault_set(reterr, FAULT_OUTPUT_MISSING, NULL, 0, "none of the containers of %s left an output",
                                 call_function_to_string(c->a->phase->function));
        if (c->bad == 0 || (c->a->manifest.partial && c->n_good > 0))
                return 0;
        if (c->bad == 1)
                return fault_set(reterr, c->first.code, NULL, 0, "%s", c->told);
        return fault_set(reterr, c->first.code, NULL, 0, "%u of %u containers of %s left no output that can be used: %s%s", c->bad, c->bad + (unsigned) c->n_good,
                         call_function_to_string(c->a->phase->function), c->told, c->bad > TOLD_MAX ? "; …" : "");
}

/* Whether a step that kept the contract is of a course that another one lost. */
static bool is_lost(const Collecting *c, const PlanStep *s) {
        if (assemble_is_lost(c->a, s->course))
                return true;
        for (size_t i = 0; i < c->record.n_broken; i++) {
                const PlanStep *broken = plan_step(&c->a->plan, c->record.broken[i].step);

                if (broken && s->course && streq_ptr(broken->course, s->course))
                        return true;
        }
        return false;
}

static void drop_lost(Collecting *c) {
        size_t n = 0;

        for (size_t i = 0; i < c->n_good; i++)
                if (!is_lost(c, c->good[i]))
                        c->good[n++] = c->good[i];
        c->n_good = n;
}

/* The table that the phase makes, named after its mode; labels are no features. */
static const char *labels_name(const PlanPhase *p) {
        return p->mode == PLAN_MODE_EXTRACT ? LABELS_OWN_TRAIN : LABELS_OWN_TEST;
}

static int merge(const Collecting *c) {
        char name[64];
        int r;

        if (c->a->phase->mode == PLAN_MODE_TRAIN)
                return 0;
        snprintf(name, sizeof(name), "%s.csv", plan_mode_to_string(c->a->phase->mode));
        r = merge_tables(c->a, c->good, c->n_good, open_input, (void *) c, c->a->phase->labels ? labels_name(c->a->phase) : name);
        if (r >= 0 && !c->a->phase->labels && (c->a->phase->mode == PLAN_MODE_EXTRACT || c->a->phase->mode == PLAN_MODE_EXTRACT_HOLDOUT))
                r = feature_cache_store(c->a);
        return r;
}

int assemble_collect(const Assemble *a, Fault *reterr) {
        Collecting c = { .a = a, .sealed_fd = -EBADF };
        _cleanup_free_ char *error = NULL;
        int r;

        r = phase_record_read_at(a->work_fd, a->phase_number, &c.record, &error);
        if (r < 0)
                r = log_error_errno(r == -EBADMSG ? -EIO : r, "cannot read the record of phase %u: %s", a->phase_number, strempty(error));
        if (r >= 0)
                r = c.sealed_fd = assemble_open_dir(a->work_fd, "sealed");
        if (r >= 0)
                r = take_steps(&c);
        drop_lost(&c);
        if (r >= 0 && !a->salvage)
                r = give_hint(reterr, judge(&c, reterr));
        if (r >= 0 && !a->salvage)
                r = merge(&c);
        /* The last act: the daemon learns which courses are lost from it. */
        if (r >= 0 && !a->salvage && c.record.n_broken > 0)
                r = phase_record_write_at(a->work_fd, a->phase_number, &c.record);
        free(c.good);
        free(c.told);
        fault_done(&c.first);
        phase_record_done(&c.record);
        fd_close(c.sealed_fd);
        return r < 0 ? r : 0;
}
