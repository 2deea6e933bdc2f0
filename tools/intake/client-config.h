/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The client.config of MORF 2.0: INI text with the sections [client] and [args], as Python's configparser read it. Identity and mail
 * address in it are not believed; its URLs name files of the same drop by their last component.
 */

#include "tools/intake/job-file.h"

/*
 * Reads size bytes of text, which are followed by a NUL byte, into m: name, args, mode and form. file: the name for messages.
 * lenient: attachment_settle() follows, so that what a URL names need not be the name of a file: its path is "" then.
 * ret_attachment: the image and the controller. Return: 0; -EBADMSG with *f set; or another negative errno.
 */
int client_config_parse(const char *text, size_t size, const char *file, bool lenient, Manifest *m, JobAttachment *ret_attachment, Fault *f);
