/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/intake/client-config.h"

#define GOOD "[client]\njob_id=j\ndocker_url=i.tar\ncontroller_url=c.py\n"

typedef struct Parsed {
        Manifest m;
        JobAttachment a;
        Fault f;
} Parsed;

static void parsed_done(Parsed *p) {
        manifest_done(&p->m);
        job_attachment_done(&p->a);
        fault_done(&p->f);
}
#define _cleanup_parsed_ _cleanup_(parsed_done)

static int parse(const char *text, Parsed *p) {
        return client_config_parse(text, strlen(text), "client.config", /* lenient= */ false, &p->m, &p->a, &p->f);
}

static void what_is_wrong_is_said(_unused_ void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "", "client.config: the file is empty" },
                { "[client]\njob_id=j\ndocker_url=i.tar\n", "client.config: 'controller_url' is missing in the section [client]" },
                { "[client]\n", "client.config: 'job_id' is missing in the section [client]" },
                { "job_id=j\n", "client.config:1: there is no section before this line; the first line is [client]" },
                { "[data]\na=s3://b/morf-data/\n", "client.config:2: unknown section [data]; a client.config has [client] and [args]" },
                { GOOD "docker_exec=/bin/sh\n", "client.config:5: 'docker_exec' can only be set by the operator of the platform; leave it out" },
                { GOOD "AWS_Access_Key_ID=x\n", "client.config:5: 'aws_access_key_id' can only be set by the operator of the platform; leave it out" },
                { GOOD "controler_ulr=x\n", "client.config:5: unknown key 'controler_ulr'; did you mean 'controller_url'?" },
                { GOOD "zzzzzz=x\n", "client.config:5: unknown key 'zzzzzz'; arguments of the job belong into the section [args]" },
                { GOOD "job_id=k\n", "client.config:5: 'job_id' is given twice; a line that begins with a blank belongs to the one before it" },
                { "[client]\njob_id=\n", "client.config:2: 'job_id' is empty" },
                { "[client]\njob_id=../x\n", "client.config:2: 'job_id' must begin with a letter or digit and hold printable ASCII characters only" },
                { "[client]\ndocker_url=http://a/b.tar\n",
                  "client.config:2: 'docker_url' must be a URL with s3://, https:// or file://, or the name of a file" },
                { "[client]\ndocker_url=https://a/b/\n", "client.config:2: 'docker_url' names the file '', but a file name is 1 to 64 letters, digits, '.', '_' "
                  "and '-' here, and begins with a letter or digit" },
                { "[client]\ncontroller_url=file:///a/..\n", "client.config:2: 'controller_url' names the file '..', but a file name is 1 to 64 letters, digits, "
                  "'.', '_' and '-' here, and begins with a letter or digit" },
                { "[client]\nwhat is this\n", "client.config:2: this line is neither a [section], nor 'key = value', nor a comment" },
                { GOOD "[args]\na=50%\n", "client.config:6: the value of 'a' holds a single '%'; write '%%'" },
                { GOOD "[args]\na=1\nA=2\n", "client.config:7: the argument 'a' is given twice; a line that begins with a blank belongs to the one before it" },
                { GOOD "[args]\n-v=1\n", "client.config:6: '-v' cannot be the name of an argument, which is 1 to 64 letters, digits, '.', '_' or '-', and begins "
                  "with a letter or digit" },
                { GOOD "[args]\na=\xc3\xa9\n", "client.config:6: the value of the argument 'a' must be at most 256 printable ASCII characters" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_parsed_ Parsed p = {};

                if (parse(cases[i].text, &p) != -EBADMSG)
                        fail_msg("taken: %s", cases[i].text);
                assert_string_equal(p.f.message, cases[i].message);
                assert_null(p.a.path);
        }
}

