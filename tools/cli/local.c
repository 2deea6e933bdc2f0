/* SPDX-License-Identifier: MIT */
#include "tools/cli/local.h"

#include <fcntl.h>
#include <stdarg.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "tools/cli/local-child.h"

/* What the last helper said, which only matters where it is no fault of the job. */
#define HELPER_LOG "helper.log"
#define HELPER_LOG_MAX (64u * 1024u)

void local_done(Local *l) {
        fd_close(l->fd);
        free(l->path);
        strv_free(l->data);
        free(l->step);
        conf_done(&l->conf);
        manifest_done(&l->manifest);
        courses_done(&l->courses);
        image_record_done(&l->image);
        plan_done(&l->plan);
        fault_done(&l->fault);
        *l = LOCAL_INIT;
}

void local_say(const Local *l, const char *format, ...) {
        _cleanup_free_ char *line = NULL, *safe = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&line, format, ap);
        va_end(ap);
        if (r < 0) {
                line = NULL;
                return;
        }
        safe = term_safe(&l->cli->term, line);
        dprintf(l->show, "%s== %s%s\n", l->show == STDOUT_FILENO ? term_on(&l->cli->term, TERM_BOLD) : "", strempty(safe),
                l->show == STDOUT_FILENO ? term_off(&l->cli->term, TERM_BOLD) : "");
}

char *local_path(const Local *l, const char *format, ...) {
        _cleanup_free_ char *name = NULL;
        va_list ap;
        char *path;
        int r;

        va_start(ap, format);
        r = vasprintf(&name, format, ap);
        va_end(ap);
        if (r < 0) {
                name = NULL;
                return NULL;
        }
        return asprintf(&path, "%s/%s", l->path, name) < 0 ? NULL : path;
}

int local_fresh_dir(const Local *l, const char *name, mode_t mode) {
        int r;

        r = fd_remove_tree_at(l->fd, name);
        return r < 0 ? r : publish_mkdir_at(l->fd, name, mode, (uid_t) -1, (gid_t) -1);
}

int local_helper(Local *l, const char *name, char *const *argv, const char *fault_dir) {
        _cleanup_free_ char *path = cli_helper_path(name);
        _cleanup_strv_ char **all = NULL;
        _cleanup_fd_ int dir = -EBADF, log = -EBADF;
        uint64_t copied;
        LocalChildEnd end;
        int r, status;

        r = path ? strv_add(&all, path) : -ENOMEM;
        STRV_FOREACH(a, argv)
                if (r >= 0)
                        r = strv_add(&all, *a);
        if (r < 0)
                return r;
        log = openat(l->fd, HELPER_LOG, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (log < 0)
                return negative_errno();
        r = local_child_run(all, log, 0, NULL, NULL, &end, &status);
        if (r < 0) {
                cli_fail_errno(r, "cannot run %s", path);
                return -EREMOTEIO;
        }
        if (end == LOCAL_CHILD_INTERRUPTED)
                return LOCAL_E_INTERRUPTED;
        if (status == 0)
                return 0;
        if (status == FAULT_EXIT_STATUS && fault_dir) {
                dir = fd_open_dir_at(l->fd, fault_dir);
                r = dir < 0 ? dir : fault_read_at(dir, &l->fault);
                if (r >= 0)
                        return LOCAL_E_FAULT;
        }
        if (lseek(log, 0, SEEK_SET) == 0)
                (void) fd_copy(log, STDERR_FILENO, HELPER_LOG_MAX, &copied);
        cli_fail(CLI_EXIT_SYSTEM, "%s ended with status %d; what it says stands above", name, status);
        return -EREMOTEIO;
}
