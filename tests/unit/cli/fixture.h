/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A spool directory in a temporary place with the jobs that a test wants, and the built program run on it.
 */

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/time.h"
#include "spool/layout.h"
#include "spool/record.h"

#define FIXTURE_USER "alice"
/* A time that tests can name: 2026-11-23 06:17:22 UTC. */
#define FIXTURE_TIME (UINT64_C(1795414642) * USEC_PER_SEC)

typedef struct Fixture {
        char path[64];
        int fd;
        char bin[PATH_MAX]; /* directory of the built programs */
        char *output;       /* of the last fixture_run(): standard output and error */
        int status;
} Fixture;

static inline void fixture_make_dir(Fixture *f, const char *name, mode_t mode) {
        assert_int_equal(mkdirat(f->fd, name, 0755), 0);
        assert_int_equal(fchmodat(f->fd, name, mode, 0), 0);
}

static inline void fixture_init(Fixture *f) {
        static const char *const dirs[] = {
                "incoming", "sftp", "active", "done", "failed", "corrupt", "control", "run"
        };
        const char *bin = getenv("MORF_BIN_DIR");
        ssize_t n;

        *f = (Fixture){ .path = "/tmp/morf-test-cli-XXXXXX" };
        assert_non_null(mkdtemp(f->path));
        assert_int_equal(chmod(f->path, 0755), 0);
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->fd >= 0);
        for (size_t i = 0; i < ELEMENTSOF(dirs); i++)
                fixture_make_dir(f, dirs[i], streq(dirs[i], "incoming") || streq(dirs[i], "control") ? 01733 : 0755);
        if (bin) {
                snprintf(f->bin, sizeof(f->bin), "%s", bin);
                return;
        }
        /* BUILD/unit/cli/test-x */
        n = readlink("/proc/self/exe", f->bin, sizeof(f->bin) - 16);
        assert_true(n > 0);
        f->bin[n] = '\0';
        for (unsigned i = 0; i < 3; i++)
                *strrchr(f->bin, '/') = '\0';
        strcat(f->bin, "/bin");
}

static inline void fixture_done(Fixture *f) {
        free(f->output);
        fd_close(f->fd);
        assert_int_equal(fd_remove_tree_at(AT_FDCWD, f->path), 0);
}

/* sftp/USER/{incoming,jobs} */
static inline void fixture_user(Fixture *f, const char *user) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "sftp/%s", user);
        fixture_make_dir(f, path, 0755);
        snprintf(path, sizeof(path), "sftp/%s/incoming", user);
        fixture_make_dir(f, path, 0700);
        snprintf(path, sizeof(path), "sftp/%s/jobs", user);
        fixture_make_dir(f, path, 0755);
}

static inline Record fixture_record(const char *id, JobState state) {
        return (Record){
                .version = RECORD_VERSION,
                .id = (char *) (uintptr_t) id,
                .user = (char *) (uintptr_t) FIXTURE_USER,
                .name = (char *) (uintptr_t) "weekly-dropout",
                .drop = (char *) (uintptr_t) "weekly.cfg",
                .form = (char *) (uintptr_t) "native",
                .box = (char *) (uintptr_t) "sftp",
                .state = state,
                .why = (char *) (uintptr_t) "waiting for 2 of 4 GiB",
                .created = FIXTURE_TIME,
                .changed = FIXTURE_TIME + 2 * USEC_PER_MINUTE,
                .finished = job_state_is_final(state) ? FIXTURE_TIME + USEC_PER_HOUR : 0,
                .fault.message = (char *) (uintptr_t) "",
        };
}

/* Writes place/ID/record.json; place "sftp/USER/jobs" gets status.json. */
static inline void fixture_job(Fixture *f, const char *place, const Record *r) {
        bool researcher = strchr(place, '/');
        _cleanup_fd_ int fd = -EBADF;
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", place, r->id);
        assert_true(mkdirat(f->fd, path, 0755) == 0 || errno == EEXIST);
        fd = openat(f->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(json_record_publish_at(researcher ? &status_table : &record_table, r, fd,
                                                researcher ? "status.json" : RECORD_FILE, 0644, (uid_t)-1, (gid_t)-1),
                         0);
}

static inline void fixture_write(Fixture *f, const char *path, const char *text) {
        _cleanup_fd_ int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static inline bool fixture_exists(const Fixture *f, const char *path) {
        return faccessat(f->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline pid_t fixture_start(Fixture *f, int output, uid_t uid, char *const *words) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 || fchdir(f->fd) < 0)
                _exit(126);
        if (uid != geteuid() && (setgid(uid) < 0 || setuid(uid) < 0))
                _exit(126);
        setenv("TZ", "UTC", 1);
        unsetenv("MORF_CONF");
        execv(words[0], words);
        _exit(127);
}

/*
 * Runs "morf --spool PATH --runtime PATH/run WORDS..." as uid, words ended by NULL; keeps output and status. Skips the
 * test where the program has not been built.
 */
static inline int fixture_run_as(Fixture *f, uid_t uid, const char *first, ...) {
        char program[PATH_MAX + 8], runtime[128], spool_option[] = "--spool", runtime_option[] = "--runtime";
        char *words[32] = { program, spool_option, f->path, runtime_option, runtime };
        int fds[2], status, n = 5;
        va_list ap;
        pid_t pid;

        snprintf(program, sizeof(program), "%s/morf", f->bin);
        snprintf(runtime, sizeof(runtime), "%s/run", f->path);
        if (access(program, X_OK) < 0)
                skip();
        va_start(ap, first);
        for (const char *s = first; s && n < 31; s = va_arg(ap, const char *))
                words[n++] = (char *) (uintptr_t) s;
        va_end(ap);
        free(f->output);
        f->output = NULL;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fixture_start(f, fds[1], uid, words);
        close(fds[1]);
        assert_int_equal(fd_read_all(fds[0], 1 << 26, &f->output, NULL), 0);
        close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        f->status = WEXITSTATUS(status);
        return f->status;
}

#define fixture_run(f, ...) fixture_run_as(f, geteuid(), __VA_ARGS__, NULL)

static inline void fixture_expect(const Fixture *f, const char *text) {
        if (!strstr(f->output, text))
                fail_msg("'%s' is not in the output:\n%s", text, f->output);
}

static inline void fixture_expect_not(const Fixture *f, const char *text) {
        if (strstr(f->output, text))
                fail_msg("'%s' is in the output:\n%s", text, f->output);
}
