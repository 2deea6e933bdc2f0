/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/announce.h"
#include "spool/limits.h"
#include "tests/unit/daemon/fixture.h"

#define MAIL "mail = [\"alice@example.org\"]; grants = [\"*\"];"

static void which_mails_are_wanted(_unused_ void **state) {
        static char *accepted[] = { (char *) "accepted", NULL }, *both[] = { (char *) "started", (char *) "accepted", NULL };
        static const struct {
                char **notify;
                bool accepted, started;
        } cases[] = { { NULL, false, false }, { accepted, true, false }, { both, true, true } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Manifest m = { .notify = cases[i].notify };

                assert_int_equal(announce_is_wanted(&m, MAIL_EVENT_ACCEPTED), cases[i].accepted);
                assert_int_equal(announce_is_wanted(&m, MAIL_EVENT_STARTED), cases[i].started);
        }
}

static void notes(_unused_ void **state) {
        static const MailEvent events[] = { MAIL_EVENT_ACCEPTED, MAIL_EVENT_STARTED, MAIL_EVENT_ACCEPTED, MAIL_EVENT_FAILED,
                                            MAIL_EVENT_STARTED,  MAIL_EVENT_FAILED,  MAIL_EVENT_FINISHED };
        static const char *const expected[] = { "accepted", "started", "failed", "failed", "finished" };
        Daemon d = {};
        _cleanup_(job_freep) Job *j = job_new(&d);

        for (size_t i = 0; i < ELEMENTSOF(events); i++)
                assert_int_equal(announce_note(j, events[i]), 0);
        assert_int_equal(strv_length(j->record.events), ELEMENTSOF(expected));
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                assert_string_equal(j->record.events[i], expected[i]);
        for (unsigned i = 0; i < 2 * RECORD_EVENTS_MAX; i++)
                assert_int_equal(announce_note(j, MAIL_EVENT_FAILED), 0);
        assert_int_equal(strv_length(j->record.events), RECORD_EVENTS_MAX);
}

static void note_all(Job *j, const char *first, const char *second, const char *third) {
        assert_int_equal(strv_add_many(&j->record.events, first, second, third, NULL), 0);
}

static void load(const Fixture *f, const char *name, MailRequest *ret) {
        _cleanup_free_ char *error = NULL;

        if (outbox_load_at(f->d.spool.fds[SPOOL_OUTBOX], name, ret, &error) < 0)
                fail_msg("%s: %s", name, strempty(error));
}

/* outbox/ holds sent/ and undeliverable/ too. */
static size_t count_mails(const Fixture *f) {
        return scratch_count(&f->s, "spool/outbox") - 2;
}

static void mails_are_numbered_and_put_once(_unused_ void **state) {
        _cleanup_mail_request_ MailRequest first = MAIL_REQUEST_INIT, third = MAIL_REQUEST_INIT;
        _cleanup_fixture_ Fixture f;
        Job *j;

        fixture_init(&f, "");
        fixture_account(&f, "alice", MAIL);
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_FAILED);
        assert_int_equal(announce_publish(j), 0);
        assert_int_equal(count_mails(&f), 0);
        note_all(j, "accepted", "started", "failed");
        (void) fault_set(&j->record.fault, FAULT_MEMORY, NULL, 0, "too much");
        j->record.usage.wall_usec = 77;
        assert_int_equal(announce_publish(j), 0);
        assert_int_equal(count_mails(&f), 3);
        load(&f, ID_A "-01-accepted.json", &first);
        load(&f, ID_A "-03-failed.json", &third);
        assert_string_equal(first.to[0], "alice@example.org");
        assert_string_equal(first.job, "weekly-dropout");
        assert_string_equal(first.drop, "weekly.cfg");
        assert_int_equal(first.fault.code, FAULT_NONE); /* that mail is not about the fault */
        assert_int_equal(first.created, j->record.created);
        assert_int_equal(first.usage.wall_usec, 0);
        assert_int_equal(third.fault.code, FAULT_MEMORY);
        assert_string_equal(third.fault.message, "too much");
        assert_int_equal(third.created, j->record.changed);
        assert_int_equal(third.usage.wall_usec, 77);
        assert_int_equal(third.attachments.n, 0);

        /* Again, as after a crash: nothing is added, nor where morf-mail took one away meanwhile. */
        assert_int_equal(announce_publish(j), 0);
        assert_int_equal(outbox_mark_sent(f.d.spool.fds[SPOOL_OUTBOX], ID_A "-01-accepted.json"), 0);
        assert_int_equal(outbox_mark_undeliverable(f.d.spool.fds[SPOOL_OUTBOX], ID_A "-02-started.json"), 0);
        assert_int_equal(announce_publish(j), 0);
        assert_int_equal(count_mails(&f), 1);
        /* After a "retry" the next end has the next number. */
        assert_int_equal(announce_note(j, MAIL_EVENT_FAILED), 0);
        assert_int_equal(announce_publish(j), 0);
        assert_int_equal(count_mails(&f), 2);
        assert_int_equal(faccessat(f.d.spool.fds[SPOOL_OUTBOX], ID_A "-04-failed.json", F_OK, 0), 0);
}

