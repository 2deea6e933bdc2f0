/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include "spool/limits.h"
#include "tests/unit/intake/make-zip.h"
#include "tools/intake/job-zip.h"

#define DOCKERFILE                                                                                                     \
        { "Dockerfile", .content = "FROM x\n" }
#define FLAG_ENCRYPTED 1u
#define FLAG_UTF8 0x800u

typedef struct Unpacked {
        char digest[DIGEST_LENGTH + 1];
        char *settings;
        bool morf2;
        Fault f;
} Unpacked;

static void unpacked_done(Unpacked *u) {
        free(u->settings);
        fault_done(&u->f);
}
#define _cleanup_unpacked_ _cleanup_(unpacked_done)

/* Unpacks job.zip to out/context. */
static int unpack(const Scratch *s, Unpacked *ret) {
        _cleanup_fd_ int fd = openat(s->fd, "job.zip", O_RDONLY | O_CLOEXEC), out = scratch_dir(s, "out");
        struct stat st;
        size_t size;

        assert_true(fd >= 0 && fstat(fd, &st) == 0);
        return job_zip_unpack(fd, (uint64_t) st.st_size, "job.zip", out, /* durable= */ false, &ret->morf2, ret->digest,
                &ret->settings, &size, &ret->f);
}

static void assert_refused(const Scratch *s, FaultCode code, const char *message) {
        _cleanup_unpacked_ Unpacked u = {};

        if (unpack(s, &u) != -EBADMSG)
                fail_msg("not refused; expected: %s", message);
        if (u.f.code != code || !streq(u.f.message, message))
                fail_msg("expected: %s\nbut got:  %s", message, u.f.message);
}

static void assert_unpacked(const Scratch *s, Unpacked *ret) {
        int r = unpack(s, ret);

        if (r < 0)
                fail_msg("%d: %s", r, strempty(ret->f.message));
}

