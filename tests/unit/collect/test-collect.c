/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "spool/limits.h"
#include "tests/unit/scratch.h"
#include "tools/collect/collect.h"

typedef struct Bench {
        Scratch scratch;
        int output, out;
} Bench;

static void bench_init(Bench *b) {
        scratch_init(&b->scratch);
        b->output = scratch_dir(&b->scratch, "output");
        b->out = scratch_dir(&b->scratch, "out");
}

static void bench_done(Bench *b) {
        fd_close(b->output);
        fd_close(b->out);
        scratch_done(&b->scratch);
}
#define _cleanup_bench_ _cleanup_(bench_done)

static const CollectOptions run_mode = { .max_bytes = 1000000, .max_files = 100, .expect = "output.csv" };
static const CollectOptions all_mode = { .max_bytes = 1000000, .max_files = 100, .all = true };

static void read_report(const Bench *b, CollectReport *ret) {
        *ret = (CollectReport){};
        assert_int_equal(json_record_read_at(&collect_report_table, b->out, COLLECT_FILE, 4096, ret, NULL), 0);
}

static void fill(const Bench *b) {
        scratch_write(&b->scratch, "output/output.csv", "y\n");
        scratch_write(&b->scratch, "output/logs.log", "secret");
        fd_close(scratch_dir(&b->scratch, "output/a"));
        fd_close(scratch_dir(&b->scratch, "output/a/b"));
        scratch_write(&b->scratch, "output/a/b/model", "12345");
        assert_int_equal(fchmodat(b->output, "a/b/model", 06777, 0), 0);
}

static void test_run(void **state _unused_) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        CollectReport report;

        bench_init(&b);
        fill(&b);
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), 0);
        scratch_assert_file(&b.scratch, "out/sealed/output.csv", "y\n");
        assert_int_equal(scratch_count(&b.scratch, "out/sealed"), 1);
        assert_int_equal(scratch_count(&b.scratch, "out"), 2);
        read_report(&b, &report);
        assert_int_equal(report.seal.files, 3);
        assert_int_equal(report.seal.bytes, 2 + 6 + 5);
        assert_int_equal(report.seal.copied, 1);
        /* Again, over what is there. */
        scratch_write(&b.scratch, "output/output.csv", "z\n");
        scratch_write(&b.scratch, "out/fault.json", "{}");
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), 0);
        scratch_assert_file(&b.scratch, "out/sealed/output.csv", "z\n");
        assert_int_equal(scratch_count(&b.scratch, "out"), 2);
}

static void test_all(void **state _unused_) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        CollectOptions options = all_mode;
        CollectReport report;
        struct stat st;

        bench_init(&b);
        fill(&b);
        options.expect = "output.csv";
        assert_int_equal(collect_run(b.output, b.out, &options, &fault), 0);
        scratch_assert_file(&b.scratch, "out/sealed/a/b/model", "12345");
        scratch_assert_file(&b.scratch, "out/sealed/logs.log", "secret");
        assert_int_equal(fstatat(b.out, "sealed/a/b/model", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(fstatat(b.out, "sealed/a/b", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0750);
        read_report(&b, &report);
        assert_int_equal(report.seal.copied, 3);
        options.expect = "none.csv";
        assert_int_equal(collect_run(b.output, b.out, &options, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_MISSING);
        assert_int_equal(scratch_count(&b.scratch, "out"), 0);
}

static void test_empty(void **state _unused_) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        CollectReport report;

        bench_init(&b);
        assert_int_equal(collect_run(b.output, b.out, &all_mode, &fault), 0);
        read_report(&b, &report);
        assert_int_equal(report.seal.files, 0);
        assert_int_equal(scratch_count(&b.scratch, "out/sealed"), 0);
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_MISSING);
        assert_string_equal(fault.message, "output.csv: the job did not write it; it left 0 other files in /output");
}

/* The message counts what is there and names nothing of it. */
static void test_missing(void **state _unused_) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;

        bench_init(&b);
        scratch_write(&b.scratch, "output/secret.csv", "");
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), -EBADMSG);
        assert_string_equal(fault.message, "output.csv: the job did not write it; it left 1 other file in /output");
        /* A directory further down does not count. */
        fd_close(scratch_dir(&b.scratch, "output/deep"));
        scratch_write(&b.scratch, "output/deep/output.csv", "");
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_MISSING);
}

/* A Unix socket in the output; false where its path is too long to make one. */
static bool make_socket(const Bench *b) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/output/socket", b->scratch.path) >= (int) sizeof(address.sun_path))
                return false;
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return true;
}

