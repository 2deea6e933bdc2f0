/* SPDX-License-Identifier: MIT */
#include "units/listing.h"

/* Far more than we start; a longer list is not ours. */
#define LISTING_MAX 65536u

static int new_request(sd_bus *bus, const char *pattern, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                        bus, &m, MANAGER_DESTINATION, MANAGER_PATH, MANAGER_INTERFACE, "ListUnitsByPatterns");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "asas", /* states: any */ 0, 1, pattern);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int listing_ask(
                sd_bus *bus, sd_bus_slot **ret_slot, const char *pattern, uint64_t timeout_usec,
                sd_bus_message_handler_t reply_callback, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = new_request(bus, pattern, &m);
        if (r < 0)
                return r;
        r = sd_bus_call_async(bus, ret_slot, m, reply_callback, userdata, timeout_usec);
        return r < 0 ? r : 0;
}

int listing_get(sd_bus *bus, const char *pattern, uint64_t timeout_usec, Listing *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_(listing_done) Listing l = {};
        int r;

        r = new_request(bus, pattern, &m);
        if (r < 0)
                return r;
        r = sd_bus_call(bus, m, timeout_usec, /* reterr_error= */ NULL, &reply);
        if (r < 0)
                return r;
        r = listing_read(reply, &l);
        if (r < 0)
                return r;
        *ret = l;
        l = (Listing){};
        return 0;
}

static int add_unit(Listing *l, const char *name, const char *active, const char *sub, bool job_pending) {
        UnitState *u;

        if (l->n >= LISTING_MAX)
                return -E2BIG;
        /* Powers of two, so that the array is copied rarely. */
        if ((l->n & (l->n - 1)) == 0) {
                UnitState *grown = reallocarray(l->units, l->n ? l->n * 2 : 1, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                l->units = grown;
        }
        u = &l->units[l->n++];
        *u = (UnitState){
                .name = strdup(name),
                .active_state = strdup(active),
                .sub_state = strdup(sub),
                .job_pending = job_pending,
        };
        return u->name && u->active_state && u->sub_state ? 0 : -ENOMEM;
}

int listing_read(sd_bus_message *reply, Listing *ret) {
        const char *name, *active, *sub;
        uint32_t job;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(
                                reply, "(ssssssouso)", &name, NULL, NULL, &active, &sub, NULL, NULL, &job, NULL,
                                NULL)) > 0) {
                r = add_unit(ret, name, active, sub, job != 0);
                if (r < 0)
                        return r;
        }
        return r;
}

const UnitState *listing_find(const Listing *l, const char *unit) {
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->units[i].name, unit))
                        return &l->units[i];
        return NULL;
}

bool listing_is_alive(const Listing *l, const char *unit) {
        const UnitState *u = listing_find(l, unit);

        return u && (u->job_pending || unit_state_is_alive(u->active_state));
}

void listing_done(Listing *l) {
        l->units = units_list_free(l->units, l->n);
        l->n = 0;
}

UnitState *units_list_free(UnitState *list, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(list[i].name);
                free(list[i].active_state);
                free(list[i].sub_state);
        }
        free(list);
        return NULL;
}

bool unit_state_is_alive(const char *active_state) {
        return !streq(active_state, "inactive") && !streq(active_state, "failed");
}
