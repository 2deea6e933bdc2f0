/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Opening and copying what a container left behind. Names and contents are the container's and hostile: nothing here
 * follows a link, crosses a mount point, leaves the directory, waits on a FIFO or touches a device, and nothing but the
 * bytes of a file is taken over.
 */

#include <sys/stat.h>

#include "spool/base/macro.h"

/* Opens a directory directly below dirfd. Return: a descriptor; -EXDEV (a mount point); -ENOTDIR (a link, too); ... */
int beneath_open_dir(int dirfd, const char *name);

/*
 * Opens a regular file with one link directly below dirfd.
 * Return: a descriptor; -ELOOP (symbolic link); -EBADMSG (another kind); -EMLINK (more links); -EXDEV; -ENOENT; ...
 */
int beneath_open_file(int dirfd, const char *name, struct stat *ret_st);

/*
 * Copies exactly size bytes of the file from to a new file to_dirfd/name of mode 0640, sharing the blocks where the
 * filesystem can. Return: 0; -EIO when the file is shorter than size; or another negative errno.
 */
int beneath_copy(int from, uint64_t size, int to_dirfd, const char *name);