static void test_entries(void **state _unused_) {
        static const char dot_dot[] = "job.zip: '../x' is not a name that is unpacked: it has the component '..'";
        static const struct {
                ZipMember member;
                const char *message;
        } cases[] = {
                { { "../x", .content = "" }, dot_dot },
                { { "a/../../x", .content = "" },
                        "job.zip: 'a/../../x' is not a name that is unpacked: it has the component '..'" },
                { { "/etc/x", .content = "" }, "job.zip: '/etc/x' is not a name that is unpacked: it begins with '/'" },
                { { "\\etc\\x", .content = "", .mode = S_IFREG | 0644 },
                        "job.zip: '/etc/x' is not a name that is unpacked: it begins with '/'" },
                { { "a/\\b", .content = "" }, "job.zip: 'a/\\b' is not a name that is unpacked: it holds a backslash" },
                { { "\\etc\\x", .content = "" }, /* from Windows, where it separates */
                        "job.zip: '/etc/x' is not a name that is unpacked: it begins with '/'" },
                { { "..\\x", .content = "" }, dot_dot },
                { { "a//b", .content = "" },
                        "job.zip: 'a//b' is not a name that is unpacked: it has an empty component" },
                { { "a/./b", .content = "" },
                        "job.zip: 'a/./b' is not a name that is unpacked: it has the component '.'" },
                { { "a\nb", .content = "" },
                        "job.zip: 'a\\x0ab' is not a name that is unpacked: it holds a control character" },
                { { "a\x1b[2J", .content = "" },
                        "job.zip: 'a\\x1b[2J' is not a name that is unpacked: it holds a control character" },
                { { "a\xff", .content = "" },
                        "job.zip: 'a\\xff' is not a name that is unpacked: it is not valid UTF-8" },
                { { "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", .content = "" },
                        "job.zip: 'a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q' is not a name that is unpacked: "
                        "it has too many components" },
                { { "x\0y", .name_size = 3, .content = "" }, "job.zip: the name of entry 2 holds a NUL byte" },
                { { "", .content = "" }, "job.zip: entry 2 has no name" },
                { { "link", .content = "/etc/shadow", .mode = S_IFLNK | 0777 },
                        "job.zip: 'link' is a symbolic link; only files and folders are allowed" },
                { { "fifo", .content = "", .mode = S_IFIFO | 0666 },
                        "job.zip: entry 2 is neither a file nor a folder" },
                { { "disk", .content = "", .mode = S_IFBLK | 0666 },
                        "job.zip: entry 2 is neither a file nor a folder" },
                { { "Dockerfile", .content = "FROM y\n" }, "job.zip: 'Dockerfile' is there twice" },
                { { "Dockerfile/", .content = "" }, "job.zip: 'Dockerfile' is there twice" },
                { { "Dockerfile/x", .content = "" }, "job.zip: 'Dockerfile/x' lies below something that is a file" },
                { { "secret", .content = "0123456789abcdef", .flags = FLAG_ENCRYPTED },
                        "job.zip: entry 2 is encrypted; make the zip without a password" },
                { { "damaged", .content = "abc", .wrong_crc = true },
                        "job.zip: 'damaged' cannot be unpacked: the zip is damaged, or uses a compression other than "
                        "deflate" },
                { { "odd", .content = "abc", .method = 42 }, "job.zip: 'odd' cannot be unpacked: the zip is damaged, "
                                                             "or uses a compression other than deflate" },
                { { "broken", .content = "abc", .method = 8 }, "job.zip: 'broken' cannot be unpacked: the zip is "
                                                               "damaged, or uses a compression other than deflate" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const ZipMember members[] = { DOCKERFILE, cases[i].member };
                _cleanup_scratch_ Scratch s;

                scratch_init(&s);
                zip_write(&s, "job.zip", members, ELEMENTSOF(members));
                assert_refused(&s, FAULT_ZIP, cases[i].message);
                assert_int_equal(faccessat(s.fd, "x", F_OK, 0), -1);
                assert_int_equal(faccessat(s.fd, "out/x", F_OK, 0), -1);
        }
}

static void test_long_component(void **state _unused_) {
        char name[LIMIT_PATH_COMPONENT_BYTES + 2] = "";
        const ZipMember members[] = { DOCKERFILE, { name, .content = "" } };
        _cleanup_scratch_ Scratch s;
        _cleanup_unpacked_ Unpacked u = {};

        memset(name, 'a', LIMIT_PATH_COMPONENT_BYTES + 1);
        scratch_init(&s);
        zip_write(&s, "job.zip", members, ELEMENTSOF(members));
        assert_int_equal(unpack(&s, &u), -EBADMSG);
        assert_non_null(strstr(u.f.message, "it has a component that is too long"));
        name[LIMIT_PATH_COMPONENT_BYTES] = '\0';
        zip_write(&s, "job.zip", members, ELEMENTSOF(members));
        assert_unpacked(&s, &u);
}

static void test_shapes(void **state _unused_) {
        static const struct {
                ZipMember members[3];
                const char *message; /* NULL: accepted */
        } cases[] = {
                { { DOCKERFILE, { "a/b", .content = "" }, { "c", .content = "" } }, NULL },
                { { { "top/Dockerfile", .content = "" }, { "top/", .content = "" }, { "top/a/b", .content = "" } },
                        NULL },
                { { { "top/Dockerfile", .content = "" }, { "__MACOSX/top/._Dockerfile", .content = "" },
                          { ".DS_Store", .content = "" } },
                        NULL },
                { { { "top/Dockerfile", .content = "" }, { "else", .content = "" }, { "a", .content = "" } },
                        "job.zip: there is no file 'Dockerfile' at its root, and not everything is in one folder" },
                { { { "a/Dockerfile", .content = "" }, { "b/Dockerfile", .content = "" }, { "a/x", .content = "" } },
                        "job.zip: there is no file 'Dockerfile' at its root, and not everything is in one folder" },
                { { { "top/Dockerfile", .content = "" }, { "topper/x", .content = "" }, { "top/x", .content = "" } },
                        "job.zip: there is no file 'Dockerfile' at its root, and not everything is in one folder" },
                { { { "top/dockerfile", .content = "" }, { "top/a", .content = "" }, { "top/b", .content = "" } },
                        "job.zip: there is no file 'Dockerfile' at its root or in its one folder 'top'" },
                { { { "a/b/Dockerfile", .content = "" }, { "a/b/x", .content = "" }, { "a/b/c", .content = "" } },
                        "job.zip: there is no file 'Dockerfile' at its root or in its one folder 'a'" },
                { { { "Dockerfile/", .content = "" }, { "Dockerfile/x", .content = "" },
                          { "Dockerfile/y", .content = "" } },
                        "job.zip: there is no file 'Dockerfile' at its root or in its one folder 'Dockerfile'" },
                { { { "__MACOSX/Dockerfile", .content = "" }, { ".DS_Store", .content = "" },
                          { "__MACOSX/", .content = "" } },
                        "job.zip: the zip is empty" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_scratch_ Scratch s;
                _cleanup_unpacked_ Unpacked u = {};

                scratch_init(&s);
                zip_write(&s, "job.zip", cases[i].members, 3);
                if (cases[i].message) {
                        assert_refused(&s, FAULT_ZIP, cases[i].message);
                        continue;
                }
                assert_unpacked(&s, &u);
                assert_int_equal(faccessat(s.fd, "out/context/Dockerfile", F_OK, 0), 0);
                assert_int_equal(faccessat(s.fd, "out/context/__MACOSX", F_OK, 0), -1);
                assert_int_equal(faccessat(s.fd, "out/context/.DS_Store", F_OK, 0), -1);
        }
}

/* What is unpacked is the same, whoever packed it and under whatever top folder. */
static void test_content(void **state _unused_) {
        static const char accented[] = "top/d\xc3\xa9j\xc3\xa0 vu.py";
        static const ZipMember first[] = {
                { "top/", .content = "", .mode = S_IFDIR | 0700 },
                { "top/Dockerfile", .content = "FROM x\n", .mode = S_IFREG | 0600 },
                { "top/run.sh", .content = "#!/bin/sh\n", .mode = S_IFREG | 04755 },
                { accented, .content = "pass\n", .mode = S_IFREG | 0644, .flags = FLAG_UTF8 },
                { "top/empty/", .content = "", .mode = S_IFDIR | 0755 },
                { "top/a/b", .content = "x", .mode = S_IFREG | 0666 },
                { "top/morf.cfg", .content = "job: { };", .mode = S_IFREG | 0644 },
        };
        static const ZipMember second[] = {
                { "a/", .content = "", .mode = S_IFDIR | 0755 },
                { "a/b", .content = "x", .mode = S_IFREG | 0640 },
                { "empty/", .content = "", .mode = S_IFDIR | 0755 },
                { accented + 4, .content = "pass\n", .mode = S_IFREG | 0644 },
                { "run.sh", .content = "#!/bin/sh\n", .mode = S_IFREG | 0700 },
                { "Dockerfile", .content = "FROM x\n", .mode = S_IFREG | 0644 },
        };
        _cleanup_unpacked_ Unpacked u = {}, v = {}, w = {};
        _cleanup_scratch_ Scratch s;
        ZipMember changed[ELEMENTSOF(second)];
        struct stat st;

        scratch_init(&s);
        zip_write(&s, "job.zip", first, ELEMENTSOF(first));
        assert_unpacked(&s, &u);
        assert_string_equal(u.settings, "job: { };");
        scratch_assert_file(&s, "out/context/Dockerfile", "FROM x\n");
        scratch_assert_file(&s, "out/context/d\xc3\xa9j\xc3\xa0 vu.py", "pass\n");
        assert_int_equal(faccessat(s.fd, "out/context/morf.cfg", F_OK, 0), -1);
        assert_int_equal(fstatat(s.fd, "out/context/run.sh", &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0755);
        assert_int_equal(st.st_mtime, 0);
        assert_int_equal(fstatat(s.fd, "out/context/a/b", &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0644);
        assert_int_equal(fstatat(s.fd, "out/context/a", &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0755);
        assert_int_equal(st.st_mtime, 0);

        zip_write(&s, "job.zip", second, ELEMENTSOF(second));
        assert_unpacked(&s, &v);
        assert_null(v.settings);
        assert_string_equal(u.digest, v.digest);

        memcpy(changed, second, sizeof(second));
        changed[4].mode = S_IFREG | 0600;
        zip_write(&s, "job.zip", changed, ELEMENTSOF(changed));
        assert_unpacked(&s, &w);
        assert_string_not_equal(u.digest, w.digest);
}

static void test_cut_off(void **state _unused_) {
        static const ZipMember members[] = { DOCKERFILE, { "a", .content = "abc" } };
        _cleanup_free_ char *data = NULL;
        _cleanup_scratch_ Scratch s;
        size_t size;

        scratch_init(&s);
        zip_write(&s, "whole.zip", members, ELEMENTSOF(members));
        assert_int_equal(fd_read_file_at(s.fd, "whole.zip", LIMIT_MIB, &data, &size), 0);
        for (size_t n = 0; n < size; n++) {
                scratch_write_bytes(&s, "job.zip", data, n);
                assert_refused(&s, FAULT_ZIP,
                        n < 4 ? "job.zip: this is not a zip file"
                              : "job.zip: the zip is incomplete: the table of contents at its end is missing");
        }
        scratch_write(&s, "job.zip", "<html>not found</html>, says the server, at some length");
        assert_refused(&s, FAULT_ZIP, "job.zip: this is not a zip file");
}

/* Every byte of a small zip changed in turn: refused or unpacked, but never anything outside, nor a crash. */
static void test_flipped_bytes(void **state _unused_) {
        static const ZipMember members[] = { DOCKERFILE, { "a/b", .content = "abc" } };
        _cleanup_free_ char *data = NULL;
        _cleanup_scratch_ Scratch s;
        size_t size;

        scratch_init(&s);
        zip_write(&s, "whole.zip", members, ELEMENTSOF(members));
        assert_int_equal(fd_read_file_at(s.fd, "whole.zip", LIMIT_MIB, &data, &size), 0);
        for (size_t i = 0; i < size; i++)
                for (int bit = 0; bit < 8; bit += 7) {
                        _cleanup_unpacked_ Unpacked u = {};
                        int r;

                        data[i] = (char) (data[i] ^ (1 << bit));
                        scratch_write_bytes(&s, "job.zip", data, size);
                        r = unpack(&s, &u);
                        if (r < 0 && r != -EBADMSG)
                                fail_msg("byte %zu: %s", i, strerror(-r));
                        data[i] = (char) (data[i] ^ (1 << bit));
                }
        assert_int_equal(scratch_count(&s, "."), 3);
        assert_int_equal(scratch_count(&s, "out"), 1);
}

static void test_empty(void **state _unused_) {
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        zip_write(&s, "job.zip", NULL, 0);
        assert_refused(&s, FAULT_ZIP, "job.zip: the zip is empty");
}

static void test_too_many_entries(void **state _unused_) {
        const size_t n = LIMIT_ZIP_ENTRIES + 1;
        ZipMember *members = calloc(n, sizeof(*members));
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        for (size_t i = 0; i < n; i++)
                members[i] = (ZipMember) DOCKERFILE;
        zip_write(&s, "job.zip", members, n);
        free(members);
        assert_refused(&s, FAULT_TOO_BIG, "job.zip: the zip has more than 20000 entries");
}

/* Names are cheap, the directories that they imply are not. */
static void test_too_many_directories(void **state _unused_) {
        enum { N = 2000 };
        ZipMember *members = calloc(N + 1, sizeof(*members));
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        members[0] = (ZipMember) DOCKERFILE;
        for (size_t i = 1; i <= N; i++) {
                char name[64];

                snprintf(name, sizeof(name), "%zu/a/b/c/d/e/f/g/h/i/j/k/l/m/n/x", i);
                members[i] = (ZipMember){ strdup(name), .content = "" };
        }
        zip_write(&s, "job.zip", members, N + 1);
        for (size_t i = 1; i <= N; i++)
                free((char *) (uintptr_t) members[i].name);
        free(members);
        assert_refused(&s, FAULT_TOO_BIG, "job.zip: there are more than 20000 files and directories");
        assert_int_equal(scratch_count(&s, "out"), 0);
}

static void test_bomb(void **state _unused_) {
        const size_t chunk = LIMIT_MIB;
        _cleanup_free_ char *zeros = calloc(1, chunk);
        struct archive_entry *e = archive_entry_new();
        struct archive *a = archive_write_new();
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        {
                _cleanup_fd_ int fd = openat(s.fd, "job.zip", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

                archive_write_set_format_zip(a);
                archive_write_open_fd(a, fd);
                archive_entry_set_pathname(e, "Dockerfile");
                archive_entry_set_filetype(e, AE_IFREG);
                archive_entry_set_size(e, 100 * (la_int64_t) chunk);
                assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
                for (int i = 0; i < 100; i++)
                        archive_write_data(a, zeros, chunk);
                assert_int_equal(archive_write_free(a), ARCHIVE_OK);
        }
        archive_entry_free(e);
        assert_refused(&s, FAULT_TOO_BIG, "job.zip: it unpacks to more than 200 times its size");
        assert_int_equal(fstatat(s.fd, "out/context/Dockerfile", &st, 0), 0);
        assert_true(st.st_size <= 40 * (off_t) LIMIT_MIB);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_entries),
                cmocka_unit_test(test_long_component),
                cmocka_unit_test(test_shapes),
                cmocka_unit_test(test_content),
                cmocka_unit_test(test_cut_off),
                cmocka_unit_test(test_flipped_bytes),
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_too_many_entries),
                cmocka_unit_test(test_too_many_directories),
                cmocka_unit_test(test_bomb),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
