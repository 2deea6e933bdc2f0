/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One question to a service that speaks HTTP on a socket file, as container engines do, with a deadline for all of it.
 */

#include "spool/base/macro.h"

#define SOCKET_GET_BODY_MAX (256u * 1024u)

/*
 * path: of the socket. target: "/_ping". timeout_usec: for connecting, asking and the whole answer.
 * ret_body: the answer without its head, NUL-terminated, which the caller frees; may be NULL.
 * Return: the status of the answer (200); -ETIMEDOUT; -EPROTO (not HTTP); -EFBIG; or another negative errno.
 */
int socket_get(const char *path, const char *target, uint64_t timeout_usec, char **ret_body);

/* As socket_get(), but asks to DELETE the target. */
int socket_delete(const char *path, const char *target, uint64_t timeout_usec);
