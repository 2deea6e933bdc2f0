/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * image.json: the image that a job runs, as morf-image loaded, built or found it.
 *
 *         {"version":1,"id":"sha256:<64 hex>","digest":"<64 hex>","built":false,"reused":true}
 */

#include "spool/json.h"

#define IMAGE_RECORD_FILE "image.json"
#define IMAGE_RECORD_VERSION 1

typedef struct ImageRecord {
        uint64_t version;
        char *id;     /* as the engine names it: "sha256:" and 64 hex digits */
        char *digest; /* what was asked for: manifest.image.digest */
        bool built;   /* from a Dockerfile, now or earlier */
        bool reused;  /* it was there already */
        char *engine_version; /* where it was asked for, or NULL */
} ImageRecord;

extern const JsonTable image_record_table;

/* Whether s is "sha256:" and 64 lower-case hex digits. */
bool image_id_is_valid(const char *s);

/* Whether s could be the version of an engine: at most 64 letters, digits, and ".+~:-". */
bool image_version_is_valid(const char *s);

/* Publishes record as name below dirfd, mode 0640. Return: 0 or a negative errno. */
int image_record_write_at(int dirfd, const char *name, const ImageRecord *record);

/*
 * Reads and checks name below dirfd. reterr: as json_record_parse().
 * Return: 0, -ENOENT, -EBADMSG or another negative errno.
 */
int image_record_read_at(int dirfd, const char *name, ImageRecord *ret, char **reterr);

void image_record_done(ImageRecord *record);
#define _cleanup_image_record_ _cleanup_(image_record_done)
