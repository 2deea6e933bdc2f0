/* SPDX-License-Identifier: MIT */
#include "spool/engine-dirs.h"

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"

static int make(int fd, const char *name, mode_t mode, const EngineOwner *o) {
        return publish_mkdir_at(fd, name, mode, o->uid, o->gid);
}

static int make_for_user(int fd, const char *name, const EngineDirs *d) {
        return make(fd, name, d->open ? 0777 : 0755, &d->user);
}

/* One layer of an overlay. */
static int make_layer(int fd, const char *layer, const EngineDirs *d) {
        _cleanup_free_ char *upper = NULL, *work = NULL;
        int r;

        if (asprintf(&upper, "input/upper/%s", layer) < 0) {
                upper = NULL;
                return -ENOMEM;
        }
        if (asprintf(&work, "input/work/%s", layer) < 0) {
                work = NULL;
                return -ENOMEM;
        }
        r = make_for_user(fd, upper, d);
        return r < 0 ? r : make(fd, work, 0755, &d->rest);
}

int engine_dirs_make(int parent_fd, const char *name, char *const *layers, const EngineDirs *d) {
        static const char *const below[] = { "input", "input/upper", "input/work" };
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = fd_remove_tree_at(parent_fd, name);
        if (r >= 0)
                r = make(parent_fd, name, 0711, &d->rest);
        if (r < 0)
                return r;
        fd = fd_open_dir_at(parent_fd, name);
        if (fd < 0)
                return fd;
        r = make_for_user(fd, "output", d);
        if (r >= 0)
                r = make(fd, "log", 0750, &d->log);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(below); i++)
                r = make(fd, below[i], 0711, &d->rest);
        STRV_FOREACH(layer, layers)
                if (r >= 0)
                        r = make_layer(fd, *layer, d);
        return r;
}
