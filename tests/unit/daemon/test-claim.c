/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/claim.h"
#include "spool/limits.h"
#include "tests/unit/daemon/fixture.h"

/* ---- what an entry is ---- */

static void kinds(_unused_ void **state) {
        static const struct {
                const char *name;
                DropKind kind;
        } files[] = {
                { "weekly.cfg", DROP_KIND_JOB_FILE }, { "client.config", DROP_KIND_JOB_FILE }, { "a.b.cfg", DROP_KIND_JOB_FILE },
                { "job.zip", DROP_KIND_ZIP }, { "image.tar", DROP_KIND_OTHER }, { "README", DROP_KIND_OTHER }, { "weekly.CFG", DROP_KIND_OTHER },
                { "cfg", DROP_KIND_OTHER }, { "weekly.cfg.gz", DROP_KIND_OTHER }, { "-rf", DROP_KIND_OTHER },
                { ".weekly.cfg", DROP_KIND_IGNORED }, { ".cfg", DROP_KIND_IGNORED }, { "weekly.cfg.part", DROP_KIND_IGNORED },
                { "weekly.cfg.filepart", DROP_KIND_IGNORED }, { "job.zip.tmp", DROP_KIND_IGNORED }, { "weekly.cfg~", DROP_KIND_IGNORED },
                { ".weekly.cfg.swp", DROP_KIND_IGNORED }, { "weekly.cfg.swp", DROP_KIND_IGNORED },
        };
        struct stat regular = { .st_mode = S_IFREG | 0644 };

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (claim_kind(-EBADF, files[i].name, &regular) != files[i].kind)
                        fail_msg("'%s' should be of kind %d", files[i].name, files[i].kind);
}

static void special_files_are_ignored(_unused_ void **state) {
        static const mode_t types[] = { S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK };

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                struct stat st = { .st_mode = types[i] | 0644 };

                assert_int_equal(claim_kind(-EBADF, "weekly.cfg", &st), DROP_KIND_IGNORED);
        }
}

static void directories(_unused_ void **state) {
        static const struct {
                const char *name, *content;
                DropKind kind;
        } cases[] = {
                { "drop", "job.cfg", DROP_KIND_DIRECTORY },     { "old", "client.config", DROP_KIND_DIRECTORY },
                { "context", "Dockerfile", DROP_KIND_OTHER },   { "empty", NULL, DROP_KIND_OTHER },
                { "hidden", ".job.cfg", DROP_KIND_OTHER },      { "drop.part", "job.cfg", DROP_KIND_IGNORED },
                { ".drop", "job.cfg", DROP_KIND_IGNORED },
        };
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char path[64];

                fd_close(scratch_dir(&s, cases[i].name));
                if (cases[i].content) {
                        snprintf(path, sizeof(path), "%s/%s", cases[i].name, cases[i].content);
                        scratch_write(&s, path, "");
                }
                assert_int_equal(fstatat(s.fd, cases[i].name, &st, AT_SYMLINK_NOFOLLOW), 0);
                if (claim_kind(s.fd, cases[i].name, &st) != cases[i].kind)
                        fail_msg("'%s' should be of kind %d", cases[i].name, cases[i].kind);
        }
        /* A Dockerfile beside a job file: the directory is an attachment. */
        scratch_write(&s, "context/job.cfg", "");
        assert_int_equal(claim_kind(s.fd, "context", &st), DROP_KIND_OTHER);
}

/* ---- whether it is complete ---- */

static Daemon with_quiet(uint64_t usec) {
        return (Daemon){ .conf.scheduler.quiet_usec = usec };
}

