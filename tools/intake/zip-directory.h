/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A look at the central directory of a zip before libarchive reads it: whether the file is whole (the directory is at
 * its end), how many entries there are, and names that a C string cannot hold.
 */

#include "spool/fault.h"

/*
 * fd: a regular file of size bytes, read by pread(). label: its name for messages.
 * Return: 0; -EBADMSG with *f set (E_ZIP, E_TOO_BIG); or another negative errno.
 */
int zip_directory_check(int fd, uint64_t size, const char *label, Fault *f);
