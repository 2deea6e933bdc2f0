/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The job zip: a Dockerfile and what it needs, at the root or below exactly one top folder, as a source host's
 * "download zip" makes it. It is unpacked into context/ under the caps of limits.h. A file morf.cfg at its top is a job
 * file without an image; it is read, and left out of the context.
 *
 * Or the zip of a MORF 2.0 job: a client.config takes the place of the Dockerfile there, and all is unpacked into unpacked/.
 */

#include "spool/fault.h"
#include "spool/manifest.h"
#include "spool/base/digest.h"

#define JOB_ZIP_SETTINGS "morf.cfg"
#define JOB_ZIP_CLIENT_CONFIG "client.config"

/*
 * fd: the zip, a regular file of size bytes. label: its name for messages. out_fd: where context/ is made.
 * durable: context/ must survive a power cut.
 * ret_morf2: whether it is that of a MORF 2.0 job. ret_digest: of the context. ret_settings: the text of morf.cfg, NUL-terminated, or NULL where there is none.
 * Return: 0; -EBADMSG with *f set; or another negative errno.
 */
int job_zip_unpack(int fd, uint64_t size, const char *label, int out_fd, bool durable, bool *ret_morf2,
        char ret_digest[static DIGEST_LENGTH + 1], char **ret_settings, size_t *ret_settings_size, Fault *f);
