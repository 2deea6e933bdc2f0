/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A job in memory: its record, and what only a running daemon needs. What is on disk is the truth; this is a cache of it.
 */

#include <systemd/sd-event.h>

#include "spool/base/log.h"
#include "spool/layout.h"
#include "spool/manifest.h"
#include "spool/record.h"

typedef struct Daemon Daemon;

typedef struct Job {
        Daemon *daemon;
        Record record;
        /* What it needs while it holds a slot; known from "queued" on. */
        ManifestMode mode; /* what it does in its states; known from "queued" on */
        uint64_t cpus_milli;
        uint64_t memory;
        bool has_controller; /* a workflow whose calls are still to be recorded */
        bool tell_phases;    /* its owner wants a mail after each call */
        struct Workflow *workflow; /* while its steps run; else NULL */
        char *image; /* digest of its image or context: two jobs never prepare the same one at a time */
        bool tell_started; /* its owner wants a mail when it begins to run */
        bool unfinished;    /* its drop was renamed, but is not ours in all its parts yet: claim_finish() */
        bool unit_live;     /* the unit of the current stage was started, or found running, and is not gone yet */
        bool start_failed;  /* the manager said that it did not come to run */
        unsigned engine_waits; /* times in a row that the engine did not answer this job; 0: it does not wait for it */
        sd_event_source *timer; /* retry_at, deadline */
} Job;

/* A job without id. Return: NULL when out of memory. */
Job *job_new(Daemon *d);
Job *job_free(Job *j);
DEFINE_CLEANUP(Job *, job_free);

/* The stamp for log_job(); points into the job. */
LogJob job_log(const Job *j);

/* Opens active/<id>/. Return: a descriptor or a negative errno. */
int job_open_dir(const Job *j);

/* The absolute path of the job's directory. Return: a fresh string or NULL. */
char *job_dir_path(const Job *j);

/* The absolute path of a name below the job's directory; format is that of the name. Return: a fresh string or NULL. */
char *job_path(const Job *j, const char *format, ...) _printf_(2, 3);

/* Publishes record.json durably. Return: 0 or a negative errno, which has been logged. */
int job_save(Job *j);

/* Sets the one reason; not saved. */
void job_set_why(Job *j, const char *format, ...) _printf_(2, 3);

/*
 * The only way to another state: checks the move against the table (an illegal one is a bug and aborts) and tells the journal.
 * Nothing is saved.
 */
void job_enter(Job *j, JobState state);

/*
 * job_enter(), then saves the record and tells the researcher's status files. why: as job_set_why().
 * Return: 0, or the negative errno of saving; the state is entered in any case, and the next save will be tried again.
 */
int job_set_state(Job *j, JobState state, const char *why, ...) _printf_(3, 4);

/* Loads intake/manifest.json. Return: 0 or a negative errno. */
int job_load_manifest(const Job *j, Manifest *ret, char **reterr);
