/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The units of the isolation probe: the image that is made of the installed program, and a container of it, with the very command,
 * limits, sandbox and slices that a job's container gets.
 */

#include "daemon/daemon.h"
#include "daemon/engine.h"

/* The context of the image: a Dockerfile and the program (Makefile, tools/probe/); and a key that changes with it. */
#define PROBE_CONTEXT "/usr/lib/morf/probe"
#define PROBE_KEY_FILE "/usr/lib/morf/probe.key"

/* One probe's scratch directory is PROBE_DIR/<id>, see probe_make_dirs(). */
#define PROBE_DIR "/var/lib/morf/probe"

/* The limits of its container: complete. */
extern const ManifestLimits probe_limits;

/*
 * Makes the directories of a probe below dirfd (PROBE_DIR): exits/, image/, and COMPAT/ and STRICT/ as the directory of a job is.
 * Return: 0 or a negative errno.
 */
int probe_make_dirs(const Daemon *d, int dirfd, const char *id);

/* The unit that loads the image. Return: 0 and a plan, or a negative errno. */
int probe_plan_image(const Daemon *d, const Engine *e, const char *id, UnitPlan **ret);

/* The unit with the container. image: "sha256:...". Return: 0 and a plan, or a negative errno. */
int probe_plan_run(const Daemon *d, const Engine *e, const char *id, ManifestProfile profile, const char *image, UnitPlan **ret);

/* Number of the attempt that a profile's container counts as, in names of units, slices and exit records. */
static inline unsigned probe_attempt(ManifestProfile profile) {
        return (unsigned) profile + 1;
}
