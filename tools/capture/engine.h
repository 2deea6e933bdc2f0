/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Whether the container engine that the command speaks to is there, answers, and is still the same: what the command says is
 * worth nothing when the engine was not. A command without such an engine needs none of this.
 */

#include "spool/base/macro.h"

#define CAPTURE_ENGINE_ID_MAX 64u

/* Paths are kept by reference. */
typedef struct CaptureEngine {
        const char *socket;   /* NULL: there is none */
        const char *pid_file; /* written at each start of the engine; NULL: restarts are not noticed */
        const char *container; /* that the command makes and, as a rule, removes; NULL: there is none */
        const char *stale;     /* of an earlier command, which may have been killed before it could; NULL: there is none */
        char id[CAPTURE_ENGINE_ID_MAX];
} CaptureEngine;

/*
 * Before the command: asks whether it answers, remembers which one it is, and removes a stale container. Return: whether it
 * answers.
 */
bool capture_engine_begin(CaptureEngine *e);

/* Behind the command, however it ended: whether the same engine answers. */
bool capture_engine_is_same(const CaptureEngine *e);

/*
 * Removes the container of a command that was killed or failed by itself: one that it had made and not yet started would stay for
 * ever. That there is none is no trouble.
 */
void capture_engine_clean(const CaptureEngine *e);

/* While the command is told to end: whether the engine, whichever, answers soon. */
bool capture_engine_answers(const CaptureEngine *e);
