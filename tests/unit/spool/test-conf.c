/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/conf.h"
#include "spool/limits.h"
#include "tests/unit/scratch.h"

/* libconfig 1.5 itself loses the strings of a text that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libconfig.so\n";
}

/* A scratch directory in the place of /etc/morf. */
static void conf_scratch_init(Scratch *s) {
        char path[128];

        scratch_init(s);
        snprintf(path, sizeof(path), "%s/morfd.conf", s->path);
        assert_int_equal(setenv("MORF_CONF", path, 1), 0);
}

static void conf_scratch_done(Scratch *s) {
        unsetenv("MORF_CONF");
        scratch_done(s);
}
#define _cleanup_conf_scratch_ _cleanup_(conf_scratch_done)

static void load(Conf *c) {
        _cleanup_free_ char *error = NULL;

        if (conf_load(c, &error) < 0)
                fail_msg("%s", error);
}

static void path_of_the_file(_unused_ void **state) {
        unsetenv("MORF_CONF");
        assert_string_equal(conf_path(), CONF_PATH);
        assert_int_equal(setenv("MORF_CONF", "", 1), 0);
        assert_string_equal(conf_path(), CONF_PATH);
        assert_int_equal(setenv("MORF_CONF", "here.conf", 1), 0);
        assert_string_equal(conf_path(), "here.conf");
        {
                _cleanup_free_ char *dir = conf_users_dir();

                assert_string_equal(dir, "users.d");
        }
        unsetenv("MORF_CONF");
}

static void names_round_trip(_unused_ void **state) {
        for (int i = 0; i < (int) _CONF_ENGINE_MAX; i++)
                assert_int_equal(conf_engine_from_string(conf_engine_to_string(i)), i);
        for (int i = 0; i < (int) _CONF_TLS_MAX; i++)
                assert_int_equal(conf_tls_from_string(conf_tls_to_string(i)), i);
}

static void defaults(_unused_ void **state) {
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_conf_ Conf c = {};

        conf_scratch_init(&s);
        scratch_write(&s, "morfd.conf", "");
        load(&c);
        assert_string_equal(c.spool, "/var/spool/morf");
        assert_int_equal(strv_length(c.data), 0);
        assert_false(c.test_labels);
        assert_int_equal(c.scheduler.slots, 2);
        assert_int_equal(c.scheduler.cpus_milli, 0);
        assert_int_equal(c.scheduler.quiet_usec, 5 * USEC_PER_SEC);
        assert_int_equal(c.scheduler.upload_usec, USEC_PER_DAY);
        assert_int_equal(c.scheduler.attempts, 5);
        assert_int_equal(c.engine.name, CONF_ENGINE_AUTO);
        assert_true(c.engine.build);
        assert_false(c.engine.build_network);
        assert_int_equal(c.limits.standard.memory, 2 * LIMIT_GIB);
        assert_int_equal(c.limits.maximum.pids, 4096);
        assert_true(c.limits.compat);
        /* What is released by default is coarse. */
        assert_int_equal(c.release.digits, 3);
        assert_int_equal(c.release.min_cell, 10);
        assert_int_equal(c.release.round_counts, 5);
        assert_true(c.release.pseudonyms);
        assert_int_equal(c.mail.smtp_tls, CONF_TLS_OPPORTUNISTIC);
        assert_null(c.mail.smtp_host);
}

