/* SPDX-License-Identifier: MIT */
#include "tools/image/engine.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/image-record.h"

#define CALL_TIMEOUT_USEC (60 * USEC_PER_SEC)

#define LIST(...) (char *const[]){ __VA_ARGS__, NULL }

/* Nothing of our own environment but where the engine is: a client configuration could bring proxies and credentials. */
static const EngineTraits table[] = {
        {
                .name = "docker",
                .ping = LIST("version", "--format", "{{.Server.Version}}"),
                .version = LIST("version", "--format", "{{.Server.Version}}"),
                .id_format = "{{.Id}}",
                .build = LIST("--pull=false"),
                .environment = LIST("HOME=/nonexistent", "DOCKER_CONFIG=/nonexistent", "DOCKER_BUILDKIT=0", "DOCKER_CLI_HINTS=false"),
                .passed = LIST("PATH", "DOCKER_HOST", "DOCKER_API_VERSION", "TMPDIR"),
                .blamed = LIST("Cannot connect to the Docker daemon", "error during connect", "unexpected EOF",
                               "Error response from daemon: Bad response from Docker"),
        },
        {
                /* There is no daemon to ask; that it finds its way around its storage is as much as can be known. */
                .name = "podman",
                .ping = LIST("info", "--format", "{{.Store.GraphRoot}}"),
                .version = LIST("version", "--format", "{{.Client.Version}}"),
                .id_format = "sha256:{{.Id}}",
                /* Its own defaults for containers are higher than a service without CAP_SYS_RESOURCE may go. */
                .build = LIST("--pull=never", "--ulimit=nofile=16384:16384", "--ulimit=nproc=16384:16384"),
                .environment = LIST("HOME=/nonexistent", "REGISTRY_AUTH_FILE=/nonexistent"),
                .passed = LIST("PATH", "TMPDIR"),
                .blamed = LIST("Error: configure storage", "Error: initializing storage", "Error: allocating lock"),
        },
};

const EngineTraits *engine_traits(const char *engine) {
        const char *slash = strrchr(engine, '/'), *name = slash ? slash + 1 : engine;

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(table[i].name, name))
                        return &table[i];
        return &table[0];
}

void engine_result_done(EngineResult *r) {
        free(r->output);
        free(r->errors);
        *r = (EngineResult){};
}

