/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What researchers are told: mails, as requests in the outbox, and the status files in their SFTP home. Nothing that a container
 * wrote gets in here; the only results are the files of spool/release.h below release/,
 * which the release policy has been applied to.
 */

#include "daemon/job.h"
#include "spool/outbox.h"

/* Whether the job's owner wants a mail about this event; those about an end always are. */
bool announce_is_wanted(const Manifest *m, MailEvent event);

/*
 * Notes an event in the record (not saved): its mail is due. "accepted" and "started" are noted once only, and no more than
 * RECORD_EVENTS_MAX in all. Return: 0 or -ENOMEM.
 */
int announce_note(Job *j, MailEvent event);

/* The same for the mail about one call of a workflow, noted once; phase: its number in the plan. Return: as announce_note(). */
int announce_note_phase(Job *j, unsigned phase);

/*
 * Puts the mails of all noted events into the outbox. Safe to call any number of times, also after a crash: each mail has its own
 * name there and is put once. Return: 0, or the first negative errno, which has been logged.
 */
int announce_publish(Job *j);

/* Writes sftp/USER/jobs/ID/{status.json,STATUS.txt}, and the files of spool/release.h once the job is done. Return: 0, or a negative errno, logged. */
int announce_status(Job *j);