static void a_result_is_attached(_unused_ void **state) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        _cleanup_fixture_ Fixture f;
        Job *j;

        fixture_init(&f, "");
        fixture_account(&f, "alice", MAIL);
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_DONE);
        note_all(j, "finished", NULL, NULL);
        assert_int_equal(announce_publish(j), -ENOENT); /* without its result there is no such mail */
        assert_int_equal(count_mails(&f), 0);
        fixture_file(&f, j, "release/eval.csv", "course,auc\naccounting,0.8\n");
        assert_int_equal(announce_publish(j), 0);
        load(&f, ID_A "-01-finished.json", &m);
        assert_int_equal(m.attachments.n, 1);
        assert_string_equal(m.attachments.items[0].name, "eval.csv");
        assert_string_equal(m.attachments.items[0].content, "course,auc\naccounting,0.8\n");
}

/* Nothing but release/eval.csv, and that only as a file of a bounded size. */
static void only_the_release_is_attached(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        fixture_init(&f, "");
        fixture_account(&f, "alice", MAIL);
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_DONE);
        note_all(j, "finished", NULL, NULL);
        {
                _cleanup_fd_ int dir = job_open_dir(j), file = -EBADF;

                fixture_file(&f, j, "data/secret.csv", "secret");
                assert_int_equal(symlinkat("../data/secret.csv", dir, "release/eval.csv"), 0);
                assert_int_equal(announce_publish(j), -ELOOP);
                assert_int_equal(unlinkat(dir, "release/eval.csv", 0), 0);
                fixture_file(&f, j, "release/eval.csv", "");
                file = openat(dir, "release/eval.csv", O_WRONLY | O_CLOEXEC);
                assert_int_equal(ftruncate(file, LIMIT_RELEASE_BYTES + 1), 0);
                assert_int_equal(announce_publish(j), -EFBIG);
        }
        assert_int_equal(count_mails(&f), 0);
}

/* An account that gets no mail holds nothing up; one with many addresses gets as many mails as there may be. */
static void accounts(_unused_ void **state) {
        static const struct {
                const char *account; /* NULL: there is none */
                size_t mails, recipients;
        } cases[] = {
                { MAIL, 1, 1 },
                { "grants = [\"*\"];", 0, 0 },
                { "mail = [];", 0, 0 },
                { "nonsense", 0, 0 },
                { NULL, 0, 0 },
                { "mail = [\"a@b.c\", \"b@b.c\"]; enabled = false;", 1, 2 },
                { "mail = [\"1@b.c\", \"2@b.c\", \"3@b.c\", \"4@b.c\", \"5@b.c\", \"6@b.c\", \"7@b.c\", \"8@b.c\", \"9@b.c\"];", 1,
                  OUTBOX_RECIPIENTS_MAX },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
                _cleanup_fixture_ Fixture f;
                Job *j;

                fixture_init(&f, "");
                if (cases[i].account)
                        fixture_account(&f, "alice", cases[i].account);
                j = fixture_job(&f, ID_A, "alice", JOB_STATE_QUEUED);
                note_all(j, "accepted", NULL, NULL);
                if (announce_publish(j) != 0)
                        fail_msg("the account %s holds the job up", strempty(cases[i].account));
                assert_int_equal(count_mails(&f), cases[i].mails);
                if (cases[i].mails == 0)
                        continue;
                load(&f, ID_A "-01-accepted.json", &m);
                assert_int_equal(strv_length(m.to), cases[i].recipients);
        }
}

/* A name that is not known yet is the drop's, which may be any text: that is no job's name. */
static void odd_names(_unused_ void **state) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        _cleanup_fixture_ Fixture f;
        Job *j;

        fixture_init(&f, "");
        fixture_account(&f, "alice", MAIL);
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_REJECTED);
        free(j->record.name);
        j->record.name = strdup("my job\\x0a.cfg");
        note_all(j, "rejected", "a-later-versions-event", NULL);
        assert_int_equal(announce_publish(j), 0);
        assert_int_equal(count_mails(&f), 1);
        load(&f, ID_A "-01-rejected.json", &m);
        assert_null(m.job);
        assert_int_equal(m.created, j->record.created);
}

/* ---- the status files ---- */

static void home(Fixture *f) {
        fixture_dir(f, "spool/sftp/alice");
        fixture_dir(f, "spool/sftp/alice/jobs");
        assert_int_equal(fchownat(f->d.spool.fds[SPOOL_SFTP], "alice/jobs", 0, 12345, 0), 0);
}

