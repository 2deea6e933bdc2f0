/* SPDX-License-Identifier: MIT */

/*
 * The program itself, run on a spool in a temporary directory: exit statuses, what it prints, what it leaves behind.
 */

#include "tests/unit/cli/fixture.h"

#include "tools/cli/cli.h"
#include "spool/keys.h"
#include "spool/receipt.h"
#include "tools/cli/verbs.h"

#define ID_A "01m2n3p4q5r6s7t8v9w0x1y2z3"
#define ID_B "01m2n3p4q5r6s7t8v9w0x1y2z4"
#define ID_C "01m2zzzzzzzzzzzzzzzzzzzzzz"

static const char eval_csv[] = "course,accuracy,auc,n\naccounting,0.712,0.801,1250\n";

/* An active, a done and a failed job. */
static void three_jobs(Fixture *f) {
        Record a = fixture_record(ID_A, JOB_STATE_RUNNING), b = fixture_record(ID_B, JOB_STATE_DONE),
               c = fixture_record(ID_C, JOB_STATE_FAILED);

        fixture_init(f);
        fixture_user(f, FIXTURE_USER);
        a.step = 1, a.steps = 3;
        b.name = (char *) (uintptr_t) "d\xc3\xa9j\xc3\xa0\033[31m";
        c.user = (char *) (uintptr_t) "bob";
        c.fault = (Fault){ .code = FAULT_TIME, .message = (char *) (uintptr_t) "its time limit passed" };
        fixture_job(f, "active", &a);
        fixture_job(f, "done", &b);
        fixture_make_dir(f, "done/" ID_B "/release", 0755);
        fixture_write(f, "done/" ID_B "/release/eval.csv", eval_csv);
        fixture_job(f, "failed", &c);
}

static void test_usage(void **state) {
        Fixture f;

        (void) state;
        fixture_init(&f);
        assert_int_equal(fixture_run(&f, "--help"), 0);
        fixture_expect(&f, "morf help VERB");
        assert_int_equal(fixture_run(&f, "--version"), 0);
        fixture_expect(&f, "morf ");
        assert_int_equal(fixture_run(&f, "lsit"), CLI_EXIT_USAGE);
        fixture_expect(&f, "did you mean 'list'?");
        assert_int_equal(fixture_run(&f, "list", "--limt", "3"), CLI_EXIT_USAGE);
        fixture_expect(&f, "unknown option '--limt'");
        assert_int_equal(fixture_run(&f, "list", "--limit", "0"), CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "list", "--limit"), CLI_EXIT_USAGE);
        fixture_expect(&f, "needs a value");
        assert_int_equal(fixture_run(&f, "list", "--state", "runing"), CLI_EXIT_USAGE);
        fixture_expect(&f, "did you mean 'running'?");
        assert_int_equal(fixture_run(&f, "show"), CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "cancel"), CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "submit"), CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "user", "ad"), CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "user", "show", "../x"), CLI_EXIT_USAGE);
        for (size_t i = 0; verbs_at(i); i++) {
                if (streq(verbs_at(i)->name, "synth"))
                        continue;
                assert_int_equal(fixture_run(&f, verbs_at(i)->name, "--help"), 0);
                fixture_expect(&f, verbs_at(i)->synopsis);
                assert_int_equal(fixture_run(&f, "help", verbs_at(i)->name), 0);
        }
        fixture_done(&f);
}

static void test_list(void **state) {
        Fixture f;

        (void) state;
        three_jobs(&f);
        assert_int_equal(fixture_run(&f, "list"), 0);
        fixture_expect(&f, "01m2n3p4q5r6  alice  weekly-dropout");
        fixture_expect(&f, "1/3");
        fixture_expect(&f, "E_TIME: its time limit passed");
        fixture_expect(&f, "\\x1b[31m");
        fixture_expect_not(&f, "\033");
        assert_true(strstr(f.output, "running") < strstr(f.output, "failed"));
        assert_true(strstr(f.output, "failed") < strstr(f.output, "done"));
        assert_int_equal(fixture_run(&f, "list", "--limit", "1"), 0);
        fixture_expect_not(&f, "failed");
        assert_int_equal(fixture_run(&f, "list", "--user", "bob"), 0);
        fixture_expect_not(&f, "alice");
        fixture_expect(&f, "bob");
        assert_int_equal(fixture_run(&f, "list", "--state", "ended", "--full-id"), 0);
        fixture_expect(&f, ID_B);
        fixture_expect_not(&f, ID_A);
        assert_int_equal(fixture_run(&f, "list", "--state", "queued"), 0);
        fixture_expect(&f, "No jobs like that.");
        fixture_done(&f);
}

