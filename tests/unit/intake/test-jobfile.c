/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/limits.h"
#include "tools/intake/job-file.h"

#define IMAGE "image = \"i.tar\"; "
#define JOB(s) "job: { " IMAGE s " };"

#define SYNTAX "syntax error: a ';', a quote or a bracket is missing or misplaced at this line or before it"
#define SYNTAX_END                                                                                                     \
        "syntax error at the end of the file: a ';', a quote or the closing '};' is missing, or the file was cut off"
#define NAME_RULE "a name is 1 to 64 letters, digits, '.', '_' or '-', and begins with a letter or digit"
#define COURSE_RULE "a course name is 1 to 64 letters, digits, '.', '_' or '-', and begins with a letter or digit"
#define BESIDE_RULE                                                                                                    \
        "it must be the name of a file or folder beside the job file, with letters, digits, '.', '_' and '-' only"
#define VALUE_RULE "the value of an argument is at most 256 printable ASCII characters"

/* libconfig 1.5 itself loses the strings of a text that it refuses; our helper lives too shortly to mind. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libconfig.so\n";
}

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

static int parse(const char *text, size_t size, JobFileKind kind, Parsed *p) {
        return job_file_parse(text, size, "a.cfg", kind, &p->m, &p->a, &p->f);
}

static void assert_refused(const char *text, size_t size, JobFileKind kind, const char *message) {
        _cleanup_parsed_ Parsed p = {};

        if (parse(text, size, kind, &p) != -EBADMSG)
                fail_msg("this is not refused: %s", text);
        if (p.f.code != FAULT_JOBFILE || !streq(p.f.message, message))
                fail_msg("for: %s\nexpected: %s\nbut got:  %s", text, message, p.f.message);
        assert_true(strlen(p.f.hint) > 0);
}

static void test_refused(void **state _unused_) {
        static const struct {
                const char *text;
                const char *message;
        } cases[] = {
                /* The file as a whole. */
                { "", "a.cfg: the file is empty" },
                { " \r\n\t\n", "a.cfg: the file is empty" },
                { "\xef\xbb\xbf", "a.cfg: the file is empty" },
                { "# nothing", "a.cfg: there is no group 'job: { ... };' in the file" },
                { "job: { ", "a.cfg:1: " SYNTAX_END },
                { "job: {\n  image = \"i.tar\";\n", "a.cfg:3: " SYNTAX_END },
                { "job: {\n  image = \"i.tar;\n};\n", "a.cfg:4: " SYNTAX_END },
                { "job: {\n  image = \n  name = \"a\";\n};\n", "a.cfg:3: " SYNTAX },
                { "job: {\n  image = i.tar;\n};\n", "a.cfg:2: " SYNTAX },
                { JOB("") " trailing", "a.cfg:1: " SYNTAX_END },
                { JOB("") "\n" JOB(""), "a.cfg:2: the same key is given twice in one group" },
                { JOB("") "\njobs: { };", "a.cfg:2: unknown key 'jobs'; did you mean 'job'?" },
                { "name = \"a\";", "a.cfg:1: unknown key 'name'" },
                { "job = 1;", "a.cfg:1: 'job' must be a group: job: { ... };" },
                { "job: { };", "a.cfg: neither 'image' nor 'dockerfile' is given" },
                { "job: {\n@include \"/etc/passwd\"\n};", "a.cfg:2: @include is not allowed in a job file" },
                { " \t@include \"x\"\njob: { };", "a.cfg:1: @include is not allowed in a job file" },
                { "\xef\xbb\xbf@include \"x\"", "a.cfg:1: @include is not allowed in a job file" },
                { "job: {\n name = \"\xff\";\n};", "a.cfg:2: this line is not valid UTF-8" },
                { "job: {\n name = \"\xc0\x80\";\n};", "a.cfg:2: this line is not valid UTF-8" },
                { JOB("name = \"a\\x00b\";"), "a.cfg:1: a string holds the character \\x00" },
                /* Keys. */
                { "job: {\n\n  imgae = \"i.tar\";\n};", "a.cfg:3: unknown key 'imgae'; did you mean 'image'?" },
                { JOB("frobnicate = 1;"), "a.cfg:1: unknown key 'frobnicate'" },
                { JOB("limits: { memmory = 1; };"), "a.cfg:1: unknown key 'memmory'; did you mean 'memory'?" },
                { JOB("Name = \"a\";"), "a.cfg:1: unknown key 'Name'; did you mean 'name'?" },
                { JOB("name = \"a\";\nname = \"b\";"), "a.cfg:2: the same key is given twice in one group" },
                { JOB("args: { a = \"1\";\n a = \"2\"; };"), "a.cfg:2: the same key is given twice in one group" },
                /* Name, mode, profile. */
                { JOB("name = 1;"), "a.cfg:1: 'name' must be a string in quotes" },
                { JOB("name = \"\";"), "a.cfg:1: '' is not allowed here: " NAME_RULE },
                { JOB("name = \"../x\";"), "a.cfg:1: '../x' is not allowed here: " NAME_RULE },
                { JOB("name = \"/etc\";"), "a.cfg:1: '/etc' is not allowed here: " NAME_RULE },
                { JOB("name = \"-rf\";"), "a.cfg:1: '-rf' is not allowed here: " NAME_RULE },
                { JOB("name = \"%n%s\";"), "a.cfg:1: '%n%s' is not allowed here: " NAME_RULE },
                { JOB("name = \"a b\";"), "a.cfg:1: 'a b' is not allowed here: " NAME_RULE },
                { JOB("name = \"\xc3\xa4\";"), "a.cfg:1: '\xc3\xa4' is not allowed here: " NAME_RULE },
                { JOB("name = \"a\\nb\";"), "a.cfg:1: the value of 'name' holds a control character" },
                { JOB("name = \"a\nb\";"), "a.cfg:1: the value of 'name' holds a control character" },
                { JOB("name = \"a\\x1bb\";"), "a.cfg:1: the value of 'name' holds a control character" },
                { JOB("mode = \"batch\";"), "a.cfg:1: 'batch' is not allowed here: a mode is \"run\" or \"workflow\"" },
                { JOB("mode = \"workflow\";"), "a.cfg: the mode is \"workflow\", but neither 'workflow' nor 'controller' is given" },
                { JOB("mode = \"run\"; controller = \"c.py\";"), "a.cfg: the mode is \"run\", which has neither 'workflow' nor 'controller'" },
                { JOB("controller = \"c.py\"; workflow = [ \"extract_all\" ];"),
                        "a.cfg: 'workflow' and 'controller' are both given; a job has one of them" },
                { JOB("partial = true;"), "a.cfg: 'partial' and 'pseudonyms' are for workflows only" },
                { JOB("controller = \"../c.py\";"), "a.cfg:1: '../c.py' is not allowed here: it must be the name of a file or folder beside the "
                        "job file, with letters, digits, '.', '_' and '-' only" },
                { JOB("workflow = [ ];"), "a.cfg:1: 'workflow' is empty" },
                { JOB("workflow = [ 1 ];"), "a.cfg:1: 'workflow' lists names of functions in quotes, and groups such as { call = \"train_course\"; ... }" },
                { JOB("workflow = [\n \"extract_sesion\" ];"), "a.cfg:2: there is no function 'extract_sesion'; did you mean 'extract_session'?" },
                { JOB("workflow = [ \"train_course\" ];"),
                        "a.cfg:1: train_course needs a label type: { call = \"train_course\"; label_type = \"dropout\"; }" },
                { JOB("workflow = ( { k = 2; } );"), "a.cfg:1: 'call' is missing in this group: the name of a function" },
                { JOB("workflow = ( { call = \"extract_all\"; k = 2; } );"), "a.cfg:1: this function takes no 'k'" },
                { JOB("workflow = ( { call = \"train_all\"; label_type = \"x\"; } );"),
                        "a.cfg:1: 'label_type' must be \"dropout\" or \"dropout_current_week\"" },
                { JOB("workflow = ( { call = \"create_course_folds\"; label_type = \"dropout\"; k = 1; } );"),
                        "a.cfg:1: 'k' must be a whole number from 2 to 100" },
                { JOB("workflow = ( { call = \"extract_session\"; labels = 1; } );"), "a.cfg:1: 'labels' must be true or false" },
                { JOB("workflow = ( { call = \"extract_all\"; lable_type = \"dropout\"; } );"), "a.cfg:1: unknown key 'lable_type'; did you mean 'label_type'?" },
                { JOB("profile = \"root\";"),
                        "a.cfg:1: 'root' is not allowed here: a profile is \"compat\" or \"strict\"" },
                { JOB("profile = true;"), "a.cfg:1: 'profile' must be a string in quotes" },
                /* Attachments. */
                { "job: { image = \"\"; };", "a.cfg:1: '' is not allowed here: " BESIDE_RULE },
                { "job: { image = \"/etc/passwd\"; };", "a.cfg:1: '/etc/passwd' is not allowed here: " BESIDE_RULE },
                { "job: { image = \"..\"; };", "a.cfg:1: '..' is not allowed here: " BESIDE_RULE },
                { "job: { image = \"../i.tar\"; };", "a.cfg:1: '../i.tar' is not allowed here: " BESIDE_RULE },
                { "job: { image = \"d/i.tar\"; };", "a.cfg:1: 'd/i.tar' is not allowed here: " BESIDE_RULE },
                { "job: { image = \"i.tar/\"; };", "a.cfg:1: 'i.tar/' is not allowed here: " BESIDE_RULE },
                { "job: { dockerfile = \"./\"; };", "a.cfg:1: './' is not allowed here: " BESIDE_RULE },
                { "job: { image = \"https://example.org/i.tar\"; };",
                        "a.cfg:1: 'image' is a URL; upload the file beside the job file and give its name" },
                { JOB("\ndockerfile = \"d\";"),
                        "a.cfg:2: 'image' and 'dockerfile' are both given; a job has one image" },
                /* Lists. */
                { JOB("courses = \"accounting\";"), "a.cfg:1: 'courses' must be a list such as [\"accounting\"]" },
                { JOB("courses = [ 1, 2 ];"), "a.cfg:1: 'courses' must be a list of strings in quotes" },
                { JOB("courses = ( \"a\", 2 );"), "a.cfg:1: 'courses' must be a list of strings in quotes" },
                { JOB("courses = [ \"a\",\n 2 ];"), "a.cfg:2: the values of a list in [ ] must all be of one type" },
                { JOB("courses = [ \"a\", \"b\", \"a\" ];"), "a.cfg:1: 'courses' lists \"a\" twice" },
                { JOB("courses = [ \"../x\" ];"), "a.cfg:1: '../x' is not allowed here: " COURSE_RULE },
                { JOB("courses = [ \"a,b\" ];"), "a.cfg:1: 'a,b' is not allowed here: " COURSE_RULE },
                { JOB("notify = [ \"finished\" ];"),
                        "a.cfg:1: 'finished' is not allowed here: notify takes \"accepted\", \"started\" and \"phase\"; "
                        "the end of a job is always mailed" },
                /* Arguments. */
                { JOB("args = [ \"a\" ];"), "a.cfg:1: 'args' must be a group such as { alpha = \"0.1\"; }" },
                { JOB("args: { alpha = 0.1; };"),
                        "a.cfg:1: the value of argument 'alpha' must be a string in quotes, numbers too" },
                { JOB("args: { a = \"\xc3\xa4\"; };"), "a.cfg:1: '\xc3\xa4' is not allowed here: " VALUE_RULE },
                { JOB("args: { a = \"b\\rc\"; };"), "a.cfg:1: the value of 'a' holds a control character" },
                { JOB("args: { a*b = \"1\"; };"), "a.cfg:1: 'a*b' is not allowed here: the name of an argument is 1 to "
                                                  "64 letters, digits, '_' or '-', "
                                                  "and begins with a letter or digit" },
                /* Limits. */
                { JOB("limits = 1;"), "a.cfg:1: 'limits' must be a group such as { memory = \"2G\"; }" },
                { JOB("limits: { cpus = \"2\"; };"), "a.cfg:1: 'cpus' must be a number such as 1 or 0.5" },
                { JOB("limits: { cpus = 0; };"), "a.cfg:1: 'cpus' must be between 0.01 and 1024" },
                { JOB("limits: { cpus = -1.0; };"), "a.cfg:1: 'cpus' must be between 0.01 and 1024" },
                { JOB("limits: { cpus = 1e999; };"), "a.cfg:1: 'cpus' must be between 0.01 and 1024" },
                { JOB("limits: { cpus = 1025; };"), "a.cfg:1: 'cpus' must be between 0.01 and 1024" },
                { JOB("limits: { memory = \"lots\"; };"),
                        "a.cfg:1: 'memory' must be a size such as \"512M\" or \"2G\"" },
                { JOB("limits: { memory = 2.5; };"), "a.cfg:1: 'memory' must be a size such as \"512M\" or \"2G\"" },
                { JOB("limits: { memory = \"3M\"; };"), "a.cfg:1: 'memory' must be between 4 MiB and 64 TiB" },
                { JOB("limits: { memory = \"99999999999999999999T\"; };"),
                        "a.cfg:1: 'memory' must be between 4 MiB and 64 TiB" },
                { JOB("limits: { memory = 9663676416; };"), /* libconfig would make 1 GiB of these 9 */
                        "a.cfg:1: this number is too large; write a size or a time as a string such as \"8G\", or put "
                        "an L behind the number" },
                { JOB("limits: { memory = -1; };"), "a.cfg:1: 'memory' must be between 4 MiB and 64 TiB" },
                { JOB("limits: { output = 0; };"), "a.cfg:1: 'output' must be between 1 B and 64 TiB" },
                { JOB("limits: { time = \"1 hour\"; };"),
                        "a.cfg:1: 'time' must be a length of time such as \"90m\" or \"2h\"" },
                { JOB("limits: { time = 0; };"), "a.cfg:1: 'time' must be between 1 second and 365 days" },
                { JOB("limits: { time = \"366d\"; };"), "a.cfg:1: 'time' must be between 1 second and 365 days" },
                { JOB("limits: { time = 9223372036854775807L; };"),
                        "a.cfg:1: 'time' must be between 1 second and 365 days" },
                { JOB("limits: { pids = 0; };"), "a.cfg:1: 'pids' must be between 1 and 1000000" },
                { JOB("limits: { pids = \"9\"; };"), "a.cfg:1: 'pids' must be a whole number" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_refused(cases[i].text, strlen(cases[i].text), JOB_FILE_ALONE, cases[i].message);
}

