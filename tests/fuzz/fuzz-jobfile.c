/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a job file, alone, in a directory and in a zip: what is accepted must be a manifest that the daemon reads
 * back, what is refused must have a sentence without control characters that fits into fault.json.
 */

#include "spool/base/name.h"
#include "spool/limits.h"
#include "tools/intake/job-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig 1.5 itself loses the strings of a text that it refuses; our helper lives too shortly to mind. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libconfig.so\n";
}

static void check(bool ok) {
        if (!ok)
                abort();
}

static void check_manifest(Manifest *m, const JobAttachment *a, JobFileKind kind) {
        _cleanup_manifest_ Manifest back = {};
        _cleanup_free_ char *text = NULL;

        check(kind == JOB_FILE_IN_ZIP ? !a->path : name_is_relative_path(a->path, LIMIT_DROP_DEPTH));
        m->version = MANIFEST_VERSION;
        m->drop_digest = strdup("0");
        if (!m->name)
                m->name = strdup("job");
        check(json_record_format(&manifest_table, m, &text) == 0);
        check(json_record_parse(&manifest_table, text, strlen(text), &back, /* reterr= */ NULL) == 0);
}

static void check_fault(const Fault *f) {
        check(f->code == FAULT_JOBFILE && f->message && strlen(f->message) <= FAULT_MESSAGE_MAX);
        check(name_is_utf8(f->message, strlen(f->message)));
        for (const char *p = f->message; *p; p++)
                check((unsigned char) *p >= 0x20 && *p != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = NULL;

        if (size > LIMIT_JOB_FILE_BYTES)
                return 0;
        text = malloc(size + 1);
        check(text);
        memcpy(text, data, size);
        text[size] = '\0';
        for (int kind = JOB_FILE_ALONE; kind <= JOB_FILE_IN_ZIP; kind++) {
                _cleanup_attachment_ JobAttachment a = {};
                _cleanup_manifest_ Manifest m = {};
                _cleanup_fault_ Fault f = {};
                int r;

                r = job_file_parse(text, size, "a.cfg", (JobFileKind) kind, &m, &a, &f);
                if (r == 0)
                        check_manifest(&m, &a, (JobFileKind) kind);
                else {
                        check(r == -EBADMSG);
                        check_fault(&f);
                }
        }
        return 0;
}