static void test_list_json(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        const json_t *jobs;
        Fixture f;

        (void) state;
        three_jobs(&f);
        fixture_write(&f, "done/" ID_B "/record.json", "{}");
        assert_int_equal(fixture_run(&f, "list", "--json"), 0);
        answer = json_loads(f.output, 0, NULL);
        assert_non_null(answer);
        jobs = json_object_get(answer, "jobs");
        assert_int_equal(json_array_size(jobs), 2);
        assert_string_equal(json_string_value(json_object_get(json_array_get(jobs, 0), "id")), ID_A);
        assert_int_equal(json_integer_value(json_object_get(answer, "unreadable")), 1);
        assert_true(json_is_true(json_object_get(answer, "complete")));
        fixture_done(&f);
}

static void test_show_and_why(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        Fixture f;

        (void) state;
        three_jobs(&f);
        assert_int_equal(fixture_run(&f, "show", ID_B), 0);
        fixture_expect(&f, "0.801");
        fixture_expect(&f, "accounting");
        assert_int_equal(fixture_run(&f, "--json", "show", ID_B), 0);
        answer = json_loads(f.output, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(answer, "result"), 0),
                                                              "auc")),
                            "0.801");
        assert_int_equal(fixture_run(&f, "show", "01M2Z"), 0);
        fixture_expect(&f, "E_TIME");
        assert_int_equal(fixture_run(&f, "show", "01m2n"), CLI_EXIT_NO_JOB);
        fixture_expect(&f, "beginning of 2 job ids");
        fixture_expect(&f, ID_A);
        assert_int_equal(fixture_run(&f, "show", "01m9"), CLI_EXIT_NO_JOB);
        fixture_expect(&f, "no job '01m9'");
        assert_int_equal(fixture_run(&f, "show", "../x"), CLI_EXIT_NO_JOB);
        assert_int_equal(fixture_run(&f, "why", "01m2z"), 0);
        fixture_expect(&f, "Failed at");
        /* Nothing says that the daemon runs. */
        assert_int_equal(fixture_run(&f, "why", ID_A), 0);
        fixture_expect(&f, "morfd) is not running");
        fixture_write(&f, "run/status.json", "{\"version\":\"0\"}");
        assert_int_equal(fixture_run(&f, "--utc", "why", ID_A), 0);
        fixture_expect(&f, "Running since 2026-11-23T06:19:22Z");
        fixture_done(&f);
}

static void test_researcher(void **state) {
        Record b = fixture_record(ID_B, JOB_STATE_DONE);
        const struct passwd *pw = getpwuid(65534);
        Fixture f;

        (void) state;
        if (geteuid() != 0 || !pw)
                skip();
        three_jobs(&f);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(fchmodat(f.fd, (const char *[]){ "active", "done", "failed" }[i], 0750, 0), 0);
        assert_int_equal(fixture_run_as(&f, 65534, "list", NULL), CLI_EXIT_DENIED);
        fixture_expect(&f, "no account");
        fixture_user(&f, pw->pw_name);
        b.user = pw->pw_name;
        {
                char place[128];

                snprintf(place, sizeof(place), "sftp/%s/jobs", pw->pw_name);
                fixture_job(&f, place, &b);
                strcat(place, "/" ID_B "/eval.csv");
                fixture_write(&f, place, eval_csv);
        }
        assert_int_equal(fixture_run_as(&f, 65534, "list", NULL), 0);
        fixture_expect(&f, "01m2n3p4q5r6");
        fixture_expect_not(&f, "USER");
        assert_int_equal(fixture_run_as(&f, 65534, "show", "01m2", NULL), 0);
        fixture_expect(&f, "0.801");
        assert_int_equal(fixture_run_as(&f, 65534, "show", ID_A, NULL), CLI_EXIT_NO_JOB);
        assert_int_equal(fixture_run_as(&f, 65534, "submit", "--user", "alice", "x.cfg", NULL), CLI_EXIT_DENIED);
        assert_int_equal(fixture_run_as(&f, 65534, "user", "add", "carol", "--mail", "c@example.org", NULL),
                         CLI_EXIT_DENIED);
        fixture_done(&f);
}

