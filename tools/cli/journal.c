/* SPDX-License-Identifier: MIT */
#include "tools/cli/journal.h"

#include "spool/base/id.h"

bool journal_is_trusted(const char *uid, const char *unit) {
        if (uid && streq(uid, "0"))
                return true;
        /* Units of users never are in _SYSTEMD_UNIT under their own names: that is user@UID.service. */
        return unit && endswith(unit, ".service") && (streq(unit, "morfd.service") || startswith(unit, "morf-"));
}

char *journal_label(const char *unit) {
        const char *p = unit ? startswith(unit, "morf-") : NULL, *dash;
        size_t n = unit ? strlen(unit) - (endswith(unit, ".service") ? strlen(".service") : 0) : 0;
        char *s;

        if (p && strlen(p) > ID_LENGTH + 1 && p[ID_LENGTH] == '-') {
                p += ID_LENGTH + 1;
                dash = memrchr(p, '-', n - (size_t) (p - unit));
                if (dash && dash > p)
                        return asprintf(&s, "%.*s %.*s", (int) (dash - p), p, (int) (unit + n - dash - 1), dash + 1) < 0
                                               ? NULL
                                               : s;
        }
        return unit ? strndup(unit, n) : strdup("-");
}
