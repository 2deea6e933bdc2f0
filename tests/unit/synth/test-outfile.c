/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tests/unit/synth/gunzip.h"
#include "tools/synth/outfile.h"

static void fill(Outfile *o) {
        char *p;

        for (unsigned i = 0; i < 60000; i++)
                outfile_printf(o, "line %u of many\n", i);
        p = outfile_reserve(o, OUTFILE_RESERVE_MAX);
        memcpy(p, "reserved\n", 9);
        outfile_commit(o, 9);
        assert_memory_equal(outfile_last(o, 9), "reserved\n", 9);
        outfile_puts(o, "end");
}

static void test_same_content(void **state _unused_) {
        _cleanup_free_ char *plain = NULL, *unpacked = NULL;
        _cleanup_scratch_ Scratch s;
        uint64_t size;
        Outfile *o;

        scratch_init(&s);
        for (int kind = 0; kind < _OUTFILE_KIND_MAX; kind++) {
                assert_int_equal(outfile_open(s.fd, kind == OUTFILE_GZIP ? "x.gz" : "x", (OutfileKind) kind, &o), 0);
                fill(o);
                size = outfile_size(o);
                assert_int_equal(outfile_close(o), 0);
        }
        plain = scratch_read(&s, "x");
        unpacked = gunzip_at(s.fd, "x.gz", NULL);
        assert_int_equal(strlen(plain), size);
        assert_string_equal(plain, unpacked);
        assert_non_null(endswith(plain, "reserved\nend"));
}

/* No time, no name: RFC 1952 says where they would be. */
static void test_gzip_header(void **state _unused_) {
        static const unsigned char header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0 };
        _cleanup_free_ char *data = NULL;
        _cleanup_scratch_ Scratch s;
        struct stat st;
        Outfile *o;

        scratch_init(&s);
        (void) umask(077);
        assert_int_equal(outfile_open(s.fd, "x.gz", OUTFILE_GZIP, &o), 0);
        outfile_puts(o, "a");
        assert_int_equal(outfile_close(o), 0);
        data = scratch_read(&s, "x.gz");
        assert_memory_equal(data, header, sizeof(header));
        assert_int_equal(fstatat(s.fd, "x.gz", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
}

static void test_errors(void **state _unused_) {
        static char big[8192];
        _cleanup_scratch_ Scratch s;
        Outfile *o;
        int full;

        scratch_init(&s);
        assert_int_equal(symlinkat("elsewhere", s.fd, "link"), 0);
        assert_int_equal(outfile_open(s.fd, "link", OUTFILE_PLAIN, &o), -ELOOP);
        assert_int_equal(outfile_open(s.fd, "missing/x", OUTFILE_PLAIN, &o), -ENOENT);
        memset(big, 'x', sizeof(big) - 1);
        assert_int_equal(outfile_open(s.fd, "x", OUTFILE_PLAIN, &o), 0);
        outfile_printf(o, "%s", big);
        assert_int_equal(outfile_close(o), -EOVERFLOW);
        full = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (full >= 0 && outfile_open(full, "full", OUTFILE_GZIP, &o) == 0) {
                fill(o);
                assert_int_equal(outfile_close(o), -ENOSPC);
        }
        fd_close(full);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same_content),
                cmocka_unit_test(test_gzip_header),
                cmocka_unit_test(test_errors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