/* Every setting, by a text and what must come out of it. */
static void every_setting(_unused_ void **state) {
        static const char text[] =
                        "spool = \"/s\"; data = [\"/d/one\", \"/d/two\"]; test_labels = true;\n"
                        "scheduler: { slots = 3; cpus = 1.5; memory = \"3G\"; quiet = 0; upload_timeout = \"2h\"; active_per_user = 4; attempts = 6;\n"
                        "  retry = \"7s\"; free_space = \"8M\"; };\n"
                        "engine: { name = \"podman\"; build = false; build_network = true; build_time = \"9m\"; };\n"
                        "limits: { default: { cpus = 0.25; memory = \"10M\"; time = \"11s\"; output = \"12K\"; pids = 13; };\n"
                        "  maximum: { cpus = 14; memory = \"15G\"; time = \"16h\"; output = \"17G\"; pids = 18; }; compat = false; };\n"
                        "release: { digits = 0; min_cell = 20; round_counts = 21; };\n"
                        "mail: { from = \"a@b.c\"; from_name = \"J\xc3\xb6rg's morf\"; operator = \"o@b.c\"; domain = \"b.c\"; maildir = \"/m\"; per_hour = 22;\n"
                        "  smtp: { host = \"mail.b.c\"; port = 587; tls = \"required\"; user = \"u\"; password_file = \"/p\"; ca_file = \"/ca\"; }; };\n";
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_conf_ Conf c = {};

        conf_scratch_init(&s);
        scratch_write(&s, "morfd.conf", text);
        load(&c);
        assert_string_equal(c.spool, "/s");
        assert_int_equal(strv_length(c.data), 2);
        assert_string_equal(c.data[1], "/d/two");
        assert_true(c.test_labels);
        assert_int_equal(c.scheduler.slots, 3);
        assert_int_equal(c.scheduler.cpus_milli, 1500);
        assert_int_equal(c.scheduler.memory, 3 * LIMIT_GIB);
        assert_int_equal(c.scheduler.quiet_usec, 0);
        assert_int_equal(c.scheduler.upload_usec, 2 * USEC_PER_HOUR);
        assert_int_equal(c.scheduler.active_per_user, 4);
        assert_int_equal(c.scheduler.attempts, 6);
        assert_int_equal(c.scheduler.retry_usec, 7 * USEC_PER_SEC);
        assert_int_equal(c.scheduler.free_bytes, 8 * LIMIT_MIB);
        assert_int_equal(c.engine.name, CONF_ENGINE_PODMAN);
        assert_false(c.engine.build);
        assert_true(c.engine.build_network);
        assert_int_equal(c.engine.build_time_usec, 9 * USEC_PER_MINUTE);
        assert_int_equal(c.limits.standard.cpus_milli, 250);
        assert_int_equal(c.limits.standard.memory, 10 * LIMIT_MIB);
        assert_int_equal(c.limits.standard.time_usec, 11 * USEC_PER_SEC);
        assert_int_equal(c.limits.standard.output, 12 * LIMIT_KIB);
        assert_int_equal(c.limits.standard.pids, 13);
        assert_int_equal(c.limits.maximum.cpus_milli, 14000);
        assert_int_equal(c.limits.maximum.memory, 15 * LIMIT_GIB);
        assert_int_equal(c.limits.maximum.time_usec, 16 * USEC_PER_HOUR);
        assert_int_equal(c.limits.maximum.output, 17 * LIMIT_GIB);
        assert_int_equal(c.limits.maximum.pids, 18);
        assert_false(c.limits.compat);
        assert_int_equal(c.release.digits, 0);
        assert_int_equal(c.release.min_cell, 20);
        assert_int_equal(c.release.round_counts, 21);
        assert_string_equal(c.mail.from, "a@b.c");
        assert_string_equal(c.mail.from_name, "J\xc3\xb6rg's morf");
        assert_string_equal(c.mail.operator_address, "o@b.c");
        assert_string_equal(c.mail.domain, "b.c");
        assert_string_equal(c.mail.maildir, "/m");
        assert_int_equal(c.mail.per_hour, 22);
        assert_string_equal(c.mail.smtp_host, "mail.b.c");
        assert_int_equal(c.mail.smtp_port, 587);
        assert_int_equal(c.mail.smtp_tls, CONF_TLS_REQUIRED);
        assert_string_equal(c.mail.smtp_user, "u");
        assert_string_equal(c.mail.smtp_password_file, "/p");
        assert_string_equal(c.mail.smtp_ca_file, "/ca");
}

