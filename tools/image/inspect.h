/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the engine has.
 */

#include "spool/base/macro.h"

/* "sha256:" and 64 hex digits. */
#define IMAGE_ID_LENGTH 71u

/*
 * The id of an image that is named by an id. socket: where the engine's daemon listens: it is asked without its client, whose start
 * takes many times as long; or NULL.
 * Return: 1; 0 where there is no such image; or a negative errno (the engine is down).
 */
int inspect_image(const char *engine, const char *socket, const char *image, char ret_id[static IMAGE_ID_LENGTH + 1]);

/* Whether an image has a name given by an operator (a tag, or a digest in a registry). Return: a DockerfileBase or a
 * negative errno. */
int inspect_base(const char *engine, const char *image);