static int make_environment(const EngineTraits *t, char ***ret) {
        _cleanup_strv_ char **l = NULL;
        int r;

        r = strv_add(&l, "LC_ALL=C.UTF-8");
        STRV_FOREACH(s, t->environment)
                if (r >= 0)
                        r = strv_add(&l, *s);
        STRV_FOREACH(s, t->passed) {
                const char *value = getenv(*s);

                if (r >= 0 && value)
                        r = strv_addf(&l, "%s=%s", *s, value);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

static int spawn(const char *engine, char *const *argv, char *const *environment, const int fds[static 3], pid_t *ret) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t signals;
        int r;

        r = posix_spawn_file_actions_init(&actions);
        if (r > 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r > 0) {
                posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        for (int i = 0; r == 0 && i < 3; i++)
                r = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
        /* We ignore SIGPIPE; the command must not inherit that. */
        sigemptyset(&signals);
        sigaddset(&signals, SIGPIPE);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attributes, &signals);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        if (r == 0)
                r = posix_spawn(ret, engine, &actions, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

int engine_start(const char *engine, char *const *args, int stdin_fd, int stdout_fd, EngineCommand *ret) {
        _cleanup_fd_ int null_fd = -EBADF, output_fd = -EBADF, errors_fd = -EBADF;
        _cleanup_strv_ char **argv = NULL, **environment = NULL;
        pid_t pid;
        int r;

        r = strv_add(&argv, engine);
        STRV_FOREACH(s, args)
                if (r >= 0)
                        r = strv_add(&argv, *s);
        if (r >= 0)
                r = make_environment(engine_traits(engine), &environment);
        if (r < 0)
                return r;
        null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        output_fd = memfd_create("engine-output", MFD_CLOEXEC);
        errors_fd = memfd_create("engine-errors", MFD_CLOEXEC);
        if (null_fd < 0 || output_fd < 0 || errors_fd < 0)
                return negative_errno();
        r = spawn(engine, argv, environment,
                  (int[]){ stdin_fd < 0 ? null_fd : stdin_fd, stdout_fd < 0 ? output_fd : stdout_fd, errors_fd }, &pid);
        if (r < 0)
                return r;
        *ret = (EngineCommand){ .pid = pid, .output_fd = TAKE_FD(output_fd), .errors_fd = TAKE_FD(errors_fd) };
        return 0;
}

/* Waits for pid to end, killing it when the time is over. */
static int reap(pid_t pid, uint64_t timeout_usec, int *ret_status) {
        _cleanup_fd_ int pidfd = pidfd_open(pid, 0);
        int r = 0, status;

        if (pidfd < 0)
                r = negative_errno();
        else {
                uint64_t end = time_add(time_now_boottime(), timeout_usec);

                for (;;) {
                        uint64_t left = time_sub(end, time_now_boottime()) / USEC_PER_MSEC;
                        int n = poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1,
                                     timeout_usec == USEC_INFINITY ? -1
                                     : left < INT32_MAX            ? (int) left
                                                                   : INT32_MAX);

                        if (n < 0 && errno == EINTR)
                                continue;
                        if (n <= 0)
                                r = n < 0 ? negative_errno() : -ETIMEDOUT;
                        break;
                }
        }
        if (r < 0)
                (void) kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return negative_errno();
        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return r;
}

/* The beginning of a memory file. */
static int read_back(int fd, char **ret) {
        _cleanup_free_ char *text = malloc(ENGINE_OUTPUT_MAX + 1);
        ssize_t n;

        if (!text)
                return -ENOMEM;
        n = pread(fd, text, ENGINE_OUTPUT_MAX, 0);
        if (n < 0)
                return negative_errno();
        text[n] = '\0';
        *ret = TAKE_PTR(text);
        return 0;
}

int engine_wait(EngineCommand *c, uint64_t timeout_usec, EngineResult *ret) {
        _cleanup_fd_ int output_fd = TAKE_FD(c->output_fd), errors_fd = TAKE_FD(c->errors_fd);
        _cleanup_engine_result_ EngineResult result = {};
        int r;

        r = reap(c->pid, timeout_usec, &result.status);
        if (r >= 0)
                r = read_back(output_fd, &result.output);
        if (r >= 0)
                r = read_back(errors_fd, &result.errors);
        if (r < 0)
                return r;
        *ret = result;
        result = (EngineResult){};
        return 0;
}

int engine_call(const char *engine, char *const *args, EngineResult *ret) {
        EngineCommand c;
        int r;

        r = engine_start(engine, args, -EBADF, -EBADF, &c);
        return r < 0 ? r : engine_wait(&c, CALL_TIMEOUT_USEC, ret);
}

int engine_ping(const char *engine) {
        _cleanup_engine_result_ EngineResult result = {};
        _cleanup_free_ char *complaint = NULL;
        int r;

        r = engine_call(engine, engine_traits(engine)->ping, &result);
        if (r < 0)
                return r;
        if (result.status == 0)
                return 0;
        complaint = engine_complaint(&result);
        log_warning("%s does not work: %s", engine, strempty(complaint));
        return -ECONNREFUSED;
}

int engine_version(const char *engine, char **ret) {
        _cleanup_engine_result_ EngineResult result = {};
        char *version;
        int r;

        r = engine_call(engine, engine_traits(engine)->version, &result);
        if (r < 0)
                return r;
        if (result.status != 0 || !result.output)
                return -ECONNREFUSED;
        result.output[strcspn(result.output, "\n")] = '\0';
        if (!image_version_is_valid(result.output))
                return -EBADMSG;
        version = strdup(result.output);
        if (!version)
                return -ENOMEM;
        *ret = version;
        return 0;
}

char *engine_complaint(const EngineResult *result) {
        const char *text = strempty(result->errors), *begin;
        size_t n = strlen(text);

        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
                n--;
        begin = n > 0 ? memrchr(text, '\n', n) : NULL;
        begin = begin ? begin + 1 : text;
        return name_escape(begin, (size_t) (text + n - begin), 400);
}

bool engine_is_to_blame(const char *engine, const EngineResult *result) {
        const char *line = strempty(result->errors), *end;

        if (result->status < 0)
                return true;
        /* Newer clients begin with remarks about the builder, podman with warnings. Only the first other line is the client's own. */
        while (*line == '\n' || startswith(line, "DEPRECATED:") || startswith(line, "WARNING:") || startswith(line, "time=") || *line == ' ')
                line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
        STRV_FOREACH(s, engine_traits(engine)->blamed)
                if (startswith(line, *s))
                        return true;
        end = line + strcspn(line, "\n");
        return end - line >= 23 && strncmp(end - 23, "no space left on device", 23) == 0;
}
