/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/scheduler.h"
#include "spool/base/id.h"
#include "spool/limits.h"
#include "tests/unit/daemon/fixture.h"

/* Jobs in the order of their ids, by a short notation of one word each: user, state (q queued, h held, r running, p preparing, i intake,
 * d done, c queued and to be cancelled). */
static void fill(Fixture *f, const char *settings, const char *jobs) {
        _cleanup_free_ char *copy = strdup(jobs);
        char *save = NULL;
        unsigned n = 0;

        fixture_init(f, settings);
        for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
                const char *kinds = "qhrpidc";
                static const JobState states[] = { JOB_STATE_QUEUED,    JOB_STATE_QUEUED, JOB_STATE_RUNNING, JOB_STATE_PREPARING,
                                                   JOB_STATE_INTAKE, JOB_STATE_DONE,   JOB_STATE_QUEUED };
                char *colon = strchr(w, ':'), id[ID_LENGTH + 1];
                Job *j;

                *colon = '\0';
                snprintf(id, sizeof(id), "01%024u", ++n);
                j = fixture_job(f, id, w, states[strchr(kinds, colon[1]) - kinds]);
                j->record.hold = colon[1] == 'h';
                j->record.cancel = colon[1] == 'c';
                j->memory = LIMIT_GIB;
                j->cpus_milli = 1000;
        }
}

/* The number of the job that is next, from 1; 0: none. */
static size_t choose(Fixture *f) {
        SchedulerLoad load = scheduler_load(&f->d);
        const Job *next = scheduler_choose(&f->d, &load);

        for (size_t i = 0; i < f->d.jobs.n; i++)
                if (f->d.jobs.jobs[i] == next)
                        return i + 1;
        return 0;
}

static Job *nth(Fixture *f, size_t n) {
        return f->d.jobs.jobs[n - 1];
}

static void turns(_unused_ void **state) {
        static const struct {
                const char *jobs, *last_served;
                size_t next;
        } cases[] = {
                { "", "", 0 },
                { "a:q", "", 1 },
                { "a:q a:q", "", 1 },             /* one user: in order of arrival */
                { "a:q b:q", "", 1 },             /* equal: who came first */
                { "a:q b:q", "a", 2 },            /* equal: not again who was served last */
                { "a:q b:q", "b", 1 },
                { "a:q", "a", 1 },                /* but better than nobody */
                { "a:r a:q b:q", "", 3 },         /* fewer running */
                { "a:p a:q b:q", "", 3 },
                { "a:r a:q b:r b:q c:q", "a", 5 },
                { "a:r a:r a:q b:r b:q", "", 5 },
                { "a:r b:r a:q b:q", "a", 4 },
                { "a:q a:q a:q a:q b:q c:q", "a", 5 }, /* a long queue is no advantage */
                { "a:h b:q", "", 2 },             /* held: as if it were not there */
                { "a:h a:q", "", 2 },
                { "a:c a:q", "", 2 },
                { "a:h", "", 0 },
                { "a:i b:d", "", 0 },
                { "a:r", "", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;

                fill(&f, "scheduler: { slots = 10; };", cases[i].jobs);
                f.d.cpus_milli = 100000;
                f.d.memory = 100 * LIMIT_GIB;
                strcpy(f.d.last_served, cases[i].last_served);
                if (choose(&f) != cases[i].next)
                        fail_msg("'%s' (last '%s'): job %zu should be next", cases[i].jobs, cases[i].last_served, cases[i].next);
        }
}

static void budgets(_unused_ void **state) {
        static const struct {
                const char *jobs;
                unsigned slots;
                uint64_t memory, cpus_milli; /* in all; a job has 1 GiB and one processor */
                size_t next;
                size_t told; /* the job that is told why it waits */
                const char *why;
        } cases[] = {
                { "a:r a:q", 2, 8 * LIMIT_GIB, 8000, 2, 0, NULL },
                { "a:r b:q", 1, 8 * LIMIT_GIB, 8000, 0, 2, "waiting for a free slot (1 of 1 are taken)" },
                { "a:r b:p c:q d:q", 2, 8 * LIMIT_GIB, 8000, 0, 4, "waiting for a free slot (2 of 2 are taken)" },
                { "a:r b:q", 9, 2 * LIMIT_GIB, 8000, 2, 0, NULL }, /* exactly what is left */
                { "a:r b:q", 9, 2 * LIMIT_GIB - 1, 8000, 0, 2, "waiting for 1 GiB of memory (2.0 GiB in all are for jobs)" },
                { "a:r b:r c:q", 9, LIMIT_GIB, 8000, 0, 3, "waiting for 1 GiB of memory (1 GiB in all are for jobs)" }, /* overdrawn by a reload */
                { "a:r b:q", 9, 8 * LIMIT_GIB, 1500, 0, 2, "waiting for 1 processors (1.5 in all are for jobs)" },
                { "a:r b:q", 9, 8 * LIMIT_GIB, 2000, 2, 0, NULL },
                { "a:i a:i a:i b:q", 1, LIMIT_GIB, 1000, 4, 0, NULL }, /* those that are checked take nothing */
        };

        skip_unless_root(); /* what a job is told is saved */
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;

                fill(&f, "", cases[i].jobs);
                f.d.conf.scheduler.slots = cases[i].slots;
                f.d.memory = cases[i].memory;
                f.d.cpus_milli = cases[i].cpus_milli;
                if (choose(&f) != cases[i].next)
                        fail_msg("case %zu: job %zu should be next", i, cases[i].next);
                if (cases[i].told > 0)
                        assert_string_equal(nth(&f, cases[i].told)->record.why, cases[i].why);
        }
}

