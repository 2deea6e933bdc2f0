/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * File descriptors: closing, opening what somebody else made, reading and writing in full.
 *
 * A descriptor is CLOEXEC at birth and -EBADF when empty. Foreign files are opened without following
 * links and without blocking, and judged by fstat() of the descriptor, never by name.
 */

#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "spool/base/macro.h"

/* Closes fd unless it is empty; keeps errno. Return: -EBADF, so that "fd = fd_close(fd)" is idempotent. */
int fd_close(int fd);

static inline void fd_closep(int *fd) {
        fd_close(*fd);
}
#define _cleanup_fd_ _cleanup_(fd_closep)

DEFINE_CLEANUP(DIR *, closedir);
DEFINE_CLEANUP(FILE *, fclose);

/*
 * Opens a directory below dirfd without following a link in the last component.
 * Return: a descriptor, or a negative errno (-ENOTDIR, -ELOOP, -ENOENT, ...).
 */
int fd_open_dir_at(int dirfd, const char *name);

/*
 * Opens a foreign regular file for reading: O_NOFOLLOW, O_NONBLOCK, then fstat().
 * max_size: largest size accepted in bytes, UINT64_MAX for any. ret_st may be NULL.
 * Return: a descriptor; -ELOOP (symlink), -EBADMSG (not a regular file), -EMLINK (more than one hard
 * link), -EFBIG (larger than max_size), or another negative errno.
 */
int fd_open_regular_at(int dirfd, const char *name, uint64_t max_size, struct stat *ret_st);

/* Writes all of data. Return: 0 or a negative errno. */
int fd_write_all(int fd, const void *data, size_t size);

/*
 * Reads to the end of fd into a fresh NUL-terminated buffer that the caller frees.
 * Return: 0; -EFBIG when there are more than max_size bytes; or another negative errno.
 */
int fd_read_all(int fd, size_t max_size, char **ret_data, size_t *ret_size);

/* fd_open_regular_at() and fd_read_all() in one; the same errors. ret_size may be NULL. */
int fd_read_file_at(int dirfd, const char *name, size_t max_size, char **ret_data, size_t *ret_size);

/* Copies the rest of from to to. Return: 0; -EFBIG past max_size bytes; or another negative errno. */
int fd_copy(int from, int to, uint64_t max_size, uint64_t *ret_copied);

/*
 * Opens the directory named by dirfd/name for reading its entries ("." for dirfd itself).
 * Return: 0 and a stream the caller closes, or a negative errno.
 */
int fd_open_dirstream_at(int dirfd, const char *name, DIR **ret);

/*
 * Removes name below dirfd, recursively when it is a directory, never following a link and never leaving
 * the filesystem of name. A name that does not exist is success.
 * Return: 0, or the first negative errno met (the rest is removed all the same).
 */
int fd_remove_tree_at(int dirfd, const char *name);

/*
 * Sum of the allocated bytes and number of entries below the directory fd, without following links or
 * leaving the filesystem; stops early once limit_bytes or limit_entries is passed. A tree that is nested more than 32 directories
 * deep counts as one of UINT64_MAX entries.
 * Return: 0 or a negative errno.
 */
int fd_tree_usage(int dirfd, uint64_t limit_bytes, uint64_t limit_entries, uint64_t *ret_bytes, uint64_t *ret_entries);
