/* SPDX-License-Identifier: MIT */
/*
 * Any text as a file of settings: refused with a sentence that begins with file and line, or values within their ranges. And the
 * text is looked through for numbers that libconfig would cut: of those that it reads, none is cut.
 */

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/config-text.h"
#include "spool/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig 1.5 itself loses the strings of a text that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libconfig.so\n";
}

static void check(bool ok) {
        if (!ok)
                abort();
}

typedef struct Target {
        unsigned count;
        uint64_t number, milli, bytes, span;
        bool flag;
        char *text, **list;
        int choice;
} Target;

static const char *const choices[] = { "none", "some", "all" };

#define M(m) offsetof(Target, m)
static const Setting table[] = {
        { "count", SETTING_UNSIGNED, M(count), .min = 2, .max = 9 },
        { "group.number", SETTING_U64, M(number), .max = 5000000000 },
        { "group.inner.milli", SETTING_MILLI, M(milli), .min = 10, .max = 4000 },
        { "group.inner.bytes", SETTING_SIZE, M(bytes), .max = UINT64_C(1) << 40 },
        { "group.span", SETTING_SPAN, M(span), .max = USEC_PER_DAY },
        { "flag", SETTING_BOOL, M(flag) },
        { "text", SETTING_STRING, M(text), .check = name_is_valid },
        { "list", SETTING_STRV, M(list), .check = name_is_mail_address },
        { "choice", SETTING_ENUM, M(choice), .names = choices, .max = ELEMENTSOF(choices) },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size), *sentence = NULL;
        Target t = { .count = 5, .milli = 50 };
        int r;

        check(text);
        /* It would read files of the machine, and take other bytes each time. */
        if (strstr(text, "@include"))
                return 0;
        r = settings_read_string(table, ELEMENTSOF(table), text, "f", &t, &sentence);
        check((r == 0 && !sentence) || (r == -EBADMSG && sentence && startswith(sentence, "f:")));
        check(t.count >= 2 && t.count <= 9 && t.milli >= 10 && t.milli <= 4000 && t.number <= 5000000000);
        check(t.bytes <= UINT64_C(1) << 40 && t.span <= USEC_PER_DAY && t.choice >= 0 && t.choice < 3);
        check(!t.text || !*t.text || name_is_valid(t.text));
        STRV_FOREACH(s, t.list)
                check(name_is_mail_address(*s));
        settings_done(table, ELEMENTSOF(table), &t);
        return 0;
}