static void test_nul_byte(void **state _unused_) {
        static const char text[] = "job: { image = \"i.tar\"; };\n\0 whatever";

        assert_refused(
                text, sizeof(text) - 1, JOB_FILE_ALONE, "a.cfg:2: there is a NUL byte; a job file is plain text");
}

static void test_refused_in_zip(void **state _unused_) {
        static const char message[] = "a.cfg:1: 'image' is not allowed in a job zip, whose image is its own Dockerfile";

        assert_refused(JOB(""), strlen(JOB("")), JOB_FILE_IN_ZIP, message);
}

/* Many keys in a file of the largest size must not cost much: libconfig compares each with all before it. */
static void test_many_settings(void **state _unused_) {
        _cleanup_free_ char *text = malloc(LIMIT_JOB_FILE_BYTES + 1);
        _cleanup_parsed_ Parsed p = {};
        size_t n = 0;

        assert_non_null(text);
        for (unsigned i = 0; n + 16 < LIMIT_JOB_FILE_BYTES; i++)
                n += (size_t) sprintf(text + n, "a%u=1;\n", i);
        assert_int_equal(parse(text, n, JOB_FILE_ALONE, &p), -EBADMSG);
        assert_string_equal(p.f.message, "a.cfg:2001: there are more than 2000 settings in the file");
}