static void sentences(_unused_ void **state) {
        /* Behind the path of morfd.conf. */
        static const struct {
                const char *text, *sentence;
        } cases[] = {
                { "spol = \"/s\";", ":1: unknown setting 'spol'; did you mean 'spool'?" },
                { "\nscheduler: { slot = 3; };", ":2: unknown setting 'scheduler.slot'; did you mean 'scheduler.slots'?" },
                { "limits: { default: { cpu = 3; }; };", ":1: unknown setting 'limits.default.cpu'; did you mean 'limits.default.cpus'?" },
                { "mail: { smtp: { sort = 25; }; };", ":1: unknown setting 'mail.smtp.sort'; did you mean 'mail.smtp.port'?" },
                { "quux = 1;", ":1: unknown setting 'quux'" },
                { "spool = \"relative\";", ":1: 'spool' has a value that is not allowed" },
                { "spool = \"/a/../b\";", ":1: 'spool' has a value that is not allowed" },
                { "spool = \"/a:b\";", ":1: 'spool' has a value that is not allowed" },
                { "data = \"/d\";", ":1: 'data' must be a list of strings such as [\"a\", \"b\"]" },
                { "data = [\"/d\", \"/d,readonly=false\"];", ":1: entry 2 of 'data' is not allowed" },
                { "data = [\"/d\\\"\"];", ":1: entry 1 of 'data' is not allowed" },
                { "data = [\"/d/..\"];", ":1: entry 1 of 'data' is not allowed" },
                { "scheduler: { slots = 0; };", ":1: 'scheduler.slots' is out of range" },
                { "scheduler: { quiet = \"2h\"; };", ":1: 'scheduler.quiet' is out of range" },
                { "scheduler: { attempts = 0; };", ":1: 'scheduler.attempts' is out of range" },
                { "engine: { name = \"lxc\"; };", ":1: 'engine.name' must be one of \"auto\", \"docker\", \"podman\"" },
                { "limits: { default: { memory = \"1M\"; }; };", ":1: 'limits.default.memory' is out of range" },
                { "limits: { maximum: { pids = 0; }; };", ":1: 'limits.maximum.pids' is out of range" },
                { "limits: { compat = \"no\"; };", ":1: 'limits.compat' must be true or false" },
                { "release: { digits = 18; };", ":1: 'release.digits' is out of range" },
                { "mail: { from = \"nobody\"; };", ":1: 'mail.from' has a value that is not allowed" },
                { "mail: { from = \"a@b.c\\nBcc: x@y.z\"; };", ":1: 'mail.from' has a value that is not allowed" },
                { "mail: { from_name = \"a\\nb\"; };", ":1: 'mail.from_name' has a value that is not allowed" },
                { "mail: { smtp: { port = 65536; }; };", ":1: 'mail.smtp.port' is out of range" },
                { "mail: { smtp: { tls = \"ssl\"; }; };", ":1: 'mail.smtp.tls' must be one of \"none\", \"opportunistic\", \"required\"" },
                { "mail: { smtp: { password_file = \"p\"; }; };", ":1: 'mail.smtp.password_file' has a value that is not allowed" },
                { "spool = ", ":1: syntax error" },
                /* Together. */
                { "limits: { default: { memory = \"8G\"; }; maximum: { memory = \"4G\"; }; };", ": a value of limits.default is above limits.maximum" },
                { "limits: { maximum: { cpus = 0.5; }; };", ": a value of limits.default is above limits.maximum" },
                { "limits: { maximum: { time = \"1h\"; }; };", ": a value of limits.default is above limits.maximum" },
                { "limits: { maximum: { output = \"1M\"; }; };", ": a value of limits.default is above limits.maximum" },
                { "limits: { maximum: { pids = 511; }; };", ": a value of limits.default is above limits.maximum" },
                { "mail: { smtp: { user = \"u\"; tls = \"none\"; }; };",
                  ": mail.smtp.user needs mail.smtp.tls: a password is never sent in the clear" },
        };
        _cleanup_conf_scratch_ Scratch s;

        conf_scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *sentence = NULL;
                Conf c = { .test_labels = true };
                const char *rest;

                scratch_write(&s, "morfd.conf", cases[i].text);
                if (conf_load(&c, &sentence) != -EBADMSG)
                        fail_msg("accepted: %s", cases[i].text);
                assert_non_null(sentence);
                rest = startswith(sentence, conf_path());
                assert_non_null(rest);
                assert_string_equal(rest, cases[i].sentence);
                assert_true(c.test_labels && !c.spool); /* untouched */
                assert_int_equal(conf_load(&c, NULL), -EBADMSG);
        }
}

static void files_of_conf_d_win_in_order(_unused_ void **state) {
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_conf_ Conf c = {}, again = {};
        _cleanup_free_ char *sentence = NULL;

        conf_scratch_init(&s);
        dir = scratch_dir(&s, "conf.d");
        scratch_write(&s, "morfd.conf", "scheduler: { slots = 1; attempts = 1; retry = \"1s\"; }; data = [\"/a\"];");
        scratch_write(&s, "conf.d/20-b.conf", "scheduler: { slots = 3; };");
        scratch_write(&s, "conf.d/10-a.conf", "scheduler: { slots = 2; attempts = 2; }; data = [\"/b\", \"/c\"];");
        scratch_write(&s, "conf.d/.hidden.conf", "nonsense");
        scratch_write(&s, "conf.d/30-c.conf.dpkg-new", "nonsense");
        load(&c);
        assert_int_equal(c.scheduler.slots, 3);
        assert_int_equal(c.scheduler.attempts, 2);
        assert_int_equal(c.scheduler.retry_usec, USEC_PER_SEC);
        assert_int_equal(strv_length(c.data), 2); /* a list is replaced, not continued */

        /* What goes together may be said in two files. */
        scratch_write(&s, "conf.d/40-d.conf", "limits: { maximum: { memory = \"1G\"; }; };");
        scratch_write(&s, "conf.d/50-e.conf", "limits: { default: { memory = \"1G\"; }; };");
        load(&again);

        scratch_write(&s, "conf.d/60-f.conf", "\nslots = 3;");
        assert_int_equal(conf_load(&(Conf){}, &sentence), -EBADMSG);
        assert_non_null(strstr(sentence, "/conf.d/60-f.conf:2: unknown setting 'slots'"));
}

