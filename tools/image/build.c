/* SPDX-License-Identifier: MIT */
#include "tools/image/build.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/limits.h"
#include "tools/image/build-log.h"
#include "tools/image/dockerfile.h"
#include "tools/image/engine.h"

#define CPU_PERIOD_USEC 100000u
/* Exit status of a command that SIGKILL ended, which the client passes on. */
#define STATUS_KILLED 137
/* Where the client leaves the id of what was built, for a moment. */
#define ID_FILE "image.id"

static int look_up(const char *image, void *userdata) {
        return inspect_base(userdata, image);
}

/* This machine as --platform names it. */
static void platform(char *buffer, size_t size) {
        static const char *const names[][2] = { { "x86_64", "amd64" }, { "aarch64", "arm64" } };
        const char *architecture;
        struct utsname u;

        architecture = uname(&u) < 0 ? "unknown" : u.machine;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i][0], architecture))
                        architecture = names[i][1];
        snprintf(buffer, size, "linux/%s", architecture);
}

static int check(const PrepareOptions *o, const char *text, size_t size, Fault *f) {
        char buffer[128];
        const DockerfilePolicy policy = {
                .network = o->build_network,
                .platform = buffer,
                .look_up = look_up,
                .userdata = (void *) (uintptr_t) o->engine,
        };

        platform(buffer, sizeof(buffer));
        return dockerfile_check(text, size, &policy, f);
}

static int make_arguments(const PrepareOptions *o, char ***ret) {
        _cleanup_strv_ char **l = NULL;
        int r;

        /* Labels of ours come last, so that no --label of the caller replaces them. */
        r = strv_add_many(&l, "build", "--force-rm", o->build_network ? "--network=default" : "--network=none", NULL);
        STRV_FOREACH(s, engine_traits(o->engine)->build)
                if (r >= 0)
                        r = strv_add(&l, *s);
        STRV_FOREACH(s, o->labels)
                if (r >= 0)
                        r = strv_addf(&l, "--label=%s", *s);
        if (r >= 0)
                r = strv_addf(&l, "--label=morf.digest=%s", o->digest);
        if (r >= 0)
                r = strv_add(&l, "--label=morf.managed=1");
        if (r >= 0 && o->memory > 0)
                r = strv_addf(&l, "--memory=%llu", (unsigned long long) o->memory);
        if (r >= 0 && o->memory > 0)
                r = strv_addf(&l, "--memory-swap=%llu", (unsigned long long) o->memory);
        if (r >= 0 && o->cpus_milli > 0)
                r = strv_addf(&l, "--cpu-period=%u", CPU_PERIOD_USEC);
        if (r >= 0 && o->cpus_milli > 0)
                r = strv_addf(&l, "--cpu-quota=%llu", (unsigned long long) (o->cpus_milli * (CPU_PERIOD_USEC / 1000)));
        if (r >= 0 && o->cgroup_parent)
                r = strv_addf(&l, "--cgroup-parent=%s", o->cgroup_parent);
        if (r >= 0)
                r = strv_addf(&l, "--iidfile=%s/" ID_FILE, o->out);
        if (r >= 0)
                r = strv_add_many(&l, "--", o->context, NULL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

/* Takes what the builder prints until it ends. Return: 0 or a negative errno. */
static int follow(int fd, BuildLog *log) {
        char buffer[16384];
        int r = 0;

        for (;;) {
                ssize_t n = read(fd, buffer, sizeof(buffer));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? negative_errno() : r;
                /* A log that cannot be written must not stop the builder; it is read on, and the trouble told at the
                 * end. */
                if (r >= 0)
                        r = build_log_add(log, buffer, (size_t) n);
        }
}

/*
 * Says which instruction failed, by our own reading of the Dockerfile and nothing that the build printed but the
 * number. The builder counts our labels as steps too, so the count is ours as well.
 */
static int refuse(const PrepareOptions *o, const char *text, size_t size, const BuildLog *log, int status, Fault *f) {
        char word[INSTRUCTION_WORD_MAX + 1];
        unsigned line, count;
        int r;

        if (log->step == 0)
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, 0, "%s did not accept it",
                                 engine_traits(o->engine)->name);
        r = dockerfile_find(text, size, log->step, &line, word, &count);
        if (r == -ENOENT)
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, 0, "the build failed behind its last instruction");
        if (r < 0)
                return r;
        if (streq(word, "FROM"))
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, line, "base image of line %u is not available here",
                                 line);
        r = fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, line, "step %u of %u failed (%s)", log->step, count, word);
        if (status == STATUS_KILLED && streq(word, "RUN") &&
            fault_set_hint(f, "The command was killed, perhaps because it used more memory than a build may have.") < 0)
                return -ENOMEM;
        return r;
}

