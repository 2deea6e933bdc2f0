/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Paths of several components below a directory, walked one component at a time so that no link is ever followed.
 */

#include "spool/base/macro.h"

/*
 * Opens the directory that holds the last component of path below dirfd. path: relative, not empty, without empty, "."
 * or ".." components. made: NULL, or missing directories are made (mode 0755) and counted there. ret_last: the last
 * component, within path.
 * Return: 0 and a descriptor; -ENOENT; -ENOTDIR or -ELOOP where a component on the way is not a
 * directory; or another negative errno.
 */
int path_open_parent_at(int dirfd, const char *path, size_t *made, int *ret_fd, const char **ret_last);

/* Turns the slashes at the end of path into nothing and skips "./" at its beginning. Return: within path. */
char *path_trim(char *path);

/*
 * Judges a path that somebody else chose and that may hold any printable text: relative; no empty, "." or ".."
 * component; no control character, backslash or malformed UTF-8; at most depth_max components of
 * LIMIT_PATH_COMPONENT_BYTES each.
 * Return: NULL when it is fine, or what is wrong with it, to follow "its name".
 */
const char *path_wrong(const char *path, unsigned depth_max);