/* libconfig's parser has a stack of its own, which ends before ours does. */
static void test_deep(void **state _unused_) {
        static const char *const pieces[] = { "a:{", "(", "[" };

        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                _cleanup_free_ char *text = malloc(LIMIT_JOB_FILE_BYTES + 1);
                _cleanup_parsed_ Parsed p = {};
                size_t n = (size_t) sprintf(text, "job = ");

                for (unsigned k = 0; k < 60000 && n + 8 < LIMIT_JOB_FILE_BYTES; k++)
                        n += (size_t) sprintf(text + n, "%s", pieces[i]);
                assert_int_equal(parse(text, n, JOB_FILE_ALONE, &p), -EBADMSG);
        }
}

static void test_too_many(void **state _unused_) {
        char text[8192];
        size_t n;

        n = (size_t) sprintf(text, "job: { image = \"i.tar\"; args: { ");
        for (unsigned i = 0; i <= LIMIT_ARGS; i++)
                n += (size_t) sprintf(text + n, "a%u = \"1\"; ", i);
        n += (size_t) sprintf(text + n, "}; };");
        assert_refused(text, n, JOB_FILE_ALONE, "a.cfg:1: there are more than 64 args");
}

static void test_accepted(void **state _unused_) {
        static const char text[] =
                "\xef\xbb\xbf# A comment: with = signs\r\n"
                "job: {\r\n"
                "  name = \"weekly-dropout\"; mode = \"run\"; profile = \"strict\";\r\n"
                "  image = \"image.tar\";\r\n"
                "  courses = [ \"accounting\", \"finance_2\" ];\r\n"
                "  limits: { cpus = 1.5; memory = \"2G\"; time = \"90m\"; output = 1048576; pids = 100; };\r\n"
                "  notify = ( \"accepted\", \"started\" );\r\n"
                "  args: { alpha = \"0.1\"; b-c_d = \"x y=z\"; };\r\n"
                "}\r\n";
        _cleanup_parsed_ Parsed p = {};

        assert_int_equal(parse(text, strlen(text), JOB_FILE_ALONE, &p), 0);
        assert_string_equal(p.m.name, "weekly-dropout");
        assert_int_equal(p.m.mode, MANIFEST_MODE_RUN);
        assert_int_equal(p.m.profile, MANIFEST_PROFILE_STRICT);
        assert_int_equal(p.a.kind, MANIFEST_IMAGE_ARCHIVE);
        assert_string_equal(p.a.path, "image.tar");
        assert_int_equal(p.a.line, 4);
        assert_int_equal(strv_length(p.m.courses), 2);
        assert_string_equal(p.m.courses[1], "finance_2");
        assert_int_equal(p.m.limits.cpus_milli, 1500);
        assert_int_equal(p.m.limits.memory, 2 * LIMIT_GIB);
        assert_int_equal(p.m.limits.time_usec, 90 * USEC_PER_MINUTE);
        assert_int_equal(p.m.limits.output, LIMIT_MIB);
        assert_int_equal(p.m.limits.pids, 100);
        assert_int_equal(strv_length(p.m.notify), 2);
        assert_int_equal(p.m.args.n, 2);
        assert_string_equal(p.m.args.items[1].name, "b-c_d");
        assert_string_equal(p.m.args.items[1].value, "x y=z");
}

