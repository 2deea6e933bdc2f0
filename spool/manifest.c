/* SPDX-License-Identifier: MIT */
#include "spool/manifest.h"

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/layout.h"
#include "spool/limits.h"

static const char *const manifest_form_names[_MANIFEST_FORM_MAX] = {
        [MANIFEST_FORM_NATIVE] = "native",
        [MANIFEST_FORM_ZIP] = "zip",
        [MANIFEST_FORM_MORF2] = "morf2",
};
DEFINE_STRING_TABLE(manifest_form, ManifestForm, MANIFEST_FORM)

static const char *const manifest_mode_names[_MANIFEST_MODE_MAX] = {
        [MANIFEST_MODE_RUN] = "run",
        [MANIFEST_MODE_WORKFLOW] = "workflow",
};
DEFINE_STRING_TABLE(manifest_mode, ManifestMode, MANIFEST_MODE)

static const char *const manifest_image_names[_MANIFEST_IMAGE_MAX] = {
        [MANIFEST_IMAGE_ARCHIVE] = "archive",
        [MANIFEST_IMAGE_DOCKERFILE] = "dockerfile",
};
DEFINE_STRING_TABLE(manifest_image, ManifestImageKind, MANIFEST_IMAGE)

static const char *const manifest_profile_names[_MANIFEST_PROFILE_MAX] = {
        [MANIFEST_PROFILE_COMPAT] = "compat",
        [MANIFEST_PROFILE_STRICT] = "strict",
};
DEFINE_STRING_TABLE(manifest_profile, ManifestProfile, MANIFEST_PROFILE)

static const char *const manifest_pseudonyms_names[_MANIFEST_PSEUDONYMS_MAX] = {
        [MANIFEST_PSEUDONYMS_HMAC] = "hmac",
        [MANIFEST_PSEUDONYMS_SHA1] = "sha1",
};
DEFINE_STRING_TABLE(manifest_pseudonyms, ManifestPseudonyms, MANIFEST_PSEUDONYMS)

static bool is_path_in_drop(const char *s) {
        return name_is_relative_path(s, LIMIT_DROP_DEPTH);
}

static bool is_optional_event(const char *s) {
        return streq(s, "accepted") || streq(s, "started") || streq(s, "phase");
}

static const JsonField image_fields[] = {
        { "kind", JSON_KIND_ENUM, offsetof(ManifestImage, kind), JSON_REQUIRED, .names = manifest_image_names, .max = _MANIFEST_IMAGE_MAX },
        { "file", JSON_KIND_STRING, offsetof(ManifestImage, file), JSON_OMIT_EMPTY, .max = 512, .check = is_path_in_drop },
        { "digest", JSON_KIND_STRING, offsetof(ManifestImage, digest), JSON_OMIT_EMPTY, .max = DIGEST_LENGTH, .check = name_is_valid },
};
static const JsonTable image_table = JSON_TABLE(image_fields);

static const JsonField limits_fields[] = {
        { "cpus_milli", JSON_KIND_U64, offsetof(ManifestLimits, cpus_milli), JSON_OMIT_EMPTY, .min = LIMIT_CPUS_MILLI_MIN, .max = LIMIT_CPUS_MILLI_MAX },
        { "memory", JSON_KIND_U64, offsetof(ManifestLimits, memory), JSON_OMIT_EMPTY, .min = LIMIT_MEMORY_MIN, .max = LIMIT_MEMORY_MAX },
        { "time_usec", JSON_KIND_U64, offsetof(ManifestLimits, time_usec), JSON_OMIT_EMPTY, .min = LIMIT_TIME_USEC_MIN, .max = LIMIT_TIME_USEC_MAX },
        { "output", JSON_KIND_U64, offsetof(ManifestLimits, output), JSON_OMIT_EMPTY, .min = LIMIT_OUTPUT_MIN, .max = LIMIT_OUTPUT_MAX },
        { "pids", JSON_KIND_U64, offsetof(ManifestLimits, pids), JSON_OMIT_EMPTY, .min = LIMIT_PIDS_MIN, .max = LIMIT_PIDS_MAX },
};
static const JsonTable limits_table = JSON_TABLE(limits_fields);

