/* SPDX-License-Identifier: MIT */
#include "units/encode.h"
#include "units/manager-internal.h"

/*
 * ---- starting
 * ---------------------------------------------------------------------------------------------------------------
 */

static Start *start_free(Start *s) {
        if (!s)
                return NULL;
        if (s->manager)
                TAILQ_REMOVE(&s->manager->starts, s, starts);
        sd_bus_message_unref(s->call);
        sd_bus_slot_unref(s->slot);
        free(s->unit);
        free(s->job);
        free(s->message);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(Start *, start_free);

Start *manager_find_start(UnitManager *m, const char *unit) {
        Start *s;

        TAILQ_FOREACH(s, &m->starts, starts)
                if (streq(s->unit, unit))
                        return s;
        return NULL;
}

void start_finish(Start *start, int result, const char *message) {
        _cleanup_(start_freep) Start *s = start;
        UnitManager *m = s->manager;

        TAILQ_REMOVE(&m->starts, s, starts);
        s->manager = NULL;
        if (result >= 0 && units_watch(m, s->unit) < 0)
                result = -ENOMEM;
        if (s->callback)
                s->callback(s->userdata, s->unit, result, strempty(message));
}

/* The call failed; only a listing can tell whether the unit is there all the same. */
static void start_doubt(Start *s, int error, const char *message) {
        s->state = START_DOUBTED;
        s->error = error;
        free(s->message);
        s->message = message ? strdup(message) : NULL;
        manager_list_units(s->manager);
}

void start_settle(Start *s, const Listing *l) {
        if (s->serial > s->manager->listing_serial)
                return;
        if (s->state == START_DOUBTED) {
                bool alive = listing_is_alive(l, s->unit);

                start_finish(s, alive ? UNITS_E_EXISTS : s->error, alive ? NULL : s->message);
        } else if (s->state == START_QUEUED) {
                const UnitState *u = listing_find(l, s->unit);

                /* The signal that its job has ended was lost. */
                if (!u || !u->job_pending)
                        start_finish(s, 0, /* message= */ NULL);
        }
}

void start_job_ended(Start *s, const char *result) {
        char message[128];

        if (streq(result, "done")) {
                start_finish(s, 0, /* message= */ NULL);
                return;
        }
        snprintf(message, sizeof(message), "the start of the unit ended with '%.32s'", result);
        start_finish(s, UNITS_E_FAILED, message);
}

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *error);

static int start_send(Start *s) {
        int r;

        r = sd_bus_call_async(bus_get(s->manager->bus), &s->slot, s->call, on_started, s, CALL_TIMEOUT_USEC);
        if (r < 0)
                return r;
        s->call = sd_bus_message_unref(s->call);
        s->serial = ++s->manager->serial;
        s->state = START_CALLED;
        return 0;
}

/* One more of those that wait, now that a call was answered. One that cannot be sent is settled as if it had failed. */
static void send_next(UnitManager *m) {
        Start *s;
        int r;

        TAILQ_FOREACH(s, &m->starts, starts)
                if (s->state == START_WAITING)
                        break;
        if (!s || !bus_get(m->bus))
                return;
        r = start_send(s);
        if (r < 0) {
                s->serial = ++m->serial;
                start_doubt(s, r, /* message= */ NULL);
        }
}

static unsigned count_called(const UnitManager *m) {
        unsigned n = 0;
        Start *s;

        TAILQ_FOREACH(s, &m->starts, starts)
                n += s->state == START_CALLED;
        return n;
}

static int on_started(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *error) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Start *s = userdata;
        const char *job;

        s->slot = sd_bus_slot_unref(s->slot);
        send_next(s->manager);
        if (e) {
                int r = -sd_bus_message_get_errno(reply);

                if (streq(e->name, "org.freedesktop.systemd1.UnitExists"))
                        start_doubt(s, -EEXIST, e->message);
                else if (r == -ETIMEDOUT)
                        start_doubt(s, r, e->message);
                else
                        start_finish(s, r < 0 ? r : -EIO, e->message);
                return 0;
        }
        if (sd_bus_message_read(reply, "o", &job) > 0)
                s->job = strdup(job);
        if (!s->job) {
                start_doubt(s, -EBADMSG, "the service manager's answer cannot be read");
                return 0;
        }
        s->state = START_QUEUED;
        return 0;
}

