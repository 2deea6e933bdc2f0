/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * work/phase-<p>.json: what preparing a phase of a workflow found out, and later what collecting it did, written by morf-assemble as its last
 * act and read by the daemon.
 *
 *         {"version":1,"cached":[7,8],"keys":[{"step":6,"key":"<64 hex>"},…],"broken":[{"step":9,"fault":{…}}]}
 */

#include "spool/fault.h"

#define PHASE_RECORD_VERSION 1
#define PHASE_RECORD_NAME_SIZE 32u

/* Under which name the output of a step is kept for later jobs. */
typedef struct PhaseKey {
        unsigned step;
        char *key; /* 64 hex digits */
} PhaseKey;

/* A container step of a job that wants partial results: it has no input, or its output breaks the contract. Its course is lost. */
typedef struct PhaseBroken {
        unsigned step;
        Fault fault;
} PhaseBroken;

typedef struct PhaseRecord {
        uint64_t version;
        unsigned *cached; /* numbers of container steps whose output is in sealed/ already: they are not run */
        size_t n_cached;
        PhaseKey *keys;
        size_t n_keys;
        PhaseBroken *broken;
        size_t n_broken;
} PhaseRecord;

/* "phase-3.json". Return: buffer. */
const char *phase_record_file(unsigned phase, char buffer[static PHASE_RECORD_NAME_SIZE]);

/* Append. Return: 0 or -ENOMEM. */
int phase_record_add_cached(PhaseRecord *r, unsigned step);
int phase_record_add_key(PhaseRecord *r, unsigned step, const char *key);

/* The first fault of a step is the one that counts; f is copied. Return: 0 or -ENOMEM. */
int phase_record_add_broken(PhaseRecord *r, unsigned step, const Fault *f);
bool phase_record_is_broken(const PhaseRecord *r, unsigned step);

/* Publishes the record of a phase below dirfd. Return: 0 or a negative errno. */
int phase_record_write_at(int dirfd, unsigned phase, const PhaseRecord *r);

/* Reads it. Return: 0, -ENOENT, -EBADMSG or another negative errno. */
int phase_record_read_at(int dirfd, unsigned phase, PhaseRecord *ret, char **reterr);

void phase_record_done(PhaseRecord *r);
#define _cleanup_phase_record_ _cleanup_(phase_record_done)
