/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Delivery into a local Maildir, for machines without a mail server: one file per mail, readable with any mail program.
 */

#include "spool/base/macro.h"

/*
 * Puts a mail into the Maildir at path, which is made (with tmp/, new/ and cur/) where it is missing; durable on return.
 * unique: a valid file name that is the same whenever the same mail is delivered. A mail of that name in new/ or cur/ is
 * success. Line ends in data become single line feeds.
 * Return: 0 or a negative errno.
 */
int maildir_deliver(const char *path, const char *unique, const char *data, size_t size);
