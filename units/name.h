/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names of the transient units of a job, built and parsed back strictly: one spelling a name.
 *
 *         morf-<id>-<stage>-<attempt>.service           a stage
 *         morf-jobs-<id>.slice                          all that runs in containers for a job
 *         morf-jobs-<id>-<step>a<attempt>.slice         the containers of one attempt of a step, with its limits
 *
 * Ids hold no '-', which systemd reads as "below" in the name of a slice.
 */

#include "spool/base/id.h"
#include "spool/base/macro.h"

#define UNIT_NAME_SIZE 96u
#define UNIT_STAGE_MAX 16u
#define UNIT_NUMBER_MAX 999999u

#define UNIT_SERVICE_PATTERN "morf-*-*-*.service"
#define UNIT_SLICE_PATTERN "morf-jobs-*.slice"

typedef struct UnitServiceName {
        Id id;
        char stage[UNIT_STAGE_MAX + 1];
        unsigned attempt;
} UnitServiceName;

typedef struct UnitSliceName {
        Id id;
        unsigned step;    /* 0 and 0: the slice of the whole job */
        unsigned attempt;
} UnitSliceName;

/* Whether s can be the stage in a unit name: [a-z][a-z0-9]{0,15}. */
bool unit_stage_is_valid(const char *s);

/*
 * Builders. id: valid; stage: valid; attempt and step: 1 to UNIT_NUMBER_MAX. They are given names that were checked
 * before, so anything else is a bug of the caller. Return: 0 or -EINVAL.
 */
int unit_name_service(const char *id, const char *stage, unsigned attempt, char ret[static UNIT_NAME_SIZE]);
int unit_name_slice(const char *id, unsigned step, unsigned attempt, char ret[static UNIT_NAME_SIZE]);
int unit_name_job_slice(const char *id, char ret[static UNIT_NAME_SIZE]);

/* Parsers. Return: 0, or -EINVAL when name is none of ours. */
int unit_name_parse_service(const char *name, UnitServiceName *ret);
int unit_name_parse_slice(const char *name, UnitSliceName *ret);
