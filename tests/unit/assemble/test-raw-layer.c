/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/sysmacros.h>
#include <zlib.h>

#include "tests/unit/assemble/fixture.h"
#include "tools/assemble/raw-layer.h"

/* The version of session 001 of course "a". */
#define LAYER "raw/a1" "00000000000000000000000000000000000000000000000000000000000000"

static void names(_unused_ void **state) {
        static const struct {
                const char *name, *seen;
                bool other;
        } cases[] = {
                { "An Introduction to X (accounting-001)_SQL_hash_mapping.sql.gz", "AnIntroductiontoXaccounting-001_SQL_hash_mapping.sql", true },
                { "R&D (r-1).sql", "RDr-1.sql", true },
                { "a(b.sql", "ab.sql", true },
                { "a)b.sql", "ab.sql", true },
                { "a&b.sql", "ab.sql", true },
                { "a b.sql", "ab.sql", true },
                { "R\tD-1_$x.sql", "R\tD-1_$x.sql", false },
                { "plain.sql", "plain.sql", false },
                { "plain.sql.gz", "plain.sql", true },
                { "a (b)_clickstream_export.gz", "a (b)_clickstream_export.gz", false },
                { "a (b)_Demographics_individual_responses.csv", "a (b)_Demographics_individual_responses.csv", false },
                { ".sql.gz", ".sql", true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char seen[256];

                assert_int_equal(raw_name(cases[i].name, seen), cases[i].other);
                assert_string_equal(seen, cases[i].seen);
        }
}

static void pack(const Scratch *s, const char *name, const char *text) {
        int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        gzFile gz = gzdopen(fd, "wb");

        assert_non_null(gz);
        assert_int_equal(gzwrite(gz, text, (unsigned) strlen(text)), (int) strlen(text));
        assert_int_equal(gzclose(gz), Z_OK);
}

static void assert_whiteout(const Scratch *s, const char *name) {
        struct stat st;

        assert_int_equal(fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
}

static void prepare_session(Fixture *f) {
        fixture_init(f);
        fd_close(scratch_dir(&f->s, "root/a"));
        fd_close(scratch_dir(&f->s, "root/a/001"));
        fixture_phase(f, PLAN_MODE_EXTRACT, PLAN_LEVEL_SESSION, 0);
        (void) fixture_step(f, "a", "001", 0);
}

static void layer(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        struct stat st;

        prepare_session(&f);
        pack(&f.s, "root/a/001/A & B (a-001)_SQL_x.sql.gz", "one;\n");
        scratch_write(&f.s, "root/a/001/plain (a-001).sql", "two;\n");
        scratch_write(&f.s, "root/a/001/kept.sql", "three;\n");
        pack(&f.s, "root/a/001/a-001_clickstream_export.gz", "{}\n");
        assert_int_equal(symlinkat("kept.sql", f.s.fd, "root/a/001/link it.sql"), 0);
        fd_close(scratch_dir(&f.s, "root/a/001/no dump.sql"));
        scratch_write(&f.s, "root/coursera_course_dates.csv", "course,fullname,start_date,end_date\n"
                      "a-001,\"q, \"\"q\"\"\",2/2/15,4/13/15\na-b-001,other,,\na-004,unknown,,\na_003,x,,");
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        scratch_assert_file(&f.s, LAYER "/ABa-001_SQL_x.sql", "one;\n");
        scratch_assert_file(&f.s, LAYER "/plaina-001.sql", "two;\n");
        scratch_assert_file(&f.s, LAYER "/linkit.sql", "three;\n");
        assert_whiteout(&f.s, LAYER "/A & B (a-001)_SQL_x.sql.gz");
        assert_whiteout(&f.s, LAYER "/plain (a-001).sql");
        assert_whiteout(&f.s, LAYER "/link it.sql");
        scratch_assert_file(&f.s, LAYER "/coursera_course_dates.csv", "course,fullname,start_date,end_date\n"
                            "a-001,\"q, \"\"q\"\"\",2/2/15,4/13/15\na_003,x,,\n");
        assert_int_equal(scratch_count(&f.s, LAYER), 7);
        assert_int_equal(fstatat(f.s.fd, LAYER, &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
        assert_int_equal(fstatat(f.s.fd, LAYER "/plaina-001.sql", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        /* What is there is not made again, and was used now. */
        assert_int_equal(fd_remove_tree_at(f.s.fd, "root/a"), 0);
        assert_int_equal(utimensat(f.s.fd, LAYER, (const struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0), 0);
        assert_int_equal(assemble_prepare(&f.a, &f.fault), 0);
        assert_int_equal(scratch_count(&f.s, "raw"), 1);
        assert_int_equal(fstatat(f.s.fd, LAYER, &st, 0), 0);
        assert_true(st.st_mtime > 1);
}

static void assert_damaged(Fixture *f) {
        assert_int_equal(assemble_prepare(&f->a, &f->fault), -EBADMSG);
        assert_int_equal(f->fault.code, FAULT_PLATFORM);
        assert_non_null(strstr(f->fault.message, "course 'a', session '001'"));
        assert_int_equal(scratch_count(&f->s, "raw"), 0);
}

static void damage(_unused_ void **state) {
        static const char *const cases[] = { "not packed", "", "\x1f\x8b\x08" };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fixture_ Fixture f;

                prepare_session(&f);
                scratch_write(&f.s, "root/a/001/x.sql.gz", cases[i]);
                assert_damaged(&f);
        }
}

static void a_dump_that_is_cut_off(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;
        struct stat st;
        int fd;

        prepare_session(&f);
        pack(&f.s, "root/a/001/x.sql.gz", "INSERT INTO `t` VALUES (1,'one'),(2,'two');\n");
        assert_int_equal(fstatat(f.s.fd, "root/a/001/x.sql.gz", &st, 0), 0);
        fd = openat(f.s.fd, "root/a/001/x.sql.gz", O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, st.st_size - 6), 0);
        fd_close(fd);
        assert_damaged(&f);
}

static void two_dumps_of_one_name(_unused_ void **state) {
        _cleanup_fixture_ Fixture f;

        prepare_session(&f);
        pack(&f.s, "root/a/001/x y.sql.gz", "1");
        pack(&f.s, "root/a/001/(xy).sql.gz", "2");
        assert_damaged(&f);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(names),
                cmocka_unit_test(layer),
                cmocka_unit_test(damage),
                cmocka_unit_test(a_dump_that_is_cut_off),
                cmocka_unit_test(two_dumps_of_one_name),
        };

        return cmocka_run_group_tests_name("raw-layer", tests, NULL, NULL);
}