static void test_workflow(void **state _unused_) {
        static const char text[] =
                "job: {\n image = \"i.tar\"; partial = true; pseudonyms = \"sha1\"; notify = [ \"phase\" ];\n"
                " workflow = (\n  \"extract_session\",\n  { call = \"train_course\"; label_type = \"dropout\"; },\n"
                "  { call = \"create_course_folds\"; label_type = \"dropout\"; k = 3; },\n  { call = \"fork_features\"; job_id = \"x\"; }\n );\n};\n";
        _cleanup_parsed_ Parsed p = {};

        if (parse(text, strlen(text), JOB_FILE_ALONE, &p) < 0)
                fail_msg("%s", p.f.message);
        assert_int_equal(p.m.mode, MANIFEST_MODE_WORKFLOW);
        assert_true(p.m.partial);
        assert_int_equal(p.m.pseudonyms, MANIFEST_PSEUDONYMS_SHA1);
        assert_int_equal(p.m.n_calls, 4);
        assert_int_equal(p.m.calls[0].function, CALL_EXTRACT_SESSION);
        assert_int_equal(p.m.calls[0].line, 4);
        assert_string_equal(p.m.calls[1].label_type, "dropout");
        assert_int_equal(p.m.calls[2].k, 3);
        assert_string_equal(p.m.calls[3].job_id, "x");
}

