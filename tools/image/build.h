/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Building an image from context/, by the engine's own (legacy) builder, whose containers have the limits and the
 * network that they are given.
 */

#include "tools/image/inspect.h"
#include "tools/image/prepare.h"

/* Return: as prepare_image(). */
int build_image(const PrepareOptions *o, char ret_id[static IMAGE_ID_LENGTH + 1], Fault *f);
