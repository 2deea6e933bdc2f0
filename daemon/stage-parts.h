/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the plans of several stages are made of.
 */

#include "daemon/accounts.h"
#include "spool/courses.h"
#include "daemon/engine.h"
#include "daemon/job.h"
#include "spool/image-record.h"
#include "units/plan.h"

#ifndef MORF_LIBEXEC
#define MORF_LIBEXEC "/usr/libexec/morf"
#endif
/* The absolute path of one of our helpers. */
#define HELPER(name) MORF_LIBEXEC "/morf-" name

/* A container, and what else is asked to end, has so long between SIGTERM and SIGKILL. */
#define STAGE_STOP_USEC (5 * USEC_PER_SEC)

/* No helper works longer than this; a job's own time is the job's. */
#define STAGE_HELPER_USEC (2 * USEC_PER_HOUR)

/* Binds a name below the job's directory at a path that the unit sees. Return: as unit_plan_add_bind(). */
int stage_bind(Job *j, UnitPlan *p, const char *name, const char *seen, bool writable);

/* Makes a directory below dirfd anew, empty, for one account. Return: 0 or a negative errno. */
int stage_fresh_dir(const Job *j, int dirfd, const char *name, mode_t mode, AccountName owner);

/* Lets the unit run as one of our accounts. Return: as unit_plan_set_user(). */
int stage_set_account(UnitPlan *p, AccountName a);

/* The engine in use. Return: NULL when none is installed. */
const Engine *stage_engine(const Job *j);

/* Lets the unit run as whoever may use the engine. Return: as unit_plan_set_user(). */
int stage_set_engine_account(UnitPlan *p, const Engine *e);

/* The sandbox of a unit: for SANDBOX_ENGINE that of the engine in use. */
Sandbox stage_sandbox(const Job *j, Sandbox wanted);

/* Hides spool, configuration, state and course data, but for what is bound. Return: 0 or the plan's first error. */
int stage_hide(const Conf *c, UnitPlan *p);

/*
 * Adds what all units of a job have in common: the witness of its end, under the name "NAME-ATTEMPT"; place, journal fields, and what
 * must not be seen. Behind a container, which has a slice of its own by now, the witness is morf-exitmark; a helper is its own, see
 * spool/helper.h. Return: 0; the plan's first error; or another negative errno.
 */
int stage_finish_plan(Job *j, UnitPlan *p, const char *name, unsigned attempt);

/* Binds the roots of the course data that exist, read-only, with an argument --data for each. Return: as unit_plan_add_bind(). */
int stage_add_data(const Job *j, UnitPlan *p);

/* Adds an argument --courses for each course. Return: as unit_plan_add_argument(). */
int stage_add_courses(UnitPlan *p, const Courses *courses);

/* What the stage "image" left. Return: as image_record_read_at(). */
int stage_read_image(const Job *j, ImageRecord *ret);

/* The courses that the job may see now. Return: as courses_for_job(). */
int stage_load_courses(const Job *j, const Manifest *m, Courses *ret, Fault *reterr);