static void reads(_unused_ void **state) {
        static const char text[] = "\xef\xbb\xbf# comment\r\n[client]\r\nuser_id = ada\r\nJob_ID: week 3\r\nemail_to=\r\n; more\r\n"
                                   "docker_url = s3://bucket/a/b/image.tar.gz\r\ncontroller_url=file:///home/ada/controller.py\r\n[args]\r\n"
                                   "C = 10\r\nneg = -1\r\nempty =\r\nshare = 50%%\r\ntext = a b, c=d\r\n";
        _cleanup_parsed_ Parsed p = {};

        if (parse(text, &p) < 0)
                fail_msg("%s", p.f.message);
        assert_true(startswith(p.m.name, "week-3"));
        assert_string_equal(p.a.path, "image.tar.gz");
        assert_int_equal(p.a.line, 7);
        assert_string_equal(p.a.controller, "controller.py");
        assert_int_equal(p.m.args.n, 5);
        assert_string_equal(p.m.args.items[0].name, "c");
        assert_string_equal(p.m.args.items[1].value, "-1");
        assert_string_equal(p.m.args.items[2].value, "");
        assert_string_equal(p.m.args.items[3].value, "50%");
        assert_string_equal(p.m.args.items[4].value, "a b, c=d");
        assert_true(startswith(p.m.job_id, "week-3-"));
}

/* Indented as a whole, and URLs in quotes; but what is indented more than a key belongs to it. */
static void layouts(_unused_ void **state) {
        static const char good[] = "\t[client]\n  job_id=j\n  docker_url=\"s3://b/i.tar\"\n    # a comment\n\n  controller_url='https://h/c.py'\n[args]\n\tb=2\na=1\n";
        static const char bad[] = GOOD "[args]\n a=1\n  2\n";
        _cleanup_parsed_ Parsed p = {}, q = {};

        if (parse(good, &p) < 0)
                fail_msg("%s", p.f.message);
        assert_string_equal(p.a.path, "i.tar");
        assert_string_equal(p.a.controller, "c.py");
        assert_string_equal(p.m.name, "ja_1b_2");
        assert_int_equal(parse(bad, &q), -EBADMSG);
        assert_string_equal(q.f.message, "client.config:7: the argument 'a' is given twice; a line that begins with a blank belongs to the one before it");
}

/* Where there are no arguments the name is the id already. */
static void names(_unused_ void **state) {
        static const struct {
                const char *text, *name, *job_id;
        } cases[] = {
                { GOOD, "j", NULL },
                { GOOD "[args]\n", "j", NULL },
                { GOOD "[args]\nn_weeks=1\nModel_Type=LR\n", "jmodel_type_LRn_weeks_1", "j" },
                { GOOD "[args]\nrate=0.01\npath=a/b.c\n", "jpath_abcrate_001", "j" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_parsed_ Parsed p = {};

                if (parse(cases[i].text, &p) < 0)
                        fail_msg("%s", p.f.message);
                assert_string_equal(p.m.name, cases[i].name);
                assert_true(!cases[i].job_id == !p.m.job_id);
                if (p.m.job_id)
                        assert_string_equal(p.m.job_id, cases[i].job_id);
        }
}

/* Signed URLs are long; a line that is no URL is not. */
static void long_lines(_unused_ void **state) {
        _cleanup_free_ char *text = NULL, *args = NULL;
        _cleanup_parsed_ Parsed p = {}, q = {};
        char filler[1001];

        memset(filler, 'x', sizeof(filler) - 1);
        filler[sizeof(filler) - 1] = '\0';
        assert_true(asprintf(&text, "[client]\njob_id=j\ndocker_url=https://h/%s/image.tar?sig=%s/y\ncontroller_url=c.py", filler, filler) > 0);
        if (parse(text, &p) < 0)
                fail_msg("%s", p.f.message);
        assert_string_equal(p.a.path, "image.tar");
        assert_true(asprintf(&args, GOOD "[args]\na=%s\n", filler) > 0);
        assert_int_equal(parse(args, &q), -EBADMSG);
        assert_string_equal(q.f.message, "client.config:6: this line is longer than 198 bytes");
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_wrong_is_said), cmocka_unit_test(reads), cmocka_unit_test(layouts), cmocka_unit_test(names),
                                                   cmocka_unit_test(long_lines) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
