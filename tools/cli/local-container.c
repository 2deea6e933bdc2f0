/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "spool/engine-dirs.h"
#include "spool/engine-end.h"
#include "spool/exit-record.h"
#include "spool/layout.h"
#include "spool/limits.h"
#include "tools/cli/local-child.h"
#include "tools/cli/local.h"
#include "tools/cli/subproc.h"

#define DOCKER_SOCKET "/run/docker.sock"

/* Owned by who runs in it, as far as the caller can give that away. */
static int make_dirs(const Local *l, const LocalContainer *c) {
        const EngineOwner caller = { (uid_t) -1, (gid_t) -1 };
        bool strict = c->profile == MANIFEST_PROFILE_STRICT;
        const EngineDirs dirs = {
                .user = strict && geteuid() == 0 ? (EngineOwner){ l->uid, l->gid } : caller,
                .open = !strict,
                .log = caller,
                .rest = caller,
        };

        return engine_dirs_make(l->fd, c->dir, c->layers, &dirs);
}

/* The command for the container, in the wrapper that the server has around it. */
static int make_argv(const Local *l, const LocalContainer *c, const char *name, char ***argv) {
        _cleanup_free_ char *output = local_path(l, "%s/output", c->dir), *capture = cli_helper_path("morf-capture");
        EngineRun run = {
                .id = l->id.text,
                .name = name,
                .image = l->image.id,
                .limits = c->limits,
                .profile = c->profile,
                .uid = l->uid,
                .gid = l->gid,
                .mounts = c->mounts,
                .output = output,
                .entrypoint = c->entrypoint,
                .arguments = c->arguments,
        };
        int r = output && capture ? 0 : -ENOMEM;

        if (r >= 0)
                r = strv_add_many(argv, capture, "--copy", NULL);
        if (r >= 0)
                r = strv_addf(argv, "--file=%s/%s/log/container.log", l->path, c->dir);
        if (r >= 0)
                r = strv_addf(argv, "--max=%" PRIu64, (uint64_t) LIMIT_LOG_BYTES);
        if (r >= 0)
                r = strv_addf(argv, "--watch=%s/%s", l->path, c->dir);
        if (r >= 0)
                r = strv_addf(argv, "--watch-max=%" PRIu64, c->limits->output);
        if (r >= 0 && access(DOCKER_SOCKET, W_OK) >= 0)
                r = strv_add_many(argv, "--engine-socket=" DOCKER_SOCKET, "--engine-container", name, NULL);
        if (r >= 0)
                r = strv_add(argv, "--");
        return r < 0 ? r : engine_run_argv(CONF_ENGINE_DOCKER, &run, argv);
}

/* Ends and removes a container with its volumes; one that is not there is no matter. */
static void remove_container(void *userdata) {
        char path[] = "/usr/bin/docker", verb[] = "rm", force[] = "--force", volumes[] = "--volumes";
        char *argv[] = { path, verb, force, volumes, userdata, NULL };

        local_child_quiet(argv);
}

/* Whether the kernel killed something of the container for its memory: the engine remembers its last events. */
static bool ran_out_of_memory(const char *name, uint64_t since) {
        char path[] = "/usr/bin/docker", verb[] = "events", event[] = "--filter=event=oom", format[] = "--format={{.Action}}";
        _cleanup_free_ char *from = NULL, *until = NULL, *container = NULL, *output = NULL;
        uint64_t now = time_now_realtime();
        int status = -1;

        if (asprintf(&from, "--since=%" PRIu64, since / USEC_PER_SEC) < 0) {
                from = NULL;
                return false;
        }
        if (asprintf(&until, "--until=%" PRIu64 ".%06" PRIu64, now / USEC_PER_SEC, now % USEC_PER_SEC) < 0) {
                until = NULL;
                return false;
        }
        if (asprintf(&container, "--filter=container=%s", name) < 0) {
                container = NULL;
                return false;
        }
        return subproc_run((char *const[]){ path, verb, from, until, container, event, format, NULL }, false, &output, &status) >= 0 && status == 0 &&
               output && strstr(output, "oom");
}

/* What the bad end of a container means. */
static int judge(Local *l, const LocalContainer *c, const EngineEnd *end) {
        _cleanup_fault_ Fault fault = {};

        if (!engine_end_judge(end, &fault)) {
                cli_fail(CLI_EXIT_SYSTEM, end->status == EXIT_STATUS_DISK_LOW ? "there is too little free disk space" :
                                          "docker could not run the container (status %d); what it says stands above", end->status);
                return -EREMOTEIO;
        }
        if (!c->controller) {
                l->fault = fault;
                fault = (Fault){};
        } else if (fault.code == FAULT_COMMAND)
                (void) fault_set(&l->fault, FAULT_CONTROLLER, NULL, 0, "the image has no python3, which the controller needs");
        else
                (void) fault_set(&l->fault, FAULT_CONTROLLER, NULL, 0, "what the controller calls could not be recorded: %s", fault.message);
        return LOCAL_E_FAULT;
}

int local_container(Local *l, const LocalContainer *c) {
        EngineEnd end = { .memory = c->limits->memory, .time_usec = c->limits->time_usec };
        uint64_t since = time_now_realtime();
        _cleanup_free_ char *name = NULL;
        _cleanup_strv_ char **argv = NULL;
        LocalChildEnd how;
        int r;

        if (asprintf(&name, "morf-%s-%s-1", l->id.text, c->label) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        r = make_dirs(l, c);
        if (r >= 0)
                r = make_argv(l, c, name, &argv);
        if (r < 0)
                return r;
        r = local_child_run(argv, l->show, c->limits->time_usec, remove_container, name, &how, &end.status);
        remove_container(name);
        if (r < 0)
                return r;
        if (how == LOCAL_CHILD_INTERRUPTED)
                return LOCAL_E_INTERRUPTED;
        if (how == LOCAL_CHILD_ENDED && end.status == 0)
                return 0;
        end.out_of_time = how == LOCAL_CHILD_TIMEOUT;
        end.out_of_memory = ran_out_of_memory(name, since);
        return judge(l, c, &end);
}
