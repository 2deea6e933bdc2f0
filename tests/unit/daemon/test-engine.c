/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/engine.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tests/unit/daemon/installed.h"

#define IMAGE "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define JOB "01jd3k8x2m4qabcdefghjkmnpq"
#define DIR "/var/spool/morf/active/" JOB

#define DOCKER "/usr/bin/docker"
#define PODMAN "/usr/bin/podman"

static const ManifestLimits limits = { .cpus_milli = 1050, .memory = 2 * LIMIT_GIB, .time_usec = 1, .output = LIMIT_GIB, .pids = 512 };
static char *arguments[] = {
        (char *) "--alpha", (char *) "0.1", (char *) "--text", (char *) "a b \"c\" $HOME %n; rm -rf / --privileged", NULL,
};
#define BIND(from, to, r) { .source = (char *) from, .destination = (char *) to, .readonly = r }
#define OVERLAY(from, to, layer)                                                                                                 \
        { .source = (char *) from, .destination = (char *) to, .upper = (char *) DIR "/steps/001/input/upper/" layer,           \
          .work = (char *) DIR "/steps/001/input/work/" layer }
static EngineMount mount_items[] = {
        BIND("/srv/morf/one/accounting", "/morf-data/accounting", true),
        OVERLAY("/srv/morf/one/accounting", "/input/accounting", "accounting"),
        BIND("/srv/morf/two/2012-001", "/morf-data/2012-001", true),
        OVERLAY("/srv/morf/two/2012-001", "/input/2012-001", "2012-001"),
        BIND(DIR "/data/labels-train.csv", "/morf-data/labels-train.csv", true),
        BIND(DIR "/steps/001/output", "/output", false),
};
static const EngineMounts mounts = { .items = mount_items, .n = ELEMENTSOF(mount_items) };

static EngineRun sample(ManifestProfile profile) {
        return (EngineRun){
                .id = JOB,
                .name = "morf-" JOB "-001-1",
                .image = IMAGE,
                .slice = "morf-jobs-" JOB "-1a1.slice",
                .limits = &limits,
                .profile = profile,
                .uid = 990,
                .gid = 991,
                .mounts = &mounts,
                .arguments = arguments,
        };
}

static const Engine *get(ConfEngine name) {
        const Engine *e;

        INSTALL(DOCKER, PODMAN);
        e = engine_find(name);
        assert_non_null(e);
        return e;
}