/* A request that the "daemon" answers while the command waits. */
static void answer_later(const Fixture *f, const char *request, const Record *r) {
        if (fork() != 0)
                return;
        for (unsigned i = 0; i < 100 && !fixture_exists(f, request); i++)
                usleep(20 * 1000);
        if (unlinkat(f->fd, request, 0) == 0) {
                Fixture copy = *f;

                fixture_job(&copy, "active", r);
        }
        _exit(0);
}

static void test_control(void **state) {
        Record a = fixture_record(ID_A, JOB_STATE_RUNNING);
        struct stat st;
        Fixture f;

        (void) state;
        three_jobs(&f);
        assert_int_equal(fixture_run(&f, "cancel", "--no-wait", ID_A), 0);
        assert_int_equal(fstatat(f.fd, "control/cancel." ID_A, &st, 0), 0);
        assert_int_equal(st.st_size, 0);
        assert_int_equal(unlinkat(f.fd, "control/cancel." ID_A, 0), 0);

        a.cancel = true;
        a.state = JOB_STATE_CANCELLED;
        answer_later(&f, "control/cancel." ID_A, &a);
        assert_int_equal(fixture_run(&f, "cancel", ID_A), 0);
        fixture_expect(&f, "cancelled.");
        wait(NULL);

        assert_int_equal(fixture_run(&f, "cancel", ID_A), 0);
        fixture_expect(&f, "before");
        assert_int_equal(fixture_run(&f, "cancel", ID_B), CLI_EXIT_JOB);
        fixture_expect(&f, "it has ended");
        assert_int_equal(fixture_run(&f, "retry", ID_B), CLI_EXIT_JOB);
        assert_int_equal(fixture_run(&f, "hold", "--json", ID_B, "01m9"), CLI_EXIT_JOB);
        assert_false(fixture_exists(&f, "control/hold." ID_B));
        fixture_done(&f);
}

/* The drop box in which a test that may run as anybody hands in, and as whom. */
static const char *own_box(Fixture *f, const char **user) {
        static char box[128];
        const struct passwd *pw = getpwuid(geteuid());

        if (geteuid() == 0) {
                *user = FIXTURE_USER;
                fixture_user(f, FIXTURE_USER);
                return "sftp/" FIXTURE_USER "/incoming";
        }
        if (!pw)
                skip();
        *user = pw->pw_name;
        snprintf(box, sizeof(box), "incoming");
        return box;
}

static int submit(Fixture *f, const char *option, const char *file, const char *more) {
        if (geteuid() == 0)
                return fixture_run(f, "submit", "--user", FIXTURE_USER, option, file, more);
        return fixture_run(f, "submit", option, file, more);
}

static void test_submit(void **state) {
        const char *user, *box;
        char path[256];
        Fixture f;

        (void) state;
        fixture_init(&f);
        box = own_box(&f, &user);
        fixture_write(&f, "weekly.cfg", "job: { name = \"weekly\"; image = \"image.tar\"; };\n");
        fixture_write(&f, "image.tar", "layers");
        assert_int_equal(submit(&f, "--no-check", "weekly.cfg", NULL), 0);
        fixture_expect(&f, "Attachment handed in: image.tar");
        fixture_expect(&f, "Handed in: weekly.cfg");
        snprintf(path, sizeof(path), "%s/image.tar", box);
        assert_true(fixture_exists(&f, path));
        snprintf(path, sizeof(path), "%s/weekly.cfg", box);
        assert_true(fixture_exists(&f, path));

        assert_int_equal(submit(&f, "--no-check", "weekly.cfg", "image.tar"), 0);
        fixture_expect(&f, "with the same content");
        fixture_expect(&f, "weekly-2.cfg, because there was already one called weekly.cfg");
        fixture_write(&f, "image.tar", "other!");
        assert_int_equal(submit(&f, "--no-check", "weekly.cfg", NULL), CLI_EXIT_JOB);
        fixture_expect(&f, "with other content");

        assert_int_equal(submit(&f, "--no-check", "nothing.cfg", NULL), CLI_EXIT_SYSTEM);
        assert_int_equal(submit(&f, "--no-check", "image.tar", NULL), CLI_EXIT_JOB);
        fixture_expect(&f, "must end in .cfg");
        if (geteuid() == 0)
                assert_int_equal(fixture_run(&f, "submit", "weekly.cfg"), CLI_EXIT_USAGE);
        fixture_done(&f);
}

