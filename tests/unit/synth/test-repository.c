/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/digest.h"
#include "tests/unit/scratch.h"
#include "tests/unit/synth/gunzip.h"
#include "tools/synth/repository.h"

static const CampusPlan plan = { .courses = 2, .sessions = 2, .users = 24, .seed = 5 };

/* Adds names and contents of a tree to a digest, in order of names. */
static void digest_tree(Digest *d, int dirfd, const char *name, unsigned *files) {
        struct dirent **entries = NULL;
        int fd = fd_open_dir_at(dirfd, name), n;

        assert_true(fd >= 0);
        n = scandirat(fd, ".", &entries, NULL, alphasort);
        assert_true(n >= 0);
        for (int i = 0; i < n; i++) {
                const char *entry = entries[i]->d_name;
                struct stat st;

                assert_int_equal(fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_int_equal(digest_add(d, entry, strlen(entry)), 0);
                if (S_ISREG(st.st_mode)) {
                        char *text = NULL;
                        size_t size;

                        assert_int_equal(st.st_mode & 07777, 0644);
                        assert_int_equal(fd_read_file_at(fd, entry, SIZE_MAX - 1, &text, &size), 0);
                        assert_int_equal(digest_add(d, text, size), 0);
                        free(text);
                        (*files)++;
                } else if (entry[0] != '.') {
                        assert_int_equal(st.st_mode & 07777, 0755);
                        digest_tree(d, fd, entry, files);
                }
                free(entries[i]);
        }
        free(entries);
        fd_close(fd);
}

static void write_and_digest(const CampusPlan *p, unsigned *ret_files, char ret[static DIGEST_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;
        _cleanup_scratch_ Scratch s;
        RepositoryStats stats;

        scratch_init(&s);
        *ret_files = 0;
        assert_int_equal(repository_write(s.fd, p, NULL, NULL, &stats), 0);
        assert_int_equal(stats.sessions, p->courses * p->sessions);
        assert_int_equal(digest_new(&d), 0);
        digest_tree(d, s.fd, ".", ret_files);
        assert_int_equal(digest_finish(d, ret), 0);
}

static void test_same_seed_same_bytes(void **state _unused_) {
        char first[DIGEST_LENGTH + 1], second[DIGEST_LENGTH + 1];
        CampusPlan other = plan;
        unsigned files;

        write_and_digest(&plan, &files, first);
        assert_int_equal(files, 6 + 4 * 7);
        (void) umask(077);
        (void) setenv("TZ", "Asia/Kolkata", 1);
        write_and_digest(&plan, &files, second);
        assert_string_equal(first, second);
        other.seed++;
        write_and_digest(&other, &files, second);
        assert_string_not_equal(first, second);
}

static void count_sessions(void *userdata, const Session *s, const RepositoryStats *so_far) {
        unsigned *n = userdata;

        assert_non_null(s);
        assert_int_equal(so_far->sessions, ++*n);
}

/* The four dumps hold each of the 49 tables once. */
static void test_tables(void **state _unused_) {
        static const char *const names[] = { "anonymized_forum", "anonymized_general", "hash_mapping",
                "unanonymizable" };
        static const unsigned tables[] = { 13, 33, 1, 2 };
        _cleanup_scratch_ Scratch s;
        RepositoryStats stats;
        unsigned n = 0;

        scratch_init(&s);
        assert_int_equal(repository_write(s.fd, &plan, count_sessions, &n, &stats), 0);
        assert_int_equal(n, 4);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *text = NULL;
                char path[256];

                (void) snprintf(path, sizeof(path),
                        "introfinance/002/Introduction to Finance (Time - Money & Risk) "
                        "(introfinance-002)_SQL_%s.sql.gz",
                        names[i]);
                text = gunzip_at(s.fd, path, NULL);
                assert_int_equal(count_of(text, "\nCREATE TABLE `"), tables[i]);
                assert_int_equal(count_of(text, "\nUNLOCK TABLES;\n"), tables[i]);
        }
}

/* The survey is in the form with two rows of headings. */
static void test_demographics(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        _cleanup_scratch_ Scratch s;
        RepositoryStats stats;
        const char *path = "accounting/001/An Introduction to Financial Accounting "
                           "(accounting-001)_Demographics_individual_responses.csv";

        scratch_init(&s);
        assert_int_equal(repository_write(s.fd, &plan, NULL, NULL, &stats), 0);
        text = scratch_read(&s, path);
        assert_non_null(startswith(text, "\xef\xbb\xbfV1,V2,V3,"));
        assert_non_null(strstr(text, ",Q16,\r\nResponseID,"));
}

static void test_write_errors(void **state _unused_) {
        _cleanup_scratch_ Scratch s;
        RepositoryStats stats;

        scratch_init(&s);
        scratch_write(&s, "accounting", "in the way");
        assert_true(repository_write(s.fd, &plan, NULL, NULL, &stats) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same_seed_same_bytes),
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_demographics),
                cmocka_unit_test(test_write_errors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
