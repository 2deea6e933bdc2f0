/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Durable changes to a directory. "Publish" means: write a temporary file in the same directory, fsync it,
 * rename it into place, fsync the directory. A reader sees the old content or the new, never a part.
 */

#include <sys/types.h>

#include "spool/base/macro.h"

/* fsync() of a directory. Return: 0 or a negative errno. */
int publish_sync_dir(int dirfd);

/*
 * Publishes size bytes of data as name below dirfd, replacing what was there.
 * mode: permission bits (set with fchmod, so the umask has no say). uid, gid: owner, or (uid_t) -1 / (gid_t) -1 to keep.
 * Return: 0 or a negative errno; on error the old file is untouched.
 */
int publish_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid);

/* As publish_file_at(), but never replaces. Return: 0; -EEXIST when name is there already; or another negative errno. */
int publish_new_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid);

/*
 * As publish_file_at(), but without the fsync of the directory: what is in the file is durable, its name is after publish_sync_dir(), or
 * when the next file of the directory is published. For several files at once.
 */
int publish_unnamed_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid);

/*
 * As publish_file_at(), but without fsync: a reader sees the old content or the new, yet after a power cut it may be either
 * or none. For what can be made again.
 */
int publish_volatile_file_at(int dirfd, const char *name, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid);

/*
 * Removes the temporary files of publishers that were killed. age_sec: younger ones may belong to a publisher that lives.
 * Return: 0 or a negative errno.
 */
int publish_sweep(int dirfd, unsigned age_sec);

/*
 * Moves a name from one directory to another of the same filesystem without replacing anything, and makes
 * both directories durable. Return: 0, -EEXIST, -ENOENT, or another negative errno.
 */
int publish_rename(int from_dirfd, const char *from, int to_dirfd, const char *to);

/*
 * Makes a directory with exactly these permission bits and owner ((uid_t) -1 keeps ours).
 * Return: 0, -EEXIST, or another negative errno.
 */
int publish_mkdir_at(int dirfd, const char *name, mode_t mode, uid_t uid, gid_t gid);
