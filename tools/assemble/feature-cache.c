/* SPDX-License-Identifier: MIT */
#include "tools/assemble/feature-cache.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "tools/assemble/step-cache.h"
#include "tools/assemble/table.h"

/* In the directory of a job whose name has arguments behind its job_id: that id. */
#define JOB_ID_FILE "job-id"
/* How many jobs a message names. */
#define NAMED_MAX 10u

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

/* Before the table: a job that can be forked has both. */
static int store_job_id(const Assemble *a, int dirfd) {
        const char *job_id = a->manifest.job_id;

        return job_id ? publish_file_at(dirfd, JOB_ID_FILE, job_id, strlen(job_id), 0644, (uid_t) -1, (gid_t) -1) : 0;
}

int feature_cache_store(const Assemble *a) {
        _cleanup_fd_ int lock = cache_lock(a->cache_features_fd), job = -EBADF;
        char name[64];
        int r;

        if (lock < 0)
                return lock;
        job = assemble_open_dir(a->cache_features_fd, a->manifest.name);
        r = job < 0 ? job : store_job_id(a, job);
        snprintf(name, sizeof(name), "%s.csv", plan_mode_to_string(a->phase->mode));
        return r < 0 ? r : copy_table(a->work_fd, name, job);
}

/* ---- forking ---- */

static bool has_features(int dirfd) {
        return faccessat(dirfd, "extract.csv", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether the directory is of a job with that id. Return: 1, 0 or a negative errno. */
static int has_job_id(int dirfd, const char *job_id) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = fd_read_file_at(dirfd, JOB_ID_FILE, NAME_MAX_LENGTH, &text, &size);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return size == strlen(job_id) && memcmp(text, job_id, size) == 0;
}

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The names of the jobs that have features, sorted: all of them, and those with the id. */
static int list_jobs(int cache_fd, const char *job_id, char ***ret_all, char ***ret_same) {
        _cleanup_strv_ char **all = NULL, **same = NULL;
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(cache_fd, ".", &d);
        while (r >= 0 && (errno = 0, de = readdir(d))) {
                _cleanup_fd_ int job = -EBADF;

                if (!name_is_valid(de->d_name))
                        continue;
                job = fd_open_dir_at(cache_fd, de->d_name);
                if (job < 0 || !has_features(job))
                        continue;
                r = strv_add(&all, de->d_name);
                if (r >= 0)
                        r = has_job_id(job, job_id);
                if (r > 0)
                        r = strv_add(&same, de->d_name);
        }
        if (r < 0)
                return r;
        if (errno != 0)
                return negative_errno();
        if (all)
                qsort(all, strv_length(all), sizeof(*all), compare_strings);
        if (same)
                qsort(same, strv_length(same), sizeof(*same), compare_strings);
        *ret_all = TAKE_PTR(all);
        *ret_same = TAKE_PTR(same);
        return 0;
}

/* "'a', 'b' and 3 more". Return: a fresh string, or NULL. */
static char *name_jobs(char *const *names) {
        size_t size, n = strv_length(names);
        char *text = NULL;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        for (size_t i = 0; i < n && i < NAMED_MAX; i++)
                fprintf(f, "%s'%s'", i > 0 ? ", " : "", names[i]);
        if (n > NAMED_MAX)
                fprintf(f, " and %zu more", n - NAMED_MAX);
        return fclose(f) == 0 ? text : NULL;
}

static int complain(const char *wanted, char *const *all, char *const *same, Fault *reterr) {
        _cleanup_free_ char *names = name_jobs(same ? same : all);
        int r;

        if (!names)
                return -ENOMEM;
        if (same) {
                r = fault_set(reterr, FAULT_WORKFLOW, NULL, 0, "fork_features: '%s' is the job_id of more than one of your jobs: %s", wanted, names);
                return fault_set_hint(reterr, "Fork one of them by its whole name.") < 0 ? -ENOMEM : r;
        }
        if (!all)
                r = fault_set(reterr, FAULT_WORKFLOW, NULL, 0, "fork_features: none of your jobs is named '%s', and none has extracted features yet", wanted);
        else
                r = fault_set(reterr, FAULT_WORKFLOW, NULL, 0,
                              "fork_features: none of your jobs that have extracted features is named '%s'; those that have: %s", wanted, names);
        return fault_set_hint(reterr, "Hand in the job '%s' first, and this one when it has ended.", wanted) < 0 ? -ENOMEM : r;
}

/*
 * The job of that name; or the only one with that job_id and arguments, as jobs are called that were written before MORF 2.0 put arguments
 * into names. Return: a descriptor of its directory; -EBADMSG with a fault; another negative errno.
 */
static int open_job(int cache_fd, const char *wanted, Fault *reterr) {
        _cleanup_strv_ char **all = NULL, **same = NULL;
        _cleanup_fd_ int job = fd_open_dir_at(cache_fd, wanted);
        int r;

        if (job >= 0 && has_features(job))
                return TAKE_FD(job);
        if (job < 0 && job != -ENOENT)
                return job;
        r = list_jobs(cache_fd, wanted, &all, &same);
        if (r < 0)
                return r;
        return strv_length(same) == 1 ? fd_open_dir_at(cache_fd, same[0]) : complain(wanted, all, same, reterr);
}

int feature_cache_fork(const Assemble *a, Fault *reterr) {
        _cleanup_fd_ int job = open_job(a->cache_features_fd, a->phase->fork, reterr);
        int r;

        r = job < 0 ? job : copy_table(job, "extract.csv", a->work_fd);
        if (r >= 0)
                r = copy_table(job, "extract-holdout.csv", a->work_fd);
        return r == -ENOENT ? 0 : r;
}