int units_start(UnitManager *m, const UnitPlan *plan, units_started_t callback, void *userdata) {
        _cleanup_(start_freep) Start *s = NULL;
        sd_bus *bus = bus_get(m->bus);
        int r;

        r = unit_plan_check(plan);
        if (r < 0)
                return r;
        if (!bus || !m->connected)
                return -ENOTCONN;
        if (manager_find_start(m, plan->name))
                return -EALREADY;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->unit = strdup(plan->name);
        if (!s->unit)
                return -ENOMEM;
        s->callback = callback;
        s->userdata = userdata;
        s->serial = UINT64_MAX;
        r = sd_bus_message_new_method_call(
                        bus, &s->call, MANAGER_DESTINATION, MANAGER_PATH, MANAGER_INTERFACE, "StartTransientUnit");
        if (r < 0)
                return r;
        r = encode_plan(s->call, plan);
        if (r < 0)
                return r;
        s->manager = m;
        TAILQ_INSERT_TAIL(&m->starts, s, starts);
        manager_arm_rescan(m);
        if (count_called(m) < STARTS_CALLED_MAX) {
                r = start_send(s);
                if (r < 0)
                        return r;
        }
        TAKE_PTR(s);
        return 0;
}

/*
 * ---- stop, kill
 * -------------------------------------------------------------------------------------------------------------
 */

static Call *call_free(Call *c) {
        if (!c)
                return NULL;
        if (c->manager)
                LIST_REMOVE(c, calls);
        sd_bus_slot_unref(c->slot);
        free(c->unit);
        free(c);
        return NULL;
}
DEFINE_CLEANUP(Call *, call_free);

static void call_finish(Call *call, int error, const char *message) {
        _cleanup_(call_freep) Call *c = call;

        LIST_REMOVE(c, calls);
        c->manager = NULL;
        if (c->callback)
                c->callback(c->userdata, c->unit, error, strempty(message));
}

static int on_answered(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *error) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        int r = 0;

        if (e && streq(e->name, "org.freedesktop.systemd1.NoSuchUnit"))
                r = -ENOENT;
        else if (e)
                r = -sd_bus_message_get_errno(reply) ?: -EIO;
        call_finish(userdata, r, e ? e->message : NULL);
        return 0;
}

static int new_call(UnitManager *m, const char *unit, const char *method, sd_bus_message **ret) {
        sd_bus *bus = bus_get(m->bus);

        if (!bus)
                return -ENOTCONN;
        return sd_bus_message_new_method_call(bus, ret, MANAGER_DESTINATION, MANAGER_PATH, MANAGER_INTERFACE, method) ?:
                        sd_bus_message_append_basic(*ret, 's', unit);
}

static int send_call(UnitManager *m, sd_bus_message *message, const char *unit, units_done_t callback, void *userdata) {
        _cleanup_(call_freep) Call *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->unit = strdup(unit);
        if (!c->unit)
                return -ENOMEM;
        c->callback = callback;
        c->userdata = userdata;
        r = sd_bus_call_async(bus_get(m->bus), &c->slot, message, on_answered, c, CALL_TIMEOUT_USEC);
        if (r < 0)
                return r;
        c->manager = m;
        LIST_INSERT_HEAD(&m->calls, c, calls);
        TAKE_PTR(c);
        return 0;
}

int units_stop(UnitManager *m, const char *unit, units_done_t callback, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = new_call(m, unit, "StopUnit", &message);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", "replace");
        if (r < 0)
                return r;
        return send_call(m, message, unit, callback, userdata);
}

int units_kill(UnitManager *m, const char *unit, int signal, units_done_t callback, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = new_call(m, unit, "KillUnit", &message);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "si", "all", (int32_t) signal);
        if (r < 0)
                return r;
        return send_call(m, message, unit, callback, userdata);
}

/*
 * ---- all of them
 * ------------------------------------------------------------------------------------------------------------
 */

void units_cancel(UnitManager *m, const char *unit) {
        Start *s = manager_find_start(m, unit);
        Call *c;

        if (s)
                s->callback = NULL;
        LIST_FOREACH(c, &m->calls, calls)
                if (streq(c->unit, unit))
                        c->callback = NULL;
}

void calls_lost(UnitManager *m) {
        Start *s;

        /* Whether these units are there, the first listing of the next connection will tell. */
        TAILQ_FOREACH(s, &m->starts, starts) {
                s->slot = sd_bus_slot_unref(s->slot);
                s->call = sd_bus_message_unref(s->call);
                if (s->state != START_CALLED && s->state != START_WAITING)
                        continue;
                s->serial = m->serial; /* settled by the next listing, sent or not */
                s->state = START_DOUBTED;
                s->error = -ECONNRESET;
        }
        while (!LIST_EMPTY(&m->calls))
                call_finish(LIST_FIRST(&m->calls), -ECONNRESET, "the connection to the message bus was lost");
}

void calls_free(UnitManager *m) {
        while (!TAILQ_EMPTY(&m->starts))
                start_free(TAILQ_FIRST(&m->starts));
        while (!LIST_EMPTY(&m->calls))
                call_free(LIST_FIRST(&m->calls));
}
