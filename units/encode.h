/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A unit plan as the arguments of org.freedesktop.systemd1.Manager.StartTransientUnit().
 */

#include <systemd/sd-bus.h>

#include "units/plan.h"

/*
 * Appends name, mode, properties and auxiliary units ("ssa(sv)a(sa(sv))") to an empty method call.
 * plan: passed unit_plan_check(). Return: 0 or a negative errno.
 */
int encode_plan(sd_bus_message *m, const UnitPlan *plan);
