/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * manifest.json: what a job asks for, as morf-intake understood and validated the drop. The daemon reads nothing else of
 * what a user wrote.
 */

#include "spool/base/digest.h"
#include "spool/base/string-table.h"
#include "spool/call.h"
#include "spool/json.h"

#define MANIFEST_FILE "manifest.json"

typedef enum ManifestForm {
        MANIFEST_FORM_NATIVE, /* a libconfig job file */
        MANIFEST_FORM_ZIP,    /* a job zip */
        MANIFEST_FORM_MORF2,  /* a client.config of MORF 2.0 */
        _MANIFEST_FORM_MAX,
        _MANIFEST_FORM_INVALID = -EINVAL,
} ManifestForm;
DECLARE_STRING_TABLE(manifest_form, ManifestForm);

typedef enum ManifestMode {
        MANIFEST_MODE_RUN,      /* the image once, /output/output.csv evaluated */
        MANIFEST_MODE_WORKFLOW, /* the image as often as the calls of a workflow say, see spool/plan.h */
        _MANIFEST_MODE_MAX,
        _MANIFEST_MODE_INVALID = -EINVAL,
} ManifestMode;
DECLARE_STRING_TABLE(manifest_mode, ManifestMode);

typedef enum ManifestImageKind {
        MANIFEST_IMAGE_ARCHIVE,    /* a docker save archive in the drop */
        MANIFEST_IMAGE_DOCKERFILE, /* intake/context, a directory with a Dockerfile */
        _MANIFEST_IMAGE_MAX,
        _MANIFEST_IMAGE_INVALID = -EINVAL,
} ManifestImageKind;
DECLARE_STRING_TABLE(manifest_image, ManifestImageKind);

/* How much the container may do. */
typedef enum ManifestProfile {
        MANIFEST_PROFILE_COMPAT, /* root in the container and the few capabilities that a database server needs */
        MANIFEST_PROFILE_STRICT, /* an unprivileged uid, no capability, read-only root file system */
        _MANIFEST_PROFILE_MAX,
        _MANIFEST_PROFILE_INVALID = -EINVAL,
} ManifestProfile;
DECLARE_STRING_TABLE(manifest_profile, ManifestProfile);

/* How the names of courses look in results. */
typedef enum ManifestPseudonyms {
        MANIFEST_PSEUDONYMS_HMAC, /* a keyed digest, of which only the operator has the key */
        MANIFEST_PSEUDONYMS_SHA1, /* as MORF 2.0 made them */
        _MANIFEST_PSEUDONYMS_MAX,
        _MANIFEST_PSEUDONYMS_INVALID = -EINVAL,
} ManifestPseudonyms;
DECLARE_STRING_TABLE(manifest_pseudonyms, ManifestPseudonyms);

typedef struct ManifestImage {
        ManifestImageKind kind;
        char *file;   /* archive: its path below drop/ */
        char *digest; /* archive: hex digest of the image's configuration, its id; dockerfile: hex digest of the context */
} ManifestImage;

/* Zero means "the operator's default". */
typedef struct ManifestLimits {
        uint64_t cpus_milli; /* thousandths of a processor */
        uint64_t memory;     /* bytes */
        uint64_t time_usec;
        uint64_t output; /* bytes below /output */
        uint64_t pids;
} ManifestLimits;

typedef struct ManifestArgument {
        char *name;
        char *value;
} ManifestArgument;

typedef struct ManifestArguments {
        ManifestArgument *items;
        size_t n;
} ManifestArguments;

typedef struct Manifest {
        uint64_t version;
        ManifestForm form;
        ManifestMode mode;
        ManifestProfile profile;
        char *name;
        char *job_id; /* client.config: the name that the job would have without arguments, by which others of the user may fork it; else NULL */
        ManifestImage image;
        char **courses; /* empty: all that are granted */
        ManifestLimits limits;
        char **notify; /* optional mails wanted: "accepted", "started", "phase" */
        ManifestArguments args;
        bool unpacked;    /* the paths of image and controller are below intake/unpacked/ and not below drop/ */
        char *controller; /* workflow: the Python script that makes the calls, its path below drop/; or NULL, */
        Call *calls;      /* and the calls are these */
        size_t n_calls;
        bool partial; /* workflow: a step that fails costs its course and not the job */
        ManifestPseudonyms pseudonyms;
        char **needs; /* files named by the job that are not in the drop yet; when not empty, nothing but name is sure */
        char *drop_digest;
} Manifest;

#define MANIFEST_VERSION 1

extern const JsonTable manifest_table;

/* Appends an argument. Return: 0 or -ENOMEM. */
int manifest_add_argument(Manifest *m, const char *name, const char *value);

/* The limits of a job: what it asks for, and otherwise the standard. */
ManifestLimits manifest_limits(const ManifestLimits *wanted, const ManifestLimits *standard);

/* Where the files that the job file names lie below the job's directory. */
const char *manifest_files_dir(const Manifest *m);

/* Publishes m below dirfd. Return: 0 or a negative errno. */
int manifest_write_at(int dirfd, const Manifest *m);

/*
 * Reads and checks dirfd/manifest.json, which may be hostile. reterr: as json_record_parse().
 * Return: 0, -ENOENT, -EBADMSG or another negative errno.
 */
int manifest_read_at(int dirfd, Manifest *ret, char **reterr);

void manifest_done(Manifest *m);
#define _cleanup_manifest_ _cleanup_(manifest_done)
