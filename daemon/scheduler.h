/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who runs next. A number of slots and a budget of memory and processors; users take turns, a user's jobs go in order of
 * arrival. Nothing here is written down: the queue is what lies in active/ in state "queued".
 */

#include "daemon/job.h"

/* A job that passed intake enters the queue, and its owner is told. */
void scheduler_enqueue(Job *j);

/* Asks for a pass soon; any number of times is one. */
void scheduler_kick(Daemon *d);

/* Sets the budgets from the configuration and the machine. */
void scheduler_configure(Daemon *d);

/*
 * Whether the filesystem of the spool has less space than the configuration wants, or too few inodes. As long as it has, nothing is
 * started, and what fails is tried again without being counted.
 */
bool scheduler_disk_is_low(const Daemon *d);

/* Counts for reports. */
typedef struct SchedulerCounts {
        unsigned intake, queued, held, running;
} SchedulerCounts;

SchedulerCounts scheduler_count(const Daemon *d);

/* What is in use while a pass goes on. */
typedef struct SchedulerLoad {
        unsigned slots;
        uint64_t memory, cpus_milli;
} SchedulerLoad;

/* What the jobs that hold a slot use. */
SchedulerLoad scheduler_load(const Daemon *d);

/*
 * The job to start next, or NULL; nothing is started. Those that are next in their user's line and do not fit are told why.
 * Needs nothing of the daemon but its jobs, budgets and spool.
 */
Job *scheduler_choose(Daemon *d, const SchedulerLoad *load);
