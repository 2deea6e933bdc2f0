/* SPDX-License-Identifier: MIT */
#include "tools/assemble/feature-cache.h"

#include "spool/base/fd.h"
#include "tools/assemble/step-cache.h"
#include "tools/assemble/table.h"

static int copy_table(int from_dirfd, const char *name, int to_dirfd) {
        _cleanup_table_file_ TableFile out = {};
        _cleanup_fd_ int from = -EBADF;
        int r;

        from = fd_open_regular_at(from_dirfd, name, UINT64_MAX, /* ret_st= */ NULL);
        r = from < 0 ? from : table_file_open(&out, to_dirfd, name);
        if (r >= 0)
                r = fd_copy(from, fileno(out.f), UINT64_MAX, /* ret_copied= */ NULL);
        return r < 0 ? r : table_file_publish(&out);
}

int feature_cache_store(const Assemble *a) {
        _cleanup_fd_ int lock = cache_lock(a->cache_features_fd), job = -EBADF;
        char name[64];

        if (lock < 0)
                return lock;
        job = assemble_open_dir(a->cache_features_fd, a->manifest.name);
        snprintf(name, sizeof(name), "%s.csv", plan_mode_to_string(a->phase->mode));
        return job < 0 ? job : copy_table(a->work_fd, name, job);
}

int feature_cache_fork(const Assemble *a, Fault *reterr) {
        _cleanup_fd_ int job = fd_open_dir_at(a->cache_features_fd, a->phase->fork);
        int r;

        r = job == -ENOENT ? -ENOENT : job < 0 ? job : copy_table(job, "extract.csv", a->work_fd);
        if (r == -ENOENT)
                return fault_set(reterr, FAULT_WORKFLOW, NULL, 0, "fork_features: none of your jobs that is named '%s' has extracted features",
                                 a->phase->fork);
        if (r >= 0)
                r = copy_table(job, "extract-holdout.csv", a->work_fd);
        return r == -ENOENT ? 0 : r;
}
