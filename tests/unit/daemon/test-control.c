/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/control.h"
#include "tests/unit/daemon/fixture.h"

#define NOBODY 65534 /* an account that is no job's owner, or none at all */

static int box_of(const Fixture *f) {
        return f->d.spool.fds[SPOOL_INCOMING];
}

static void put(const Fixture *f, const char *directory, const char *name) {
        char path[256];

        snprintf(path, sizeof(path), "spool/%s/%s", directory, name);
        scratch_write(&f->s, path, "");
}

static bool is_there(const Fixture *f, const char *directory, const char *name) {
        char path[256];

        snprintf(path, sizeof(path), "spool/%s/%s", directory, name);
        return faccessat(f->s.fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A queued job that nothing was started for. */
static Job *queued(Fixture *f, const char *id, const char *user) {
        Job *j = fixture_job(f, id, user, JOB_STATE_QUEUED);

        j->record.attempt = 0;
        fixture_write_plain_manifest(j);
        return j;
}

/* What is a request is removed from the box; what is not stays, for it may be a drop. */
static void names_of_dropped_requests(_unused_ void **state) {
        static const struct {
                const char *name;
                bool request;
        } cases[] = {
                { ID_A ".hold", true },        { ID_A ".release", true },   { ID_A ".cancel", true },     { ID_A ".retry", true },
                { "01jd.hold", true },         { "01jd3k8x2m4q.hold", true }, { "01j.hold", false },        { ".hold", false },
                { "hold", false },             { ID_A, false },               { ID_A ".", false },          { ID_A ".Hold", false },
                { ID_A ".hold.hold", false },  { ID_A "0.hold", false },      { "01JD3K8X2M4Q.hold", false }, { "weekly.cfg", false },
                { "weekly.hold", false },      { "hold." ID_A, false },       { "01jd-.hold", false },      { ID_A ".stop", false },
        };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;

                fixture_init(&f, "");
                (void) queued(&f, ID_B, "bob"); /* somebody else's, so that nothing happens to it */
                put(&f, "incoming", cases[i].name);
                if (control_apply_dropped(&f.d, box_of(&f), cases[i].name, "alice") != cases[i].request)
                        fail_msg("'%s' should %sbe a request", cases[i].name, cases[i].request ? "" : "not ");
                assert_int_equal(is_there(&f, "incoming", cases[i].name), !cases[i].request);
                assert_false(f.d.jobs.jobs[0]->record.hold);
                assert_int_equal(f.d.jobs.n, 1);
        }
}

static void what_cannot_be_removed_is_no_request(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        j = queued(&f, ID_A, "alice");
        assert_false(control_apply_dropped(&f.d, box_of(&f), ID_A ".hold", "alice")); /* it is not there */
        fixture_dir(&f, "spool/incoming/" ID_A ".hold");
        assert_false(control_apply_dropped(&f.d, box_of(&f), ID_A ".hold", "alice"));
        assert_false(j->record.hold);
}

static void hold_and_release(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        j = queued(&f, ID_A, "alice");
        put(&f, "incoming", "01jd3k8x.hold");
        assert_true(control_apply_dropped(&f.d, box_of(&f), "01jd3k8x.hold", "alice"));
        assert_true(j->record.hold);
        assert_string_equal(j->record.why, "held until somebody releases it");
        put(&f, "incoming", ID_A ".release");
        assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".release", "alice"));
        assert_false(j->record.hold);
        assert_string_equal(j->record.why, "waiting for its turn");
        /* What runs is not stopped by a hold. */
        j->record.state = JOB_STATE_RUNNING;
        put(&f, "incoming", ID_A ".hold");
        assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".hold", "alice"));
        assert_false(j->record.hold);
}

static void only_the_owner_is_obeyed(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        j = queued(&f, ID_A, "alice");
        put(&f, "incoming", ID_A ".cancel");
        assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".cancel", "bob"));
        assert_int_equal(f.d.jobs.n, 1);
        assert_false(j->record.cancel);
}

static void a_shortened_id_must_mean_one_job(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *a, *b;

        skip_unless_root();
        fixture_init(&f, "");
        a = queued(&f, ID_A, "alice");
        b = queued(&f, ID_B, "alice");
        put(&f, "incoming", "01jd3k8x2m4q.hold");
        assert_true(control_apply_dropped(&f.d, box_of(&f), "01jd3k8x2m4q.hold", "alice"));
        assert_false(a->record.hold || b->record.hold);
}

static void cancel_and_retry(_unused_ void **state) {
        _cleanup_record_ Record back = {};
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        fixture_account(&f, "alice", "mail = [\"alice@example.org\"];");
        (void) queued(&f, ID_A, "alice");
        put(&f, "incoming", ID_A ".cancel");
        assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".cancel", "alice"));
        assert_int_equal(f.d.jobs.n, 0);
        dir = fd_open_dir_at(f.d.spool.fds[SPOOL_FAILED], ID_A);
        assert_int_equal(record_read_at(dir, &back, NULL), 0);
        assert_int_equal(back.state, JOB_STATE_CANCELLED);
        assert_int_equal(back.fault.code, FAULT_CANCELLED);
        assert_true(is_there(&f, "outbox", ID_A "-01-cancelled.json"));

        /* Somebody else cannot take it up again, its owner can. */
        put(&f, "incoming", ID_A ".retry");
        assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".retry", "bob"));
        assert_int_equal(f.d.jobs.n, 0);
        put(&f, "incoming", ID_A ".retry");
        assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".retry", "alice"));
        assert_int_equal(f.d.jobs.n, 1);
        j = f.d.jobs.jobs[0];
        assert_int_equal(j->record.state, JOB_STATE_QUEUED);
        assert_false(j->record.cancel);
        assert_int_equal(j->record.fault.code, FAULT_NONE);
        assert_string_equal(j->image, DIGEST_A);
        assert_true(is_there(&f, "active", ID_A) && !is_there(&f, "failed", ID_A));
}

