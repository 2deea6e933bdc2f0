/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * ListUnitsByPatterns(): which units are loaded. Names that are not loaded are simply not in it, and asking loads
 * nothing.
 */

#include <systemd/sd-bus.h>

#include "units/manager.h"

#define MANAGER_DESTINATION "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

typedef struct Listing {
        UnitState *units;
        size_t n;
} Listing;

/* Asks; reply_callback reads the answer with listing_read(). Return: 0 or a negative errno. */
int listing_ask(
                sd_bus *bus, sd_bus_slot **ret_slot, const char *pattern, uint64_t timeout_usec,
                sd_bus_message_handler_t reply_callback, void *userdata);

/* Asks and waits. Return: 0 or a negative errno. */
int listing_get(sd_bus *bus, const char *pattern, uint64_t timeout_usec, Listing *ret);

/* Return: 0 or a negative errno; *ret then holds what was read so far and still needs listing_done(). */
int listing_read(sd_bus_message *reply, Listing *ret);

/* Return: the unit of that name, or NULL. */
const UnitState *listing_find(const Listing *l, const char *unit);

/* Whether it is listed and has something to run, or a job that may change that. */
bool listing_is_alive(const Listing *l, const char *unit);

void listing_done(Listing *l);
