/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/plan.h"
#include "tests/unit/scratch.h"

#define V "\"version\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
#define COURSES "[{\"name\":\"a\",\"complete\":true,\"sessions\":[{\"name\":\"1\"," V "},{\"name\":\"2\",\"holdout\":true," V "}]}]"
#define PHASES "[{\"function\":\"extract_session\",\"mode\":\"extract\",\"level\":\"session\"}]"
#define STEPS "[{\"number\":1,\"phase\":1,\"kind\":\"prepare\"},{\"number\":2,\"phase\":1,\"kind\":\"container\",\"course\":\"a\",\"session\":\"1\"}," \
              "{\"number\":3,\"phase\":1,\"kind\":\"collect\"}]"
#define NONE "{\"kind\":\"none\"}"

typedef struct Pieces {
        const char *courses, *phases, *steps, *evaluation;
} Pieces;

static int read_pieces(const Scratch *s, const Pieces *p, Plan *ret) {
        _cleanup_free_ char *text = NULL;

        assert_true(asprintf(&text, "{\"version\":1,\"courses\":%s,\"phases\":%s,\"steps\":%s,\"evaluation\":%s}", p->courses ? p->courses : COURSES,
                             p->phases ? p->phases : PHASES, p->steps ? p->steps : STEPS, p->evaluation ? p->evaluation : NONE) > 0);
        scratch_write(s, PLAN_FILE, text);
        return plan_read_at(s->fd, ret, NULL);
}

static void round_trip(_unused_ void **state) {
        static const Pieces good = {};
        _cleanup_free_ char *first = NULL, *second = NULL;
        _cleanup_plan_ Plan p = {}, back = {};
        PlanStepSessions i = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(read_pieces(&s, &good, &p), 0);
        assert_int_equal(plan_write_at(s.fd, &p), 0);
        assert_int_equal(plan_read_at(s.fd, &back, NULL), 0);
        assert_int_equal(json_record_format(&plan_table, &p, &first), 0);
        assert_int_equal(json_record_format(&plan_table, &back, &second), 0);
        assert_string_equal(first, second);
        assert_int_equal(plan_count_steps(&p, 0, PLAN_STEP_CONTAINER), 1);
        assert_string_equal(plan_holdout(plan_course(&p, "a"))->name, "2");
        assert_null(plan_course(&p, "b"));
        assert_null(plan_step(&p, 0));
        assert_null(plan_step(&p, 4));
        assert_true(plan_step_sessions(&p, plan_step(&p, 2), &i));
        assert_string_equal(i.session->name, "1");
        assert_false(plan_step_sessions(&p, plan_step(&p, 2), &i));
        assert_string_equal(plan_mode_argument(PLAN_MODE_EXTRACT_HOLDOUT), "extract");
}

static void hostile(_unused_ void **state) {
        static const Pieces cases[] = {
                { .courses = "[{\"name\":\"../a\",\"sessions\":[]}]" },
                { .courses = "[{\"name\":\"a\",\"complete\":true,\"sessions\":[{\"name\":\"1\",\"version\":\"x\"}]}]" },
                { .courses = "[{\"name\":\"a\",\"complete\":true,\"sessions\":[{\"name\":\"1\"," V "}]}]" },
                { .courses = "[{\"name\":\"a\",\"complete\":true,\"sessions\":[{\"name\":\"2\",\"holdout\":true," V "},{\"name\":\"1\"," V "}]}]" },
                { .courses = "[{\"name\":\"a\",\"complete\":true,\"sessions\":[{\"name\":\"1\",\"holdout\":true," V "},{\"name\":\"2\",\"holdout\":true," V "}]}]" },
                { .phases = "[{\"function\":\"extract_session\",\"mode\":\"train\",\"level\":\"session\"}]" },
                { .phases = "[{\"function\":\"evaluate_all\",\"mode\":\"extract\",\"level\":\"all\"}]" },
                { .phases = "[{\"function\":\"extract_session\",\"mode\":\"extract\",\"level\":\"session\",\"k\":5}]" },
                { .phases = "[{\"function\":\"extract_session\",\"mode\":\"extract\",\"level\":\"session\",\"label_type\":\"dropout\"}]" },
                { .phases = "[{\"function\":\"extract_session\",\"mode\":\"extract\",\"level\":\"session\",\"fork\":\"x\"}]" },
                { .phases = "[]" },
                { .steps = "[]" },
                { .steps = "[{\"number\":2,\"phase\":1,\"kind\":\"prepare\"}]" },
                { .steps = "[{\"number\":1,\"phase\":2,\"kind\":\"prepare\"}]" },
                { .steps = "[{\"number\":1,\"phase\":1,\"kind\":\"prepare\"},{\"number\":2,\"phase\":1,\"kind\":\"collect\"}]" },
                { .steps = "[{\"number\":1,\"phase\":1,\"kind\":\"prepare\"},{\"number\":2,\"phase\":1,\"kind\":\"container\",\"course\":\"a\",\"session\":\"2\"},"
                           "{\"number\":3,\"phase\":1,\"kind\":\"collect\"}]" },
                { .steps = "[{\"number\":1,\"phase\":1,\"kind\":\"prepare\"},{\"number\":2,\"phase\":1,\"kind\":\"container\",\"course\":\"b\",\"session\":\"1\"},"
                           "{\"number\":3,\"phase\":1,\"kind\":\"collect\"}]" },
                { .steps = "[{\"number\":1,\"phase\":1,\"kind\":\"prepare\"},{\"number\":2,\"phase\":1,\"kind\":\"container\",\"course\":\"a\",\"session\":\"1\",\"fold\":1},"
                           "{\"number\":3,\"phase\":1,\"kind\":\"collect\"}]" },
                { .steps = "[{\"number\":1,\"phase\":1,\"kind\":\"prepare\",\"course\":\"a\"},{\"number\":2,\"phase\":1,\"kind\":\"container\",\"course\":\"a\",\"session\":\"1\"},"
                           "{\"number\":3,\"phase\":1,\"kind\":\"collect\"}]" },
                { .evaluation = "{\"kind\":\"course\"}" }, { .evaluation = "{\"kind\":\"none\",\"label_type\":\"dropout\"}" },
                { .evaluation = "{\"kind\":\"cv\",\"label_type\":\"dropout\"}" }, { .evaluation = "{\"kind\":\"course\",\"label_type\":\"x\"}" },
        };
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_plan_ Plan p = {};

                if (read_pieces(&s, &cases[i], &p) != -EBADMSG)
                        fail_msg("case %zu was accepted", i);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(hostile) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
