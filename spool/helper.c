/* SPDX-License-Identifier: MIT */
#include "spool/helper.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"

static int leave_record(const char *path, int status) {
        ExitRecord record = EXIT_RECORD_INIT;
        _cleanup_fd_ int fd = -EBADF;

        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return negative_errno();
        strcpy(record.result, status == 0 ? "success" : "exit-code");
        strcpy(record.code, "exited");
        snprintf(record.status, sizeof(record.status), "%d", status);
        record.finished = time_now_realtime();
        return exit_record_write(fd, &record);
}

int helper_main(const char *name, int argc, char *argv[], int (*work)(int argc, char *argv[])) {
        const char *path = getenv(HELPER_RECORD_VARIABLE);
        int status, r;

        log_open(name, LOG_INFO, /* force_journal= */ false);
        status = work(argc, argv);
        r = path ? leave_record(path, status) : 0;
        if (r < 0) {
                log_error_errno(r, "cannot write the exit record %s", path);
                return FAULT_EXIT_TEMPORARY;
        }
        return status;
}

int helper_open_dir(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? log_error_errno(errno, "cannot open the directory '%s'", path) : fd;
}

int helper_clear(int dirfd, const char *const *names) {
        int r;

        for (; *names; names++) {
                r = fd_remove_tree_at(dirfd, *names);
                if (r < 0)
                        return r;
        }
        return fd_remove_tree_at(dirfd, FAULT_FILE);
}

int helper_add_names(char ***l, const char *arg) {
        for (;;) {
                size_t n = strcspn(arg, ",");
                _cleanup_free_ char *name = strndup(arg, n);
                int r;

                if (!name)
                        return -ENOMEM;
                if (!name_is_valid(name))
                        return -EINVAL;
                r = strv_add(l, name);
                if (r < 0)
                        return r;
                if (arg[n] == '\0')
                        return 0;
                arg += n + 1;
        }
}

int helper_finish(int out_dirfd, int r, const Fault *fault) {
        if (r == 0)
                return 0;
        if (r != -EBADMSG || fault->code == FAULT_NONE) {
                log_error_errno(r, "giving up, to be tried again");
                return FAULT_EXIT_TEMPORARY;
        }
        r = fault_write_at(out_dirfd, fault);
        if (r < 0) {
                log_error_errno(r, "cannot write %s", FAULT_FILE);
                return FAULT_EXIT_TEMPORARY;
        }
        log_notice("%s: %s", fault_to_string(fault->code), strempty(fault->message));
        return FAULT_EXIT_STATUS;
}
