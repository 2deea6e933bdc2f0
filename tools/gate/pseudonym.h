/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What courses of workflows are called in what is released: 40 hex digits that are the same for the same researcher and course for as
 * long as the key is, and tell nothing to anybody else.
 *
 *   hmac  the first 40 digits of HMAC-SHA256 with the installation's key over the account's name, a NUL byte and the course
 *   sha1  SHA-1 over course, account and secret, one behind the other, as MORF 2.0 made them: for who must compare with its results
 */

#include "spool/manifest.h"

#define PSEUDONYM_LENGTH 40u

typedef struct Pseudonyms {
        bool on;
        ManifestPseudonyms kind;
        const char *user;
        char *secret;
} Pseudonyms;

/* Reads the secret below dirfd (spool/keys.h) that p->kind needs. Return: 0 or a negative errno. */
int pseudonyms_load(Pseudonyms *p, int dirfd);

/* The pseudonym of a course. Return: 0 or a negative errno. */
int pseudonym_make(const Pseudonyms *p, const char *course, char ret[static PSEUDONYM_LENGTH + 1]);

void pseudonyms_done(Pseudonyms *p);
#define _cleanup_pseudonyms_ _cleanup_(pseudonyms_done)
