/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/accept.h"
#include "daemon/stage-table.h"
#include "spool/limits.h"
#include "tests/unit/daemon/fixture.h"

/* What was asked for, else the standard; each member by itself. */
static void limits(_unused_ void **state) {
        const Conf c = { .limits.standard = { .cpus_milli = 1, .memory = 2, .time_usec = 3, .output = 4, .pids = 5 } };
        static const ManifestLimits wanted[] = { {}, { .cpus_milli = 10 }, { .memory = 20 }, { .time_usec = 30 }, { .output = 40 }, { .pids = 50 } };

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                ManifestLimits l = accept_limits(&c, &wanted[i]);

                assert_int_equal(l.cpus_milli, i == 1 ? 10 : 1);
                assert_int_equal(l.memory, i == 2 ? 20 : 2);
                assert_int_equal(l.time_usec, i == 3 ? 30 : 3);
                assert_int_equal(l.output, i == 4 ? 40 : 4);
                assert_int_equal(l.pids, i == 5 ? 50 : 5);
        }
}

static void fill(Fixture *f, const char *settings) {
        fixture_init(f, settings);
        fixture_dir(f, "data/accounting");
        fixture_account(f, "alice", "grants = [\"*\"];");
        fixture_account(f, "bob", "grants = [\"*\"];");
}

static void a_plain_job_is_accepted(_unused_ void **state) {
        _cleanup_manifest_ Manifest m = fixture_plain_manifest();
        _cleanup_fault_ Fault fault = {};
        _cleanup_fixture_ Fixture f;
        Job *j;

        fill(&f, "");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE);
        assert_int_equal(strv_add_many(&m.notify, "accepted", "started", NULL), 0);
        free(m.name);
        m.name = strdup("its-own-name");
        m.form = MANIFEST_FORM_ZIP;
        fixture_manifest(j, &m);
        assert_int_equal(accept_job(j, &fault), 0);
        assert_int_equal(fault.code, FAULT_NONE);
        assert_string_equal(j->record.name, "its-own-name");
        assert_string_equal(j->record.form, "zip");
        assert_int_equal(j->record.steps, 1);
        assert_int_equal(j->memory, f.d.conf.limits.standard.memory);
        assert_int_equal(j->cpus_milli, f.d.conf.limits.standard.cpus_milli);
        assert_string_equal(j->image, DIGEST_A);
        assert_true(j->tell_started);
        assert_int_equal(strv_length(j->record.events), 1);
        assert_string_equal(j->record.events[0], "accepted");
        /* A restart in between judges again; the mail is noted once. */
        assert_int_equal(accept_job(j, &fault), 0);
        assert_int_equal(strv_length(j->record.events), 1);
}

static void mails_may_be_declined(_unused_ void **state) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_fixture_ Fixture f;
        Job *j;

        fill(&f, "");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE);
        fixture_write_plain_manifest(j);
        assert_int_equal(accept_job(j, &fault), 0);
        assert_int_equal(strv_length(j->record.events), 0);
        assert_false(j->tell_started);
}

