/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rewrites a docker save archive on its way to `docker load`, so that loading it gives an image without a name: a tar
 * that says it is "morf-base:bookworm" must not become that. RepoTags become null in manifest.json, "repositories" is
 * left out, and names go from the annotations of index.json; everything else passes as it is.
 */

#include "spool/base/macro.h"

/*
 * in_fd: the archive, plain or packed by gzip, xz or zstd, at its beginning; morf-intake found it well-formed.
 * out_fd: gets a plain tar; SIGPIPE must be ignored.
 * Return: 0; -EBADMSG (not such an archive); -EPIPE (the reader of out_fd went away); or another negative errno.
 */
int normalise_archive(int in_fd, int out_fd);

/*
 * The two texts that change, as fresh strings.
 * Return: 0; -EBADMSG (not what it should be); -ENOMEM.
 */
int normalise_manifest(const char *text, size_t size, char **ret);
int normalise_index(const char *text, size_t size, char **ret);