/* A user's first job waits for memory: their later ones wait behind it, those of others do not. */
static void a_large_job_holds_up_its_own_user_only(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        skip_unless_root();
        fill(&f, "scheduler: { slots = 10; };", "a:q a:q b:q");
        nth(&f, 1)->memory = 20 * LIMIT_GIB;
        assert_int_equal(choose(&f), 3);
        assert_string_equal(nth(&f, 1)->record.why, "waiting for 20 GiB of memory (8 GiB in all are for jobs)");
        assert_null(nth(&f, 2)->record.why);
}

static void one_image_is_prepared_once(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        skip_unless_root();
        fill(&f, "scheduler: { slots = 10; };", "a:p b:q c:q");
        nth(&f, 1)->image = strdup(DIGEST_A);
        nth(&f, 2)->image = strdup(DIGEST_A);
        nth(&f, 3)->image = strdup(DIGEST_B);
        assert_int_equal(choose(&f), 3);
        assert_string_equal(nth(&f, 2)->record.why, "waiting for the same image, which another job is preparing");
        nth(&f, 1)->record.state = JOB_STATE_PLANNING; /* it is ready now */
        strcpy(f.d.last_served, "c");
        assert_int_equal(choose(&f), 2);
}

/* What a job is told is saved, but not again and again. */
static void reasons_are_saved_once(_unused_ void **state) {
        _cleanup_record_ Record back = {};
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        struct stat first, second;

        skip_unless_root();
        fill(&f, "scheduler: { slots = 1; };", "a:r b:q");
        assert_int_equal(choose(&f), 0);
        dir = job_open_dir(nth(&f, 2));
        assert_int_equal(record_read_at(dir, &back, NULL), 0);
        assert_string_equal(back.why, "waiting for a free slot (1 of 1 are taken)");
        assert_int_equal(fstatat(dir, RECORD_FILE, &first, 0), 0);
        assert_int_equal(choose(&f), 0);
        assert_int_equal(fstatat(dir, RECORD_FILE, &second, 0), 0);
        assert_int_equal(first.st_ino, second.st_ino);
}

/* Everybody gets a turn: with one slot, three users with queues of different lengths are served in rounds. */
static void rounds(_unused_ void **state) {
        static const char expected[] = "abcabcaa";
        _cleanup_fixture_ Fixture f;

        fill(&f, "scheduler: { slots = 10; };", "a:q a:q a:q a:q b:q b:q c:q c:q");
        f.d.memory = 100 * LIMIT_GIB;
        f.d.cpus_milli = 100000;
        for (size_t i = 0; i < strlen(expected); i++) {
                size_t n = choose(&f);

                assert_true(n > 0);
                if (nth(&f, n)->record.user[0] != expected[i])
                        fail_msg("turn %zu is of %s", i, nth(&f, n)->record.user);
                nth(&f, n)->record.state = JOB_STATE_RUNNING;
                strcpy(f.d.last_served, nth(&f, n)->record.user);
        }
        assert_int_equal(choose(&f), 0);
}

static void load_and_counts(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        SchedulerCounts c;
        SchedulerLoad l;

        fill(&f, "", "a:q a:h b:r c:p d:i d:i e:d b:q b:q");
        l = scheduler_load(&f.d);
        assert_int_equal(l.slots, 2);
        assert_int_equal(l.memory, 2 * LIMIT_GIB);
        assert_int_equal(l.cpus_milli, 2000);
        c = scheduler_count(&f.d);
        assert_int_equal(c.intake, 2);
        assert_int_equal(c.queued, 3);
        assert_int_equal(c.held, 1);
        assert_int_equal(c.running, 2);
}

static void budgets_of_the_configuration(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        fill(&f, "scheduler: { cpus = 1.5; memory = \"3G\"; };", "");
        scheduler_configure(&f.d);
        assert_int_equal(f.d.memory, 3 * LIMIT_GIB);
        assert_int_equal(f.d.cpus_milli, 1500);
        /* Nothing said: those of the machine. */
        f.d.conf.scheduler.memory = f.d.conf.scheduler.cpus_milli = 0;
        scheduler_configure(&f.d);
        assert_true(f.d.memory > 0 && f.d.memory < (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE));
        assert_int_equal(f.d.cpus_milli, sysconf(_SC_NPROCESSORS_ONLN) * 1000);
}

static void enqueued_jobs_are_saved_and_told_about(_unused_ void **state) {
        _cleanup_record_ Record back = {};
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;

        skip_unless_root();
        fill(&f, "", "alice:i");
        fixture_account(&f, "alice", "mail = [\"alice@example.org\"];");
        assert_int_equal(strv_add(&nth(&f, 1)->record.events, "accepted"), 0);
        scheduler_enqueue(nth(&f, 1));
        dir = job_open_dir(nth(&f, 1));
        assert_int_equal(record_read_at(dir, &back, NULL), 0);
        assert_int_equal(back.state, JOB_STATE_QUEUED);
        assert_string_equal(back.why, "accepted, waiting for its turn");
        assert_int_equal(faccessat(f.d.spool.fds[SPOOL_OUTBOX], "01000000000000000000000001-01-accepted.json", F_OK, 0), 0);
        assert_non_null(f.d.schedule); /* and a pass was asked for */
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(turns), cmocka_unit_test(budgets), cmocka_unit_test(a_large_job_holds_up_its_own_user_only),
                cmocka_unit_test(one_image_is_prepared_once), cmocka_unit_test(reasons_are_saved_once), cmocka_unit_test(rounds),
                cmocka_unit_test(load_and_counts), cmocka_unit_test(budgets_of_the_configuration),
                cmocka_unit_test(enqueued_jobs_are_saved_and_told_about),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