static void what_cannot_be_read_is_named(_unused_ void **state) {
        _cleanup_free_ char *first = NULL, *second = NULL, *third = NULL;
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;
        Conf c = {};

        conf_scratch_init(&s);
        assert_int_equal(conf_load(&c, &first), -ENOENT);
        assert_non_null(startswith(first, "cannot read "));
        assert_non_null(strstr(first, "/morfd.conf: No such file or directory"));

        scratch_write(&s, "morfd.conf", "");
        scratch_write(&s, "conf.d", "not a directory");
        assert_int_equal(conf_load(&c, &second), -ENOTDIR);
        assert_non_null(second);
        assert_non_null(strstr(second, "/conf.d: Not a directory"));

        assert_int_equal(unlinkat(s.fd, "conf.d", 0), 0);
        dir = scratch_dir(&s, "conf.d");
        assert_int_equal(mkdirat(dir, "x.conf", 0755), 0);
        assert_true(conf_load(&c, &third) < 0);
        assert_non_null(strstr(third, "/conf.d/x.conf"));
}

/* ---- accounts ---- */

static void accounts_round_trip(_unused_ void **state) {
        _cleanup_conf_user_ ConfUser u = { .name = strdup("alice"), .enabled = true, .labels = true, .active = 7 }, back = {};
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;
        struct stat st;

        conf_scratch_init(&s);
        assert_int_equal(strv_add_many(&u.mail, "alice@example.org", "j\xc3\xb6rg@example.org", NULL), 0);
        assert_int_equal(strv_add_many(&u.grants, "accounting", "2012-001", NULL), 0);
        assert_int_equal(conf_user_save(&u), -ENOENT); /* no users.d */
        dir = scratch_dir(&s, "users.d");
        assert_int_equal(conf_user_save(&u), 0);
        assert_int_equal(fstatat(dir, "alice.conf", &st, 0), 0);
        assert_int_equal(st.st_mode & 0777, 0640);
        assert_int_equal(conf_user_load("alice", &back, NULL), 0);
        assert_string_equal(back.name, "alice");
        assert_int_equal(strv_length(back.mail), 2);
        assert_string_equal(back.mail[1], "j\xc3\xb6rg@example.org");
        assert_string_equal(back.grants[1], "2012-001");
        assert_true(back.enabled);
        assert_int_equal(back.active, 7);
        assert_true(back.labels);
        scratch_assert_file(&s, "users.d/alice.conf",
                            "/* Account 'alice'; see morfd.conf(5). Changes take effect with the next job. */\n"
                            "mail = [\"alice@example.org\", \"j\xc3\xb6rg@example.org\"];\ngrants = [\"accounting\", \"2012-001\"];\nenabled = true;\n"
                            "labels = true;\nactive = 7;\n");
}

static void an_account_without_anything(_unused_ void **state) {
        _cleanup_conf_user_ ConfUser u = { .name = strdup("bob") }, back = {}, bare = {};
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;

        conf_scratch_init(&s);
        dir = scratch_dir(&s, "users.d");
        assert_int_equal(conf_user_save(&u), 0);
        assert_int_equal(conf_user_load("bob", &back, NULL), 0);
        assert_false(back.enabled);
        assert_false(back.labels);
        assert_int_equal(strv_length(back.mail) + strv_length(back.grants) + back.active, 0);
        assert_false(conf_user_may_see(&back, "accounting"));
        /* Enabled, unless the file says otherwise; but nothing is granted. */
        scratch_write(&s, "users.d/bob.conf", "");
        assert_int_equal(conf_user_load("bob", &bare, NULL), 0);
        assert_true(bare.enabled);
        assert_false(conf_user_may_see(&bare, "accounting"));
}

