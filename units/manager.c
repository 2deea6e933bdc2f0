/* SPDX-License-Identifier: MIT */
#include "units/manager.h"

#include "spool/base/log.h"
#include "spool/base/strv.h"
#include "units/manager-internal.h"

/* Beside every signal, so that one that was lost costs a delay only. */
#define RESCAN_USEC (30 * USEC_PER_SEC)
#define LIST_TIMEOUT_USEC (10 * USEC_PER_SEC)

/* What all units that can be watched have in common, so that one listing holds them. */
#define OUR_PREFIX "morf-"
#define OUR_PATTERN "morf-*"

/*
 * ---- watches: a plain list, some dozens of entries
 * --------------------------------------------------------------------------
 */

static Watch *find_watch(UnitManager *m, const char *unit) {
        Watch *w;

        LIST_FOREACH(w, &m->watches, watches)
                if (streq(w->unit, unit))
                        return w;
        return NULL;
}

int units_watch(UnitManager *m, const char *unit) {
        Watch *w;

        if (!startswith(unit, OUR_PREFIX))
                return -EINVAL;
        if (find_watch(m, unit))
                return 0;
        w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        w->unit = strdup(unit);
        if (!w->unit) {
                free(w);
                return -ENOMEM;
        }
        w->serial = ++m->serial;
        LIST_INSERT_HEAD(&m->watches, w, watches);
        /* It may have ended before we watched. */
        manager_list_units(m);
        return 0;
}

void units_unwatch(UnitManager *m, const char *unit) {
        Watch *w = find_watch(m, unit);

        if (!w)
                return;
        LIST_REMOVE(w, watches);
        free(w->unit);
        free(w);
}

/*
 * ---- listing: what is, whatever the hints said
 * ------------------------------------------------------------------------------
 */

/* Handlers may start, watch and cancel: both functions below go by name, over a copy. */
static void settle_starts(UnitManager *m, const Listing *l) {
        _cleanup_strv_ char **units = NULL;
        Start *s;

        TAILQ_FOREACH(s, &m->starts, starts)
                if (strv_add(&units, s->unit) < 0)
                        break; /* the next listing settles the others */
        STRV_FOREACH(unit, units) {
                s = manager_find_start(m, *unit);
                if (s)
                        start_settle(s, l);
        }
}

static void report_gone(UnitManager *m, const Listing *l) {
        _cleanup_strv_ char **gone = NULL;
        Watch *w;

        LIST_FOREACH(w, &m->watches, watches)
                if (w->serial < m->listing_serial && !listing_is_alive(l, w->unit) && strv_add(&gone, w->unit) < 0)
                        break;
        STRV_FOREACH(unit, gone) {
                if (!find_watch(m, *unit) || manager_find_start(m, *unit))
                        continue;
                units_unwatch(m, *unit);
                m->handlers.on_gone(m->userdata, *unit);
        }
}

/* With nothing to wait for it stays off: an idle daemon sleeps. */
static bool needs_rescan(const UnitManager *m) {
        return !LIST_EMPTY(&m->watches) || !TAILQ_EMPTY(&m->starts) || !m->connected;
}

static int on_listing(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *error) {
        _cleanup_(listing_done) Listing l = {};
        UnitManager *m = userdata;
        bool first;
        int r;

        m->listing = sd_bus_slot_unref(m->listing);
        r = sd_bus_message_is_method_error(reply, NULL) ? -sd_bus_message_get_errno(reply) : listing_read(reply, &l);
        if (r < 0) {
                /* Whatever it is (a time-out while the manager reloads, as a rule), the timer asks again. */
                log_debug_errno(r, "the service manager did not list our units, trying again");
                return 0;
        }
        first = !m->connected;
        m->connected = true;
        settle_starts(m, &l);
        report_gone(m, &l);
        if (first)
                m->handlers.on_connected(m->userdata);
        if (m->listing_again)
                manager_list_units(m);
        if (!needs_rescan(m))
                (void) sd_event_source_set_enabled(m->rescan, SD_EVENT_OFF);
        return 0;
}

void manager_arm_rescan(UnitManager *m) {
        int enabled, r;

        r = sd_event_source_get_enabled(m->rescan, &enabled);
        if (r >= 0 && enabled != SD_EVENT_OFF)
                return;
        if (r >= 0)
                r = sd_event_source_set_time_relative(m->rescan, RESCAN_USEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->rescan, SD_EVENT_ONESHOT);
        if (r < 0)
                log_warning_errno(r, "cannot set the timer that looks after our units, a signal that is lost will be missed");
}

void manager_list_units(UnitManager *m) {
        sd_bus *bus = bus_get(m->bus);
        int r;

        manager_arm_rescan(m);
        if (!bus)
                return;
        m->listing_again = !!m->listing;
        if (m->listing)
                return;
        m->listing_serial = ++m->serial;
        r = listing_ask(bus, &m->listing, OUR_PATTERN, CALL_TIMEOUT_USEC, on_listing, m);
        if (r < 0)
                log_debug_errno(r, "cannot ask the service manager for our units, trying again");
}

int units_list(UnitManager *m, const char *pattern, UnitState **ret, size_t *ret_n) {
        sd_bus *bus = bus_get(m->bus);
        Listing l;
        int r;

        if (!bus)
                return -ENOTCONN;
        r = listing_get(bus, pattern, LIST_TIMEOUT_USEC, &l);
        if (r < 0)
                return r;
        *ret = l.units;
        *ret_n = l.n;
        return 0;
}