/* The command, behind "capture --". */
static UnitPlan *plan_for(ConfEngine engine, const EngineRun *run) {
        UnitPlan *p = unit_plan_new("morf-" JOB "-run-1.service", "x", SANDBOX_ENGINE);

        assert_non_null(p);
        assert_int_equal(unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/capture", "--", NULL }), 0);
        assert_int_equal(engine_append_run(get(engine), p, run), 0);
        assert_int_equal(p->n_execs, 1);
        return p;
}

static UnitPlan *plan(const EngineRun *run) {
        return plan_for(CONF_ENGINE_DOCKER, run);
}

static void check(const UnitPlan *p, const char *const *expected) {
        char **argv = p->execs[0].argv;
        size_t i;

        for (i = 0; expected[i] && argv[i]; i++)
                if (!streq(argv[i], expected[i]))
                        fail_msg("argument %zu\nis:        %s\nshould be: %s", i, argv[i], expected[i]);
        if (expected[i] || argv[i])
                fail_msg("%s: %s", expected[i] ? "missing" : "too much", expected[i] ?: argv[i]);
}

#define HEAD                                                                                                                     \
        "/capture", "--", "/usr/bin/docker", "run", "--name=morf-" JOB "-001-1", "--label=morf.job=" JOB,                      \
        "--cgroup-parent=morf-jobs-" JOB "-1a1.slice", "--rm", "--pull=never", "--network=none", "--hostname=morf",             \
        "--security-opt=no-new-privileges", "--ulimit=core=0", "--log-driver=none", "--cap-drop=ALL"
#define TAIL                                                                                                                     \
        "--memory=2147483648", "--memory-swap=2147483648", "--cpus=1.050", "--pids-limit=528", "--ulimit=fsize=68719476736",       \
        "--mount=type=bind,src=/srv/morf/one/accounting,dst=/morf-data/accounting,readonly",                                   \
        "--mount=type=volume,dst=/input/accounting,volume-driver=local,volume-opt=type=overlay,volume-opt=device=overlay,"      \
        "\"volume-opt=o=lowerdir=/srv/morf/one/accounting,upperdir=" DIR "/steps/001/input/upper/accounting,"                  \
        "workdir=" DIR "/steps/001/input/work/accounting\"",                                                                   \
        "--mount=type=bind,src=/srv/morf/two/2012-001,dst=/morf-data/2012-001,readonly",                                       \
        "--mount=type=volume,dst=/input/2012-001,volume-driver=local,volume-opt=type=overlay,volume-opt=device=overlay,"        \
        "\"volume-opt=o=lowerdir=/srv/morf/two/2012-001,upperdir=" DIR "/steps/001/input/upper/2012-001,"                      \
        "workdir=" DIR "/steps/001/input/work/2012-001\"",                                                                     \
        "--mount=type=bind,src=" DIR "/data/labels-train.csv,dst=/morf-data/labels-train.csv,readonly",                        \
        "--mount=type=bind,src=" DIR "/steps/001/output,dst=/output", IMAGE, "--alpha", "0.1", "--text",                       \
        "a b \"c\" $HOME %n; rm -rf / --privileged", NULL

static void compat(_unused_ void **state) {
        static const char *const expected[] = {
                HEAD, "--cap-add=CHOWN", "--cap-add=DAC_OVERRIDE", "--cap-add=FOWNER", "--cap-add=FSETID", "--cap-add=KILL", "--cap-add=SETGID",
                "--cap-add=SETUID", TAIL,
        };
        EngineRun run = sample(MANIFEST_PROFILE_COMPAT);
        _cleanup_(unit_plan_freep) UnitPlan *p = plan(&run);

        check(p, expected);
}

static void strict(_unused_ void **state) {
        static const char *const expected[] = { HEAD, "--read-only", "--tmpfs=/tmp:rw,nosuid,nodev,mode=1777,uid=990,gid=991", "--user=990:991", TAIL };
        EngineRun run = sample(MANIFEST_PROFILE_STRICT);
        _cleanup_(unit_plan_freep) UnitPlan *p = plan(&run);

        check(p, expected);
}

/* What the researcher chose comes behind the image, where the engine looks for no options of its own. */
static void nothing_of_the_researchers_is_an_option(_unused_ void **state) {
        static const struct {
                ConfEngine engine;
                ManifestProfile profile;
        } cases[] = {
                { CONF_ENGINE_DOCKER, MANIFEST_PROFILE_COMPAT }, { CONF_ENGINE_DOCKER, MANIFEST_PROFILE_STRICT },
                { CONF_ENGINE_PODMAN, MANIFEST_PROFILE_COMPAT }, { CONF_ENGINE_PODMAN, MANIFEST_PROFILE_STRICT },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EngineRun run = sample(cases[i].profile);
                _cleanup_(unit_plan_freep) UnitPlan *p = plan_for(cases[i].engine, &run);
                char **argv = p->execs[0].argv;
                size_t n = strv_length(argv), image = 0;

                while (!streq(argv[image], IMAGE))
                        image++;
                assert_int_equal(n - image - 1, strv_length(arguments));
                for (size_t k = 4; k < image; k++) {
                        /* Each option is one word "--name=value", so that none can take the next one as its value. */
                        assert_non_null(startswith(argv[k], "--"));
                        assert_true(strchr(argv[k], '=') || streq(argv[k], "--rm") || streq(argv[k], "--read-only"));
                        assert_null(strstr(argv[k], "privileged="));
                        assert_null(strstr(argv[k], "--device"));
                }
        }
}

static void bare(_unused_ void **state) {
        static const char *const expected[] = {
                HEAD, "--read-only", "--tmpfs=/tmp:rw,nosuid,nodev,mode=1777,uid=990,gid=991", "--user=990:991", "--memory=2147483648",
                "--memory-swap=2147483648", "--cpus=1.050", "--pids-limit=528", "--ulimit=fsize=68719476736",
                "--mount=type=bind,src=" DIR "/steps/001/output,dst=/output", IMAGE, NULL,
        };
        EngineRun run = sample(MANIFEST_PROFILE_STRICT);
        static const EngineMounts one = { .items = &mount_items[ELEMENTSOF(mount_items) - 1], .n = 1 };
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;

        run.mounts = &one;
        run.arguments = NULL;
        p = plan(&run);
        check(p, expected);
}

static void processors_are_written_in_full(_unused_ void **state) {
        static const struct {
                uint64_t milli;
                const char *text;
        } cases[] = { { 10, "--cpus=0.010" }, { 500, "--cpus=0.500" }, { 1000, "--cpus=1.000" }, { 64001, "--cpus=64.001" } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ManifestLimits l = limits;
                EngineRun run = sample(MANIFEST_PROFILE_STRICT);
                _cleanup_(unit_plan_freep) UnitPlan *p = NULL;

                l.cpus_milli = cases[i].milli;
                run.limits = &l;
                p = plan(&run);
                assert_true(strv_contains(p->execs[0].argv, cases[i].text));
        }
}

/* As many courses as a job may have fit into one command. */
static void many_courses(_unused_ void **state) {
        EngineRun run = sample(MANIFEST_PROFILE_COMPAT);
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_engine_mounts_ EngineMounts many = {};

        for (size_t i = 0; i < LIMIT_COURSES; i++) {
                assert_int_equal(engine_mounts_bind(&many, "/srv/morf/one/accounting", "/morf-data/accounting", true), 0);
                assert_int_equal(engine_mounts_overlay(&many, "/srv/morf/one/accounting", "/upper", "/work", "/input/accounting"), 0);
        }
        run.mounts = &many;
        run.arguments = NULL;
        p = plan(&run);
        assert_true(strv_length(p->execs[0].argv) > 2 * LIMIT_COURSES);
}

/* What a step of a workflow has of its own: several layers below, and another program than the image's. */
static void layers_and_entry_point(_unused_ void **state) {
        EngineRun run = sample(MANIFEST_PROFILE_COMPAT);
        _cleanup_(unit_plan_freep) UnitPlan *p = NULL;
        _cleanup_engine_mounts_ EngineMounts layers = {};
        size_t image = 0;
        char **argv;

        assert_int_equal(engine_mounts_overlay(&layers, "/cache/x:/srv/morf/one/accounting/001", "/u", "/w", "/input/accounting/001"), 0);
        run.mounts = &layers;
        run.entrypoint = "python3";
        p = plan(&run);
        argv = p->execs[0].argv;
        assert_true(get(CONF_ENGINE_DOCKER)->layers && !get(CONF_ENGINE_PODMAN)->layers);
        assert_true(strv_contains(argv, "--mount=type=volume,dst=/input/accounting/001,volume-driver=local,volume-opt=type=overlay,"
                                        "volume-opt=device=overlay,\"volume-opt=o=lowerdir=/cache/x:/srv/morf/one/accounting/001,"
                                        "upperdir=/u,workdir=/w\""));
        while (!streq(argv[image], IMAGE))
                image++;
        assert_string_equal(argv[image - 1], "--entrypoint=python3");
}

static void a_broken_plan_stays_broken(_unused_ void **state) {
        EngineRun run = sample(MANIFEST_PROFILE_COMPAT);
        _cleanup_(unit_plan_freep) UnitPlan *p = unit_plan_new("morf-" JOB "-run-1.service", "x", SANDBOX_ENGINE);

        assert_int_equal(engine_append_run(get(CONF_ENGINE_DOCKER), p, &run), -EINVAL); /* no command to append to */
}

/* What podman has of its own: no monitor outside of the unit, and overlays by an option. */
static void podman(_unused_ void **state) {
        EngineRun run = sample(MANIFEST_PROFILE_STRICT);
        _cleanup_(unit_plan_freep) UnitPlan *p = plan_for(CONF_ENGINE_PODMAN, &run), *d = plan(&run);
        char **argv = p->execs[0].argv, **theirs = d->execs[0].argv;
        size_t different = 0;

        assert_string_equal(argv[2], PODMAN);
        assert_true(strv_contains(argv, "--cgroups=no-conmon"));
        assert_true(strv_contains(argv, "--volume=/srv/morf/one/accounting:/input/accounting:O,upperdir=" DIR
                                        "/steps/001/input/upper/accounting,workdir=" DIR "/steps/001/input/work/accounting"));
        /* Every limit that docker is given is podman's too. */
        STRV_FOREACH(a, theirs)
                different += !strv_contains(argv, *a);
        assert_int_equal(different, 2 + 2); /* its path, the overlays, and whose /tmp is */
}

static void what_is_left_is_removed_where_nobody_else_does(_unused_ void **state) {
        static const char *const argv[] = { "/x", NULL };
        _cleanup_(unit_plan_freep) UnitPlan *p = unit_plan_new("morf-" JOB "-run-1.service", "x", SANDBOX_ENGINE);

        assert_int_equal(unit_plan_add_exec(p, UNIT_EXEC_START, 0, argv), 0);
        assert_int_equal(engine_add_cleanup(get(CONF_ENGINE_DOCKER), p, "morf-" JOB "-001-1"), 0);
        assert_int_equal(p->n_execs, 1);
        assert_int_equal(engine_add_cleanup(get(CONF_ENGINE_PODMAN), p, "morf-" JOB "-001-1"), 0);
        assert_int_equal(p->n_execs, 2);
        assert_int_equal(p->execs[1].when, UNIT_EXEC_STOP_POST);
        assert_true(p->execs[1].flags & UNIT_EXEC_IGNORE_FAILURE);
        assert_string_equal(p->execs[1].argv[0], PODMAN);
        assert_true(strv_contains(p->execs[1].argv, "morf-" JOB "-001-1") && strv_contains(p->execs[1].argv, "--ignore"));
}

static void engines_are_found_by_name(_unused_ void **state) {
        const Engine *d = get(CONF_ENGINE_DOCKER), *p = get(CONF_ENGINE_PODMAN);

        assert_true(d->name == CONF_ENGINE_DOCKER && d->sandbox == SANDBOX_ENGINE && !d->root && streq(d->group, "docker"));
        assert_true(p->name == CONF_ENGINE_PODMAN && p->sandbox == SANDBOX_ENGINE_ROOT && p->root && !p->group);
        assert_ptr_equal(get(CONF_ENGINE_AUTO), d);
        INSTALL(PODMAN);
        assert_ptr_equal(engine_find(CONF_ENGINE_AUTO), p);
        assert_null(engine_find(CONF_ENGINE_DOCKER)); /* what the operator asks for is not replaced by another */
        INSTALL("/usr/bin/lxc");
        assert_null(engine_find(CONF_ENGINE_AUTO));
}

/* What the daemon's unit runs is what spool/engine-run.h says, word by word; without a slice only what speaks of it is different. */
static void at_home_it_is_the_same(_unused_ void **state) {
        for (int i = 0; i < 2; i++) {
                EngineRun run = sample(i == 0 ? MANIFEST_PROFILE_COMPAT : MANIFEST_PROFILE_STRICT);
                _cleanup_(unit_plan_freep) UnitPlan *p = plan(&run);
                _cleanup_strv_ char **server = NULL, **home = NULL;
                char **words = p->execs[0].argv + 2; /* behind "capture --" */
                size_t k = 0;

                assert_int_equal(engine_run_argv(CONF_ENGINE_DOCKER, &run, &server), 0);
                run.slice = NULL;
                assert_int_equal(engine_run_argv(CONF_ENGINE_DOCKER, &run, &home), 0);
                assert_int_equal(strv_length(server), strv_length(home) + 1);
                for (size_t j = 0; server[j]; j++) {
                        assert_string_equal(words[j], server[j]);
                        if (startswith(server[j], "--cgroup-parent="))
                                continue;
                        if (startswith(server[j], "--pids-limit="))
                                assert_string_equal(home[k], "--pids-limit=512");
                        else
                                assert_string_equal(home[k], server[j]);
                        k++;
                }
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(at_home_it_is_the_same),
                cmocka_unit_test(compat), cmocka_unit_test(strict), cmocka_unit_test(nothing_of_the_researchers_is_an_option),
                cmocka_unit_test(bare), cmocka_unit_test(processors_are_written_in_full), cmocka_unit_test(many_courses), cmocka_unit_test(layers_and_entry_point),
                cmocka_unit_test(a_broken_plan_stays_broken), cmocka_unit_test(podman),
                cmocka_unit_test(what_is_left_is_removed_where_nobody_else_does), cmocka_unit_test(engines_are_found_by_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
