/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The daemon: what all its modules share. One object, passed explicitly; no globals.
 */

#include <systemd/sd-event.h>

#include "daemon/accounts.h"
#include "daemon/dropbox.h"
#include "daemon/job-table.h"
#include "daemon/probe.h"
#include "spool/conf.h"
#include "spool/layout.h"
#include "units/manager.h"

/* Most jobs that are accepted and not ended; further drops stay in their boxes. */
#define DAEMON_JOBS_MAX 60000u
/* Most drops parsed at a time. */
#define DAEMON_INTAKES_MAX 4u

typedef struct Daemon {
        sd_event *event;
        Conf conf;
        Spool spool;
        Accounts accounts;
        UnitManager *units;
        JobTable jobs;
        Dropboxes boxes;
        sd_event_source *control;
        sd_event_source *schedule; /* one pass of the scheduler, when enabled */
        sd_event_source *reporter; /* writes the report, when enabled */
        sd_event_source *recheck;  /* wakes the scheduler when a held-up resource may be free again */
        bool recovered;            /* jobs of an earlier self were taken up; nothing is scheduled before */
        char *held_up;             /* what keeps the queue from moving at all, or NULL */
        Probe probe;
        uint64_t memory, cpus_milli; /* budgets in force */
        char last_served[64];      /* the user whose job was started last, for turns */
} Daemon;

/* Opens everything. reterr: a sentence for the operator. Return: 0 or a negative errno. */
int daemon_init(Daemon *d, Conf *conf, char **reterr);
void daemon_done(Daemon *d);

/* Takes a new configuration over (and leaves conf empty). */
void daemon_reload(Daemon *d, Conf *conf);

/* Tells systemd and /run/morf/status.json how things stand; called whenever a job changed. */
void daemon_report(Daemon *d);
