/* SPDX-License-Identifier: MIT */

/*
 * Plans and sandboxes as D-Bus messages, read back as text: "Name=value" a line, as sd_bus_message_dump() would but
 * shorter.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "units/encode.h"

/* A bus that leads nowhere: messages want one to be made for. */
static sd_bus *bus;
static int far_end = -EBADF;

static int make_bus(_unused_ void **state) {
        int r, fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return -1;
        far_end = fds[1];
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fds[0], fds[0]);
        if (r >= 0)
                r = sd_bus_start(bus);
        return r < 0 ? -1 : 0;
}

static int drop_bus(_unused_ void **state) {
        bus = sd_bus_close_unref(bus);
        close(far_end);
        return 0;
}

static void print_value(FILE *f, sd_bus_message *m) {
        const char *contents;
        char type;

        while (sd_bus_message_peek_type(m, &type, &contents) > 0) {
                union { const char *s; int b; uint8_t y; int32_t i; uint32_t u; uint64_t t; } v = {};

                if (type == 'a' || type == 'r' || type == 'v') {
                        assert_true(sd_bus_message_enter_container(m, type, contents) > 0);
                        fputc(type == 'a' ? '[' : type == 'r' ? '(' : '<', f);
                        print_value(f, m);
                        fputc(type == 'a' ? ']' : type == 'r' ? ')' : '>', f);
                        assert_true(sd_bus_message_exit_container(m) >= 0);
                        continue;
                }
                assert_true(sd_bus_message_read_basic(m, type, &v) > 0);
                switch (type) {
                case 's':
                        fprintf(f, "'%s' ", v.s);
                        break;
                case 'b':
                        fprintf(f, "%s ", v.b ? "true" : "false");
                        break;
                case 'y':
                        fputc(v.y >= 0x20 ? v.y : '0', f);
                        break;
                case 'i':
                        fprintf(f, "%" PRIi32 " ", v.i);
                        break;
                case 'u':
                        fprintf(f, "%" PRIu32 " ", v.u);
                        break;
                case 't':
                        fprintf(f, "%" PRIu64 " ", v.t);
                        break;
                default:
                        fail_msg("unexpected type '%c'", type);
                }
        }
}

static char *to_text(sd_bus_message *m) {
        char *text = NULL;
        size_t size;
        FILE *f;

        assert_int_equal(sd_bus_message_seal(m, 1, 0), 0);
        assert_true(sd_bus_message_rewind(m, true) >= 0);
        f = open_memstream(&text, &size);
        assert_non_null(f);
        print_value(f, m);
        assert_int_equal(fclose(f), 0);
        return text;
}

static sd_bus_message *new_message(void) {
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(bus, &m, "a.b", "/", "a.b", "C") >= 0);
        return m;
}

static char *encode(const UnitPlan *p) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_message();

        assert_int_equal(unit_plan_check(p), 0);
        assert_int_equal(encode_plan(m, p), 0);
        return to_text(m);
}

static char *encode_sandbox(Sandbox profile, uint64_t capabilities, char *const *hidden) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_message();

        assert_true(sd_bus_message_open_container(m, 'a', "(sv)") >= 0);
        assert_true(sandbox_append(m, profile, capabilities, hidden) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        return to_text(m);
}

static void assert_contains(const char *text, const char *what) {
        if (!strstr(text, what))
                fail_msg("\"%s\" is not in: %s", what, text);
}

static void assert_lacks(const char *text, const char *what) {
        if (strstr(text, what))
                fail_msg("\"%s\" is in: %s", what, text);
}

static void add_all(UnitPlan *p) {
        unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/x", "--a", "$HOME %n", NULL });
        unit_plan_add_argumentf(p, "--n=%d", 3);
        unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, UNIT_EXEC_IGNORE_FAILURE, (const char *const[]){ "/bin/rm", NULL });
        unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, UNIT_EXEC_PRIVILEGED, (const char *const[]){ "/bin/mark", NULL });
        unit_plan_set_slice(p, "morf-jobs.slice");
        unit_plan_set_user(p, "morf-eval", "morf-eval");
        unit_plan_add_group(p, "docker");
        unit_plan_add_bind(p, "/var/spool/morf/active/x/drop", "/run/morf/drop", false);
        unit_plan_add_bind(p, "/var/spool/morf/active/x/intake", "/run/morf/out", true);
        unit_plan_add_hidden(p, "/srv");
        unit_plan_set_working_directory(p, "/run/morf/out");
        unit_plan_add_environment(p, "HOME", "/run/morf/out");
        unit_plan_set_output(p, UNIT_OUTPUT_FILE, "/var/spool/log");
        unit_plan_set_limits(p, &(UnitLimits){ 1 << 20, 1500000, 64 });
        unit_plan_set_times(p, 7000000, 5000000);
        unit_plan_add_credential(p, "smtp", "/etc/morf/smtp");
        unit_plan_add_log_field(p, "MORF_JOB", "01");
        unit_plan_add_capability(p, 1);
        unit_plan_set_aux_slice(p, "morf-jobs-x-1a1.slice", &(UnitLimits){ 2 << 20, UNIT_UNLIMITED, 512 });
}

