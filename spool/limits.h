/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Every size that somebody outside may influence, by name. morf-job(5) and morfd.conf(5) list the ones that users meet.
 */

#include <stdint.h>

#define LIMIT_KIB UINT64_C(1024)
#define LIMIT_MIB (1024 * LIMIT_KIB)
#define LIMIT_GIB (1024 * LIMIT_MIB)
#define LIMIT_TIB (1024 * LIMIT_GIB)

/* A drop. */
#define LIMIT_JOB_FILE_BYTES (256 * LIMIT_KIB)
#define LIMIT_JOB_FILE_SETTINGS 2000u
#define LIMIT_CONTROLLER_BYTES (256 * LIMIT_KIB)
#define LIMIT_DROP_NAME_BYTES 128u   /* longest file name that is claimed */
#define LIMIT_DROP_ENTRIES 20000u    /* entries of a dropped directory or a Dockerfile directory */
#define LIMIT_DROP_DEPTH 16u
#define LIMIT_ZIP_BYTES (512 * LIMIT_MIB)
#define LIMIT_ZIP_ENTRIES 20000u
#define LIMIT_ZIP_TOTAL_BYTES (2 * LIMIT_GIB)
#define LIMIT_ZIP_FILE_BYTES (1 * LIMIT_GIB)
#define LIMIT_ZIP_RATIO 200u         /* unpacked bytes per packed byte, */
#define LIMIT_ZIP_RATIO_FLOOR_BYTES (16 * LIMIT_MIB) /* once there are so many unpacked bytes */
#define LIMIT_ZIP_DIRECTORY_BYTES (16 * LIMIT_MIB)
#define LIMIT_PATH_COMPONENT_BYTES 128u
#define LIMIT_IMAGE_BYTES (64 * LIMIT_GIB)
#define LIMIT_IMAGE_LAYERS 256u
#define LIMIT_IMAGE_MANIFEST_BYTES (4 * LIMIT_MIB)
#define LIMIT_IMAGE_MEMBERS 8192u    /* entries of a docker save archive */

/* A job. */
#define LIMIT_COURSES 1024u
#define LIMIT_METRICS_ROWS 8192u /* of an evaluation: courses, or courses and folds */
#define LIMIT_ARGS 64u
#define LIMIT_NEEDS 8u
#define LIMIT_CPUS_MILLI_MIN 10u
#define LIMIT_CPUS_MILLI_MAX 1024000u
#define LIMIT_MEMORY_MIN (4 * LIMIT_MIB)
#define LIMIT_MEMORY_MAX (64 * LIMIT_TIB)
#define LIMIT_TIME_USEC_MIN UINT64_C(1000000)
#define LIMIT_TIME_USEC_MAX (UINT64_C(365) * 24 * 60 * 60 * 1000000)
#define LIMIT_OUTPUT_MIN UINT64_C(1)
#define LIMIT_OUTPUT_MAX (64 * LIMIT_TIB)
#define LIMIT_FILE_BYTES (64 * LIMIT_GIB) /* one file that a container writes */
#define LIMIT_PIDS_MIN 1u
#define LIMIT_PIDS_MAX 1000000u
#define LIMIT_STEPS 100000u
#define LIMIT_CALLS 256u      /* of a workflow */
#define LIMIT_PHASES 256u
#define LIMIT_SESSIONS 4096u  /* of one course */
#define LIMIT_FOLDS_MIN 2u
#define LIMIT_FOLDS_MAX 100u
#define LIMIT_FOLDS_DEFAULT 5u

/* What workflows make of course data. */
#define LIMIT_RAW_DUMP_BYTES (64 * LIMIT_GIB)       /* one dump, unpacked */
#define LIMIT_FEATURES_RECORD_BYTES (4 * LIMIT_MIB) /* one row of a table of features */
#define LIMIT_FEATURES_COLUMNS 65536u
#define LIMIT_CACHE_RAW_BYTES (100 * LIMIT_GIB)     /* what was used least recently goes when there is more */
#define LIMIT_CACHE_STEPS_BYTES (20 * LIMIT_GIB)    /* of one user */
#define LIMIT_CACHE_RAW_IDLE_SEC (7u * 24 * 60 * 60) /* but not before: containers of a phase that was prepared see it */
#define LIMIT_CACHE_STEPS_IDLE_SEC (60u * 60)        /* the same, for it to be copied */

/* Records on disk. */
#define LIMIT_MANIFEST_BYTES (1 * LIMIT_MIB)
#define LIMIT_CALLS_BYTES (256 * LIMIT_KIB)
#define LIMIT_RECORD_BYTES (64 * LIMIT_KIB)
#define LIMIT_PLAN_BYTES (64 * LIMIT_MIB)
#define LIMIT_EXIT_RECORD_BYTES (4 * LIMIT_KIB)
#define LIMIT_MAIL_REQUEST_BYTES (8 * LIMIT_MIB)
#define LIMIT_RELEASE_BYTES (1 * LIMIT_MIB) /* eval.csv as released and mailed */

/* Logs kept of a container or a build. */
#define LIMIT_LOG_BYTES (4 * LIMIT_MIB)
