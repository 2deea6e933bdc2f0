/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as calls.json, which a controller can write itself: refused with a sentence, or calls that can be compiled to a plan that is valid, or
 * a fault that can be shown.
 */

#include "spool/base/name.h"
#include "spool/call.h"
#include "spool/limits.h"
#include "tools/plan/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

static void add_session(PlanCourse *c, const char *name, bool holdout) {
        PlanSession s = { .name = strdup(name), .holdout = holdout };

        s.version = strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        check(s.name && s.version && plan_add_session(c, &s) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const CompileOptions o = { .file = "controller.py" };
        PlanCourse course = { .name = strdup("a"), .complete = true };
        _cleanup_plan_ Plan p = { .version = PLAN_VERSION };
        _cleanup_free_ char *error = NULL;
        _cleanup_fault_ Fault f = {};
        _cleanup_calls_ Calls c = {};
        int r;

        add_session(&course, "1", false);
        add_session(&course, "2", true);
        check(plan_add_course(&p, &course) == 0);
        r = calls_parse((const char *) data, size, &c, &error);
        check((r == 0 && !error) || (r == -EBADMSG && error));
        if (r < 0)
                return 0;
        check(c.n <= LIMIT_CALLS);
        r = compile_calls(&o, c.items, c.n, &p, &f);
        check(r == 0 || (r == -EBADMSG && f.message && name_is_utf8(f.message, strlen(f.message))));
        check(r < 0 || plan_check(&p, NULL) == 0);
        return 0;
}
