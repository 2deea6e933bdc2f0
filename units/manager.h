/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The service manager, spoken to over the system bus on an sd-event loop.
 *
 * Losing the bus is an ordinary state: calls return -ENOTCONN, a timer connects again every two seconds, and then
 * everything watched is looked at afresh. Signals are hints only: any of them causes one listing of our units, and what
 * that says counts. A unit counts as gone when it is not loaded any more, inactive or failed. Whether it did its work
 * is not told here but by its exit record (see units/outcome.h).
 */

#include <systemd/sd-event.h>

#include "spool/base/macro.h"
#include "units/plan.h"

/* Results of units_start() beside 0 and a negative errno. */
enum {
        UNITS_E_EXISTS = 1, /* a unit of that name is there already (an earlier self started it): adopted and watched */
        UNITS_E_FAILED,     /* the unit was made but did not come to run; its exit record may say why */
};

typedef struct UnitManager UnitManager;

typedef struct UnitManagerHandlers {
        /*
         * The bus is there (again); units_start() and units_list() may be called. Before it, on_gone was called for all
         * that is gone.
         */
        void (*on_connected)(void *userdata);
        /* The bus is lost; a timer tries again. May be NULL. */
        void (*on_disconnected)(void *userdata, int error);
        /* A watched unit is gone; it is no longer watched. Never called from within a function of this header. */
        void (*on_gone)(void *userdata, const char *unit);
} UnitManagerHandlers;

/*
 * Called exactly once for each successful units_start(), unless the manager is freed or units_cancel() was called
 * before.
 * result: 0 (running, or has run), UNITS_E_EXISTS or UNITS_E_FAILED: the unit is watched and on_gone follows; or a
 * negative errno: nothing was started. message: text of the bus error, "" on success.
 */
typedef void (*units_started_t)(void *userdata, const char *unit, int result, const char *message);

/* Called once; error: 0, -ENOENT (no such unit, which is what one wanted), or another negative errno. */
typedef void (*units_done_t)(void *userdata, const char *unit, int error, const char *message);

typedef struct UnitState {
        char *name;
        char *active_state; /* "active", "activating", "deactivating", "inactive", "failed", "reloading" */
        char *sub_state;
        bool job_pending; /* the manager is about to start or stop it */
} UnitState;

/*
 * Makes a manager and begins to connect. event: referenced. address: NULL for the system bus, else a D-Bus address
 * (tests).
 * handlers: copied. A bus that is not there is no error.
 * Return: 0 or a negative errno.
 */
int unit_manager_new(
                sd_event *event, const char *address, const UnitManagerHandlers *handlers, void *userdata,
                UnitManager **ret);
/* Cancels all calls; units that run go on running. */
UnitManager *unit_manager_free(UnitManager *m);
DEFINE_CLEANUP(UnitManager *, unit_manager_free);

bool unit_manager_is_connected(const UnitManager *m);

/*
 * Starts the service of a plan (which may be freed afterwards). callback: may be NULL.
 * Return: 0 (callback will tell); -ENOTCONN; -EALREADY (a start of that name is under way); an error of
 * unit_plan_check(); or another negative errno.
 */
int units_start(UnitManager *m, const UnitPlan *plan, units_started_t callback, void *userdata);

/*
 * Watches a unit that is known to be loaded, so that on_gone will tell of its end. Watching twice is no error. Return:
 * 0 or -ENOMEM.
 */
int units_watch(UnitManager *m, const char *unit);
void units_unwatch(UnitManager *m, const char *unit);

/*
 * Drops the callbacks of all calls about a unit that were not answered yet, so that their userdata may be freed. The
 * calls themselves go on.
 */
void units_cancel(UnitManager *m, const char *unit);

/*
 * Stops a unit (SIGTERM, after its stop timeout SIGKILL). callback: when the stop is queued, not when it is done; may
 * be NULL.
 */
int units_stop(UnitManager *m, const char *unit, units_done_t callback, void *userdata);

/* Sends a signal to all processes of a unit. callback: may be NULL. */
int units_kill(UnitManager *m, const char *unit, int signal, units_done_t callback, void *userdata);

/*
 * Lists loaded units whose name matches a shell pattern, for adoption at start. Waits for the answer (at most ten
 * seconds).
 * Return: 0 and a list that units_list_free() releases; -ENOTCONN; or another negative errno.
 */
int units_list(UnitManager *m, const char *pattern, UnitState **ret, size_t *ret_n);
UnitState *units_list_free(UnitState *list, size_t n);

/* Whether a unit in that active state still has processes or commands to run. */
bool unit_state_is_alive(const char *active_state);