static void test_special(void **state _unused_) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        CollectReport report;
        char name[LIMIT_PATH_COMPONENT_BYTES + 2], path[sizeof(name) + 16];
        bool socket_made, device_made;

        bench_init(&b);
        fill(&b);
        assert_int_equal(symlinkat("/etc/passwd", b.output, "passwd"), 0);
        assert_int_equal(symlinkat("..", b.output, "a/up"), 0);
        scratch_write(&b.scratch, "outside", "secret");
        assert_int_equal(linkat(b.scratch.fd, "outside", b.output, "linked", 0), 0);
        assert_int_equal(mkfifoat(b.output, "fifo", 0600), 0);
        socket_made = make_socket(&b);
        device_made = mknodat(b.output, "device", S_IFCHR | 0600, makedev(1, 3)) == 0;
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        snprintf(path, sizeof(path), "output/%s", name);
        scratch_write(&b.scratch, path, "12");

        for (unsigned all = 0; all < 2; all++) {
                assert_int_equal(collect_run(b.output, b.out, all ? &all_mode : &run_mode, &fault), 0);
                read_report(&b, &report);
                assert_int_equal(report.seal.files, 4);
                assert_int_equal(report.seal.bytes, 2 + 6 + 5 + 2);
                assert_int_equal(report.seal.copied, all ? 3 : 1);
                assert_int_equal(report.seal.ignored[SEAL_IGNORED_SYMLINK], 2);
                assert_int_equal(report.seal.ignored[SEAL_IGNORED_HARD_LINK], 1);
                assert_int_equal(report.seal.ignored[SEAL_IGNORED_FIFO], 1);
                assert_int_equal(report.seal.ignored[SEAL_IGNORED_SOCKET], socket_made);
                assert_int_equal(report.seal.ignored[SEAL_IGNORED_DEVICE], device_made);
                assert_int_equal(report.seal.ignored[SEAL_IGNORED_LONG_NAME], 1);
                assert_int_equal(scratch_count(&b.scratch, "out/sealed"), all ? 3 : 1);
        }
}

static void make_symlink(const Bench *b) {
        assert_int_equal(symlinkat("/etc/passwd", b->output, "output.csv"), 0);
}

static void make_hard_link(const Bench *b) {
        scratch_write(&b->scratch, "outside", "secret");
        assert_int_equal(linkat(b->scratch.fd, "outside", b->output, "output.csv", 0), 0);
}

static void make_fifo(const Bench *b) {
        assert_int_equal(mkfifoat(b->output, "output.csv", 0600), 0);
}

static void make_directory(const Bench *b) {
        assert_int_equal(mkdirat(b->output, "output.csv", 0700), 0);
}

static void test_special_in_place_of_output(void **state _unused_) {
        static const struct {
                void (*make)(const Bench *b);
                const char *message;
        } cases[] = {
                { make_symlink, "output.csv: it is a symbolic link" },
                { make_hard_link, "output.csv: it is a hard link: the file has other names" },
                { make_fifo, "output.csv: it is not a regular file but a directory, FIFO, socket or device" },
                { make_directory, "output.csv: it is not a regular file but a directory, FIFO, socket or device" },
        };

        for (size_t i = 0; i < 2 * ELEMENTSOF(cases); i++) {
                CollectOptions options = run_mode;
                _cleanup_fault_ Fault fault = {};
                _cleanup_bench_ Bench b;

                options.all = i >= ELEMENTSOF(cases);
                bench_init(&b);
                cases[i % ELEMENTSOF(cases)].make(&b);
                assert_int_equal(collect_run(b.output, b.out, &options, &fault), -EBADMSG);
                assert_int_equal(fault.code, FAULT_OUTPUT_KIND);
                assert_string_equal(fault.message, cases[i % ELEMENTSOF(cases)].message);
                assert_int_equal(scratch_count(&b.scratch, "out"), 0);
        }
}

static void test_caps(void **state _unused_) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        CollectOptions options = run_mode;
        int fd;

        bench_init(&b);
        fill(&b); /* 13 bytes, 5 entries */
        options.max_bytes = 13;
        options.max_files = 5;
        assert_int_equal(collect_run(b.output, b.out, &options, &fault), 0);
        options.max_bytes = 12;
        assert_int_equal(collect_run(b.output, b.out, &options, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_TOO_BIG);
        assert_string_equal(fault.message, "the job left more than 12 B in /output");
        options.max_bytes = 13;
        options.max_files = 4;
        assert_int_equal(collect_run(b.output, b.out, &options, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_TOO_BIG);
        assert_string_equal(fault.message, "the job left more than 4 files in /output");
        assert_int_equal(scratch_count(&b.scratch, "out"), 0);

        /* A sparse file counts as if it were full. */
        fd = openat(b.output, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(ftruncate(fd, (off_t) 1 << 40), 0);
        fd_close(fd);
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), -EBADMSG);
        assert_string_equal(fault.message, "the job left more than 976.6 KiB in /output");
}

static void test_depth(void **state _unused_) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_bench_ Bench b;
        char path[2 * LIMIT_DROP_DEPTH + 16] = "output";

        bench_init(&b);
        scratch_write(&b.scratch, "output/output.csv", "");
        for (unsigned i = 0; i < LIMIT_DROP_DEPTH; i++) {
                strcat(path, "/d");
                fd_close(scratch_dir(&b.scratch, path));
        }
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), 0);
        assert_int_equal(collect_run(b.output, b.out, &all_mode, &fault), 0);
        strcat(path, "/d");
        fd_close(scratch_dir(&b.scratch, path));
        assert_int_equal(collect_run(b.output, b.out, &run_mode, &fault), -EBADMSG);
        assert_int_equal(fault.code, FAULT_OUTPUT_TOO_BIG);
}

static void test_names(void **state _unused_) {
        for (SealIgnored k = 0; k < _SEAL_IGNORED_MAX; k++)
                assert_int_equal(seal_ignored_from_string(seal_ignored_to_string(k)), k);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_run),     cmocka_unit_test(test_all),   cmocka_unit_test(test_empty),
                cmocka_unit_test(test_missing), cmocka_unit_test(test_special), cmocka_unit_test(test_special_in_place_of_output),
                cmocka_unit_test(test_caps),    cmocka_unit_test(test_depth), cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