/* What could not be read again, or would be read as something else, is not written. */
static void bad_accounts_are_not_saved(_unused_ void **state) {
        static const struct {
                const char *name, *mail, *grant;
        } cases[] = {
                { "Alice", "a@b.c", "x" }, { "../alice", "a@b.c", "x" }, { "", "a@b.c", "x" }, { "alice", "a", "x" },
                { "alice", "a\"@b.c", "x" }, { "alice", "a\\@b.c", "x" }, { "alice", "a@b.c", "**" }, { "alice", "a@b.c", "a/b" },
                { "alice", "a@b.c", "x\"]; enabled = true; #" },
        };
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;

        conf_scratch_init(&s);
        dir = scratch_dir(&s, "users.d");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_conf_user_ ConfUser u = { .name = strdup(cases[i].name) };

                assert_int_equal(strv_add(&u.mail, cases[i].mail), 0);
                assert_int_equal(strv_add(&u.grants, cases[i].grant), 0);
                assert_int_equal(conf_user_save(&u), -EINVAL);
        }
        assert_int_equal(scratch_count(&s, "users.d"), 0);
}

static void bad_account_files(_unused_ void **state) {
        static const struct {
                const char *text, *sentence;
        } cases[] = {
                { "mial = [];", "/users.d/alice.conf:1: unknown setting 'mial'; did you mean 'mail'?" },
                { "mail = [\"alice\"];", "/users.d/alice.conf:1: entry 1 of 'mail' is not allowed" },
                { "grants = [\"*\", \"../x\"];", "/users.d/alice.conf:1: entry 2 of 'grants' is not allowed" },
                { "enabled = 0;", "/users.d/alice.conf:1: 'enabled' must be true or false" },
        };
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;
        ConfUser u = {};

        conf_scratch_init(&s);
        dir = scratch_dir(&s, "users.d");
        assert_int_equal(conf_user_load("alice", &u, NULL), -ENOENT);
        assert_int_equal(conf_user_load("../morfd", &u, NULL), -ENOENT);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *sentence = NULL;

                scratch_write(&s, "users.d/alice.conf", cases[i].text);
                assert_int_equal(conf_user_load("alice", &u, &sentence), -EBADMSG);
                assert_non_null(endswith(sentence, cases[i].sentence));
                assert_null(u.name);
        }
        /* An empty file is an enabled account; what a power cut left is none. */
        scratch_write_bytes(&s, "users.d/alice.conf", "\0\0\0\0", 4);
        assert_int_equal(conf_user_load("alice", &u, NULL), -EBADMSG);
}

static void names_of_accounts(_unused_ void **state) {
        static const char *const files[] = { "carol.conf", "alice.conf", "bob-2.conf", "Alice.conf", ".x.conf", "README", "a.b.conf", ".conf" };
        _cleanup_strv_ char **names = NULL, **none = NULL;
        _cleanup_conf_scratch_ Scratch s;
        _cleanup_fd_ int dir = -EBADF;

        conf_scratch_init(&s);
        assert_int_equal(conf_user_names(&none), 0);
        assert_int_equal(strv_length(none), 0);
        dir = scratch_dir(&s, "users.d");
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                char path[64];

                snprintf(path, sizeof(path), "users.d/%s", files[i]);
                scratch_write(&s, path, "");
        }
        assert_int_equal(conf_user_names(&names), 0);
        assert_int_equal(strv_length(names), 3);
        assert_string_equal(names[0], "alice");
        assert_string_equal(names[1], "bob-2");
        assert_string_equal(names[2], "carol");
}

static void grants(_unused_ void **state) {
        static const struct {
                const char *grants[3], *course;
                bool may_see;
        } cases[] = {
                { { NULL }, "accounting", false },
                { { "accounting" }, "accounting", true },
                { { "accounting" }, "accounting-2", false },
                { { "accounting" }, "account", false },
                { { "accounting" }, "Accounting", false },
                { { "*" }, "anything", true },
                { { "biology", "*" }, "anything", true },
                { { "biology" }, "*", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_conf_user_ ConfUser u = {};

                for (size_t k = 0; cases[i].grants[k]; k++)
                        assert_int_equal(strv_add(&u.grants, cases[i].grants[k]), 0);
                assert_int_equal(conf_user_may_see(&u, cases[i].course), cases[i].may_see);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(path_of_the_file), cmocka_unit_test(names_round_trip), cmocka_unit_test(defaults),
                cmocka_unit_test(every_setting), cmocka_unit_test(sentences), cmocka_unit_test(files_of_conf_d_win_in_order),
                cmocka_unit_test(what_cannot_be_read_is_named), cmocka_unit_test(accounts_round_trip),
                cmocka_unit_test(an_account_without_anything), cmocka_unit_test(bad_accounts_are_not_saved),
                cmocka_unit_test(bad_account_files), cmocka_unit_test(names_of_accounts), cmocka_unit_test(grants),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
