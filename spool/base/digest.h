/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, written as 64 lower-case hex digits, and what is made of it. Used by helpers and
 * the command line only, never by the daemon.
 */

#include "spool/base/macro.h"

#define DIGEST_LENGTH 64u

typedef struct Digest Digest;

/* Return: 0 and a running digest that digest_free() releases, or -ENOMEM. */
int digest_new(Digest **ret);
Digest *digest_free(Digest *d);
DEFINE_CLEANUP(Digest *, digest_free);

/* Return: 0 or -EIO. */
int digest_add(Digest *d, const void *data, size_t size);

/* Ends the digest, which can only be freed then. Return: 0 or -EIO. */
int digest_finish(Digest *d, char ret[static DIGEST_LENGTH + 1]);

/* Digest of the rest of fd. Return: 0 or a negative errno. */
int digest_fd(int fd, char ret[static DIGEST_LENGTH + 1]);

/* HMAC (RFC 2104) with SHA-256 of size bytes at data; the key is the text of key. Return: 0 or -EIO. */
int digest_hmac(const char *key, const void *data, size_t size, char ret[static DIGEST_LENGTH + 1]);

/* SHA-1 of a text, as 40 lower-case hex digits: for names that published systems made so, not for security. Return: 0 or -EIO. */
#define DIGEST_SHA1_LENGTH 40u
int digest_sha1(const char *text, char ret[static DIGEST_SHA1_LENGTH + 1]);

/* Whether s is 64 lower-case hex digits. */
bool digest_is_valid(const char *s);
