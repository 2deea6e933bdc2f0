/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/fixture.h"

#include "tools/cli/handin.h"

static void path_of(const Fixture *f, const char *name, char path[static PATH_MAX]) {
        snprintf(path, PATH_MAX, "%s/%s", f->path, name);
}

static void assert_content(const Fixture *f, const char *name, const char *expected) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(fd_read_file_at(f->fd, name, 1 << 20, &text, NULL), 0);
        assert_string_equal(text, expected);
}

/* Nothing but what was asked for is left in a directory: no temporary name. */
static size_t count(const Fixture *f, const char *name) {
        _cleanup_(closedirp) DIR *d = NULL;
        const struct dirent *de;
        size_t n = 0;

        assert_int_equal(fd_open_dirstream_at(f->fd, name, &d), 0);
        while ((de = readdir(d)))
                n += !streq(de->d_name, ".") && !streq(de->d_name, "..");
        return n;
}

static void test_suffix(void **state) {
        static const char *const expected[] = { "weekly.cfg", "weekly-2.cfg", "weekly-3.cfg" };
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_handin_ Handin h = HANDIN_EMPTY;
        char path[PATH_MAX];
        struct stat st;
        Fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "weekly.cfg", "job: {};\n");
        path_of(&f, "weekly.cfg", path);
        assert_int_equal(spool_open_readonly(f.path, &spool, NULL), 0);
        assert_int_equal(handin_open(&spool, NULL, &h), 0);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                _cleanup_free_ char *name = NULL;
                bool reused = false;

                assert_int_equal(handin_put(&h, path, "weekly.cfg", &name, &reused, NULL), 0);
                assert_string_equal(name, expected[i]);
        }
        assert_content(&f, "incoming/weekly-3.cfg", "job: {};\n");
        assert_int_equal(fstatat(f.fd, "incoming/weekly.cfg", &st, 0), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(count(&f, "incoming"), 3);
        fixture_done(&f);
}

static void test_attachment(void **state) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_handin_ Handin h = HANDIN_EMPTY;
        bool reused = false;
        char path[PATH_MAX];
        Fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "image.tar", "layers");
        path_of(&f, "image.tar", path);
        assert_int_equal(spool_open_readonly(f.path, &spool, NULL), 0);
        assert_int_equal(handin_open(&spool, NULL, &h), 0);
        assert_int_equal(handin_put(&h, path, "image.tar", NULL, &reused, NULL), 0);
        assert_false(reused);
        assert_int_equal(handin_put(&h, path, "image.tar", NULL, &reused, NULL), 0);
        assert_true(reused);
        fixture_write(&f, "image.tar", "Layers");
        assert_int_equal(handin_put(&h, path, "image.tar", NULL, &reused, NULL), -EEXIST);
        assert_content(&f, "incoming/image.tar", "layers");
        assert_int_equal(count(&f, "incoming"), 1);
        fixture_done(&f);
}

static void test_directory(void **state) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_handin_ Handin h = HANDIN_EMPTY;
        _cleanup_free_ char *name = NULL, *other = NULL, *bad = NULL;
        bool reused = false;
        char path[PATH_MAX];
        struct stat st;
        Fixture f;

        (void) state;
        fixture_init(&f);
        fixture_user(&f, FIXTURE_USER);
        fixture_make_dir(&f, "model", 0755);
        fixture_make_dir(&f, "model/code", 0755);
        fixture_write(&f, "model/job.cfg", "job: {};\n");
        fixture_write(&f, "model/code/run.sh", "true\n");
        assert_int_equal(fchmodat(f.fd, "model/code/run.sh", 0755, 0), 0);
        path_of(&f, "model", path);
        assert_int_equal(spool_open_readonly(f.path, &spool, NULL), 0);
        assert_int_equal(handin_open(&spool, FIXTURE_USER, &h), 0);
        assert_int_equal(handin_put(&h, path, "model", &name, &reused, &bad), 0);
        assert_content(&f, "sftp/alice/incoming/model/code/run.sh", "true\n");
        assert_int_equal(fstatat(f.fd, "sftp/alice/incoming/model/code/run.sh", &st, 0), 0);
        assert_int_equal(st.st_mode & 0777, 0755);

        /* A link is refused and named, and nothing stays behind. */
        assert_int_equal(symlinkat("/etc/passwd", f.fd, "model/code/link"), 0);
        assert_int_equal(handin_put(&h, path, "model2", &other, &reused, &bad), -ELOOP);
        assert_string_equal(bad, "code/link");
        assert_int_equal(count(&f, "sftp/alice/incoming"), 1);
        fixture_done(&f);
}

/* Whoever owns the drop box owns what root puts there. */
static void test_owner(void **state) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        _cleanup_handin_ Handin h = HANDIN_EMPTY;
        _cleanup_free_ char *name = NULL;
        bool reused = false;
        char path[PATH_MAX];
        struct stat st;
        Fixture f;

        (void) state;
        if (geteuid() != 0)
                skip();
        fixture_init(&f);
        fixture_user(&f, FIXTURE_USER);
        assert_int_equal(fchownat(f.fd, "sftp/alice/incoming", 65534, 65534, 0), 0);
        fixture_make_dir(&f, "model", 0755);
        fixture_write(&f, "model/job.cfg", "job: {};\n");
        path_of(&f, "model", path);
        assert_int_equal(spool_open_readonly(f.path, &spool, NULL), 0);
        assert_int_equal(handin_open(&spool, FIXTURE_USER, &h), 0);
        assert_int_equal(handin_put(&h, path, "model", &name, &reused, NULL), 0);
        assert_int_equal(fstatat(f.fd, "sftp/alice/incoming/model", &st, 0), 0);
        assert_int_equal(st.st_uid, 65534);
        assert_int_equal(fstatat(f.fd, "sftp/alice/incoming/model/job.cfg", &st, 0), 0);
        assert_int_equal(st.st_uid, 65534);
        fixture_done(&f);
}

static void test_open(void **state) {
        _cleanup_spool_ Spool spool = SPOOL_EMPTY;
        Handin h = HANDIN_EMPTY;
        Fixture f;

        (void) state;
        fixture_init(&f);
        assert_int_equal(spool_open_readonly(f.path, &spool, NULL), 0);
        assert_int_equal(handin_open(&spool, "bob", &h), -ENOENT);
        /* An account that put a link in place of its drop box leads nowhere. */
        fixture_make_dir(&f, "sftp/carol", 0755);
        assert_int_equal(symlinkat("/tmp", f.fd, "sftp/carol/incoming"), 0);
        assert_true(handin_open(&spool, "carol", &h) < 0);
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_suffix), cmocka_unit_test(test_attachment), cmocka_unit_test(test_directory),
                cmocka_unit_test(test_owner),  cmocka_unit_test(test_open),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