static int judge(const Daemon *d, const Scratch *s, const char *name, bool renamed) {
        struct stat st;

        assert_int_equal(fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        return claim_is_complete(d, s->fd, name, &st, claim_kind(s->fd, name, &st), renamed);
}

static void endings(_unused_ void **state) {
        static char tar[4096], short_tar[1023], broken_tar[4096];
        static const struct {
                const char *name, *data;
                size_t size; /* 0: that of the string */
                bool whole;
        } cases[] = {
                { "a.cfg", "job: { };", .whole = true },
                { "b.cfg", "job: { }", .whole = true },
                { "c.cfg", "job: { };\r\n\t \n", .whole = true },
                { "d.cfg", "job: { image = \"i.tar\";", .whole = false },
                { "e.cfg", "", .whole = false },
                { "f.cfg", " \n", .whole = false },
                { "t.cfg", "job: { }; /* the end */ # really\n// indeed\n", .whole = true },
                { "u.cfg", "job: { name = \"x\"; /* cut */", .whole = false },
                { "v.cfg", "job: { # a comment }", .whole = false },
                { "w.cfg", "# only a comment", .whole = false },
                { "x.cfg", "no comment */", .whole = false },
                { "g.cfg", "job: { limits: { cpus = 1; }\0\0\0\0", 32, .whole = false }, /* allocated, not filled */
                { "client.config", "[client]\ndocker_url=a.tar\ncontroller_url=c.py\n", .whole = true },
                { "half.config", "[client]\ndocker_url=a.tar\ncontroller_url=c.p", .whole = false },
                { "less.config", "[client]\ndocker_url=a.tar\n", .whole = false },
                { "none.config", "", .whole = false },
                { "a.zip", "PK\3\4....PK\5\6..................", .whole = true },
                { "b.zip", "PK\3\4....", .whole = false },
                { "c.zip", "", .whole = false },
                { "a.tar", tar, sizeof(tar), .whole = true },
                { "b.tar", short_tar, sizeof(short_tar), .whole = false },
                { "c.tar", broken_tar, sizeof(broken_tar), .whole = false },
                { "d.tar", "", .whole = false },
                { "model.bin", "anything", .whole = true },
        };
        Daemon d = with_quiet(0);
        _cleanup_scratch_ Scratch s;

        memcpy(tar, "header", 6);
        broken_tar[sizeof(broken_tar) - 1024] = 'x';
        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                scratch_write_bytes(&s, cases[i].name, cases[i].data, cases[i].size > 0 ? cases[i].size : strlen(cases[i].data));
                if (judge(&d, &s, cases[i].name, false) != (cases[i].whole ? 0 : CLAIM_E_INCOMPLETE))
                        fail_msg("'%s' should be %s", cases[i].name, cases[i].whole ? "whole" : "incomplete");
                /* Who renamed it says that it is whole; intake will tell them if it is not. */
                assert_int_equal(judge(&d, &s, cases[i].name, true), 0);
        }
}

/* A zip's end record may be followed by a comment of 64 KiB. */
static void the_end_of_a_zip_is_looked_for_far_enough(_unused_ void **state) {
        static char zip[200000];
        Daemon d = with_quiet(0);
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        memcpy(zip + sizeof(zip) - 22 - 65535, "PK\5\6", 4);
        scratch_write_bytes(&s, "a.zip", zip, sizeof(zip));
        assert_int_equal(judge(&d, &s, "a.zip", false), 0);
        memset(zip, 0, sizeof(zip));
        memcpy(zip, "PK\5\6", 4); /* within the data, not at the end */
        scratch_write_bytes(&s, "a.zip", zip, sizeof(zip));
        assert_int_equal(judge(&d, &s, "a.zip", false), CLAIM_E_INCOMPLETE);
}

static void files_must_have_rested(_unused_ void **state) {
        Daemon patient = with_quiet(3600 * UINT64_C(1000000)), hasty = with_quiet(0);
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        scratch_write(&s, "a.cfg", "job: { };");
        assert_int_equal(judge(&patient, &s, "a.cfg", false), CLAIM_E_INCOMPLETE);
        assert_int_equal(judge(&patient, &s, "a.cfg", true), 0);
        assert_int_equal(judge(&hasty, &s, "a.cfg", false), 0);
        /* Times that the sender may set count for nothing. */
        assert_int_equal(utimensat(s.fd, "a.cfg", (const struct timespec[]){ { .tv_sec = 1 }, { .tv_sec = 1 } }, 0), 0);
        assert_int_equal(judge(&patient, &s, "a.cfg", false), CLAIM_E_INCOMPLETE);
}

