/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A connection to a message bus that comes back by itself: when it is lost, or not there at first, a timer tries again
 * every two seconds. What to do on it (matches, calls) is for the handlers.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "spool/base/macro.h"

typedef struct Bus Bus;

typedef struct BusHandlers {
        /*
         * A fresh connection, attached to the loop, about to authenticate: install matches. Return: 0, or a negative
         * errno to drop it.
         */
        int (*on_attached)(void *userdata, sd_bus *bus);
        /* The bus has answered; calls get through. */
        void (*on_connected)(void *userdata, sd_bus *bus);
        /*
         * The connection is lost or was dropped: release every slot on it. Not called for an attempt that on_attached
         * never saw.
         */
        void (*on_lost)(void *userdata, int error);
} BusHandlers;

/*
 * Makes a connection and begins to connect at the next turn of the loop.
 * address: NULL for the system bus. handlers: copied. Return: 0 or a negative errno.
 */
int bus_new(sd_event *event, const char *address, const BusHandlers *handlers, void *userdata, Bus **ret);
Bus *bus_free(Bus *b);
DEFINE_CLEANUP(Bus *, bus_free);

/* The connection, or NULL while there is none that works. */
sd_bus *bus_get(Bus *b);
