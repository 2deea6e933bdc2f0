/* SPDX-License-Identifier: MIT */
/* Any bytes as client.config: a manifest that can be read again and names of files that are safe, or a sentence that can be shown. */

#include "spool/base/name.h"
#include "spool/limits.h"
#include "tools/intake/client-config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

/* Where another file may serve, a URL need not name one. */
static bool is_sound(const char *name, bool lenient) {
        return name_is_valid(name) || (lenient && name[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        bool lenient = size % 2 == 0;
        _cleanup_free_ char *text = NULL, *json = NULL;
        _cleanup_manifest_ Manifest m = {}, back = {};
        _cleanup_attachment_ JobAttachment a = {};
        _cleanup_fault_ Fault f = {};
        int r;

        if (size > LIMIT_JOB_FILE_BYTES)
                return 0;
        text = malloc(size + 1);
        check(text);
        memcpy(text, data, size);
        text[size] = '\0';
        r = client_config_parse(text, size, "client.config", lenient, &m, &a, &f);
        if (r < 0) {
                check(r == -EBADMSG && f.message && name_is_utf8(f.message, strlen(f.message)));
                for (const char *p = f.message; *p; p++)
                        check((unsigned char) *p >= 0x20 && *p != 0x7f);
                return 0;
        }
        check(is_sound(a.path, lenient) && is_sound(a.controller, lenient));
        m.version = MANIFEST_VERSION;
        m.drop_digest = strdup("0");
        check(json_record_format(&manifest_table, &m, &json) == 0);
        check(json_record_parse(&manifest_table, json, strlen(json), &back, /* reterr= */ NULL) == 0);
        return 0;
}
