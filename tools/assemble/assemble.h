/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What morf-assemble works on: one phase of a plan, and the directories that hold what it reads and makes.
 *
 *         work/input/NNN/    what container step NNN sees at /input
 *         work/sealed/NNN/   what it left, of its own run or of an earlier job's
 *         work/MODE.csv      the table that the steps of a phase make together
 *         work/folds/COURSE/ learners divided for cross-validation
 *
 * Both verbs can be killed anywhere and run again: what is complete has its final name, and all else is made anew.
 */

#include "spool/fault.h"
#include "spool/manifest.h"
#include "spool/phase-record.h"
#include "spool/plan.h"

/* Longest "course 'C', session 'S'". */
#define STEP_TITLE_SIZE 192u
/* "007" */
#define STEP_DIR_SIZE 16u

typedef struct Assemble {
        Plan plan;
        Manifest manifest;
        unsigned phase_number; /* from 1 */
        const PlanPhase *phase;
        int work_fd;
        int steps_fd; /* collect: where the steps' directories are */
        const int *roots; /* of course data */
        size_t n_roots;
        int cache_raw_fd, cache_steps_fd, cache_features_fd; /* the last two are the user's own */
        const char *image; /* prepare: its id */
        const unsigned *failed; /* collect: steps without output */
        size_t n_failed;
        const char *const *lost; /* courses that a partial job has lost in an earlier phase or in this one */
        size_t n_lost;
        bool salvage; /* collect: the job fails; keep what was finished */
        uint64_t max_bytes, max_files; /* of one output */
} Assemble;

/* Lays out what the containers of the phase need. Return: 0; -EBADMSG with a fault; another negative errno. */
int assemble_prepare(const Assemble *a, Fault *reterr);

/* Takes over what they left. Return: as assemble_prepare(). */
int assemble_collect(const Assemble *a, Fault *reterr);

/* The next container step of the phase behind i, which begins with 0. Return: the step, or NULL. */
const PlanStep *assemble_next_step(const Assemble *a, size_t *i);

/* The same, without the steps of courses that are lost. */
const PlanStep *assemble_next_live_step(const Assemble *a, size_t *i);

/* Whether a course is lost; course may be NULL. */
bool assemble_is_lost(const Assemble *a, const char *course);

/*
 * A step cannot be run, or its output not be used: in a job that wants partial results it costs its course, which record says then; else, or where the step is of
 * all courses, the job. f is copied. Return: 0; -EBADMSG with a fault; -ENOMEM.
 */
int assemble_break_step(const Assemble *a, const PlanStep *s, const Fault *f, PhaseRecord *record, Fault *reterr);

/* The step for people: "course 'accounting', session '001'", "all courses". Return: buffer. */
const char *step_title(const PlanStep *s, char buffer[static STEP_TITLE_SIZE]);

/* The name of its directories. Return: buffer. */
const char *step_dir(const PlanStep *s, char buffer[static STEP_DIR_SIZE]);

/* Opens a directory below dirfd, made with mode 0755 if it is not there. Return: a descriptor or a negative errno. */
int assemble_open_dir(int dirfd, const char *name);
