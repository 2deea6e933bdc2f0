/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SSH public keys as sshd reads them from an AuthorizedKeysFile. Only plain keys are let through: options in front of a
 * key could loosen what the server's configuration restricts.
 */

#include "spool/base/macro.h"

#define SSHKEY_TEXT_MAX (64u * 1024u)
#define SSHKEY_LINE_MAX 16384u
#define SSHKEY_KEYS_MAX 32u
#define SSHKEY_RSA_BITS_MIN 2048u

/*
 * Checks one key, "TYPE BASE64 [COMMENT]" without a line end: known type, whole and matching content, harmless comment.
 * reterr: a fresh sentence for -EBADMSG. Return: 0, -EBADMSG or -ENOMEM.
 */
int sshkey_check(const char *line, char **reterr);

/*
 * Appends the keys in text, one a line, to *keys (a list as in strv.h), each once; empty lines and those that begin
 * with '#' are left out. label: what the text is called in sentences. Return: 0; -EBADMSG with a sentence in reterr
 * (also where there is no key at all); -ENOMEM.
 */
int sshkey_add(const char *text, const char *label, char ***keys, char **reterr);

/*
 * As sshkey_add(), for what --ssh-key was given: a key itself, or the path of a file with keys.
 * Return: as above, or the negative errno of reading the file, with a sentence.
 */
int sshkey_add_argument(const char *argument, char ***keys, char **reterr);
