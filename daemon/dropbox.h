/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Drop boxes: incoming/ for local submitters, sftp/USER/incoming/ for each SFTP user. Each is watched, then scanned; an event
 * says only "look again", so that a lost one (an overflow) costs a scan and nothing else. What is found goes to the claim
 * module in order of arrival, a few at a time, so that a flood leaves the daemon responsive and its files on disk.
 *
 * The identity of a drop is the box it came by: the user of the SFTP home, or the owner of the file in incoming/.
 */

#include <systemd/sd-event.h>

#include "spool/base/macro.h"

typedef struct Daemon Daemon;
typedef struct Dropbox Dropbox;

typedef struct Dropboxes {
        Dropbox **boxes;
        size_t n;
        sd_event_source *homes; /* watch of sftp/, where homes appear */
        sd_event_source *work;  /* goes through what was found, when enabled */
        sd_event_source *timer; /* for what is not complete yet */
} Dropboxes;

/* Watches and scans all boxes. Return: 0 or a negative errno. */
int dropboxes_start(Daemon *d);
void dropboxes_done(Dropboxes *b);

/* Takes up the boxes of all homes below sftp/, and drops those whose home is gone. Return: 0 or a negative errno. */
int dropboxes_refresh(Daemon *d);

/* Looks at one box again soon. */
void dropbox_look_soon(Daemon *d, const char *box, const char *user);

/* Opens a box by its name ("incoming" or "sftp"). Return: a descriptor or a negative errno. */
int dropbox_open(const Daemon *d, const char *box, const char *user);
