/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The isolation probe: no job's container is started before one of our own, started in the same way, has looked around from inside
 * and found itself locked in. That is asked when the daemon starts and whenever the engine is another than the one that was
 * asked: upgraded, or started anew.
 *
 * Three units one after the other: the image, a container of the profile compat, one of the profile strict. A proof outlives the
 * daemon in /run/morf, so that a daemon that comes back need not hold the queue; the probe is run all the same.
 */

#include <systemd/sd-event.h>

#include "spool/base/id.h"
#include "spool/base/time.h"
#include "spool/isolation.h"
#include "units/name.h"

typedef struct Daemon Daemon;

typedef enum ProbePhase {
        PROBE_IDLE,
        PROBE_IMAGE,
        PROBE_COMPAT,
        PROBE_STRICT,
} ProbePhase;

/* How often a container that waits for the probe asks again. */
#define PROBE_WAIT_USEC (500 * USEC_PER_MSEC)

#define PROBE_KEY_MAX 256u
#define PROBE_TEXT_MAX 320u

typedef struct Probe {
        ProbePhase phase;
        bool passed;                 /* in the engine that key tells of */
        bool failed;                 /* the last one found that something is not as it must be */
        char key[PROBE_KEY_MAX];     /* the engine whose proofs these are */
        char asked[PROBE_KEY_MAX];   /* the engine that is being asked */
        Id id;                       /* of the probe that is under way */
        char unit[UNIT_NAME_SIZE];
        char *image, *engine_version; /* of the one that is under way */
        IsolationProof found[_MANIFEST_PROFILE_MAX];
        IsolationProof proofs[_MANIFEST_PROFILE_MAX];
        char complaint[PROBE_TEXT_MAX]; /* what went wrong last, "" */
        char refusal[PROBE_TEXT_MAX];   /* where it failed: a sentence about that */
        char sentence[PROBE_TEXT_MAX];  /* what else probe_obstacle() says */
        unsigned tries;              /* in a row that came to nothing */
        sd_event_source *timer;      /* next try */
} Probe;

/* The service manager is there: takes an earlier proof over and begins a probe. Repeated calls do nothing. */
void probe_begin(Daemon *d);
void probe_done(Probe *p);

/*
 * What keeps containers from being started as far as the probe goes, or NULL; begins a probe where one is needed. An engine that is
 * away is no obstacle of this kind: whoever needs it finds out.
 * The sentence is valid until the next call.
 */
const char *probe_obstacle(Daemon *d);

/* What is wrong as of the last probe of this engine, also while nobody waits for it; or NULL. Valid until the next probe. */
const char *probe_complaint(const Daemon *d);

/* Whether a container may be started now, in the engine that runs now. */
bool probe_permits(const Daemon *d);

/* The proof for containers of a profile. Only while probe_permits(). */
const IsolationProof *probe_proof(const Daemon *d, ManifestProfile profile);

/* A unit is gone. Return: whether it was the probe's. */
bool probe_gone(Daemon *d, const char *unit);