static void status_files(_unused_ void **state) {
        _cleanup_free_ char *json = NULL, *text = NULL;
        _cleanup_record_ Record back = {};
        _cleanup_fixture_ Fixture f;
        struct stat st;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        home(&f);
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_RUNNING);
        j->record.unit = strdup("morf-secret.service");
        job_set_why(j, "the container is running");
        announce_status(j);
        json = scratch_read(&f.s, "spool/sftp/alice/jobs/" ID_A "/status.json");
        assert_int_equal(json_record_parse(&status_table, json, strlen(json), &back, NULL), 0);
        assert_int_equal(back.state, JOB_STATE_RUNNING);
        assert_null(strstr(json, "secret"));
        text = scratch_read(&f.s, "spool/sftp/alice/jobs/" ID_A "/STATUS.txt");
        assert_string_equal(text, "Job:      weekly-dropout (" ID_A ")\nState:    running\nReason:   the container is running\n"
                                  "Received: 2026-11-23T06:17:22Z\nChanged:  2026-11-23T06:17:23Z\n");
        assert_int_equal(scratch_count(&f.s, "spool/sftp/alice/jobs/" ID_A), 2);
        assert_int_equal(fstatat(f.s.fd, "spool/sftp/alice/jobs/" ID_A, &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0750);
        assert_int_equal(st.st_gid, 12345);
        assert_int_equal(fstatat(f.s.fd, "spool/sftp/alice/jobs/" ID_A "/status.json", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(st.st_gid, 12345);
}

static void the_result_comes_with_done(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        home(&f);
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_GATING);
        fixture_file(&f, j, "release/eval.csv", "course,auc\n");
        announce_status(j);
        assert_null(scratch_read(&f.s, "spool/sftp/alice/jobs/" ID_A "/eval.csv"));
        j->record.state = JOB_STATE_DONE;
        announce_status(j);
        scratch_assert_file(&f.s, "spool/sftp/alice/jobs/" ID_A "/eval.csv", "course,auc\n");
}

static void faults_are_explained(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        home(&f);
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_FAILED);
        (void) fault_set(&j->record.fault, FAULT_MEMORY, NULL, 0, "the container ran out of its 2 GiB of memory");
        j->record.usage = (Usage){ .wall_usec = 65000000, .memory_peak = 2 * LIMIT_GIB };
        announce_status(j);
        text = scratch_read(&f.s, "spool/sftp/alice/jobs/" ID_A "/STATUS.txt");
        assert_non_null(strstr(text, "\nError:    E_MEMORY: the container ran out of its 2 GiB of memory\n"));
        assert_non_null(strstr(text, "\nTo do:    Use less memory, or ask for more with limits.memory.\n"));
        assert_non_null(strstr(text, "\nRan for:  1min 5s\nMemory:   2 GiB at most\n"));
}

/* Neither a home that is not there nor one that its user tampered with is anybody else's trouble. */
static void homes_are_not_trusted(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_QUEUED);
        announce_status(j);
        assert_int_equal(scratch_count(&f.s, "spool/sftp"), 0);
        fixture_dir(&f, "elsewhere");
        fixture_dir(&f, "spool/sftp/alice");
        assert_int_equal(symlinkat("../../../elsewhere", f.d.spool.fds[SPOOL_SFTP], "alice/jobs"), 0);
        announce_status(j);
        assert_int_equal(scratch_count(&f.s, "elsewhere"), 0);
        assert_int_equal(unlinkat(f.d.spool.fds[SPOOL_SFTP], "alice/jobs", 0), 0);
        fixture_dir(&f, "spool/sftp/alice/jobs");
        assert_int_equal(symlinkat("../../../../elsewhere", f.d.spool.fds[SPOOL_SFTP], "alice/jobs/" ID_A), 0);
        announce_status(j);
        assert_int_equal(scratch_count(&f.s, "elsewhere"), 0);
}

/* ---- the one reason ---- */

/* It is cut between characters, or the record could not be saved. */
static void long_reasons_can_be_saved(_unused_ void **state) {
        _cleanup_record_ Record back = {};
        char text[2 * RECORD_WHY_MAX] = "x";
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_QUEUED);
        for (size_t i = 1; i + 3 < sizeof(text); i += 3)
                memcpy(text + i, "\xe2\x82\xac", 4);
        job_set_why(j, "%s", text);
        assert_in_range(strlen(j->record.why), RECORD_WHY_MAX - 2, RECORD_WHY_MAX);
        assert_int_equal(job_save(j), 0);
        dir = job_open_dir(j);
        assert_int_equal(record_read_at(dir, &back, NULL), 0);
        assert_string_equal(back.why, j->record.why);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(which_mails_are_wanted), cmocka_unit_test(notes), cmocka_unit_test(mails_are_numbered_and_put_once),
                cmocka_unit_test(a_result_is_attached), cmocka_unit_test(only_the_release_is_attached), cmocka_unit_test(accounts),
                cmocka_unit_test(odd_names), cmocka_unit_test(status_files), cmocka_unit_test(the_result_comes_with_done),
                cmocka_unit_test(faults_are_explained), cmocka_unit_test(homes_are_not_trusted), cmocka_unit_test(long_reasons_can_be_saved),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