static const JsonField argument_fields[] = {
        { "name", JSON_KIND_STRING, offsetof(ManifestArgument, name), JSON_REQUIRED, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "value", JSON_KIND_STRING, offsetof(ManifestArgument, value), JSON_REQUIRED, .max = 256, .check = name_is_argument_value },
};
static const JsonTable argument_table = JSON_TABLE(argument_fields);

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(Manifest, version), JSON_REQUIRED, .min = MANIFEST_VERSION, .max = MANIFEST_VERSION },
        { "form", JSON_KIND_ENUM, offsetof(Manifest, form), JSON_REQUIRED, .names = manifest_form_names, .max = _MANIFEST_FORM_MAX },
        { "name", JSON_KIND_STRING, offsetof(Manifest, name), JSON_REQUIRED, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "job_id", JSON_KIND_STRING, offsetof(Manifest, job_id), JSON_OMIT_EMPTY, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "mode", JSON_KIND_ENUM, offsetof(Manifest, mode), JSON_REQUIRED, .names = manifest_mode_names, .max = _MANIFEST_MODE_MAX },
        { "profile", JSON_KIND_ENUM, offsetof(Manifest, profile), JSON_REQUIRED, .names = manifest_profile_names, .max = _MANIFEST_PROFILE_MAX },
        { "image", JSON_KIND_OBJECT, offsetof(Manifest, image), JSON_REQUIRED, .table = &image_table },
        { "courses", JSON_KIND_STRV, offsetof(Manifest, courses), JSON_REQUIRED, .max = LIMIT_COURSES, .check = name_is_valid },
        { "limits", JSON_KIND_OBJECT, offsetof(Manifest, limits), JSON_REQUIRED, .table = &limits_table },
        { "notify", JSON_KIND_STRV, offsetof(Manifest, notify), JSON_REQUIRED, .max = 8, .check = is_optional_event },
        { "args", JSON_ARRAY_OF(Manifest, args.items, args.n), .flags = JSON_REQUIRED, .max = LIMIT_ARGS, .table = &argument_table },
        { "unpacked", JSON_KIND_BOOL, offsetof(Manifest, unpacked), JSON_OMIT_EMPTY },
        { "controller", JSON_KIND_STRING, offsetof(Manifest, controller), JSON_OMIT_EMPTY, .max = 512, .check = is_path_in_drop },
        { "calls", JSON_ARRAY_OF(Manifest, calls, n_calls), .flags = JSON_OMIT_EMPTY, .max = LIMIT_CALLS, .table = &call_table },
        { "partial", JSON_KIND_BOOL, offsetof(Manifest, partial), JSON_OMIT_EMPTY },
        { "pseudonyms", JSON_KIND_ENUM, offsetof(Manifest, pseudonyms), JSON_OMIT_EMPTY, .names = manifest_pseudonyms_names, .max = _MANIFEST_PSEUDONYMS_MAX },
        { "needs", JSON_KIND_STRV, offsetof(Manifest, needs), JSON_OMIT_EMPTY, .max = LIMIT_NEEDS, .check = name_is_valid },
        { "drop_digest", JSON_KIND_STRING, offsetof(Manifest, drop_digest), JSON_REQUIRED, .max = DIGEST_LENGTH, .check = name_is_valid },
};
const JsonTable manifest_table = JSON_TABLE(fields);

int manifest_add_argument(Manifest *m, const char *name, const char *value) {
        ManifestArgument a = { .name = strdup(name), .value = strdup(value) };

        if (!a.name || !a.value) {
                json_record_done(&argument_table, &a);
                return -ENOMEM;
        }
        return json_array_add(&argument_table, &m->args.items, &m->args.n, sizeof(a), &a);
}

ManifestLimits manifest_limits(const ManifestLimits *wanted, const ManifestLimits *standard) {
        return (ManifestLimits){
                .cpus_milli = wanted->cpus_milli > 0 ? wanted->cpus_milli : standard->cpus_milli,
                .memory = wanted->memory > 0 ? wanted->memory : standard->memory,
                .time_usec = wanted->time_usec > 0 ? wanted->time_usec : standard->time_usec,
                .output = wanted->output > 0 ? wanted->output : standard->output,
                .pids = wanted->pids > 0 ? wanted->pids : standard->pids,
        };
}

const char *manifest_files_dir(const Manifest *m) {
        return m->unpacked ? JOB_DIR_UNPACKED : JOB_DIR_DROP;
}

int manifest_write_at(int dirfd, const Manifest *m) {
        return json_record_publish_at(&manifest_table, m, dirfd, MANIFEST_FILE, 0640, (uid_t) -1, (gid_t) -1);
}

/* Not from spool/base/digest.h, whose functions the daemon does not link. */
static bool is_digest(const char *s) {
        return s && strlen(s) == DIGEST_LENGTH && strspn(s, "0123456789abcdef") == DIGEST_LENGTH;
}

/* What the table alone cannot say: a workflow says what it calls; without attachments to wait for, the image is known. */
static int check_members(const Manifest *m, char **reterr) {
        const char *problem = NULL;

        if ((m->mode == MANIFEST_MODE_WORKFLOW) != (m->controller || m->n_calls > 0) || (m->controller && m->n_calls > 0))
                problem = "a workflow has either 'controller' or 'calls', and nothing else has";

        else if (m->needs)
                return 0;
        else if (!is_digest(m->image.digest))
                problem = "key 'digest' of the image must be 64 hex digits";
        else if (m->image.kind == MANIFEST_IMAGE_ARCHIVE && !m->image.file)
                problem = "key 'file' of the image is missing";
        if (!problem)
                return 0;
        if (reterr)
                *reterr = strdup(problem);
        return -EBADMSG;
}

int manifest_read_at(int dirfd, Manifest *ret, char **reterr) {
        _cleanup_manifest_ Manifest m = {};
        int r;

        r = json_record_read_at(&manifest_table, dirfd, MANIFEST_FILE, LIMIT_MANIFEST_BYTES, &m, reterr);
        if (r >= 0)
                r = check_members(&m, reterr);
        if (r < 0)
                return r;
        *ret = m;
        m = (Manifest){};
        return 0;
}

void manifest_done(Manifest *m) {
        json_record_done(&manifest_table, m);
        *m = (Manifest){};
}
