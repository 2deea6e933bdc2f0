/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The jobs that the caller may see: an operator sees active/, done/ and failed/ with their records, everybody else
 * sftp/USER/jobs/ with the researcher's share of them. Names sort by time, so that the newest are found without reading
 * any.
 */

#include "spool/base/id.h"
#include "spool/layout.h"
#include "spool/record.h"

#define JOBS_PLACES_MAX 3u

/* Largest status.json, and largest eval.csv shown. */
#define JOBS_STATUS_MAX (64u * 1024u)

typedef struct Jobs {
        int fds[JOBS_PLACES_MAX]; /* borrowed from the spool, but for the researcher's directory */
        const char *paths[JOBS_PLACES_MAX]; /* below the spool */
        char *path;
        size_t n;
        bool researcher;
} Jobs;

#define JOBS_EMPTY { .fds = { -EBADF, -EBADF, -EBADF } }

typedef struct IdList {
        Id *items;
        size_t n, allocated;
} IdList;

void id_list_done(IdList *l);
#define _cleanup_id_list_ _cleanup_(id_list_done)

/*
 * user: NULL for the operator's view, else the researcher whose jobs are meant. The spool must outlive ret.
 * Return: 0; -ENOENT or -EACCES when there is no such directory or it may not be read; another negative errno.
 */
int jobs_open(const Spool *spool, const char *user, Jobs *ret);
void jobs_close(Jobs *j);
#define _cleanup_jobs_ _cleanup_(jobs_close)

/* Whether the place of this index holds jobs that ended (the researcher's holds both). */
bool jobs_place_is_ended(const Jobs *j, size_t place);

/*
 * Appends the ids in a place, newest first, those that sort before floor ("" for all) left out.
 * Return: 0 or a negative errno.
 */
int jobs_list(const Jobs *j, size_t place, const char *floor, IdList *ret);

/* All ids that begin with prefix, newest first, each once. Return: 0 or a negative errno. */
int jobs_find(const Jobs *j, const char *prefix, IdList *ret);

/*
 * Opens the directory of a job wherever it lies now; it may move while we look.
 * Return: a descriptor; -ENOENT; or another negative errno. ret_place may be NULL.
 */
int jobs_open_dir(const Jobs *j, const char *id, size_t *ret_place);

/*
 * Reads the record of a job (for a researcher, its status).
 * Return: 0; -ENOENT; -EBADMSG with a sentence in reterr (may be NULL); or another negative errno. ret_place may be
 * NULL.
 */
int jobs_read(const Jobs *j, const char *id, Record *ret, size_t *ret_place, char **reterr);

/* As jobs_read(), for a job known to lie in a place. */
int jobs_read_in(const Jobs *j, size_t place, const char *id, Record *ret, char **reterr);

/* The smallest text that ids made at this time or later do not sort before. Return: buffer. */
const char *jobs_id_floor(uint64_t usec, char buffer[static ID_LENGTH + 1]);

/* A record as JSON, with "short"; the operator's view holds all its keys. Return: a new reference, or NULL. */
json_t *jobs_to_json(const Jobs *j, const Record *r);