static int on_rescan(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        UnitManager *m = userdata;

        if (needs_rescan(m))
                manager_list_units(m);
        return 0;
}

/*
 * ---- signals: hints
 * ---------------------------------------------------------------------------------------------------------
 */

static int on_job_removed(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        const char *job, *unit, *result;
        UnitManager *m = userdata;
        Start *s;

        if (sd_bus_message_read(message, "uoss", NULL, &job, &unit, &result) <= 0)
                return 0;
        s = manager_find_start(m, unit);
        if (s && s->state == START_QUEUED && streq(s->job, job))
                start_job_ended(s, result);
        else if (find_watch(m, unit))
                manager_list_units(m);
        return 0;
}

static int on_unit_removed(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        UnitManager *m = userdata;
        const char *unit;

        if (sd_bus_message_read(message, "so", &unit, NULL) > 0 && find_watch(m, unit))
                manager_list_units(m);
        return 0;
}

static int on_reloading(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        UnitManager *m = userdata;
        int active;

        if (sd_bus_message_read(message, "b", &active) > 0 && !active)
                manager_list_units(m);
        return 0;
}

/*
 * Without it the manager sends its signals to nobody. Nobody waits for the answer: a refusal means that it knows us
 * already.
 */
static void subscribe(sd_bus *bus) {
        int r;

        r = sd_bus_call_method_async(bus, /* ret_slot= */ NULL, MANAGER_DESTINATION, MANAGER_PATH, MANAGER_INTERFACE,
                        "Subscribe", /* callback= */ NULL, NULL, NULL);
        if (r < 0)
                log_debug_errno(r, "cannot subscribe to the signals of the service manager, the timer will do");
}

/* The manager itself went away or came back (it was executed anew). */
static int on_owner_changed(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        UnitManager *m = userdata;
        sd_bus *bus = bus_get(m->bus);
        const char *owner;

        if (sd_bus_message_read(message, "sss", NULL, NULL, &owner) > 0 && *owner && bus) {
                subscribe(bus);
                manager_list_units(m);
        }
        return 0;
}

/*
 * ---- connection
 * -------------------------------------------------------------------------------------------------------------
 */

static int on_bus_attached(void *userdata, sd_bus *bus) {
        static const struct {
                const char *member;
                sd_bus_message_handler_t handler;
        } table[] = {
                { "JobRemoved", on_job_removed },
                { "UnitRemoved", on_unit_removed },
                { "Reloading", on_reloading },
        };
        UnitManager *m = userdata;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                r = sd_bus_match_signal_async(bus, &m->matches[i], MANAGER_DESTINATION, MANAGER_PATH, MANAGER_INTERFACE,
                                table[i].member, table[i].handler, /* install_callback= */ NULL, m);
                if (r < 0)
                        return r;
        }
        return sd_bus_add_match_async(bus, &m->matches[ELEMENTSOF(table)],
                        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" MANAGER_DESTINATION "'",
                        on_owner_changed, /* install_callback= */ NULL, m);
}

static void on_bus_connected(void *userdata, sd_bus *bus) {
        UnitManager *m = userdata;

        subscribe(bus);
        manager_list_units(m);
}

static void on_bus_lost(void *userdata, int error) {
        UnitManager *m = userdata;
        bool told = m->connected;

        m->connected = m->listing_again = false;
        m->listing = sd_bus_slot_unref(m->listing);
        for (size_t i = 0; i < ELEMENTSOF(m->matches); i++)
                m->matches[i] = sd_bus_slot_unref(m->matches[i]);
        calls_lost(m);
        if (told && m->handlers.on_disconnected)
                m->handlers.on_disconnected(m->userdata, error);
}

int unit_manager_new(
                sd_event *event, const char *address, const UnitManagerHandlers *handlers, void *userdata,
                UnitManager **ret) {
        static const BusHandlers bus_handlers = {
                .on_attached = on_bus_attached,
                .on_connected = on_bus_connected,
                .on_lost = on_bus_lost,
        };
        _cleanup_(unit_manager_freep) UnitManager *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        TAILQ_INIT(&m->starts);
        m->handlers = *handlers;
        m->userdata = userdata;
        r = sd_event_add_time_relative(event, &m->rescan, CLOCK_BOOTTIME, RESCAN_USEC, USEC_PER_SEC, on_rescan, m);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(m->rescan, "units-rescan");
        r = sd_event_source_set_exit_on_failure(m->rescan, true);
        if (r < 0)
                return r;
        r = bus_new(event, address, &bus_handlers, m, &m->bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

UnitManager *unit_manager_free(UnitManager *m) {
        if (!m)
                return NULL;
        calls_free(m);
        while (!LIST_EMPTY(&m->watches))
                units_unwatch(m, LIST_FIRST(&m->watches)->unit);
        sd_bus_slot_unref(m->listing);
        for (size_t i = 0; i < ELEMENTSOF(m->matches); i++)
                sd_bus_slot_unref(m->matches[i]);
        sd_event_source_disable_unref(m->rescan);
        bus_free(m->bus);
        free(m);
        return NULL;
}

bool unit_manager_is_connected(const UnitManager *m) {
        return m->connected;
}
