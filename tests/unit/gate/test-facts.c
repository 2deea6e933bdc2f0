/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/digest.h"
#include "spool/plan.h"
#include "tests/unit/scratch.h"
#include "tools/gate/facts.h"

#define JOB "01jd3k8x2m4qabcdefghjkmnpq"
#define SESSIONS 3u

typedef struct Case {
        Scratch s;
        int release, plan;
        char controller[96];
} Case;

/* A plan of one course, with the version of its second session ending in this digit. */
static void write_plan(const Case *c, char digit) {
        PlanCourse course = { .name = strdup("accounting"), .complete = true };
        _cleanup_plan_ Plan plan = { .version = PLAN_VERSION };
        PlanPhase phase = { .function = CALL_EXTRACT_ALL, .mode = PLAN_MODE_EXTRACT, .level = PLAN_LEVEL_ALL };

        for (unsigned i = 1; i <= SESSIONS; i++) {
                PlanSession s = { .holdout = i == SESSIONS };

                assert_true(asprintf(&s.name, "%03u", i) > 0);
                assert_true(asprintf(&s.version, "%064u", i) > 0);
                if (i == 2)
                        s.version[63] = digit;
                assert_int_equal(plan_add_session(&course, &s), 0);
        }
        assert_int_equal(plan_add_course(&plan, &course), 0);
        assert_int_equal(plan_add_phase(&plan, &phase), 0);
        for (PlanStepKind kind = 0; kind < _PLAN_STEP_MAX; kind++) {
                PlanStep s = { .number = kind + 1, .phase = 1, .kind = kind };

                assert_int_equal(plan_add_step(&plan, &s), 0);
        }
        assert_int_equal(plan_write_at(c->plan, &plan), 0);
}

static void init(Case *c) {
        scratch_init(&c->s);
        c->release = scratch_dir(&c->s, "release");
        c->plan = scratch_dir(&c->s, "plan");
        scratch_write(&c->s, "release/" RECEIPT_FACTS_FILE, "{\"version\":1,\"job\":\"" JOB "\",\"user\":\"alice\",\"name\":\"weekly\",\"mode\":\"workflow\"}");
        scratch_write(&c->s, "controller.py", "extract_all()\n");
        snprintf(c->controller, sizeof(c->controller), "%s/controller.py", c->s.path);
        write_plan(c, '2');
}

static void done(Case *c) {
        fd_close(c->release);
        fd_close(c->plan);
        scratch_done(&c->s);
}

static void assert_digest(const Case *c, const char *name, const char *digest) {
        char expected[DIGEST_LENGTH + 1];
        int fd = openat(c->s.fd, name, O_RDONLY | O_CLOEXEC);

        assert_int_equal(digest_fd(fd, expected), 0);
        fd_close(fd);
        assert_string_equal(digest, expected);
}

static void what_there_is(_unused_ void **state) {
        _cleanup_receipt_ Receipt r = {}, bare = {};
        _cleanup_(done) Case c;

        init(&c);
        assert_int_equal(facts_gather(c.release, c.plan, c.controller, &r), 0);
        assert_string_equal(r.job, JOB);
        assert_digest(&c, "plan/" PLAN_FILE, r.plan);
        assert_digest(&c, "controller.py", r.controller);
        assert_int_equal(strlen(r.data), DIGEST_LENGTH);
        /* A job of one run has neither plan nor controller. */
        assert_int_equal(facts_gather(c.release, -EBADF, NULL, &bare), 0);
        assert_null(bare.plan);
        assert_null(bare.data);
        assert_null(bare.controller);
        assert_int_equal(facts_remove(c.release), 0);
        assert_int_equal(facts_remove(c.release), 0);
        assert_int_equal(scratch_count(&c.s, "release"), 0);
}

/* The digest of the data is that of the versions of all sessions, and of nothing else in the plan. */
static void data_that_changed(_unused_ void **state) {
        _cleanup_receipt_ Receipt before = {}, same = {}, after = {};
        _cleanup_(done) Case c;

        init(&c);
        assert_int_equal(facts_gather(c.release, c.plan, NULL, &before), 0);
        write_plan(&c, '2');
        assert_int_equal(facts_gather(c.release, c.plan, NULL, &same), 0);
        assert_string_equal(before.data, same.data);
        write_plan(&c, '3');
        assert_int_equal(facts_gather(c.release, c.plan, NULL, &after), 0);
        assert_string_not_equal(before.data, after.data);
        assert_string_not_equal(before.plan, after.plan);
}

/* Nothing is made of half of what is wanted. */
static void what_is_missing_or_wrong(_unused_ void **state) {
        _cleanup_receipt_ Receipt r = {};
        _cleanup_(done) Case c;

        init(&c);
        assert_int_equal(facts_gather(c.release, c.plan, "/nonexistent/controller.py", &r), -ENOENT);
        assert_int_equal(unlinkat(c.s.fd, "controller.py", 0), 0);
        assert_int_equal(symlinkat("plan/" PLAN_FILE, c.s.fd, "controller.py"), 0);
        assert_int_equal(facts_gather(c.release, c.plan, c.controller, &r), -ELOOP);
        scratch_write(&c.s, "plan/" PLAN_FILE, "{}");
        assert_int_equal(facts_gather(c.release, c.plan, NULL, &r), -EBADMSG);
        assert_int_equal(unlinkat(c.plan, PLAN_FILE, 0), 0);
        assert_int_equal(facts_gather(c.release, c.plan, NULL, &r), -ENOENT);
        scratch_write(&c.s, "release/" RECEIPT_FACTS_FILE, "{\"version\":1,\"more\":2}");
        assert_int_equal(facts_gather(c.release, -EBADF, NULL, &r), -EBADMSG);
        assert_int_equal(facts_remove(c.release), 0);
        assert_int_equal(facts_gather(c.release, -EBADF, NULL, &r), -ENOENT);
        assert_null(r.job);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_there_is),
                cmocka_unit_test(data_that_changed),
                cmocka_unit_test(what_is_missing_or_wrong),
        };

        return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
