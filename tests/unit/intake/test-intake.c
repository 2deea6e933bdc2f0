/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tests/unit/intake/docker-save.h"
#include "tests/unit/intake/make-zip.h"
#include "tools/intake/intake.h"

#define CONFIG "{\"architecture\":\"arm64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"a\"]}}"

typedef struct Run {
        Scratch scratch;
        Manifest m;
        Fault f;
} Run;

static void run_init(Run *r) {
        *r = (Run){};
        scratch_init(&r->scratch);
        fd_close(scratch_dir(&r->scratch, "drop"));
}

static void run_done(Run *r) {
        scratch_done(&r->scratch);
        manifest_done(&r->m);
        fault_done(&r->f);
}
#define _cleanup_run_ _cleanup_(run_done)

static int run(Run *r, IntakeRequest request) {
        _cleanup_fd_ int drop = scratch_dir(&r->scratch, "drop"), out = scratch_dir(&r->scratch, "out");

        manifest_done(&r->m);
        request.drop_fd = drop;
        request.out_fd = out;
        return intake_run(&request, &r->m, &r->f);
}

static void assert_run(Run *r, IntakeRequest request) {
        int result = run(r, request);

        if (result < 0)
                fail_msg("%s: %s", strerror(-result), strempty(r->f.message));
}

static void assert_refused(Run *r, IntakeRequest request, FaultCode code, const char *message) {
        if (run(r, request) != -EBADMSG)
                fail_msg("not refused; expected: %s", message);
        if (r->f.code != code || !streq(r->f.message, message))
                fail_msg("expected: %s %s\nbut got:  %s %s", fault_to_string(code), message, fault_to_string(r->f.code),
                        r->f.message);
}

/* The request of the daemon's unit. */
static const IntakeRequest from_daemon = { .may_need = true };

static void save_image(const Scratch *s, const char *name, char ret_id[static DIGEST_LENGTH + 1]) {
        char config[80], manifest[256];
        const SaveMember members[] = {
                { config, CONFIG, AE_IFREG },
                { "l1/layer.tar", "a layer", AE_IFREG },
                { "manifest.json", manifest, AE_IFREG },
        };

        save_sha256(CONFIG, ret_id);
        snprintf(config, sizeof(config), "%s.json", ret_id);
        snprintf(manifest, sizeof(manifest), "[{\"Config\":\"%s\",\"RepoTags\":null,\"Layers\":[\"l1/layer.tar\"]}]",
                config);
        save_write(s, name, members, ELEMENTSOF(members), ARCHIVE_FILTER_NONE);
}

