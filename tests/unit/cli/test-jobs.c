/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/fixture.h"

#include "tools/cli/jobs.h"

#define ID_A "01m2n3p4q5r6s7t8v9w0x1y2z3"
#define ID_B "01m2n3p4q5r6s7t8v9w0x1y2z4"
#define ID_C "01m2zzzzzzzzzzzzzzzzzzzzzz"

static void open_jobs(const Fixture *f, const char *user, Spool *spool, Jobs *jobs) {
        assert_int_equal(spool_open_readonly(f->path, spool, NULL), 0);
        assert_int_equal(jobs_open(spool, user, jobs), 0);
}

static void test_find(void **state) {
        static const struct {
                const char *prefix;
                size_t n;
                const char *first;
        } cases[] = {
                { "01m2", 3, ID_C }, { "01m2n", 2, ID_B }, { "01m2z", 1, ID_C }, { "01m3", 0, NULL },
                { ID_A, 1, ID_A },   { "01m2n3p4q5r6s7t8v9w0x1y2z9", 0, NULL },
        };
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_jobs_ Jobs jobs = JOBS_EMPTY;
        Record a = fixture_record(ID_A, JOB_STATE_RUNNING), b = fixture_record(ID_B, JOB_STATE_DONE),
               c = fixture_record(ID_C, JOB_STATE_FAILED);
        Fixture f;

        (void) state;
        fixture_init(&f);
        fixture_job(&f, "active", &a);
        fixture_job(&f, "done", &b);
        fixture_job(&f, "failed", &c);
        fixture_make_dir(&f, "done/not-a-job", 0755);
        open_jobs(&f, NULL, &spool, &jobs);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_id_list_ IdList found = {};

                assert_int_equal(jobs_find(&jobs, cases[i].prefix, &found), 0);
                assert_int_equal(found.n, cases[i].n);
                if (cases[i].first)
                        assert_string_equal(found.items[0].text, cases[i].first);
        }
        fixture_done(&f);
}

static void test_read(void **state) {
        Record a = fixture_record(ID_A, JOB_STATE_QUEUED), b = fixture_record(ID_B, JOB_STATE_DONE);
        _cleanup_spool_ Spool spool = SPOOL_EMPTY, other = SPOOL_EMPTY;
        _cleanup_jobs_ Jobs jobs = JOBS_EMPTY, mine = JOBS_EMPTY;
        _cleanup_record_ Record r = {}, s = {};
        _cleanup_free_ char *error = NULL;
        _cleanup_json_ json_t *value = NULL;
        size_t place = 99;
        Fixture f;

        (void) state;
        fixture_init(&f);
        fixture_user(&f, FIXTURE_USER);
        fixture_job(&f, "active", &a);
        fixture_job(&f, "done", &b);
        fixture_job(&f, "sftp/" FIXTURE_USER "/jobs", &b);
        fixture_make_dir(&f, "failed/" ID_C, 0755);
        fixture_write(&f, "failed/" ID_C "/record.json", "{\"version\":1,\"surprise\":2}");

        open_jobs(&f, NULL, &spool, &jobs);
        if (jobs_read(&jobs, ID_B, &r, &place, &error) < 0)
                fail_msg("%s", error);
        assert_int_equal(place, 1);
        assert_int_equal(r.state, JOB_STATE_DONE);
        assert_int_equal(jobs_read(&jobs, ID_C, &s, &place, &error), -EBADMSG);
        assert_non_null(error);
        assert_int_equal(place, 2);
        assert_int_equal(jobs_read(&jobs, "01m2n3p4q5r6s7t8v9w0x1y2z9", &s, NULL, NULL), -ENOENT);

        /* A researcher sees the own jobs only. */
        open_jobs(&f, FIXTURE_USER, &other, &mine);
        assert_int_equal(jobs_read(&mine, ID_A, &s, NULL, NULL), -ENOENT);
        assert_int_equal(jobs_read(&mine, ID_B, &s, NULL, NULL), 0);
        value = jobs_to_json(&mine, &s);
        assert_string_equal(json_string_value(json_object_get(value, "short")), "01m2n3p4q5r6");
        assert_null(json_object_get(value, "unit"));
        assert_null(json_object_get(value, "fault"));
        fixture_done(&f);
}

static void test_open_refuses(void **state) {
        static const char *const users[] = { "bob", "../alice", "", "Root" };
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        Jobs jobs;
        Fixture f;

        (void) state;
        fixture_init(&f);
        fixture_user(&f, FIXTURE_USER);
        assert_int_equal(spool_open_readonly(f.path, &spool, NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(users); i++)
                assert_int_equal(jobs_open(&spool, users[i], &jobs), -ENOENT);
        /* A link in place of the directory is not followed. */
        assert_int_equal(symlinkat("alice", f.fd, "sftp/carol"), 0);
        assert_true(jobs_open(&spool, "carol", &jobs) < 0);
        fixture_done(&f);
}

static void test_floor(void **state) {
        char floor[ID_LENGTH + 1], later[ID_LENGTH + 1];
        uint64_t before;
        Id id;

        (void) state;
        before = time_now_realtime();
        jobs_id_floor(before, floor);
        assert_int_equal(id_new(&id), 0);
        assert_true(strcmp(id.text, floor) >= 0);
        jobs_id_floor(before + 60 * USEC_PER_SEC, later);
        assert_true(strcmp(id.text, later) < 0);
}

#define MANY 100000u

/* Listing must not read, let alone open, what it does not show. */
static void test_many(void **state) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_jobs_ Jobs jobs = JOBS_EMPTY;
        _cleanup_id_list_ IdList ids = {}, found = {};
        uint64_t start, took;
        int done;
        Fixture f;

        (void) state;
        fixture_init(&f);
        done = openat(f.fd, "done", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (unsigned i = 0; i < MANY; i++) {
                char name[32];

                snprintf(name, sizeof(name), "01m2n3p4q5%016u", i);
                /* Hard to tell from a directory by its name, and much faster to make. */
                assert_int_equal(mknodat(done, name, S_IFREG | 0600, 0), 0);
        }
        close(done);
        open_jobs(&f, NULL, &spool, &jobs);
        start = time_now_boottime();
        assert_int_equal(jobs_list(&jobs, 1, "", &ids), 0);
        assert_int_equal(jobs_find(&jobs, "01m2n3p4q5000000000009999", &found), 0);
        took = time_now_boottime() - start;
        assert_int_equal(found.n, 10);
        assert_int_equal(ids.n, MANY);
        assert_string_equal(ids.items[0].text, "01m2n3p4q50000000000099999");
        assert_true(took < 5 * USEC_PER_SEC);
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find),          cmocka_unit_test(test_read),  cmocka_unit_test(test_open_refuses),
                cmocka_unit_test(test_floor),         cmocka_unit_test(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