/* The validator's word counts. A copy of the program finds the validator beside itself. */
static void test_submit_checks(void **state) {
        const char *user;
        char from[PATH_MAX + 8];
        int in, out;
        Fixture f;

        (void) state;
        fixture_init(&f);
        (void) own_box(&f, &user);
        snprintf(from, sizeof(from), "%s/morf", f.bin);
        in = open(from, O_RDONLY | O_CLOEXEC);
        if (in < 0)
                skip();
        out = openat(f.fd, "run/morf", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        assert_int_equal(fd_copy(in, out, UINT64_MAX, &(uint64_t){ 0 }), 0);
        close(in);
        close(out);
        snprintf(f.bin, sizeof(f.bin), "%s/run", f.path);
        fixture_write(&f, "run/morf-intake",
                      "#!/bin/sh\necho '{\"code\":\"E_JOBFILE\",\"message\":\"weekly.cfg:3: no\",\"hint\":\"Do "
                      "this.\"}'\nexit 65\n");
        assert_int_equal(fchmodat(f.fd, "run/morf-intake", 0755, 0), 0);
        fixture_write(&f, "weekly.cfg", "job: {};\n");
        assert_int_equal(submit(&f, "--utc", "weekly.cfg", NULL), CLI_EXIT_JOB);
        fixture_expect(&f, "weekly.cfg:3: no");
        fixture_expect(&f, "Do this.");
        assert_false(fixture_exists(&f, "sftp/alice/incoming/weekly.cfg"));
        assert_false(fixture_exists(&f, "incoming/weekly.cfg"));

        fixture_write(&f, "run/morf-intake", "#!/bin/sh\necho '{\"version\":1,\"needs\":[\"image.tar\"]}'\n");
        assert_int_equal(submit(&f, "--utc", "weekly.cfg", NULL), CLI_EXIT_JOB);
        fixture_expect(&f, "names 'image.tar', which is not there");
        fixture_write(&f, "image.tar", "layers");
        assert_int_equal(submit(&f, "--utc", "weekly.cfg", "image.tar"), 0);
        fixture_done(&f);
}

/* Plays the daemon for one drop: takes it, works, ends it in the state given. */
static void play_daemon(const Fixture *f, const char *box, const char *user, JobState end) {
        Fixture copy = *f;
        char path[256];
        Record r;
        Id id;

        if (fork() != 0)
                return;
        snprintf(path, sizeof(path), "%s/weekly.cfg", box);
        for (unsigned i = 0; i < 250 && !fixture_exists(f, path); i++)
                usleep(20 * 1000);
        if (unlinkat(f->fd, path, 0) < 0 || id_new(&id) < 0)
                _exit(1);
        r = fixture_record(id.text, JOB_STATE_QUEUED);
        r.user = (char *) (uintptr_t) user;
        r.created = r.changed = time_now_realtime();
        fixture_job(&copy, "active", &r);
        usleep(100 * 1000);
        r.state = JOB_STATE_RUNNING;
        fixture_job(&copy, "active", &r);
        /* Long enough to be seen on a busy machine. */
        usleep(400 * 1000);
        snprintf(path, sizeof(path), "active/%s", id.text);
        if (end == JOB_STATE_DONE) {
                char release[512];

                snprintf(release, sizeof(release), "%s/release", path);
                fixture_make_dir(&copy, release, 0755);
                strcat(release, "/eval.csv");
                fixture_write(&copy, release, eval_csv);
        }
        r.state = end;
        r.finished = time_now_realtime();
        if (end == JOB_STATE_FAILED)
                r.fault = (Fault){ .code = FAULT_MEMORY, .message = (char *) (uintptr_t) "its memory limit was hit",
                                   .hint = (char *) (uintptr_t) "Use less." };
        fixture_job(&copy, "active", &r);
        {
                char to[256];

                snprintf(to, sizeof(to), "%s/%s", end == JOB_STATE_DONE ? "done" : "failed", id.text);
                _exit(renameat(f->fd, path, f->fd, to) < 0);
        }
}

static void test_wait(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        const char *user, *box;
        char *text;
        Fixture f;
        int status;

        (void) state;
        fixture_init(&f);
        box = own_box(&f, &user);
        fixture_write(&f, "weekly.cfg", "job: { };\n");

        play_daemon(&f, box, user, JOB_STATE_DONE);
        assert_int_equal(fixture_run(&f, "submit", "--no-check", "--wait", "weekly.cfg",
                                     geteuid() == 0 ? "--user" : NULL, FIXTURE_USER),
                         0);
        fixture_expect(&f, "running");
        fixture_expect(&f, "done");
        fixture_expect(&f, "0.801");
        wait(&status);
        assert_int_equal(status, 0);

        play_daemon(&f, box, user, JOB_STATE_FAILED);
        assert_int_equal(fixture_run(&f, "submit", "--no-check", "-w", "weekly.cfg", geteuid() == 0 ? "--user" : NULL,
                                     FIXTURE_USER),
                         CLI_EXIT_JOB);
        fixture_expect(&f, "E_MEMORY: its memory limit was hit");
        fixture_expect(&f, "Use less.");
        wait(&status);

        play_daemon(&f, box, user, JOB_STATE_DONE);
        assert_int_equal(fixture_run(&f, "submit", "--json", "--no-check", "-w", "weekly.cfg",
                                     geteuid() == 0 ? "--user" : NULL, FIXTURE_USER),
                         0);
        text = strchr(f.output, '{');
        answer = json_loads(strempty(text), 0, NULL);
        assert_string_equal(json_string_value(json_object_get(json_object_get(answer, "job"), "state")), "done");
        wait(&status);

        /* Nobody takes it. */
        assert_int_equal(fixture_run(&f, "submit", "--no-check", "-w", "--timeout", "300ms", "weekly.cfg",
                                     geteuid() == 0 ? "--user" : NULL, FIXTURE_USER),
                         CLI_EXIT_TIMEOUT);
        fixture_done(&f);
}

static void test_status(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        Record late = fixture_record(ID_B, JOB_STATE_RUNNING);
        Fixture f;

        (void) state;
        three_jobs(&f);
        assert_int_equal(fixture_run(&f, "status"), CLI_STATUS_CRITICAL);
        fixture_expect(&f, "not running");
        fixture_write(&f, "run/status.json",
                      "{\"version\":\"0.1\",\"engine\":\"docker\",\"pid\":0,\"problems\":[],\"later\":1}");
        assert_int_equal(fixture_run(&f, "status"), CLI_STATUS_FINE);
        fixture_expect(&f, "running, version 0.1, engine docker");
        fixture_expect(&f, "1 done, 1 failed");
        /* No process has this number. */
        fixture_write(&f, "run/status.json", "{\"version\":\"0.1\",\"pid\":2147483600}");
        assert_int_equal(fixture_run(&f, "status"), CLI_STATUS_CRITICAL);
        fixture_write(&f, "run/status.json", "{\"version\":\"0.1\",\"problems\":[\"the engine is down\"]}");
        assert_int_equal(fixture_run(&f, "status"), CLI_STATUS_DEGRADED);
        fixture_expect(&f, "Needs attention: the engine is down");
        fixture_write(&f, "run/status.json", "{\"version\":\"0.1\"}");
        late.deadline = FIXTURE_TIME - 40 * 365 * USEC_PER_DAY;
        fixture_job(&f, "active", &late);
        assert_int_equal(fixture_run(&f, "--json", "status"), CLI_STATUS_DEGRADED);
        answer = json_loads(f.output, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(answer, "status")), "degraded");
        assert_int_equal(json_array_size(json_object_get(answer, "problems")), 1);
        fixture_done(&f);
}

