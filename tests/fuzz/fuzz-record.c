/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as record.json and as status.json: refused with a sentence, or a record that is the same after writing and reading
 * again, whose status holds less.
 */

#include "spool/base/id.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

static bool read_text(const JsonTable *table, const char *text, size_t size, Record *r) {
        _cleanup_free_ char *error = NULL;
        int k = json_record_parse(table, text, size, r, &error);

        check((k == 0 && !error) || (k == -EBADMSG && error && name_is_utf8(error, strlen(error))));
        return k == 0;
}

static void round_trip(const JsonTable *table, const uint8_t *data, size_t size) {
        _cleanup_free_ char *first = NULL, *second = NULL, *status = NULL;
        _cleanup_record_ Record r = {}, again = {}, seen = {};

        if (!read_text(table, (const char *) data, size, &r))
                return;
        check(id_is_valid(r.id) && name_is_user(r.user) && job_state_to_string(r.state));
        check(strv_length(r.events) <= RECORD_EVENTS_MAX && (!r.why || strlen(r.why) <= RECORD_WHY_MAX));
        check(json_record_format(table, &r, &first) == 0);
        check(read_text(table, first, strlen(first), &again));
        check(json_record_format(table, &again, &second) == 0);
        check(streq(first, second));
        /* What the researcher sees of it is a status, and their tools can read it. */
        check(json_record_format(&status_table, &r, &status) == 0);
        check(read_text(&status_table, status, strlen(status), &seen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        round_trip(&record_table, data, size);
        round_trip(&status_table, data, size);
        return 0;
}