static void test_defaults(void **state _unused_) {
        _cleanup_parsed_ Parsed p = {};

        assert_int_equal(parse("job: { dockerfile = \"./d/\" }", 28, JOB_FILE_ALONE, &p), 0);
        assert_null(p.m.name);
        assert_int_equal(p.m.mode, MANIFEST_MODE_RUN);
        assert_int_equal(p.m.profile, MANIFEST_PROFILE_COMPAT);
        assert_int_equal(p.a.kind, MANIFEST_IMAGE_DOCKERFILE);
        assert_string_equal(p.a.path, "d");
        assert_null(p.m.courses);
        assert_int_equal(p.m.limits.cpus_milli, 0);
        assert_int_equal(p.m.limits.memory, 0);
}

static void test_paths_in_directory(void **state _unused_) {
        static const char rule[] = "it must be a path below the job file's folder, with letters, digits, '.', '_', '-' "
                                   "and '/' only";
        static const char *const refused[] = { "../i.tar", "a/../b", "a//b", "/a", "a/.", "a/.hidden" };
        _cleanup_parsed_ Parsed p = {};

        assert_int_equal(parse("job: { image = \"a/b/i.tar\"; };", 30, JOB_FILE_IN_DIRECTORY, &p), 0);
        assert_string_equal(p.a.path, "a/b/i.tar");
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                char text[64], message[256];

                snprintf(text, sizeof(text), "job: { image = \"%s\"; };", refused[i]);
                snprintf(message, sizeof(message), "a.cfg:1: '%s' is not allowed here: %s", refused[i], rule);
                assert_refused(text, strlen(text), JOB_FILE_IN_DIRECTORY, message);
        }
}

