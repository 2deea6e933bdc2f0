/* SPDX-License-Identifier: MIT */
#include "daemon/engine.h"

#include <sys/stat.h>

#include "spool/base/strv.h"

static const Engine engines[] = {
        {
                .name = CONF_ENGINE_DOCKER,
                .path = "/usr/bin/docker",
                .sandbox = SANDBOX_ENGINE,
                .group = "docker",
                .socket = "/run/docker.sock",
                .pid_file = "/run/docker.pid",
                .layers = true,
        },
        {
                .name = CONF_ENGINE_PODMAN,
                .path = "/usr/bin/podman",
                .sandbox = SANDBOX_ENGINE_ROOT,
                .root = true,
                .daemonless = true,
                .unproved = true,
        },
};

/* By its mode: in the daemon's own sandbox nothing but the daemon can be executed, so that access() would say no. */
static bool is_program(const char *path) {
        struct stat st;

        return stat(path, &st) >= 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

const Engine *engine_find(ConfEngine wanted) {
        for (size_t i = 0; i < ELEMENTSOF(engines); i++)
                if ((wanted == CONF_ENGINE_AUTO || wanted == engines[i].name) && is_program(engines[i].path))
                        return &engines[i];
        return NULL;
}

int engine_append_run(const Engine *e, UnitPlan *p, const EngineRun *run) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = engine_run_argv(e->name, run, &argv);
        if (r < 0)
                return r;
        STRV_FOREACH(a, argv)
                (void) unit_plan_add_argument(p, *a);
        return p->error;
}

int engine_add_cleanup(const Engine *e, UnitPlan *p, const char *name) {
        if (!e->daemonless)
                return p->error;
        (void) unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, UNIT_EXEC_IGNORE_FAILURE,
                                  (const char *const[]){ e->path, "rm", "--force", "--ignore", "--time=0", NULL });
        return unit_plan_add_argumentf(p, "%s", name);
}