static void policy(_unused_ void **state) {
        static const struct {
                const char *settings;
                ManifestLimits limits;
                ManifestImageKind image;
                ManifestProfile profile;
                const char *course;
                const char *sentence; /* NULL: accepted */
                FaultCode code;
        } cases[] = {
                { "", .limits = { .memory = 8 * LIMIT_GIB } },
                { "", .limits = { .memory = 8 * LIMIT_GIB + 1 }, .code = FAULT_POLICY,
                  .sentence = "limits.memory asks for 8.0 GiB, but at most 8 GiB is allowed here" }, /* the machine's */
                { "limits: { maximum: { memory = \"4G\"; }; };", .limits = { .memory = 5 * LIMIT_GIB }, .code = FAULT_POLICY,
                  .sentence = "limits.memory asks for 5 GiB, but at most 4 GiB is allowed here" },
                { "", .limits = { .cpus_milli = 4000 } },
                { "", .limits = { .cpus_milli = 4500 }, .code = FAULT_POLICY, .sentence = "limits.cpus asks for 4.5, but at most 4 is allowed here" },
                { "limits: { maximum: { cpus = 2; }; };", .limits = { .cpus_milli = 3000 }, .code = FAULT_POLICY,
                  .sentence = "limits.cpus asks for 3, but at most 2 is allowed here" },
                { "limits: { maximum: { time = \"3h\"; }; };", .limits = { .time_usec = UINT64_C(3) * 3600 * 1000000 } },
                { "limits: { maximum: { time = \"3h\"; }; };", .limits = { .time_usec = UINT64_C(4) * 3600 * 1000000 }, .code = FAULT_POLICY,
                  .sentence = "limits.time asks for 4h 0min, but at most 3h 0min is allowed here" },
                { "limits: { maximum: { output = \"2G\"; }; };", .limits = { .output = 3 * LIMIT_GIB }, .code = FAULT_POLICY,
                  .sentence = "limits.output asks for 3 GiB, but at most 2 GiB is allowed here" },
                { "", .limits = { .pids = 4096 } },
                { "", .limits = { .pids = 4097 }, .code = FAULT_POLICY, .sentence = "limits.pids asks for 4097, but at most 4096 is allowed here" },
                { "limits: { compat = false; };", .profile = MANIFEST_PROFILE_STRICT },
                { "limits: { compat = false; };", .profile = MANIFEST_PROFILE_COMPAT, .code = FAULT_POLICY,
                  .sentence = "the profile 'compat' is not allowed here; use profile = \"strict\"" },
                { "engine: { build = false; };", .image = MANIFEST_IMAGE_ARCHIVE },
                { "engine: { build = false; };", .image = MANIFEST_IMAGE_DOCKERFILE, .code = FAULT_POLICY,
                  .sentence = "Dockerfiles are not built here; submit an image made with 'docker save'" },
                { "", .course = "accounting" },
                { "", .course = "biology", .code = FAULT_GRANT, .sentence = "course 'biology' does not exist here or was not granted to you" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_manifest_ Manifest m = fixture_plain_manifest();
                _cleanup_fault_ Fault fault = {};
                _cleanup_fixture_ Fixture f;
                Job *j;
                int r;

                fill(&f, cases[i].settings);
                j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE);
                m.limits = cases[i].limits;
                m.image.kind = cases[i].image;
                m.profile = cases[i].profile;
                if (cases[i].course)
                        assert_int_equal(strv_add(&m.courses, cases[i].course), 0);
                fixture_manifest(j, &m);
                r = accept_job(j, &fault);
                if (!cases[i].sentence) {
                        if (r != 0)
                                fail_msg("case %zu: %d, %s", i, r, strempty(fault.message));
                        continue;
                }
                assert_int_equal(r, -EBADMSG);
                assert_int_equal(fault.code, cases[i].code);
                assert_string_equal(fault.message, cases[i].sentence);
        }
}

static void accounts(_unused_ void **state) {
        static const struct {
                const char *account, *settings;
                unsigned queued; /* jobs of the same user that are on their way */
                const char *sentence;
        } cases[] = {
                { "", "", 2, "no course was granted to you" },
                { "grants = [\"*\"]; enabled = false;", "", 0, "the account 'alice' is disabled" },
                { "grants = [\"*\"]; active = 2;", "", 1, NULL },
                { "grants = [\"*\"]; active = 2;", "", 2, "2 of your jobs are on their way already, and no more than 2 may be" },
                { "grants = [\"*\"];", "scheduler: { active_per_user = 1; };", 1,
                  "1 of your jobs are on their way already, and no more than 1 may be" },
                { "grants = [\"*\"]; active = 3;", "scheduler: { active_per_user = 1; };", 2, NULL }, /* the account's own counts */
                { NULL, "", 0, "there is no account 'alice'" },
        };
        static const char *const ids[] = { ID_B, ID_C };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fault_ Fault fault = {};
                _cleanup_fixture_ Fixture f;
                Job *j;
                int r;

                fill(&f, cases[i].settings);
                if (cases[i].account)
                        fixture_account(&f, "alice", cases[i].account);
                else
                        assert_int_equal(unlinkat(f.s.fd, "users.d/alice.conf", 0), 0);
                j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE);
                fixture_write_plain_manifest(j);
                for (unsigned k = 0; k < cases[i].queued; k++) {
                        free(fixture_job(&f, ids[k], "alice", JOB_STATE_QUEUED)->record.drop);
                        f.d.jobs.jobs[f.d.jobs.n - 1]->record.drop = strdup("another.cfg");
                }
                /* Those of others and those that were not accepted yet do not count. */
                (void) fixture_job(&f, ID_D, "bob", JOB_STATE_RUNNING);
                (void) fixture_job(&f, "01jd3k8x2m4qabcdefghjkmnpe", "alice", JOB_STATE_INTAKE);
                r = accept_job(j, &fault);
                if (!cases[i].sentence) {
                        assert_int_equal(r, 0);
                        continue;
                }
                assert_int_equal(r, -EBADMSG);
                assert_string_equal(fault.message, cases[i].sentence);
                assert_int_equal(fault.code, streq(cases[i].sentence, "no course was granted to you") ? FAULT_GRANT : FAULT_USER);
        }
}

static void a_broken_account_is_the_operators_fault(_unused_ void **state) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_fixture_ Fixture f;
        Job *j;

        fill(&f, "");
        fixture_account(&f, "alice", "nonsense");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE);
        fixture_write_plain_manifest(j);
        assert_int_equal(accept_job(j, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_NONE); /* so that it is tried again */
}