/* A job file that comes first, and its image afterwards. */
static void test_needs(void **state _unused_) {
        static const char text[] = "job: { image = \"image.tar\"; };";
        char id[DIGEST_LENGTH + 1], digest[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        scratch_write(&r.scratch, "drop/weekly.cfg", text);
        assert_run(&r, from_daemon);
        assert_int_equal(r.m.form, MANIFEST_FORM_NATIVE);
        assert_string_equal(r.m.name, "weekly");
        assert_int_equal(strv_length(r.m.needs), 1);
        assert_string_equal(r.m.needs[0], "image.tar");
        assert_null(r.m.image.digest);
        save_sha256(text, digest);
        assert_string_equal(r.m.drop_digest, digest);

        save_image(&r.scratch, "drop/image.tar", id);
        assert_run(&r, from_daemon);
        assert_null(r.m.needs);
        assert_int_equal(r.m.image.kind, MANIFEST_IMAGE_ARCHIVE);
        assert_string_equal(r.m.image.file, "image.tar");
        assert_string_equal(r.m.image.digest, id);
        assert_string_equal(r.m.drop_digest, digest);
}

/* What intake writes, the daemon must be able to read, on both runs. */
static void test_manifest_is_valid(void **state _unused_) {
        _cleanup_fd_ int out = -EBADF;
        char id[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        out = scratch_dir(&r.scratch, "out");
        scratch_write(&r.scratch, "drop/a.cfg",
                "job: { image = \"image.tar\"; courses = [ \"a\" ]; notify = [ \"started\" ]; "
                "limits: { cpus = 2; }; args: { a = \"1\"; }; };");
        for (int i = 0; i < 2; i++) {
                _cleanup_manifest_ Manifest back = {};
                _cleanup_free_ char *why = NULL;

                assert_run(&r, from_daemon);
                assert_int_equal(manifest_write_at(out, &r.m), 0);
                if (manifest_read_at(out, &back, &why) != 0)
                        fail_msg("%s", why);
                assert_string_equal(back.args.items[0].value, "1");
                save_image(&r.scratch, "drop/image.tar", id);
        }
}

static void test_only_the_daemon_fetches(void **state _unused_) {
        _cleanup_run_ Run r;

        run_init(&r);
        scratch_write(&r.scratch, "drop/a.cfg", "job: {\n image = \"image.tar\"; };");
        assert_refused(&r, (IntakeRequest){ .main = "a.cfg", .label = "some/a.cfg" }, FAULT_ATTACHMENT,
                "some/a.cfg:2: 'image.tar' is not there");
}

static void test_directory(void **state _unused_) {
        char id[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        fd_close(scratch_dir(&r.scratch, "drop/my-job"));
        fd_close(scratch_dir(&r.scratch, "drop/my-job/images"));
        scratch_write(&r.scratch, "drop/my-job/j.cfg", "job: { image = \"images/i.tar\"; };");
        /* Nothing can come later into a directory that was taken. */
        assert_refused(&r, from_daemon, FAULT_ATTACHMENT, "j.cfg:1: 'images/i.tar' is not there");
        save_image(&r.scratch, "drop/my-job/images/i.tar", id);
        assert_run(&r, from_daemon);
        assert_string_equal(r.m.name, "j");
        assert_string_equal(r.m.image.file, "my-job/images/i.tar");
        assert_string_equal(r.m.image.digest, id);
}

static void test_dockerfile(void **state _unused_) {
        char digest[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        scratch_write(&r.scratch, "drop/a.cfg", "job: { dockerfile = \"src/\"; };");
        assert_run(&r, from_daemon);
        assert_string_equal(r.m.needs[0], "src");
        fd_close(scratch_dir(&r.scratch, "drop/src"));
        scratch_write(&r.scratch, "drop/src/Dockerfile", "FROM x\n");
        assert_run(&r, from_daemon);
        assert_null(r.m.needs);
        assert_int_equal(r.m.image.kind, MANIFEST_IMAGE_DOCKERFILE);
        scratch_assert_file(&r.scratch, "out/context/Dockerfile", "FROM x\n");
        strcpy(digest, r.m.image.digest);

        /* The same as a zip is the same image. */
        assert_int_equal(fd_remove_tree_at(r.scratch.fd, "drop"), 0);
        fd_close(scratch_dir(&r.scratch, "drop"));
        zip_write(&r.scratch, "drop/My job (2).zip", &(ZipMember){ "src/Dockerfile", .content = "FROM x\n" }, 1);
        assert_run(&r, from_daemon);
        assert_int_equal(r.m.form, MANIFEST_FORM_ZIP);
        assert_string_equal(r.m.name, "My-job--2-");
        assert_string_equal(r.m.image.digest, digest);
        assert_int_equal(r.m.profile, MANIFEST_PROFILE_COMPAT);
}

static void test_settings_in_zip(void **state _unused_) {
        ZipMember members[] = {
                { "t/Dockerfile", .content = "FROM x\n" },
                { "t/morf.cfg", .content = "job: { name = \"n\"; profile = \"strict\"; args: { a = \"1\"; }; };" },
        };
        _cleanup_run_ Run r;

        run_init(&r);
        zip_write(&r.scratch, "drop/j.zip", members, 2);
        assert_run(&r, from_daemon);
        assert_string_equal(r.m.name, "n");
        assert_int_equal(r.m.profile, MANIFEST_PROFILE_STRICT);
        assert_int_equal(r.m.args.n, 1);
        members[1].content = "job: {\n limit: { };\n};";
        zip_write(&r.scratch, "drop/j.zip", members, 2);
        assert_refused(&r, from_daemon, FAULT_JOBFILE, "j.zip/morf.cfg:2: unknown key 'limit'; did you mean 'limits'?");
}

static void test_machine(void **state _unused_) {
        char id[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        scratch_write(&r.scratch, "drop/a.cfg", "job: { image = \"i.tar\"; };");
        save_image(&r.scratch, "drop/i.tar", id);
        assert_run(&r, (IntakeRequest){ .machine = "aarch64" });
        assert_refused(&r, (IntakeRequest){ .machine = "x86_64" }, FAULT_IMAGE,
                "i.tar: the image is made for arm64 processors, but this machine is x86_64");
        assert_string_equal(r.f.hint, "Build the image for this machine, as with 'docker build --platform'.");
}

/* What stands where the attachment should. */
static void test_wrong_attachments(void **state _unused_) {
        static const char by_image[] = "job: {\n image = \"x\"; };",
                          by_dockerfile[] = "job: {\n dockerfile = \"x\"; };";
        static const struct {
                const char *what, *text;
                FaultCode code;
                const char *message;
        } cases[] = {
                { "directory", by_image, FAULT_ATTACHMENT,
                        "a.cfg:2: 'image' must name a docker save archive, but 'x' is a directory; 'dockerfile' is for "
                        "those" },
                { "link", by_image, FAULT_ATTACHMENT, "x: it is a symbolic link; a file is needed" },
                { "fifo", by_image, FAULT_ATTACHMENT, "x: it is not a file" },
                { "hard link", by_image, FAULT_ATTACHMENT, "x: it has more than one hard link; copy it instead" },
                { "text", by_image, FAULT_IMAGE, "x: this is not a tar archive made by 'docker save'" },
                { "text", by_dockerfile, FAULT_ATTACHMENT,
                        "a.cfg:2: 'dockerfile' must name a directory that holds a Dockerfile, but 'x' is none" },
                { "link", by_dockerfile, FAULT_ATTACHMENT,
                        "a.cfg:2: 'dockerfile' must name a directory that holds a Dockerfile, but 'x' is none" },
                { "directory", by_dockerfile, FAULT_ATTACHMENT, "x: there is no file 'Dockerfile' at its top" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_run_ Run r;

                run_init(&r);
                scratch_write(&r.scratch, "drop/a.cfg", cases[i].text);
                if (streq(cases[i].what, "directory"))
                        fd_close(scratch_dir(&r.scratch, "drop/x"));
                else if (streq(cases[i].what, "link"))
                        assert_int_equal(symlinkat("/etc", r.scratch.fd, "drop/x"), 0);
                else if (streq(cases[i].what, "fifo"))
                        assert_int_equal(mkfifoat(r.scratch.fd, "drop/x", 0644), 0);
                else
                        scratch_write(&r.scratch, "drop/x", "text");
                if (streq(cases[i].what, "hard link"))
                        assert_int_equal(linkat(r.scratch.fd, "drop/x", r.scratch.fd, "drop/y", 0), 0);
                assert_refused(&r, from_daemon, cases[i].code, cases[i].message);
        }
}

static void test_forms(void **state _unused_) {
        static const char no_job[] =
                "this is not a job: a job file (*.cfg or *.config), a job zip (*.zip) or a directory with a job file is";
        static const char alone[] = "an archive alone is not a job; a job file (*.cfg or *.config) beside it must name it";
        static const struct {
                const char *files[2];
                FaultCode code;
                const char *label, *message;
        } cases[] = {
                { { "readme.txt" }, FAULT_JOBFILE, "readme.txt: ", no_job },
                { { "image.tar" }, FAULT_JOBFILE, "image.tar: ", alone },
                { { "image.tar.gz" }, FAULT_JOBFILE, "image.tar.gz: ", alone },
                { { "client.config" }, FAULT_JOBFILE, "client.config: ", "the file is empty" },
                { { "a.cfg", "client.config" }, FAULT_JOBFILE, "", "there is more than one job file (*.cfg or *.config) in the drop" },
                { { "a.cfg", "b.cfg" }, FAULT_JOBFILE, "", "there is more than one job file (*.cfg or *.config) in the drop" },
                { { "a.zip", "b.zip" }, FAULT_JOBFILE, "",
                        "there is no job file (*.cfg or *.config) in the drop, but more than one other file" },
                { { "d/" }, FAULT_JOBFILE, "d: ", "there is no job file (*.cfg or *.config) at the top of the directory" },
                { { "d/", "d/client.config" }, FAULT_JOBFILE, "client.config: ", "the file is empty" },
                { { "d.cfg/" }, FAULT_JOBFILE, "d.cfg: ", "there is no job file (*.cfg or *.config) at the top of the directory" },
                { { "e.zip" }, FAULT_ZIP, "e.zip: ", "this is not a zip file" },
                { { "\x1b[2J.txt" }, FAULT_JOBFILE, "\\x1b[2J.txt: ", no_job },
                { { "-x y.cfg" }, FAULT_JOBFILE, "-x y.cfg: ", "the file is empty" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char message[256];
                _cleanup_run_ Run r;

                run_init(&r);
                for (size_t k = 0; k < 2 && cases[i].files[k]; k++) {
                        char path[64];

                        snprintf(path, sizeof(path), "drop/%s", cases[i].files[k]);
                        if (endswith(path, "/"))
                                fd_close(scratch_dir(&r.scratch, path));
                        else
                                scratch_write(&r.scratch, path, "");
                }
                snprintf(message, sizeof(message), "%s%s", cases[i].label, cases[i].message);
                assert_refused(&r, from_daemon, cases[i].code, message);
        }
}

#define CLIENT_CONFIG \
        "[client]\nuser_id=ada\njob_id=morf-test\nemail_to=a@example.org\ndocker_url=https://example.org/x/image.tar?v=1\n" \
        "controller_url=s3://bucket/key/controller.py\n[args]\nAlpha=0.1\nflag=\n"

/* A client.config that comes first, then its image, then its controller; each time what it makes is what the daemon reads. */
static void test_client_config(void **state _unused_) {
        _cleanup_fd_ int out = -EBADF;
        char id[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        out = scratch_dir(&r.scratch, "out");
        scratch_write(&r.scratch, "drop/client.config", CLIENT_CONFIG);
        for (int i = 0; i < 3; i++) {
                _cleanup_manifest_ Manifest back = {};
                _cleanup_free_ char *why = NULL;

                assert_run(&r, from_daemon);
                assert_int_equal(strv_length(r.m.needs), 2 - i);
                assert_int_equal(manifest_write_at(out, &r.m), 0);
                if (manifest_read_at(out, &back, &why) != 0)
                        fail_msg("%s", why);
                assert_int_equal(back.form, MANIFEST_FORM_MORF2);
                assert_int_equal(back.mode, MANIFEST_MODE_WORKFLOW);
                assert_string_equal(back.controller, "controller.py");
                assert_string_equal(back.name, "morf-testalpha_01flag_");
                assert_string_equal(back.args.items[0].name, "alpha");
                assert_string_equal(back.args.items[1].value, "");
                if (i == 0)
                        save_image(&r.scratch, "drop/image.tar", id);
                if (i == 1)
                        scratch_write(&r.scratch, "drop/controller.py", "pass\n");
        }
        assert_string_equal(r.m.image.digest, id);
}

static void test_client_config_in_directory(void **state _unused_) {
        char id[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        fd_close(scratch_dir(&r.scratch, "drop/d"));
        scratch_write(&r.scratch, "drop/d/client.config", CLIENT_CONFIG);
        scratch_write(&r.scratch, "drop/d/controller.py", "pass\n");
        assert_refused(&r, from_daemon, FAULT_ATTACHMENT,
                "client.config:5: 'docker_url' names 'image.tar', which is not there, and there is no other image archive (*.tar, *.tar.gz, *.tgz)");
        save_image(&r.scratch, "drop/d/image.tar", id);
        assert_run(&r, from_daemon);
        assert_string_equal(r.m.controller, "d/controller.py");
        assert_string_equal(r.m.image.file, "d/image.tar");
}

/* Published jobs are dropped with whatever their URLs name. */
static void test_client_config_with_other_names(void **state _unused_) {
        char id[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        fd_close(scratch_dir(&r.scratch, "drop/d"));
        scratch_write(&r.scratch, "drop/d/client.config",
                "[client]\njob_id=j\ndocker_url=https://example.org/my%20image.tar?download=1\ncontroller_url=https://example.org/?id=7\n");
        assert_refused(&r, from_daemon, FAULT_ATTACHMENT,
                "client.config:4: 'controller_url' names a file by no name that it could have here, and there is no other Python script (*.py)");
        scratch_write(&r.scratch, "drop/d/run.py", "pass\n");
        scratch_write(&r.scratch, "drop/d/helper.py", "pass\n");
        assert_refused(&r, from_daemon, FAULT_ATTACHMENT,
                "client.config:4: 'controller_url' names a file by no name that it could have here, and there is more than one other Python script (*.py)");
        assert_int_equal(unlinkat(r.scratch.fd, "drop/d/helper.py", 0), 0);
        save_image(&r.scratch, "drop/d/my image.tar", id);
        assert_refused(&r, from_daemon, FAULT_ATTACHMENT, "client.config:3: 'my image.tar' must be renamed: a file name is 1 to 64 letters, digits, '.', "
                       "'_' and '-' here, and begins with a letter or digit");
        assert_int_equal(renameat(r.scratch.fd, "drop/d/my image.tar", r.scratch.fd, "drop/d/mine.tar"), 0);
        assert_run(&r, from_daemon);
        assert_string_equal(r.m.controller, "d/run.py");
        assert_string_equal(r.m.image.file, "d/mine.tar");
        assert_string_equal(r.m.image.digest, id);
}

/* Without an archive a Dockerfile will do: in the directory, or in one that docker_url names. */
static void test_client_config_with_dockerfile(void **state _unused_) {
        _cleanup_run_ Run r;

        run_init(&r);
        fd_close(scratch_dir(&r.scratch, "drop/d"));
        scratch_write(&r.scratch, "drop/d/client.config", "[client]\njob_id=j\ndocker_url=file:///home/ada/image\ncontroller_url=c.py\n");
        scratch_write(&r.scratch, "drop/d/c.py", "pass\n");
        scratch_write(&r.scratch, "drop/d/Dockerfile", "FROM x\n");
        assert_run(&r, from_daemon);
        assert_int_equal(r.m.image.kind, MANIFEST_IMAGE_DOCKERFILE);
        scratch_assert_file(&r.scratch, "out/context/c.py", "pass\n");

        fd_close(scratch_dir(&r.scratch, "drop/d/image"));
        scratch_write(&r.scratch, "drop/d/image/Dockerfile", "FROM y\n");
        assert_run(&r, from_daemon);
        assert_int_equal(r.m.image.kind, MANIFEST_IMAGE_DOCKERFILE);
        scratch_assert_file(&r.scratch, "out/context/Dockerfile", "FROM y\n");
        assert_int_equal(faccessat(r.scratch.fd, "out/context/c.py", F_OK, 0), -1);
}

/* All of a MORF 2.0 job in one zip. */
static void test_client_config_in_zip(void **state _unused_) {
        ZipMember members[] = {
                { "job/client.config", .content = CLIENT_CONFIG },
                { "job/controller.py", .content = "pass\n" },
                { "job/Dockerfile", .content = "FROM x\n" },
                { "job/image.tar", .content = "" },
        };
        _cleanup_manifest_ Manifest back = {};
        _cleanup_free_ char *archive = NULL;
        _cleanup_fd_ int out = -EBADF;
        char id[DIGEST_LENGTH + 1];
        _cleanup_run_ Run r;

        run_init(&r);
        save_image(&r.scratch, "image.tar", id);
        assert_int_equal(fd_read_file_at(r.scratch.fd, "image.tar", LIMIT_MIB, &archive, &members[3].content_size), 0);
        members[3].content = archive;
        zip_write(&r.scratch, "drop/j.zip", members, 4);
        assert_run(&r, from_daemon);
        assert_int_equal(r.m.form, MANIFEST_FORM_MORF2);
        assert_int_equal(r.m.image.kind, MANIFEST_IMAGE_ARCHIVE);
        assert_string_equal(r.m.image.digest, id);
        scratch_assert_file(&r.scratch, "out/unpacked/controller.py", "pass\n");
        out = scratch_dir(&r.scratch, "out");
        assert_int_equal(manifest_write_at(out, &r.m), 0);
        assert_int_equal(manifest_read_at(out, &back, NULL), 0);
        assert_true(back.unpacked);
        assert_string_equal(back.controller, "controller.py");
        assert_string_equal(back.image.file, "image.tar");

        /* Without the archive it is built. */
        zip_write(&r.scratch, "drop/j.zip", members, 3);
        assert_run(&r, from_daemon);
        assert_int_equal(r.m.image.kind, MANIFEST_IMAGE_DOCKERFILE);
        scratch_assert_file(&r.scratch, "out/context/Dockerfile", "FROM x\n");
        members[1].name = "job/other";
        zip_write(&r.scratch, "drop/j.zip", members, 3);
        assert_refused(&r, from_daemon, FAULT_ATTACHMENT,
                "j.zip/client.config:6: 'controller_url' names 'controller.py', which is not there, and there is no other Python script (*.py)");
}

static void test_name_from_file(void **state _unused_) {
        _cleanup_run_ Run r;

        run_init(&r);
        scratch_write(&r.scratch, "drop/my job.cfg", "job: { image = \"i.tar\"; };");
        assert_refused(&r, from_daemon, FAULT_JOBFILE,
                "my job.cfg: 'name' is not given and the file's own name cannot serve as one");
        scratch_write(&r.scratch, "drop/my job.cfg", "job: { name = \"n\"; image = \"i.tar\"; };");
        assert_run(&r, from_daemon);
}

static void test_too_big(void **state _unused_) {
        _cleanup_free_ char *text = malloc(LIMIT_JOB_FILE_BYTES + 2);
        _cleanup_run_ Run r;

        run_init(&r);
        memset(text, ' ', LIMIT_JOB_FILE_BYTES + 1);
        scratch_write_bytes(&r.scratch, "drop/a.cfg", text, LIMIT_JOB_FILE_BYTES + 1);
        assert_refused(&r, from_daemon, FAULT_TOO_BIG, "a.cfg: it is larger than 256 KiB");
}

/* An empty drop is no fault of the researcher. */
static void test_empty_drop(void **state _unused_) {
        _cleanup_run_ Run r;

        run_init(&r);
        assert_int_equal(run(&r, from_daemon), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_needs),
                cmocka_unit_test(test_manifest_is_valid),
                cmocka_unit_test(test_only_the_daemon_fetches),
                cmocka_unit_test(test_directory),
                cmocka_unit_test(test_dockerfile),
                cmocka_unit_test(test_settings_in_zip),
                cmocka_unit_test(test_machine),
                cmocka_unit_test(test_wrong_attachments),
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_client_config), cmocka_unit_test(test_client_config_in_directory),
                cmocka_unit_test(test_client_config_with_other_names), cmocka_unit_test(test_client_config_with_dockerfile),
                cmocka_unit_test(test_client_config_in_zip),
                cmocka_unit_test(test_name_from_file),
                cmocka_unit_test(test_too_big),
                cmocka_unit_test(test_empty_drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
