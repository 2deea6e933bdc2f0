/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/limits.h"
#include "tests/unit/scratch.h"
#include "tools/intake/context.h"
#include "tools/intake/path.h"

typedef struct Copied {
        char digest[DIGEST_LENGTH + 1];
        Fault f;
} Copied;

static void copied_done(Copied *c) {
        fault_done(&c->f);
}
#define _cleanup_copied_ _cleanup_(copied_done)

/* Copies d to out/context. */
static int copy(const Scratch *s, Copied *ret) {
        const ContextSource source = { .code = FAULT_ATTACHMENT, .label = "d", .f = &ret->f };
        _cleanup_fd_ int from = scratch_dir(s, "d"), out = scratch_dir(s, "out");
        _cleanup_(context_freep) Context *c = NULL;
        int r;

        r = context_new(out, &source, &c);
        assert_int_equal(r, 0);
        r = context_copy(c, from);
        return r < 0 ? r : context_finish(c, ret->digest);
}

static void assert_copied(const Scratch *s, Copied *ret) {
        int r = copy(s, ret);

        if (r < 0)
                fail_msg("%d: %s", r, strempty(ret->f.message));
}

static void assert_refused(const Scratch *s, FaultCode code, const char *message) {
        _cleanup_copied_ Copied c = {};

        if (copy(s, &c) != -EBADMSG)
                fail_msg("not refused; expected: %s", message);
        if (c.f.code != code || !streq(c.f.message, message))
                fail_msg("expected: %s\nbut got:  %s", message, c.f.message);
}

static void make_tree(Scratch *s) {
        scratch_init(s);
        fd_close(scratch_dir(s, "d"));
        fd_close(scratch_dir(s, "d/a"));
        fd_close(scratch_dir(s, "d/a-b"));
        scratch_write(s, "d/Dockerfile", "FROM x\n");
        scratch_write(s, "d/a/1", "one");
        scratch_write(s, "d/a/2", "");
        scratch_write(s, "d/a-b/3", "three");
}