/* Whatever option a verb's help names, the manual page and the completion know. */
static void test_manual(void **state) {
        _cleanup_free_ char *manual = NULL, *completion = NULL;
        int r;

        (void) state;
        r = fd_read_file_at(AT_FDCWD, "tools/cli/morf.1", 1 << 20, &manual, NULL);
        if (r == -ENOENT) /* not run from the top of the source tree */
                skip();
        assert_int_equal(r, 0);
        assert_int_equal(fd_read_file_at(AT_FDCWD, "tools/cli/morf.bash-completion", 1 << 20, &completion, NULL), 0);
        for (size_t i = 0; verbs_at(i); i++) {
                char heading[128], option[64], roff[128];

                snprintf(heading, sizeof(heading), ".SS \"morf %s ", verbs_at(i)->name);
                if (!strstr(manual, heading) && !streq(verbs_at(i)->name, "status"))
                        fail_msg("the manual page has no heading for '%s'", verbs_at(i)->name);
                assert_non_null(strstr(completion, verbs_at(i)->name));
                for (const char *p = verbs_at(i)->help; (p = strstr(p, "--"));) {
                        size_t n = 2 + strspn(p + 2, "abcdefghijklmnopqrstuvwxyz-"), m = 0;

                        snprintf(option, sizeof(option), "%.*s", (int) n, p);
                        p += n;
                        for (const char *c = option; *c; c++)
                                m += (size_t) sprintf(roff + m, "%s%c", *c == '-' ? "\\" : "", *c);
                        if (!strstr(manual, roff))
                                fail_msg("the manual page does not have %s of '%s'", option, verbs_at(i)->name);
                        if (!strstr(completion, option))
                                fail_msg("the completion does not have %s of '%s'", option, verbs_at(i)->name);
                }
        }
}

