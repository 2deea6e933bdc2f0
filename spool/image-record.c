/* SPDX-License-Identifier: MIT */
#include "spool/image-record.h"

#include "spool/limits.h"

/* Not from spool/base/digest.h, which the daemon does not link. */
#define HEX_LENGTH 64u

static bool is_digest(const char *s) {
        return strlen(s) == HEX_LENGTH && strspn(s, "0123456789abcdef") == HEX_LENGTH;
}

bool image_id_is_valid(const char *s) {
        const char *hex = startswith(s, "sha256:");

        return hex && is_digest(hex);
}

bool image_version_is_valid(const char *s) {
        return *s && strlen(s) <= 64 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~:-") == strlen(s);
}

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(ImageRecord, version), JSON_REQUIRED, .min = IMAGE_RECORD_VERSION,
          .max = IMAGE_RECORD_VERSION },
        { "id", JSON_KIND_STRING, offsetof(ImageRecord, id), JSON_REQUIRED, .check = image_id_is_valid },
        { "digest", JSON_KIND_STRING, offsetof(ImageRecord, digest), JSON_REQUIRED, .check = is_digest },
        { "built", JSON_KIND_BOOL, offsetof(ImageRecord, built), JSON_REQUIRED },
        { "reused", JSON_KIND_BOOL, offsetof(ImageRecord, reused), JSON_REQUIRED },
        { "engine_version", JSON_KIND_STRING, offsetof(ImageRecord, engine_version), JSON_OMIT_EMPTY, .max = 64, .check = image_version_is_valid },
};
const JsonTable image_record_table = JSON_TABLE(fields);

int image_record_write_at(int dirfd, const char *name, const ImageRecord *record) {
        return json_record_publish_at(&image_record_table, record, dirfd, name, 0640, (uid_t) -1, (gid_t) -1);
}

int image_record_read_at(int dirfd, const char *name, ImageRecord *ret, char **reterr) {
        _cleanup_image_record_ ImageRecord record = {};
        int r;

        r = json_record_read_at(&image_record_table, dirfd, name, LIMIT_RECORD_BYTES, &record, reterr);
        if (r < 0)
                return r;
        *ret = record;
        record = (ImageRecord){};
        return 0;
}

void image_record_done(ImageRecord *record) {
        json_record_done(&image_record_table, record);
        *record = (ImageRecord){};
}
