/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a unit may not do, as one table of D-Bus properties: a baseline that every unit of ours gets, and for each
 * profile the exceptions, each with its reason beside it in sandbox.c.
 */

#include <systemd/sd-bus.h>

#include "spool/base/macro.h"
#include "spool/base/string-table.h"

/*
 * The root directory of confined units: mount points, and the links of a merged /usr. It is a part of the package.
 */
#define SANDBOX_ROOT "/usr/lib/morf/root"

typedef enum Sandbox {
        SANDBOX_HELPER,      /* intake, stage, evaluate, gate: no network, sees /usr and what is bound below /run/morf */
        SANDBOX_COLLECT,     /* as helper, and may read what root in a container left (CAP_DAC_READ_SEARCH) */
        SANDBOX_ENGINE,      /* the docker command: its socket and nothing else */
        SANDBOX_ENGINE_ROOT, /* podman or crun as root: mounts, namespaces and cgroups are its work */
        _SANDBOX_MAX,
        _SANDBOX_INVALID = -EINVAL,
} Sandbox;

DECLARE_STRING_TABLE(sandbox, Sandbox);

/*
 * Appends the properties of a profile to the open array a(sv) of a StartTransientUnit call.
 * capabilities: bit mask, 1 << CAP_X, of what the service gets beyond its profile.
 * hidden: NULL-terminated absolute paths made inaccessible, whether they exist or not (spool, data, state,
 * configuration); may be NULL. The profile that mounts the data itself (SANDBOX_ENGINE_ROOT) does not hide them.
 * Return: 0 or a negative errno.
 */
int sandbox_append(sd_bus_message *m, Sandbox profile, uint64_t capabilities, char *const *hidden);

/*
 * Names of the properties that sandbox_append() sets for a profile, in order, for tests and documentation.
 * Return: the name, or NULL past the last one.
 */
const char *sandbox_property_name(Sandbox profile, size_t index);