static int run(const PrepareOptions *o, BuildLog *log, EngineResult *ret) {
        _cleanup_strv_ char **args = NULL;
        EngineCommand command;
        int pipefd[2], r, f;

        r = make_arguments(o, &args);
        if (r < 0)
                return r;
        if (pipe2(pipefd, O_CLOEXEC) < 0)
                return negative_errno();
        r = engine_start(o->engine, args, /* stdin_fd= */ -EBADF, pipefd[1], &command);
        fd_close(pipefd[1]);
        f = r < 0 ? 0 : follow(pipefd[0], log);
        fd_close(pipefd[0]);
        if (r >= 0)
                r = engine_wait(&command, USEC_INFINITY, ret);
        if (r >= 0 && f >= 0)
                f = build_log_finish(log);
        return r < 0 ? r : f;
}

static int read_id(const PrepareOptions *o, char ret_id[static IMAGE_ID_LENGTH + 1]) {
        _cleanup_free_ char *id = NULL;
        int r;

        r = fd_read_file_at(o->out_fd, ID_FILE, IMAGE_ID_LENGTH + 1, &id, /* ret_size= */ NULL);
        if (r < 0)
                return r;
        (void) unlinkat(o->out_fd, ID_FILE, 0);
        id[strcspn(id, "\n")] = '\0';
        if (!image_id_is_valid(id))
                return -EPROTO;
        strcpy(ret_id, id);
        return 0;
}

int build_image(const PrepareOptions *o, char ret_id[static IMAGE_ID_LENGTH + 1], Fault *f) {
        _cleanup_(build_log_done) BuildLog log = { .fd = -EBADF };
        _cleanup_engine_result_ EngineResult result = {};
        _cleanup_free_ char *text = NULL, *complaint = NULL;
        char id[IMAGE_ID_LENGTH + 1];
        size_t size;
        int r;

        r = fd_read_file_at(o->context_fd, DOCKERFILE_NAME, DOCKERFILE_SIZE_MAX, &text, &size);
        if (r == -EFBIG)
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, 0, "it is larger than %u KiB",
                                 DOCKERFILE_SIZE_MAX / 1024);
        if (r < 0)
                return r == -EBADMSG ? -EIO : r;
        r = check(o, text, size, f);
        if (r < 0)
                return r;
        r = build_log_init(&log, o->log_fd, LIMIT_LOG_BYTES);
        if (r >= 0)
                r = run(o, &log, &result);
        if (r < 0)
                return r;
        if (result.status == 0) {
                r = read_id(o, id);
                if (r >= 0)
                        r = inspect_image(o->engine, o->socket, id, ret_id);
                return r < 0 ? r : r == 0 ? -ENOENT : 0;
        }
        complaint = engine_complaint(&result);
        log_notice("%s build ended with status %d at step %u of %u: %s", engine_traits(o->engine)->name, result.status,
                   log.step, log.steps, strempty(complaint));
        if (engine_is_to_blame(o->engine, &result))
                return -EIO;
        r = engine_ping(o->engine);
        return r < 0 ? r : refuse(o, text, size, &log, result.status, f);
}
