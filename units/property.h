/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writing properties into the open array a(sv) of a D-Bus message. Simple values need nothing but
 * sd_bus_message_append(m, "(sv)", name, signature, value); here is what does not fit into that.
 */

#include <systemd/sd-bus.h>

#include "spool/base/macro.h"

/*
 * Opens a property whose value is an array, for elements of that type to be appended, and closes it again.
 * element: signature of one element, "s" or "(ssbt)". Return: 0 or a negative errno.
 */
int property_open_array(sd_bus_message *m, const char *name, const char *element);
int property_close_array(sd_bus_message *m);

/* A list of strings, "as". Nothing is written for an empty list. Return: 0 or a negative errno. */
int property_append_strv(sd_bus_message *m, const char *name, char *const *l);

/* An allow-list or deny-list, "(bas)"; words: separated by single spaces. Return: 0 or a negative errno. */
int property_append_filter(sd_bus_message *m, const char *name, bool allow, const char *words);

/* All IPv4 and IPv6 addresses, "a(iayu)". Return: 0 or a negative errno. */
int property_append_any_address(sd_bus_message *m, const char *name);
