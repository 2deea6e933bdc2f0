/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What manager.c (connection, signals, listings, watches) and call.c (start, stop, kill) share, and nobody else
 * includes.
 */

#include <sys/queue.h>
#include <systemd/sd-bus.h>

#include "spool/base/time.h"
#include "units/bus.h"
#include "units/listing.h"
#include "units/manager.h"

/* A manager that reloads its units answers nobody for a while. */
#define CALL_TIMEOUT_USEC (60 * USEC_PER_SEC)

typedef struct Watch {
        LIST_ENTRY(Watch) watches;
        char *unit;
        uint64_t serial; /* listings asked for before say nothing about it */
} Watch;

/*
 * The message bus lets a connection wait for no more than 128 answers at a time; starts take at most this many of them.
 */
#define STARTS_CALLED_MAX 32u

typedef enum StartState {
        START_WAITING, /* for others to be answered before it is sent */
        START_CALLED,  /* waiting for the answer to the call */
        START_QUEUED,  /* waiting for the job to end */
        START_DOUBTED, /* the call failed in a way that leaves open whether the unit is there: a listing will tell */
} StartState;

typedef struct Start {
        TAILQ_ENTRY(Start) starts;
        UnitManager *manager;
        StartState state;
        uint64_t serial; /* when it was sent, in the order of all calls; UINT64_MAX before */
        char *unit, *job, *message;
        int error; /* for START_DOUBTED: what to report when the unit is not there */
        sd_bus_message *call; /* while it waits */
        sd_bus_slot *slot;
        units_started_t callback;
        void *userdata;
} Start;

typedef struct Call {
        LIST_ENTRY(Call) calls;
        UnitManager *manager;
        char *unit;
        sd_bus_slot *slot;
        units_done_t callback;
        void *userdata;
} Call;

struct UnitManager {
        UnitManagerHandlers handlers;
        void *userdata;

        Bus *bus;
        sd_bus_slot *matches[4];
        sd_bus_slot *listing;
        sd_event_source *rescan;
        bool connected;         /* the first listing on this connection is done */
        bool listing_again;     /* a hint came while a listing was under way */
        uint64_t serial, listing_serial;

        LIST_HEAD(, Watch) watches;
        TAILQ_HEAD(, Start) starts; /* oldest first */
        LIST_HEAD(, Call) calls;
};

/* Asks for a listing, or for another one when one is under way. */
void manager_list_units(UnitManager *m);

/* Makes sure that the timer runs which asks for them again, whatever signals are lost. */
void manager_arm_rescan(UnitManager *m);

/* The start of a unit that is under way, or NULL. */
Start *manager_find_start(UnitManager *m, const char *unit);

/* Ends a start and tells its owner, who may call any function of the manager but unit_manager_free(). */
void start_finish(Start *s, int result, const char *message);

/* Settles a start by a listing that was asked for after it was sent. */
void start_settle(Start *s, const Listing *l);

/* The job of a start has ended. */
void start_job_ended(Start *s, const char *result);

/* All starts and calls: the connection is lost. */
void calls_lost(UnitManager *m);

/* All starts and calls: the manager goes away; nobody is told. */
void calls_free(UnitManager *m);
