/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which courses there are, and which of them a job may see: the directories below the data roots whose names are valid, that were
 * granted to the user and that the job asked for. Only names are read here, never data. Where two roots hold a course of
 * the same name, the root that the configuration names first counts.
 */

#include "spool/conf.h"
#include "spool/fault.h"

typedef struct Course {
        const char *root; /* points into the configuration */
        char *name;
} Course;

typedef struct Courses {
        Course *items;
        size_t n;
} Courses;

void courses_done(Courses *c);
#define _cleanup_courses_ _cleanup_(courses_done)

/*
 * wanted: names that the job gave; empty: all that are granted.
 * Return: 0 (sorted by name, at least one); -EBADMSG with a fault for the user (no such course, not granted, none at all);
 * another negative errno.
 */
int courses_for_job(char *const *roots, const ConfUser *user, char *const *wanted, Courses *ret, Fault *reterr);