/* Leases are per open file, so a second descriptor of ours is as good as another process. */
static void open_files_are_incomplete(_unused_ void **state) {
        static const int flags[] = { O_WRONLY, O_RDWR, O_WRONLY | O_APPEND };
        Daemon d = with_quiet(0);
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        scratch_write(&s, "a.cfg", "job: { };");
        for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
                _cleanup_fd_ int fd = openat(s.fd, "a.cfg", flags[i] | O_CLOEXEC);

                assert_true(fd >= 0);
                assert_int_equal(judge(&d, &s, "a.cfg", false), CLAIM_E_INCOMPLETE);
                assert_int_equal(judge(&d, &s, "a.cfg", true), CLAIM_E_INCOMPLETE);
                fd = fd_close(fd);
                assert_int_equal(judge(&d, &s, "a.cfg", false), 0);
        }
        {
                _cleanup_fd_ int reader = openat(s.fd, "a.cfg", O_RDONLY | O_CLOEXEC);

                assert_true(reader >= 0);
                assert_int_equal(judge(&d, &s, "a.cfg", false), 0); /* readers do not matter */
        }
}

static void open_by_another_process(_unused_ void **state) {
        int pipes[2][2], status;
        Daemon d = with_quiet(0);
        _cleanup_scratch_ Scratch s;
        pid_t pid;
        char c;

        scratch_init(&s);
        scratch_write(&s, "a.cfg", "job: { };");
        assert_int_equal(pipe2(pipes[0], O_CLOEXEC) | pipe2(pipes[1], O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                close(pipes[1][1]); /* else it would wait for itself */
                if (openat(s.fd, "a.cfg", O_WRONLY) < 0 || write(pipes[0][1], "x", 1) != 1)
                        _exit(1);
                _exit(read(pipes[1][0], &c, 1) == 0 ? 0 : 1); /* until the other end is closed */
        }
        assert_int_equal(read(pipes[0][0], &c, 1), 1);
        assert_int_equal(judge(&d, &s, "a.cfg", true), CLAIM_E_INCOMPLETE);
        close(pipes[1][1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(judge(&d, &s, "a.cfg", true), 0);
        close(pipes[0][0]);
        close(pipes[0][1]);
        close(pipes[1][0]);
}

static void hard_links_are_a_rename_under_way(_unused_ void **state) {
        Daemon d = with_quiet(0);
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        scratch_write(&s, "a.cfg.part", "job: { };");
        assert_int_equal(linkat(s.fd, "a.cfg.part", s.fd, "a.cfg", 0), 0);
        assert_int_equal(judge(&d, &s, "a.cfg", true), CLAIM_E_INCOMPLETE);
        assert_int_equal(unlinkat(s.fd, "a.cfg.part", 0), 0);
        assert_int_equal(judge(&d, &s, "a.cfg", true), 0);
}

/* What was a file when it was found may be a link when it is looked at. */
static void links_are_not_followed(_unused_ void **state) {
        Daemon d = with_quiet(0);
        _cleanup_scratch_ Scratch s;
        struct stat st;

        scratch_init(&s);
        scratch_write(&s, "real.cfg", "job: { };");
        assert_int_equal(symlinkat("real.cfg", s.fd, "a.cfg"), 0);
        assert_int_equal(fstatat(s.fd, "real.cfg", &st, 0), 0);
        assert_int_equal(claim_is_complete(&d, s.fd, "a.cfg", &st, DROP_KIND_JOB_FILE, true), -ELOOP);
        assert_int_equal(claim_is_complete(&d, s.fd, "gone.cfg", &st, DROP_KIND_JOB_FILE, true), -ENOENT);
}

static void directories_are_complete_when_all_in_them_is(_unused_ void **state) {
        Daemon d = with_quiet(0), patient = with_quiet(3600 * UINT64_C(1000000));
        _cleanup_fd_ int fd = -EBADF;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        fd_close(scratch_dir(&s, "drop"));
        fd_close(scratch_dir(&s, "drop/context"));
        scratch_write(&s, "drop/job.cfg", "job: { };");
        scratch_write(&s, "drop/context/Dockerfile", "FROM scratch");
        assert_int_equal(symlinkat("/etc/passwd", s.fd, "drop/context/link"), 0);
        assert_int_equal(judge(&d, &s, "drop", false), 0);
        assert_int_equal(judge(&patient, &s, "drop", false), CLAIM_E_INCOMPLETE);
        assert_int_equal(judge(&patient, &s, "drop", true), 0);

        fd = openat(s.fd, "drop/context/Dockerfile", O_WRONLY | O_CLOEXEC);
        assert_int_equal(judge(&d, &s, "drop", true), CLAIM_E_INCOMPLETE);
        fd = fd_close(fd);
        assert_int_equal(judge(&d, &s, "drop", true), 0);

        scratch_write(&s, "drop/job.cfg", "job: {");
        assert_int_equal(judge(&d, &s, "drop", false), CLAIM_E_INCOMPLETE);
        /* Only at the top is a job file one. */
        scratch_write(&s, "drop/job.cfg", "job: { };");
        scratch_write(&s, "drop/context/app.cfg", "x = 1");
        assert_int_equal(judge(&d, &s, "drop", false), 0);
}

/* ---- taking it ---- */

static int box_of(Fixture *f) {
        return f->d.spool.fds[SPOOL_INCOMING];
}

static void put(const Fixture *f, const char *name, const char *text) {
        _cleanup_fd_ int fd = openat(f->d.spool.fds[SPOOL_INCOMING], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void a_drop_becomes_a_job(_unused_ void **state) {
        _cleanup_record_ Record back = {};
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        struct stat st;
        Job *j;

        skip_unless_root();
        fixture_init(&f, "");
        f.d.accounts.of[ACCOUNT_INTAKE].gid = 12345;
        put(&f, "weekly.cfg", "job: { };");
        assert_int_equal(claim_drop(&f.d, box_of(&f), "sftp", "weekly.cfg", "alice", false), 0);
        assert_int_equal(scratch_count(&f.s, "spool/incoming"), 0);
        assert_int_equal(f.d.jobs.n, 1);
        j = f.d.jobs.jobs[0];
        assert_int_equal(j->record.state, JOB_STATE_INTAKE);
        assert_string_equal(j->record.user, "alice");
        assert_string_equal(j->record.box, "sftp");

        dir = job_open_dir(j);
        assert_int_equal(record_read_at(dir, &back, NULL), 0);
        assert_string_equal(back.drop, "weekly.cfg");
        assert_string_equal(back.id, j->record.id);
        assert_int_equal(fstatat(dir, "drop", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0750);
        assert_int_equal(st.st_gid, 12345);
        assert_int_equal(fstatat(dir, "drop/weekly.cfg", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0440);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(st.st_gid, 12345);
        assert_int_equal(claim_drop(&f.d, box_of(&f), "sftp", "weekly.cfg", "alice", false), -ENOENT);
        assert_int_equal(f.d.jobs.n, 1);
        assert_int_equal(scratch_count(&f.s, "spool/active"), 1); /* nothing is left of the second try */
}

/* Whatever a drop is called, its record can be read again after a restart. */
static void any_name_can_be_recorded(_unused_ void **state) {
        static const struct {
                const char *character;
                size_t times;
                const char *kept; /* below drop/ */
        } cases[] = {
                { "a", 1, NULL },          { "a", LIMIT_DROP_NAME_BYTES - 4, NULL }, { "\1", LIMIT_DROP_NAME_BYTES - 4, "drop.cfg" },
                { "\1", 200, "drop.cfg" }, { "\xff", 100, "drop.cfg" },           { "\xc3\xa9", 60, NULL },
                { "\xc2\x9b", 60, NULL },  { "\xf0\x9f\x98\x80", 25, NULL },        { "\n", 1, "drop.cfg" },
                { "\"", 80, NULL },        { "%n", 30, NULL },
        };

        skip_unless_root();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                _cleanup_record_ Record back = {};
                _cleanup_fd_ int dir = -EBADF;
                char name[256] = "", kept[300];
                _cleanup_fixture_ Fixture f;
                struct stat st;

                fixture_init(&f, "");
                for (size_t k = 0; k < cases[i].times; k++)
                        strcat(name, cases[i].character);
                strcat(name, ".cfg");
                put(&f, name, "job: { };");
                assert_int_equal(claim_drop(&f.d, box_of(&f), "sftp", name, "alice", false), 0);
                dir = job_open_dir(f.d.jobs.jobs[0]);
                if (record_read_at(dir, &back, &error) < 0)
                        fail_msg("case %zu: %s", i, error);
                assert_string_equal(back.drop, f.d.jobs.jobs[0]->record.drop);
                snprintf(kept, sizeof(kept), "drop/%s", cases[i].kept ?: name);
                assert_int_equal(fstatat(dir, kept, &st, 0), 0);
        }
}

/* A descriptor that the sender opened before the rename can still write: to a file that nobody reads any more. */
static void an_open_descriptor_writes_to_nothing(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int fd = -EBADF, dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        struct stat st;

        skip_unless_root();
        fixture_init(&f, "");
        put(&f, "weekly.cfg", "good");
        fd = openat(box_of(&f), "weekly.cfg", O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(claim_drop(&f.d, box_of(&f), "incoming", "weekly.cfg", "alice", false), 0);
        assert_int_equal(pwrite(fd, "evil", 4, 0), 4);
        dir = job_open_dir(f.d.jobs.jobs[0]);
        assert_int_equal(fd_read_file_at(dir, "drop/weekly.cfg", 100, &text, NULL), 0);
        assert_string_equal(text, "good");
        assert_int_equal(fstatat(dir, "drop/weekly.cfg", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0440);
}

/* So does one to a second name of the same file. */
static void a_second_link_writes_to_nothing(_unused_ void **state) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        struct stat st;

        skip_unless_root();
        fixture_init(&f, "");
        put(&f, "weekly.cfg", "good");
        assert_int_equal(linkat(box_of(&f), "weekly.cfg", f.s.fd, "mine", 0), 0);
        assert_int_equal(claim_drop(&f.d, box_of(&f), "incoming", "weekly.cfg", "alice", false), 0);
        scratch_write(&f.s, "mine", "evil");
        dir = job_open_dir(f.d.jobs.jobs[0]);
        assert_int_equal(fd_read_file_at(dir, "drop/weekly.cfg", 100, &text, NULL), 0);
        assert_string_equal(text, "good");
        assert_int_equal(fstatat(dir, "drop/weekly.cfg", &st, 0), 0);
        assert_int_equal(st.st_nlink, 1);
}

static void links_in_directories_stay_links(_unused_ void **state) {
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        struct stat st;

        skip_unless_root();
        fixture_init(&f, "");
        scratch_write(&f.s, "outside", "x");
        assert_int_equal(fchmodat(f.s.fd, "outside", 0604, 0), 0);
        fixture_dir(&f, "spool/incoming/drop");
        fixture_dir(&f, "spool/incoming/drop/context");
        put(&f, "drop/job.cfg", "job: { };");
        assert_int_equal(symlinkat("../../../../../outside", box_of(&f), "drop/context/link"), 0);
        assert_int_equal(mkfifoat(box_of(&f), "drop/pipe", 0666), 0);
        assert_int_equal(claim_drop(&f.d, box_of(&f), "incoming", "drop", "alice", false), 0);
        dir = job_open_dir(f.d.jobs.jobs[0]);
        assert_int_equal(fstatat(dir, "drop/drop/context", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode & 07777, 0750);
        assert_int_equal(fstatat(dir, "drop/drop/context/link", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(fstatat(f.s.fd, "outside", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0604);
}

static void an_upload_given_up_is_rejected(_unused_ void **state) {
        _cleanup_record_ Record back = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_fixture_ Fixture f;
        struct dirent *de;
        char id[64] = "";
        DIR *failed;

        skip_unless_root();
        fixture_init(&f, "");
        fixture_account(&f, "alice", "mail = [\"alice@example.org\"];");
        put(&f, "weekly.cfg", "job: {");
        assert_int_equal(claim_drop(&f.d, box_of(&f), "incoming", "weekly.cfg", "alice", true), 0);
        assert_int_equal(f.d.jobs.n, 0);
        assert_int_equal(scratch_count(&f.s, "spool/active"), 0);
        assert_int_equal(fd_open_dirstream_at(f.d.spool.fds[SPOOL_FAILED], ".", &failed), 0);
        while ((de = readdir(failed)))
                if (de->d_name[0] != '.')
                        snprintf(id, sizeof(id), "%.60s", de->d_name);
        closedir(failed);
        dir = fd_open_dir_at(f.d.spool.fds[SPOOL_FAILED], id);
        assert_int_equal(record_read_at(dir, &back, NULL), 0);
        assert_int_equal(back.state, JOB_STATE_REJECTED);
        assert_int_equal(back.fault.code, FAULT_UPLOAD);
        assert_string_equal(back.fault.message, "weekly.cfg: the upload was not completed");
        assert_true(asprintf(&path, "spool/outbox/%s-01-rejected.json", id) > 0);
        assert_int_equal(faccessat(f.s.fd, path, F_OK, 0), 0);
}

static void attachments(_unused_ void **state) {
        static char tar[2048];
        _cleanup_fixture_ Fixture f;
        struct stat st;
        Job *j;
        _cleanup_fd_ int dir = -EBADF;

        skip_unless_root();
        fixture_init(&f, "scheduler: { quiet = 0; };");
        j = fixture_job(&f, ID_A, "alice", JOB_STATE_INTAKE); /* by SFTP: whatever lies in their box is theirs */
        dir = job_open_dir(j);
        assert_int_equal(claim_attachment(j, box_of(&f), "image.tar"), -ENOENT);
        put(&f, "image.tar", "not yet");
        assert_int_equal(claim_attachment(j, box_of(&f), "image.tar"), CLAIM_E_INCOMPLETE);
        scratch_write_bytes(&f.s, "spool/incoming/image.tar", tar, sizeof(tar));
        assert_int_equal(claim_attachment(j, box_of(&f), "image.tar"), 0);
        assert_int_equal(fstatat(dir, "drop/image.tar", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0440);
        put(&f, "image.tar", "another");
        assert_int_equal(claim_attachment(j, box_of(&f), "image.tar"), -EEXIST);
        assert_int_equal(symlinkat("/etc/passwd", box_of(&f), "link.tar"), 0);
        assert_int_equal(claim_attachment(j, box_of(&f), "link.tar"), -ENOENT);

        /* In the shared box only the owner's files are theirs; nobody is called "alice" or so here. */
        free(j->record.box);
        j->record.box = strdup("incoming");
        free(j->record.user);
        j->record.user = strdup("morf-test-no-such-user");
        put(&f, "other.bin", "x");
        assert_int_equal(claim_attachment(j, box_of(&f), "other.bin"), -ENOENT);
        free(j->record.user);
        j->record.user = strdup("root");
        assert_int_equal(claim_attachment(j, box_of(&f), "other.bin"), 0);
        put(&f, "theirs.bin", "x");
        assert_int_equal(fchownat(box_of(&f), "theirs.bin", 12345, 12345, 0), 0);
        assert_int_equal(claim_attachment(j, box_of(&f), "theirs.bin"), -ENOENT);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(kinds), cmocka_unit_test(special_files_are_ignored), cmocka_unit_test(directories), cmocka_unit_test(endings),
                cmocka_unit_test(the_end_of_a_zip_is_looked_for_far_enough), cmocka_unit_test(files_must_have_rested),
                cmocka_unit_test(open_files_are_incomplete), cmocka_unit_test(open_by_another_process),
                cmocka_unit_test(hard_links_are_a_rename_under_way), cmocka_unit_test(links_are_not_followed),
                cmocka_unit_test(directories_are_complete_when_all_in_them_is), cmocka_unit_test(a_drop_becomes_a_job),
                cmocka_unit_test(any_name_can_be_recorded), cmocka_unit_test(an_open_descriptor_writes_to_nothing),
                cmocka_unit_test(a_second_link_writes_to_nothing), cmocka_unit_test(links_in_directories_stay_links),
                cmocka_unit_test(an_upload_given_up_is_rejected), cmocka_unit_test(attachments),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