/* With and without the key, with files that are as they were and files that are not. */
static void test_verify(void **state) {
        static const char key[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        /* of "abc" */
        static const char digest[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        ReceiptFile file = { (char *) "eval.csv", 3, (char *) digest };
        _cleanup_free_ char *text = NULL, *edited = NULL;
        Fixture f;
        Receipt r = RECEIPT_INIT;
        char *place;

        (void) state;
        fixture_init(&f);
        r.job = (char *) ID_A;
        r.user = (char *) "alice";
        r.name = (char *) "weekly";
        r.mode = (char *) "run";
        r.files = &file;
        r.n_files = 1;
        assert_int_equal(receipt_format(&r, key, &text), 0);
        place = strstr(text, "weekly");
        assert_true(asprintf(&edited, "%.*s%s%s", (int) (place - text), text, "weekly2", place + strlen("weekly")) > 0);
        fixture_write(&f, "receipt.json", text);
        fixture_write(&f, "changed.json", edited);
        fixture_write(&f, "eval.csv", "abc");

        assert_int_equal(fixture_run(&f, "verify"), CLI_EXIT_USAGE);
        assert_int_equal(fixture_run(&f, "verify", "--keys", "keys", "receipt.json", "eval.csv"), CLI_EXIT_DENIED);
        fixture_expect(&f, "no key for receipts");
        fixture_make_dir(&f, "keys", 0755);
        assert_true(asprintf(&place, "%s\n", key) > 0);
        fixture_write(&f, "keys/" KEYS_RECEIPT, place);
        free(place);
        assert_int_equal(fixture_run(&f, "verify", "--keys", "keys", "receipt.json", "eval.csv"), CLI_EXIT_OK);
        fixture_expect(&f, "signed by this server");
        assert_int_equal(fixture_run(&f, "verify", "--keys", "keys", "changed.json"), CLI_EXIT_JOB);
        assert_int_equal(fixture_run(&f, "verify", "--keys", "keys", "eval.csv"), CLI_EXIT_JOB);
        fixture_write(&f, "eval.csv", "abd");
        assert_int_equal(fixture_run(&f, "verify", "--keys", "keys", "receipt.json", "eval.csv"), CLI_EXIT_JOB);
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_usage),         cmocka_unit_test(test_list),    cmocka_unit_test(test_list_json),
                cmocka_unit_test(test_show_and_why),  cmocka_unit_test(test_researcher), cmocka_unit_test(test_control),
                cmocka_unit_test(test_submit),        cmocka_unit_test(test_submit_checks), cmocka_unit_test(test_wait),
                cmocka_unit_test(test_status),        cmocka_unit_test(test_manual),  cmocka_unit_test(test_verify),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