/* A job may be tried again any number of times; its record must stay readable. */
static void many_retries(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        skip_unless_root();
        fixture_init(&f, "");
        fixture_account(&f, "alice", "mail = [\"alice@example.org\"];");
        (void) queued(&f, ID_A, "alice");
        for (unsigned i = 0; i < RECORD_EVENTS_MAX + 10; i++) {
                _cleanup_record_ Record back = {};
                _cleanup_free_ char *error = NULL;
                _cleanup_fd_ int dir = -EBADF;

                put(&f, "incoming", ID_A ".cancel");
                assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".cancel", "alice"));
                dir = fd_open_dir_at(f.d.spool.fds[SPOOL_FAILED], ID_A);
                if (dir < 0 || record_read_at(dir, &back, &error) < 0)
                        fail_msg("after %u times: %s", i, strempty(error));
                put(&f, "incoming", ID_A ".retry");
                assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".retry", "alice"));
                assert_int_equal(f.d.jobs.n, 1);
                f.d.jobs.jobs[0]->record.attempt = 0;
        }
}

static void what_was_rejected_stays_so(_unused_ void **state) {
        static const struct {
                JobState state;
                const char *form;
                bool again;
        } cases[] = { { JOB_STATE_FAILED, "native", true }, { JOB_STATE_CANCELLED, "zip", true }, { JOB_STATE_REJECTED, "native", false },
                      { JOB_STATE_CANCELLED, "", false } /* cancelled before it was understood */ };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;
                Job *j;

                fixture_init(&f, "");
                j = queued(&f, ID_A, "alice");
                j->record.state = cases[i].state;
                free(j->record.form);
                j->record.form = strdup(cases[i].form);
                assert_int_equal(job_save(j), 0);
                job_table_remove(&f.d.jobs, j);
                job_free(j);
                assert_int_equal(renameat(f.d.spool.fds[SPOOL_ACTIVE], ID_A, f.d.spool.fds[SPOOL_FAILED], ID_A), 0);
                put(&f, "incoming", ID_A ".retry");
                assert_true(control_apply_dropped(&f.d, box_of(&f), ID_A ".retry", "alice"));
                assert_int_equal(f.d.jobs.n, cases[i].again ? 1 : 0);
                assert_int_equal(is_there(&f, "failed", ID_A), !cases[i].again);
        }
}

/* ---- control/ ---- */

static void requests_in_control(_unused_ void **state) {
        static const struct {
                const char *name;
                uid_t owner;
                bool obeyed;
        } cases[] = {
                { "hold." ID_A, 0, true }, { "hold.01jd3k8x", 0, true }, { "hold." ID_A, NOBODY, false }, { "stop." ID_A, 0, false },
                { "hold.", 0, false },     { "hold", 0, false },         { "hold.01j", 0, false },        { ID_A ".hold", 0, false },
                { "hold." ID_A ".x", 0, false }, { "HOLD." ID_A, 0, false },
        };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;
                Job *j;

                fixture_init(&f, "");
                j = queued(&f, ID_A, "alice");
                put(&f, "control", cases[i].name);
                assert_int_equal(fchownat(f.d.spool.fds[SPOOL_CONTROL], cases[i].name, cases[i].owner, (gid_t) -1, 0), 0);
                assert_int_equal(control_start(&f.d), 0);
                if (j->record.hold != cases[i].obeyed)
                        fail_msg("'%s' of uid %u should %sbe obeyed", cases[i].name, cases[i].owner, cases[i].obeyed ? "" : "not ");
                assert_int_equal(scratch_count(&f.s, "spool/control"), 0); /* whatever it was */
        }
}

static void nothing_but_files_is_obeyed(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        j = queued(&f, ID_A, "alice");
        fixture_dir(&f, "spool/control/hold." ID_A);
        scratch_write(&f.s, "spool/control/hold." ID_A "/file", "");
        assert_int_equal(symlinkat("/etc/passwd", f.d.spool.fds[SPOOL_CONTROL], "cancel." ID_A), 0);
        assert_int_equal(mkfifoat(f.d.spool.fds[SPOOL_CONTROL], "release." ID_A, 0600), 0);
        put(&f, "control", ".hold." ID_A); /* a temporary name: not looked at */
        assert_int_equal(control_start(&f.d), 0);
        assert_false(j->record.hold || j->record.cancel);
        assert_int_equal(scratch_count(&f.s, "spool/control"), 1);
        assert_int_equal(access("/etc/passwd", F_OK), 0);
}

/* A request that comes while the daemon runs is seen. */
static void control_is_watched(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        j = queued(&f, ID_A, "alice");
        assert_int_equal(control_start(&f.d), 0);
        put(&f, "control", "hold." ID_A);
        for (unsigned i = 0; i < 100 && !j->record.hold; i++)
                assert_true(sd_event_run(f.d.event, 100000) >= 0);
        assert_true(j->record.hold);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_of_dropped_requests), cmocka_unit_test(what_cannot_be_removed_is_no_request),
                cmocka_unit_test(hold_and_release), cmocka_unit_test(only_the_owner_is_obeyed),
                cmocka_unit_test(a_shortened_id_must_mean_one_job), cmocka_unit_test(cancel_and_retry), cmocka_unit_test(many_retries),
                cmocka_unit_test(what_was_rejected_stays_so), cmocka_unit_test(requests_in_control),
                cmocka_unit_test(nothing_but_files_is_obeyed), cmocka_unit_test(control_is_watched),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