static void duplicates(_unused_ void **state) {
        static const struct {
                const char *user, *drop, *drop_digest, *image_digest;
                JobState state;
                bool duplicate;
        } cases[] = {
                { "alice", "weekly.cfg", DIGEST_B, DIGEST_A, JOB_STATE_QUEUED, true },
                { "alice", "weekly.cfg", DIGEST_B, DIGEST_A, JOB_STATE_RUNNING, true },
                { "alice", "weekly.cfg", DIGEST_B, DIGEST_A, JOB_STATE_INTAKE, false },
                { "alice", "weekly.cfg", DIGEST_B, DIGEST_A, JOB_STATE_FAILED, false }, /* its end was not saved yet */
                { "bob", "weekly.cfg", DIGEST_B, DIGEST_A, JOB_STATE_QUEUED, false },
                { "alice", "other.cfg", DIGEST_B, DIGEST_A, JOB_STATE_QUEUED, false },
                { "alice", "weekly.cfg", DIGEST_A, DIGEST_A, JOB_STATE_QUEUED, false },
                { "alice", "weekly.cfg", DIGEST_B, DIGEST_B, JOB_STATE_QUEUED, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_manifest_ Manifest theirs = fixture_plain_manifest();
                _cleanup_fault_ Fault fault = {};
                _cleanup_fixture_ Fixture f;
                Job *first, *second;
                int r;

                fill(&f, "");
                first = fixture_job(&f, ID_A, cases[i].user, cases[i].state);
                free(first->record.drop);
                first->record.drop = strdup(cases[i].drop);
                free(theirs.drop_digest);
                theirs.drop_digest = strdup(cases[i].drop_digest);
                free(theirs.image.digest);
                theirs.image.digest = strdup(cases[i].image_digest);
                fixture_manifest(first, &theirs);
                second = fixture_job(&f, ID_B, "alice", JOB_STATE_INTAKE);
                fixture_write_plain_manifest(second);
                r = accept_job(second, &fault);
                if (r != (cases[i].duplicate ? -EBADMSG : 0))
                        fail_msg("case %zu: %d, %s", i, r, strempty(fault.message));
                if (cases[i].duplicate) {
                        assert_int_equal(fault.code, FAULT_DUPLICATE);
                        assert_string_equal(fault.message, "the same file is on its way already as job 01jd3k8x2m4q");
                }
        }
}

static void an_invalid_manifest_is_the_platforms_fault(_unused_ void **state) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_fixture_ Fixture f;
        Job *j;

        fill(&f, "");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE);
        assert_int_equal(accept_job(j, &fault), -ENOENT);
        fixture_file(&f, j, "intake/manifest.json", "{\"version\":1,\"name\":\"../../etc\"}");
        assert_int_equal(accept_job(j, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_NONE);
        assert_string_equal(j->record.name, "weekly-dropout");
        assert_int_equal(accept_remember(j), -EBADMSG);
}

static void remembered_after_a_restart(_unused_ void **state) {
        _cleanup_manifest_ Manifest m = fixture_plain_manifest();
        _cleanup_fixture_ Fixture f;
        Job *j;

        fill(&f, "");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_QUEUED);
        m.limits.memory = 5 * LIMIT_GIB;
        assert_int_equal(strv_add(&m.notify, "started"), 0);
        fixture_manifest(j, &m);
        assert_int_equal(accept_remember(j), 0);
        assert_int_equal(accept_remember(j), 0);
        assert_int_equal(j->memory, 5 * LIMIT_GIB);
        assert_int_equal(j->cpus_milli, 1000);
        assert_string_equal(j->image, DIGEST_A);
        assert_true(j->tell_started);
}

static void attachments_are_waited_for(_unused_ void **state) {
        _cleanup_manifest_ Manifest m = fixture_plain_manifest();
        _cleanup_fault_ Fault fault = {};
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fill(&f, "");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE);
        assert_int_equal(strv_add(&m.needs, "image.tar"), 0);
        fixture_manifest(j, &m);
        assert_int_equal(accept_job(j, &fault), STAGE_WAITS);
        assert_string_equal(j->record.needs[0], "image.tar");
        assert_string_equal(j->record.why, "waiting for 'image.tar' to be uploaded beside the job file");
        assert_int_equal(j->record.state, JOB_STATE_INTAKE);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(limits), cmocka_unit_test(a_plain_job_is_accepted), cmocka_unit_test(mails_may_be_declined),
                cmocka_unit_test(policy), cmocka_unit_test(accounts), cmocka_unit_test(a_broken_account_is_the_operators_fault),
                cmocka_unit_test(duplicates), cmocka_unit_test(an_invalid_manifest_is_the_platforms_fault),
                cmocka_unit_test(remembered_after_a_restart), cmocka_unit_test(attachments_are_waited_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