static void encodes_everything(_unused_ void **state) {
        static const char *const expected[] = {
                "'morf-x-run-1.service' 'fail' [(",
                "('Description' <'a run' >)",
                "('Type' <'exec' >)",
                "('CollectMode' <'inactive-or-failed' >)",
                "('Slice' <'morf-jobs.slice' >)",
                "('User' <'morf-eval' >)('Group' <'morf-eval' >)('SupplementaryGroups' <['docker' ]>)",
                "('WorkingDirectory' <'/run/morf/out' >)",
                "('Environment' <['HOME=/run/morf/out' ]>)",
                "('RuntimeMaxUSec' <7000000 >)('TimeoutStopUSec' <5000000 >)",
                "('Requires' <['morf-jobs-x-1a1.slice' ]>)('After' <['morf-jobs-x-1a1.slice' ]>)",
                "('MemoryMax' <1048576 >)('MemorySwapMax' <0 >)('CPUQuotaPerSecUSec' <1500000 >)('TasksMax' <64 >)",
                "('StandardInput' <'null' >)('StandardOutputFileToTruncate' <'/var/spool/log' >)('StandardError' <'inherit' >)",
                "('LogExtraFields' <[[MORF_JOB=01]]>)",
                "('LoadCredential' <[('smtp' '/etc/morf/smtp' )]>)",
                "('CapabilityBoundingSet' <2 >)('AmbientCapabilities' <2 >)",
                "('InaccessiblePaths' <['-+/srv' ]>)",
                "('BindReadOnlyPaths' <[('/var/spool/morf/active/x/drop' '/run/morf/drop' false 16384 )]>)",
                "('BindPaths' <[('/var/spool/morf/active/x/intake' '/run/morf/out' false 16384 )]>)",
                "('PermissionsStartOnly' <true >)('RootDirectoryStartOnly' <true >)",
                "('ExecStart' <[('/bin/x' ['/bin/x' '--a' '$$HOME %n' '--n=3' ]false )]>)",
                "('ExecStopPost' <[('/bin/rm' ['/bin/rm' ]true )('/bin/mark' ['/bin/mark' ]false )]>)",
                "[('morf-jobs-x-1a1.slice' [",
                "('StopWhenUnneeded' <true >)",
                "('MemoryMax' <2097152 >)('MemorySwapMax' <0 >)('TasksMax' <512 >)('IPAddressDeny' <[(2 [0000]0 )(10 [0000000000000000]0 )]>)])]",
        };
        _cleanup_(unit_plan_freep) UnitPlan *p = unit_plan_new("morf-x-run-1.service", "a run", SANDBOX_HELPER);
        _cleanup_free_ char *text = NULL;

        assert_non_null(p);
        add_all(p);
        text = encode(p);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                assert_contains(text, expected[i]);
        /* systemd 252 forgets them on a reload */
        assert_lacks(text, "Ex'");
}

static void encodes_the_least(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = unit_plan_new("morf-x-run-1.service", "", SANDBOX_ENGINE_ROOT);
        _cleanup_free_ char *text = NULL;

        unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/x", NULL });
        text = encode(p);
        assert_contains(text, "('StandardOutput' <'journal' >)");
        assert_non_null(endswith(text, ")][]")); /* no auxiliary unit */
        assert_lacks(text, "'MemoryMax'");
        assert_lacks(text, "'RuntimeMaxUSec'");
        assert_lacks(text, "'Bind");
        assert_lacks(text, "'User'");
        assert_lacks(text, "'ExecStopPost'");
}

static void own_slice_is_no_dependency(_unused_ void **state) {
        _cleanup_(unit_plan_freep) UnitPlan *p = unit_plan_new("morf-x-run-1.service", "", SANDBOX_ENGINE);
        _cleanup_free_ char *text = NULL;

        unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/x", NULL });
        unit_plan_set_slice(p, "morf-jobs-x.slice");
        unit_plan_set_aux_slice(p, "morf-jobs-x.slice", &UNIT_LIMITS_NONE);
        text = encode(p);
        assert_lacks(text, "'Requires'");
}

