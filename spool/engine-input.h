/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a container of a job sees and is called with: mounts and arguments of a run, of a step of a workflow and of the recording of a
 * controller, from the job's directory and the courses that it may see. Nothing is made here: layers are names of directories below
 * input/upper and input/work of the container's own directory, which the caller makes.
 */

#include "spool/courses.h"
#include "spool/engine-run.h"
#include "spool/plan.h"

/* A controller is a list of calls: this is enough for it, whatever limits its job has. */
extern const ManifestLimits engine_input_record_limits;

/* The names of the tables that morf-stage left in data/ of the job, whose directory is dirfd. Return: 0 or a negative errno. */
int engine_input_tables(int dirfd, char ***ret);

/*
 * /morf-data: the courses and the tables in data/ of the job, read-only; /input: the same courses, writable. job: absolute path of the
 * job's directory; dir: the container's own below it; tables: names in data/. layers: the names of the courses.
 * Return: 0 or -ENOMEM.
 */
int engine_input_run(const char *job, const char *dir, const Courses *courses, char *const *tables, EngineMounts *m, char ***layers);

/*
 * Of an extraction the raw sessions, with what was made ready of each (raw: directory of those) over it; otherwise what
 * morf-assemble laid out. Return: 0; -EBADMSG with a fault (a course is gone); -ENOMEM.
 */
int engine_input_step(const char *job, const char *dir, const char *raw, const Plan *p, const PlanStep *s, const Courses *courses, EngineMounts *m,
                      char ***layers, Fault *reterr);

/* recorder: directory of the Python package; controller: the script; absolute paths. Return: 0 or -ENOMEM. */
int engine_input_record(const char *recorder, const char *controller, EngineMounts *m);

/* Append what the container is called with. Return: 0 or -ENOMEM. */
int engine_input_run_arguments(const Manifest *m, char ***l);
int engine_input_step_arguments(const Plan *p, const PlanStep *s, const Manifest *m, char ***l);
int engine_input_record_arguments(const char *user, const Manifest *m, char ***l);
