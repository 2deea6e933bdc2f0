/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/isolation.h"

static const ManifestLimits limits = { .cpus_milli = 500, .memory = 32 << 20, .time_usec = 60000000, .output = 1 << 20, .pids = 32 };

static IsolationReport good(ManifestProfile profile) {
        return isolation_expect(profile, 998, 997, &limits);
}

static void test_what_is_expected_passes(_unused_ void **state) {
        for (ManifestProfile p = 0; p < _MANIFEST_PROFILE_MAX; p++) {
                IsolationReport expected = good(p), found = expected;
                char *error = NULL;

                found.memory /= 2; /* stricter is no fault */
                found.groups = 3;
                assert_int_equal(isolation_judge(&found, &expected, &error), 0);
                assert_null(error);
        }
}

static void test_profiles_differ(_unused_ void **state) {
        IsolationReport compat = good(MANIFEST_PROFILE_COMPAT), strict = good(MANIFEST_PROFILE_STRICT);

        assert_int_equal(compat.uid, 0);
        assert_int_equal(compat.cap_effective, 0xfb & ~UINT64_C(4)); /* CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID */
        assert_int_equal(strict.uid, 998);
        assert_int_equal(strict.gid, 997);
        assert_int_equal(strict.cap_bounding, 0);
        assert_int_equal(strict.root_writable, 0);
}

/* Whatever is changed, the sentence names it. */
static void test_each_thing_is_found(_unused_ void **state) {
        static const struct {
                size_t offset;
                uint64_t value;
                const char *sentence;
        } cases[] = {
                { offsetof(IsolationReport, interfaces), 1, "network interfaces beside lo: 1 and not 0" },
                { offsetof(IsolationReport, routes), 2, "network routes: 2 and not 0" },
                { offsetof(IsolationReport, reachable), 1, "reachable addresses of the host, the cloud or the world: 1 and not 0" },
                { offsetof(IsolationReport, nameservers), 1, "reachable name servers: 1 and not 0" },
                { offsetof(IsolationReport, abstract_sockets), 7, "abstract sockets of others: 7 and not 0" },
                { offsetof(IsolationReport, host_sockets), 1, "sockets and directories of the host: 1 and not 0" },
                { offsetof(IsolationReport, cap_bounding), 1 << 21, "bounding set of capabilities: 2097152 and not 0" },
                { offsetof(IsolationReport, no_new_privs), 0, "no_new_privs: 0 and not 1" },
                { offsetof(IsolationReport, seccomp), 0, "mode of seccomp: 0 and not 2" },
                { offsetof(IsolationReport, data_writable), 1, "ways to write to /morf-data: 1 and not 0" },
                { offsetof(IsolationReport, data_seen), 1, "readable files of /morf-data: 1 and not 2" },
                { offsetof(IsolationReport, root_writable), 1, "writable root directory: 1 and not 0" },
                { offsetof(IsolationReport, devices), 1, "devices beside the harmless ones: 1 and not 0" },
                { offsetof(IsolationReport, memory), INT64_MAX, "limit of memory: 9223372036854775807 and not 33554432" },
                { offsetof(IsolationReport, pids), 49, "limit of processes: 49 and not 48" },
                { offsetof(IsolationReport, core_size), 1, "limit of the size of core dumps: 1 and not 0" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                IsolationReport expected = good(MANIFEST_PROFILE_STRICT), found = expected;
                _cleanup_free_ char *error = NULL;

                *(uint64_t *) ((char *) &found + cases[i].offset) = cases[i].value;
                assert_int_equal(isolation_judge(&found, &expected, &error), -EPERM);
                assert_string_equal(error, cases[i].sentence);
        }
}

static void test_reports_are_read_strictly(_unused_ void **state) {
        IsolationReport expected = good(MANIFEST_PROFILE_COMPAT), found = {};
        _cleanup_free_ char *text = NULL, *error = NULL, *longer = NULL;

        assert_int_equal(json_record_format(&isolation_report_table, &expected, &text), 0);
        assert_int_equal(json_record_parse(&isolation_report_table, text, strlen(text), &found, &error), 0);
        assert_memory_equal(&found, &expected, sizeof(found));
        assert_true(asprintf(&longer, "{\"more\":1,%s", text + 1) > 0);
        assert_int_equal(json_record_parse(&isolation_report_table, longer, strlen(longer), &found, &error), -EBADMSG);
        free(error);
        error = NULL;
        assert_int_equal(json_record_parse(&isolation_report_table, "{\"version\":1}", 13, &found, &error), -EBADMSG);
}

static void test_proofs_are_copied(_unused_ void **state) {
        IsolationProof a = { .time = 5, .engine = (char *) "docker", .digest = (char *) "x" }, b = {};

        assert_int_equal(isolation_proof_copy(&a, &b), 0);
        assert_int_equal(isolation_proof_copy(&a, &b), 0); /* in place of what was there */
        assert_int_equal(b.time, 5);
        assert_string_equal(b.engine, "docker");
        assert_null(b.engine_version);
        isolation_proof_done(&b);
        assert_null(b.engine);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_expected_passes), cmocka_unit_test(test_profiles_differ),
                cmocka_unit_test(test_each_thing_is_found),     cmocka_unit_test(test_reports_are_read_strictly),
                cmocka_unit_test(test_proofs_are_copied),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