/* What is accepted here at the edges, the daemon must accept too when it reads the manifest. */
static void test_edges_are_the_manifest_s(void **state _unused_) {
        static const char *const limits[] = {
                "cpus = 0.01; memory = \"4M\"; time = 1; output = 1; pids = 1;",
                "cpus = 1024; memory = \"64T\"; time = \"365d\"; output = \"64T\"; pids = 1000000;",
        };

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                _cleanup_free_ char *json = NULL, *why = NULL;
                _cleanup_manifest_ Manifest back = {};
                _cleanup_parsed_ Parsed p = {};
                char text[512];

                snprintf(text, sizeof(text), "job: { name = \"a\"; image = \"i.tar\"; limits: { %s }; };", limits[i]);
                if (parse(text, strlen(text), JOB_FILE_ALONE, &p) < 0)
                        fail_msg("%s", p.f.message);
                p.m.version = MANIFEST_VERSION;
                p.m.drop_digest = strdup("0");
                assert_int_equal(json_record_format(&manifest_table, &p.m, &json), 0);
                if (json_record_parse(&manifest_table, json, strlen(json), &back, &why) < 0)
                        fail_msg("%s: %s", json, why);
                assert_memory_equal(&back.limits, &p.m.limits, sizeof(back.limits));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_nul_byte),
                cmocka_unit_test(test_refused_in_zip),
                cmocka_unit_test(test_many_settings),
                cmocka_unit_test(test_deep),
                cmocka_unit_test(test_too_many),
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_workflow), cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_paths_in_directory),
                cmocka_unit_test(test_edges_are_the_manifest_s),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
