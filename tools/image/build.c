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

static int look_up(const char *image, void *userdata) {
        return inspect_base(userdata, image);
}

/* This machine as --platform names it. */
static void platform(char *buffer, size_t size) {
        struct utsname u;

        if (uname(&u) < 0)
                strcpy(u.machine, "unknown");
        snprintf(buffer, size, "linux/%s", streq(u.machine, "x86_64") ? "amd64" : streq(u.machine, "aarch64") ? "arm64" : u.machine);
}

static int check(const PrepareOptions *o, const char *text, size_t size, Fault *f) {
        char buffer[128];
        const DockerfilePolicy policy = {
                .network = o->build_network, .platform = buffer, .look_up = look_up, .userdata = (void *) (uintptr_t) o->engine,
        };

        platform(buffer, sizeof(buffer));
        return dockerfile_check(text, size, &policy, f);
}

static int make_arguments(const PrepareOptions *o, char ***ret) {
        _cleanup_strv_ char **l = NULL;
        int r;

        /* Labels of ours come last, so that no --label of the caller replaces them. */
        r = strv_add_many(&l, "build", "--force-rm", "--pull=false", o->build_network ? "--network=default" : "--network=none", NULL);
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
                r = strv_addf(&l, "--iidfile=/proc/self/fd/%d", STDIN_FILENO);
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
                /* A log that cannot be written must not stop the builder; it is read on, and the trouble told at the end. */
                if (r >= 0)
                        r = build_log_add(log, buffer, (size_t) n);
        }
}

/* Says which instruction failed, by our own reading of the Dockerfile and nothing that the build printed but the number. */
static int refuse(const char *text, size_t size, const BuildLog *log, Fault *f) {
        char word[INSTRUCTION_WORD_MAX + 1];
        unsigned line;
        int r;

        if (log->step == 0)
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, 0, "docker did not accept it");
        r = dockerfile_find(text, size, log->step, &line, word);
        if (r == -ENOENT)
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, 0, "step %u of %u failed", log->step, log->steps);
        if (r < 0)
                return r;
        if (streq(word, "FROM"))
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, line, "base image of line %u is not available here", line);
        return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, line, "step %u of %u failed (%s)", log->step, log->steps, word);
}

static int run(const PrepareOptions *o, int id_fd, BuildLog *log, EngineResult *ret) {
        _cleanup_strv_ char **args = NULL;
        EngineCommand command;
        int pipefd[2], r, f;

        r = make_arguments(o, &args);
        if (r < 0)
                return r;
        if (pipe2(pipefd, O_CLOEXEC) < 0)
                return negative_errno();
        r = engine_start(o->engine, args, id_fd, pipefd[1], &command);
        fd_close(pipefd[1]);
        f = r < 0 ? 0 : follow(pipefd[0], log);
        fd_close(pipefd[0]);
        if (r >= 0)
                r = engine_wait(&command, USEC_INFINITY, ret);
        if (r >= 0 && f >= 0)
                f = build_log_finish(log);
        return r < 0 ? r : f;
}
