/* SPDX-License-Identifier: MIT */
#include "spool/manifest.h"

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"

static const char *const manifest_form_names[_MANIFEST_FORM_MAX] = {
        [MANIFEST_FORM_NATIVE] = "native",
        [MANIFEST_FORM_ZIP] = "zip",
};
DEFINE_STRING_TABLE(manifest_form, ManifestForm, MANIFEST_FORM)

static const char *const manifest_mode_names[_MANIFEST_MODE_MAX] = {
        [MANIFEST_MODE_RUN] = "run",
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

static bool is_path_in_drop(const char *s) {
        return name_is_relative_path(s, LIMIT_DROP_DEPTH);
}

static bool is_optional_event(const char *s) {
        return streq(s, "accepted") || streq(s, "started");
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

static void arguments_done(void *member) {
        ManifestArguments *a = member;

        for (size_t i = 0; i < a->n; i++) {
                free(a->items[i].name);
                free(a->items[i].value);
        }
        free(a->items);
        *a = (ManifestArguments){};
}

static const JsonField argument_fields[] = {
        { "name", JSON_KIND_STRING, offsetof(ManifestArgument, name), JSON_REQUIRED, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "value", JSON_KIND_STRING, offsetof(ManifestArgument, value), JSON_REQUIRED, .max = 256, .check = name_is_argument_value },
};
static const JsonTable argument_table = JSON_TABLE(argument_fields);

static int append(ManifestArguments *a, ManifestArgument item) {
        ManifestArgument *bigger = reallocarray(a->items, a->n + 1, sizeof(*bigger));

        if (!bigger) {
                json_record_done(&argument_table, &item);
                return -ENOMEM;
        }
        a->items = bigger;
        a->items[a->n++] = item;
        return 0;
}

static int arguments_read(const json_t *value, void *member) {
        const json_t *item;
        size_t i;
        int r;

        if (!json_is_array(value) || json_array_size(value) > LIMIT_ARGS)
                return -EBADMSG;
        json_array_foreach (value, i, item) {
                _cleanup_free_ char *text = json_dumps(item, JSON_COMPACT);
                ManifestArgument a = {};

                if (!text)
                        return -ENOMEM;
                r = json_record_parse(&argument_table, text, strlen(text), &a, /* reterr= */ NULL);
                if (r < 0) {
                        json_record_done(&argument_table, &a);
                        return r;
                }
                r = append(member, a);
                if (r < 0)
                        return r;
        }
        return 0;
}

static json_t *arguments_write(const void *member) {
        _cleanup_json_ json_t *array = json_array();
        const ManifestArguments *a = member;

        for (size_t i = 0; i < a->n; i++)
                if (json_array_append_new(array, json_record_to_value(&argument_table, &a->items[i])) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(Manifest, version), JSON_REQUIRED, .min = MANIFEST_VERSION, .max = MANIFEST_VERSION },
        { "form", JSON_KIND_ENUM, offsetof(Manifest, form), JSON_REQUIRED, .names = manifest_form_names, .max = _MANIFEST_FORM_MAX },
        { "name", JSON_KIND_STRING, offsetof(Manifest, name), JSON_REQUIRED, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "mode", JSON_KIND_ENUM, offsetof(Manifest, mode), JSON_REQUIRED, .names = manifest_mode_names, .max = _MANIFEST_MODE_MAX },
        { "profile", JSON_KIND_ENUM, offsetof(Manifest, profile), JSON_REQUIRED, .names = manifest_profile_names, .max = _MANIFEST_PROFILE_MAX },
        { "image", JSON_KIND_OBJECT, offsetof(Manifest, image), JSON_REQUIRED, .table = &image_table },
        { "courses", JSON_KIND_STRV, offsetof(Manifest, courses), JSON_REQUIRED, .max = LIMIT_COURSES, .check = name_is_valid },
        { "limits", JSON_KIND_OBJECT, offsetof(Manifest, limits), JSON_REQUIRED, .table = &limits_table },
        { "notify", JSON_KIND_STRV, offsetof(Manifest, notify), JSON_REQUIRED, .max = 8, .check = is_optional_event },
        { "args", JSON_KIND_CUSTOM, offsetof(Manifest, args), JSON_REQUIRED, .read = arguments_read, .write = arguments_write, .done = arguments_done },
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
        return append(&m->args, a);
}

int manifest_write_at(int dirfd, const Manifest *m) {
        return json_record_publish_at(&manifest_table, m, dirfd, MANIFEST_FILE, 0640, (uid_t) -1, (gid_t) -1);
}

/* Not from spool/base/digest.h, whose functions the daemon does not link. */
static bool is_digest(const char *s) {
        return s && strlen(s) == DIGEST_LENGTH && strspn(s, "0123456789abcdef") == DIGEST_LENGTH;
}

/* What the table alone cannot say: without attachments to wait for, the image is known. */
static int check_image(const Manifest *m, char **reterr) {
        const char *problem = NULL;

        if (m->needs)
                return 0;
        if (!is_digest(m->image.digest))
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
                r = check_image(&m, reterr);
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
