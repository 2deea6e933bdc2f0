/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "units/name.h"

#define ID "01m83k0n2w0enbpde19cet93c6"

static void builds_and_parses(_unused_ void **state) {
        UnitServiceName service;
        char name[UNIT_NAME_SIZE];
        UnitSliceName slice;

        assert_int_equal(unit_name_service(ID, "run2", 12, name), 0);
        assert_string_equal(name, "morf-" ID "-run2-12.service");
        assert_int_equal(unit_name_parse_service(name, &service), 0);
        assert_string_equal(service.id.text, ID);
        assert_string_equal(service.stage, "run2");
        assert_int_equal(service.attempt, 12);

        assert_int_equal(unit_name_slice(ID, 999999, 1, name), 0);
        assert_string_equal(name, "morf-jobs-" ID "-999999a1.slice");
        assert_int_equal(unit_name_parse_slice(name, &slice), 0);
        assert_string_equal(slice.id.text, ID);
        assert_int_equal(slice.step, 999999);
        assert_int_equal(slice.attempt, 1);

        assert_int_equal(unit_name_job_slice(ID, name), 0);
        assert_int_equal(unit_name_parse_slice(name, &slice), 0);
        assert_int_equal(slice.step, 0);
        assert_int_equal(slice.attempt, 0);
}

/* The longest names fit into their buffer and into systemd's 255 bytes. */
static void longest_names_fit(_unused_ void **state) {
        char name[UNIT_NAME_SIZE];

        assert_int_equal(unit_name_service(ID, "abcdefghijklmnop", 999999, name), 0);
        assert_non_null(endswith(name, "-999999.service"));
        assert_int_equal(unit_name_slice(ID, 999999, 999999, name), 0);
        assert_non_null(endswith(name, "-999999a999999.slice"));
}

static void refuses_bad_parts(_unused_ void **state) {
        char name[UNIT_NAME_SIZE];

        assert_int_equal(unit_name_service("../x", "run", 1, name), -EINVAL);
        assert_int_equal(unit_name_service(ID, "Run", 1, name), -EINVAL);
        assert_int_equal(unit_name_service(ID, "", 1, name), -EINVAL);
        assert_int_equal(unit_name_service(ID, "a-b", 1, name), -EINVAL);
        assert_int_equal(unit_name_service(ID, "abcdefghijklmnopq", 1, name), -EINVAL);
        assert_int_equal(unit_name_service(ID, "run", 0, name), -EINVAL);
        assert_int_equal(unit_name_service(ID, "run", 1000000, name), -EINVAL);
        assert_int_equal(unit_name_slice(ID, 0, 1, name), -EINVAL);
        assert_int_equal(unit_name_job_slice("", name), -EINVAL);
}

static void refuses_foreign_names(_unused_ void **state) {
        static const char *const services[] = {
                "",
                "morf-",
                "morf-mail.service",
                "morf-" ID ".service",
                "morf-" ID "-run.service",
                "morf-" ID "-run-1",
                "morf-" ID "-run-1.scope",
                "morf-" ID "-run-01.service",
                "morf-" ID "-run-0.service",
                "morf-" ID "-run-+1.service",
                "morf-" ID "-run-1000000.service",
                "morf-" ID "-run-999999999999999999999999999999.service",
                "morf-" ID "-run-1.service ",
                "morf-" ID "-r.un-1.service",
                "morf-" ID "--1.service",
                "morf-01M83K0N2W0ENBPDE19CET93C6-run-1.service",
                "morf-" ID "-a-b-1.service",
                "Morf-" ID "-run-1.service",
        };
        static const char *const slices[] = {
                "morf-jobs.slice",
                "morf-jobs-.slice",
                "morf-jobs-" ID,
                "morf-jobs-" ID "-1.slice",
                "morf-jobs-" ID "-1a.slice",
                "morf-jobs-" ID "-1a0.slice",
                "morf-jobs-" ID "-01a1.slice",
                "morf-jobs-" ID "-1a1a1.slice",
                "morf-jobs-" ID "-1a1.slicex",
        };
        UnitServiceName service;
        UnitSliceName slice;

        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                assert_int_equal(unit_name_parse_service(services[i], &service), -EINVAL);
        for (size_t i = 0; i < ELEMENTSOF(slices); i++)
                assert_int_equal(unit_name_parse_slice(slices[i], &slice), -EINVAL);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(builds_and_parses),
                cmocka_unit_test(longest_names_fit),
                cmocka_unit_test(refuses_bad_parts),
                cmocka_unit_test(refuses_foreign_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