/* Every control of the baseline is there for every profile that is not explicitly excepted from it. */
static void sandbox_holds_the_baseline(_unused_ void **state) {
        static const char *const everybody[] = {
                "('ProtectHome' <'yes' >)",
                "('PrivateTmp' <true >)",
                "('ProtectKernelModules' <true >)",
                "('ProtectKernelLogs' <true >)",
                "('ProtectClock' <true >)",
                "('RestrictRealtime' <true >)",
                "('LockPersonality' <true >)",
                "('SystemCallArchitectures' <['native' ]>)",
                "('PrivateNetwork' <true >)",
                "('IPAddressDeny' <[(2 [0000]0 )(10 [",
                "('LimitCORE' <0 >)",
        };
        static const char *const confined[] = {
                "('NoNewPrivileges' <true >)",
                "('ProtectSystem' <'strict' >)",
                "('PrivateDevices' <true >)",
                "('ProtectControlGroups' <true >)",
                "('ProtectProc' <'invisible' >)",
                "('RestrictNamespaces' <0 >)",
                "('RestrictSUIDSGID' <true >)",
                "('MemoryDenyWriteExecute' <true >)",
                "('RestrictAddressFamilies' <(true ['AF_UNIX' ])>)",
                "('SystemCallFilter' <(true ['@system-service' ])>)",
                "('SystemCallFilter' <(false ['@privileged' '@resources' ])>)",
                "('UMask' <63 >)",
                "('TemporaryFileSystem' <[('/run/morf' 'mode=0755",
                "('InaccessiblePaths' <['-+/srv' '-+/etc/morf' ]>)",
                "('RootDirectory' <'" SANDBOX_ROOT "' >)",
                "('InaccessiblePaths' <['+/sys' ]>)",
                "('BindReadOnlyPaths' <[('/usr' '/usr' false 0 )",
                "('ProcSubset' <'pid' >)",
        };
        char *const hidden[] = { (char *) "/srv", (char *) "/etc/morf", NULL };

        for (Sandbox s = 0; s < _SANDBOX_MAX; s++) {
                _cleanup_free_ char *text = encode_sandbox(s, 0, hidden);

                for (size_t i = 0; i < ELEMENTSOF(everybody); i++)
                        assert_contains(text, everybody[i]);
                for (size_t i = 0; i < ELEMENTSOF(confined); i++)
                        if (s != SANDBOX_ENGINE_ROOT)
                                assert_contains(text, confined[i]);
        }
}

static void sandbox_exceptions(_unused_ void **state) {
        _cleanup_free_ char *helper = encode_sandbox(SANDBOX_HELPER, 0, NULL),
                            *collect = encode_sandbox(SANDBOX_COLLECT, 1, NULL),
                            *engine = encode_sandbox(SANDBOX_ENGINE, 0, NULL),
                            *root = encode_sandbox(SANDBOX_ENGINE_ROOT, 0, NULL);

        assert_contains(helper, "('CapabilityBoundingSet' <0 >)('AmbientCapabilities' <0 >)");
        assert_contains(collect,
                "('CapabilityBoundingSet' <5 >)('AmbientCapabilities' <5 >)"); /* CAP_DAC_READ_SEARCH and bit 0 */
        assert_lacks(root, "CapabilityBoundingSet");
        assert_lacks(root, "NoNewPrivileges");
        assert_lacks(helper, "'-+/");
        assert_lacks(helper, "docker");
        assert_contains(helper, "('/run/systemd/journal' '/run/systemd/journal' true 0 )]>");
        assert_contains(engine, "('/run' '/run' false 0 )]>");
        assert_lacks(root, "RootDirectory");
        assert_contains(root, "('/etc/containers/networks' 'mode=0755");
}

/* No property twice (but the filter, which is made of two). */
static void sandbox_names_are_unique(_unused_ void **state) {
        for (Sandbox s = 0; s < _SANDBOX_MAX; s++) {
                assert_non_null(sandbox_property_name(s, 0));
                for (size_t i = 0; sandbox_property_name(s, i); i++)
                        for (size_t j = 0; j < i; j++)
                                if (streq(sandbox_property_name(s, i), sandbox_property_name(s, j)))
                                        assert_string_equal(sandbox_property_name(s, i), "SystemCallFilter");
                assert_int_equal(sandbox_from_string(sandbox_to_string(s)), s);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(encodes_everything),
                cmocka_unit_test(encodes_the_least),
                cmocka_unit_test(own_slice_is_no_dependency),
                cmocka_unit_test(sandbox_holds_the_baseline),
                cmocka_unit_test(sandbox_exceptions),
                cmocka_unit_test(sandbox_names_are_unique),
        };

        return cmocka_run_group_tests(tests, make_bus, drop_bus);
}
