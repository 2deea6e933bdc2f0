/* SPDX-License-Identifier: MIT */
#include "spool/exit-record.h"

#include <limits.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/json.h"

/* The struct on disk: the record and its version. */
typedef struct Stored {
        uint64_t version;
        ExitRecord record;
} Stored;

bool exit_record_text_is_valid(const char *s) {
        size_t n = strlen(s);

        return n > 0 && n <= EXIT_RECORD_TEXT_MAX &&
               strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+") == n;
}

static int text_read(const json_t *value, void *member) {
        if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value) ||
            !exit_record_text_is_valid(json_string_value(value)))
                return -EBADMSG;
        strcpy(member, json_string_value(value));
        return 0;
}

static json_t *text_write(const void *member) {
        const char *s = member;

        return *s ? json_string(s) : NULL;
}

static int counter_read(const json_t *value, void *member) {
        if (!json_is_integer(value) || json_integer_value(value) < 0)
                return -EBADMSG;
        *(uint64_t *) member = (uint64_t) json_integer_value(value);
        return 0;
}

static json_t *counter_write(const void *member) {
        const uint64_t *v = member;

        return *v <= INT64_MAX ? json_integer((json_int_t) *v) : NULL;
}

#define TEXT(key, m, f) \
        { key, JSON_KIND_CUSTOM, offsetof(Stored, record.m), .flags = f, .read = text_read, .write = text_write }
#define COUNTER(key, m) \
        { key, JSON_KIND_CUSTOM, offsetof(Stored, record.m), .read = counter_read, .write = counter_write }

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(Stored, version), .flags = JSON_REQUIRED, .min = 1, .max = 1 },
        TEXT("result", result, JSON_REQUIRED),
        TEXT("code", code, 0),
        TEXT("status", status, 0),
        { "finished", JSON_KIND_U64, offsetof(Stored, record.finished), .flags = JSON_REQUIRED, .max = INT64_MAX },
        COUNTER("cpu_usec", cpu_usec),
        COUNTER("memory_peak", memory_peak),
        COUNTER("oom_kills", oom_kills),
        COUNTER("pids_max_hits", pids_max_hits),
};

static const JsonTable table = JSON_TABLE(fields);

static int file_name(const char *name, char **ret) {
        if (!name_is_valid(name))
                return -EINVAL;
        return asprintf(ret, "%s.json", name) < 0 ? -ENOMEM : 0;
}

static bool is_writable(const ExitRecord *record) {
        return exit_record_text_is_valid(record->result) && record->finished <= INT64_MAX;
}

int exit_record_write(int fd, const ExitRecord *record) {
        Stored stored = { .version = 1, .record = *record };
        _cleanup_free_ char *text = NULL;
        int r;

        if (!is_writable(record))
                return -EINVAL;
        r = json_record_format(&table, &stored, &text);
        if (r >= 0)
                r = fd_write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        return fsync(fd) < 0 ? negative_errno() : 0;
}

int exit_record_write_at(int dirfd, const char *name, const ExitRecord *record) {
        Stored stored = { .version = 1, .record = *record };
        _cleanup_free_ char *file = NULL;
        int r;

        if (!is_writable(record))
                return -EINVAL;
        r = file_name(name, &file);
        if (r < 0)
                return r;
        return json_record_publish_at(&table, &stored, dirfd, file, 0640, (uid_t) -1, (gid_t) -1);
}

int exit_record_read_at(int dirfd, const char *name, ExitRecord *ret, char **reterr_message) {
        Stored stored = { .record = EXIT_RECORD_INIT };
        _cleanup_free_ char *file = NULL;
        int r;

        r = file_name(name, &file);
        if (r < 0)
                return r;
        r = json_record_read_at(&table, dirfd, file, EXIT_RECORD_SIZE_MAX, &stored, reterr_message);
        if (r < 0)
                return r;
        *ret = stored.record;
        return 0;
}