static void test_copy(void **state _unused_) {
        _cleanup_copied_ Copied c = {};
        _cleanup_scratch_ Scratch s;
        struct stat st;

        make_tree(&s);
        assert_int_equal(fchmodat(s.fd, "d/a/2", 04711, 0), 0);
        assert_int_equal(fchmodat(s.fd, "d/a/1", 0600, 0), 0);
        assert_copied(&s, &c);
        scratch_assert_file(&s, "out/context/a/1", "one");
        scratch_assert_file(&s, "out/context/a/2", "");
        scratch_assert_file(&s, "out/context/a-b/3", "three");
        assert_int_equal(fstatat(s.fd, "out/context/a/1", &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0644);
        assert_int_equal(st.st_mtim.tv_sec, 0);
        assert_int_equal(st.st_mtim.tv_nsec, 0);
        assert_int_equal(fstatat(s.fd, "out/context/a/2", &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0755);
        assert_int_equal(fstatat(s.fd, "out/context", &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0755);
        assert_int_equal(st.st_mtim.tv_sec, 0);
}

/* More files than are made durable one by one. */
static void test_durable(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fd_ int out = -EBADF;

        scratch_init(&s);
        out = scratch_dir(&s, "out");
        for (unsigned n = 1; n <= 300; n += 299) {
                _cleanup_fault_ Fault f = {};
                const ContextSource source = { .code = FAULT_ATTACHMENT, .label = "d", .durable = true, .f = &f };
                _cleanup_(context_freep) Context *c = NULL;
                char digest[DIGEST_LENGTH + 1];

                assert_int_equal(context_new(out, &source, &c), 0);
                for (unsigned i = 0; i < n; i++) {
                        char name[16];

                        snprintf(name, sizeof(name), "f%u", i);
                        assert_int_equal(context_begin_file(c, i == 0 ? "Dockerfile" : name, false), 0);
                        assert_int_equal(context_write(c, "x", 1), 0);
                        assert_int_equal(context_end_file(c), 0);
                }
                assert_int_equal(context_finish(c, digest), 0);
                assert_int_equal(scratch_count(&s, "out/context"), n);
        }
}

/* A second attempt finds what the first left, whatever it was. */
static void test_again(void **state _unused_) {
        _cleanup_copied_ Copied c = {}, d = {};
        _cleanup_scratch_ Scratch s;

        make_tree(&s);
        assert_copied(&s, &c);
        scratch_write(&s, "out/context/left-over", "x");
        assert_copied(&s, &d);
        assert_string_equal(c.digest, d.digest);
        assert_int_equal(faccessat(s.fd, "out/context/left-over", F_OK, 0), -1);
}

/* The digest is that of names, executable bits and contents, and of nothing else. */
static void test_digest(void **state _unused_) {
        static const struct {
                const char *what;
                bool changes;
        } cases[] = { { "mode", false }, { "time", false }, { "junk", false }, { "executable", true }, { "name", true },
                { "content", true }, { "empty", true }, { "moved", true } };
        _cleanup_copied_ Copied before = {};
        _cleanup_scratch_ Scratch s;

        make_tree(&s);
        assert_copied(&s, &before);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_copied_ Copied after = {};
                _cleanup_scratch_ Scratch t;

                make_tree(&t);
                switch (i) {
                case 0:
                        assert_int_equal(fchmodat(t.fd, "d/a/1", 0400, 0), 0);
                        break;
                case 1:
                        assert_int_equal(utimensat(t.fd, "d/a/1", (struct timespec[2]){ { 9, 9 }, { 9, 9 } }, 0), 0);
                        break;
                case 2:
                        scratch_write(&t, "d/a/.DS_Store", "x");
                        break;
                case 3:
                        assert_int_equal(fchmodat(t.fd, "d/a/1", 0744, 0), 0);
                        break;
                case 4:
                        assert_int_equal(renameat(t.fd, "d/a/1", t.fd, "d/a/3"), 0);
                        break;
                case 5:
                        scratch_write(&t, "d/a/1", "eno");
                        break;
                case 6:
                        fd_close(scratch_dir(&t, "d/empty"));
                        break;
                case 7:
                        assert_int_equal(renameat(t.fd, "d/a/1", t.fd, "d/a-b/1"), 0);
                        break;
                }
                assert_copied(&t, &after);
                if (streq(before.digest, after.digest) == cases[i].changes)
                        fail_msg("%s: the digest should %schange", cases[i].what, cases[i].changes ? "" : "not ");
        }
}

static void test_refused(void **state _unused_) {
        static const struct {
                const char *what, *message;
        } cases[] = {
                { "link", "d: 'a/x' is a symbolic link; only files and directories are allowed" },
                { "link to a directory", "d: 'a/x' is a symbolic link; only files and directories are allowed" },
                { "fifo", "d: 'a/x' is neither a file nor a directory" },
                { "hard link", "d: 'a/x' has more than one hard link; copy it instead" },
                { "name", "d: 'a/\\x01' holds a control character" },
                { "utf-8", "d: 'a/\\xff' is not valid UTF-8" },
                { "backslash", "d: 'a/b\\c' holds a backslash" },
                { "Dockerfile", "d: there is no file 'Dockerfile' at its top" },
                { "directory", "d: there is no file 'Dockerfile' at its top" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_scratch_ Scratch s;

                make_tree(&s);
                switch (i) {
                case 0:
                        assert_int_equal(symlinkat("/etc/passwd", s.fd, "d/a/x"), 0);
                        break;
                case 1:
                        assert_int_equal(symlinkat("/etc", s.fd, "d/a/x"), 0);
                        break;
                case 2:
                        assert_int_equal(mkfifoat(s.fd, "d/a/x", 0644), 0);
                        break;
                case 3:
                        scratch_write(&s, "elsewhere", "secret");
                        assert_int_equal(linkat(s.fd, "elsewhere", s.fd, "d/a/x", 0), 0);
                        break;
                case 4:
                        scratch_write(&s, "d/a/\x01", "");
                        break;
                case 5:
                        scratch_write(&s, "d/a/\xff", "");
                        break;
                case 6:
                        scratch_write(&s, "d/a/b\\c", "");
                        break;
                case 7:
                        assert_int_equal(unlinkat(s.fd, "d/Dockerfile", 0), 0);
                        break;
                case 8:
                        assert_int_equal(unlinkat(s.fd, "d/Dockerfile", 0), 0);
                        fd_close(scratch_dir(&s, "d/Dockerfile"));
                        scratch_write(&s, "d/Dockerfile/x", "");
                        break;
                }
                assert_refused(&s, FAULT_ATTACHMENT, cases[i].message);
        }
}

static void test_too_deep(void **state _unused_) {
        _cleanup_copied_ Copied c = {};
        char path[256] = "d";
        _cleanup_scratch_ Scratch s;

        make_tree(&s);
        for (unsigned i = 0; i <= LIMIT_DROP_DEPTH; i++) {
                strcat(path, "/a");
                fd_close(scratch_dir(&s, path));
        }
        assert_int_equal(copy(&s, &c), -EBADMSG);
        assert_int_equal(c.f.code, FAULT_ATTACHMENT);
        assert_string_equal(c.f.message, "d: 'a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a' is nested too deeply");
}

/* A sparse file takes no room here, but a copy would. */
static void test_too_big(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        _cleanup_fd_ int fd = -EBADF;

        make_tree(&s);
        fd = openat(s.fd, "d/a/1", O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, (off_t) LIMIT_ZIP_FILE_BYTES + 1), 0);
        assert_refused(&s, FAULT_TOO_BIG, "d: 'a/1' is larger than a single file may be");
}

static void test_path_wrong(void **state _unused_) {
        static const struct {
                const char *path, *wrong;
        } cases[] = {
                { "a", NULL },
                { "a/b c/d.e", NULL },
                { "\xc3\xa4/...", NULL },
                { "-rf", NULL },
                { "", "is empty" },
                { "/", "begins with '/'" },
                { "a/", "has an empty component" },
                { "a//b", "has an empty component" },
                { ".", "has the component '.'" },
                { "a/..", "has the component '..'" },
                { "a/b/c/d", "has too many components" },
                { "a\x7f", "holds a control character" },
                { "a\xc2\x9b", "holds a control character" },
                { "a\xed\xa0\x80", "is not valid UTF-8" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *wrong = path_wrong(cases[i].path, 3);

                if (!streq_ptr(wrong, cases[i].wrong))
                        fail_msg("'%s': %s", cases[i].path, strempty(wrong));
        }
}

static void test_path_trim(void **state _unused_) {
        static const char *const cases[][2] = { { "a", "a" }, { "./a", "a" }, { "././/a/b//", "a/b" }, { "a/", "a" },
                { "./", "" }, { ".", "." }, { "/", "/" }, { "..", ".." } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char buffer[32];

                strcpy(buffer, cases[i][0]);
                assert_string_equal(path_trim(buffer), cases[i][1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copy),
                cmocka_unit_test(test_again),
                cmocka_unit_test(test_digest),
                cmocka_unit_test(test_durable),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_too_deep),
                cmocka_unit_test(test_too_big),
                cmocka_unit_test(test_path_wrong),
                cmocka_unit_test(test_path_trim),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
