/* SPDX-License-Identifier: MIT */
#include "units/bus.h"

#include "spool/base/log.h"
#include "spool/base/time.h"

#define RETRY_USEC (2 * USEC_PER_SEC)
#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"

struct Bus {
        sd_event *event;
        char *address;
        BusHandlers handlers;
        void *userdata;

        sd_bus *bus;
        sd_bus_slot *slot_connected, *slot_disconnected;
        sd_event_source *retry;
        bool attached;  /* on_attached was told of this connection */
        bool connected;
};

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata);

/* The mirror of attach(). */
static void detach(Bus *b, int error) {
        bool told = b->attached;

        b->attached = b->connected = false;
        if (told)
                b->handlers.on_lost(b->userdata, error);
        b->slot_connected = sd_bus_slot_unref(b->slot_connected);
        b->slot_disconnected = sd_bus_slot_unref(b->slot_disconnected);
        if (b->bus)
                (void) sd_bus_detach_event(b->bus);
        b->bus = sd_bus_close_unref(b->bus);
}

/* A failure of the timer itself would leave us without a bus for good, so it ends the loop. */
static int schedule(Bus *b, uint64_t delay_usec) {
        int r;

        b->retry = sd_event_source_disable_unref(b->retry);
        r = sd_event_add_time_relative(b->event, &b->retry, CLOCK_BOOTTIME, delay_usec, 0, on_retry, b);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(b->retry, "bus-retry");
        return sd_event_source_set_exit_on_failure(b->retry, true);
}

static int on_connected(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        Bus *b = userdata;

        (void) m;
        b->connected = true;
        b->handlers.on_connected(b->userdata, b->bus);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        Bus *b = userdata;
        int r;

        (void) m;
        detach(b, -ECONNRESET);
        r = schedule(b, RETRY_USEC);
        if (r < 0)
                (void) sd_event_exit(b->event, r);
        return 0;
}

static int match_local(Bus *b, const char *member, sd_bus_slot **slot, sd_bus_message_handler_t handler) {
        return sd_bus_match_signal_async(b->bus, slot, "org.freedesktop.DBus.Local", /* path= */ NULL,
                        "org.freedesktop.DBus.Local", member, handler, /* install_callback= */ NULL, b);
}

static int attach(Bus *b) {
        const char *from_environment = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r;

        r = sd_bus_new(&b->bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(b->bus, b->address ?: from_environment ?: DEFAULT_ADDRESS);
        if (r < 0)
                return r;
        r = sd_bus_set_bus_client(b->bus, true);
        if (r < 0)
                return r;
        r = sd_bus_set_connected_signal(b->bus, true);
        if (r < 0)
                return r;
        r = sd_bus_start(b->bus);
        if (r < 0)
                return r;
        r = match_local(b, "Connected", &b->slot_connected, on_connected);
        if (r < 0)
                return r;
        r = match_local(b, "Disconnected", &b->slot_disconnected, on_disconnected);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        b->attached = true;
        return b->handlers.on_attached(b->userdata, b->bus);
}

static int on_retry(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Bus *b = userdata;
        int r;

        r = attach(b);
        if (r >= 0)
                return 0;
        log_debug_errno(r, "no connection to the message bus yet, trying again");
        detach(b, r);
        return schedule(b, RETRY_USEC);
}

int bus_new(sd_event *event, const char *address, const BusHandlers *handlers, void *userdata, Bus **ret) {
        _cleanup_(bus_freep) Bus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->event = sd_event_ref(event);
        b->handlers = *handlers;
        b->userdata = userdata;
        if (address) {
                b->address = strdup(address);
                if (!b->address)
                        return -ENOMEM;
        }
        r = schedule(b, 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(b);
        return 0;
}

Bus *bus_free(Bus *b) {
        if (!b)
                return NULL;
        b->attached = false; /* whoever frees us knows */
        b->retry = sd_event_source_disable_unref(b->retry);
        detach(b, 0);
        free(b->address);
        sd_event_unref(b->event);
        free(b);
        return NULL;
}

sd_bus *bus_get(Bus *b) {
        return b->connected ? b->bus : NULL;
}
