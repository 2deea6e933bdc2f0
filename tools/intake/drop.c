/* SPDX-License-Identifier: MIT */
#include "tools/intake/drop.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/limits.h"

#define SHOWN_NAME_MAX 128u

void drop_done(Drop *d) {
        fd_close(d->fd);
        free(d->main);
        free(d->prefix);
        free(d->label);
        *d = DROP_INIT;
}

int drop_refuse_open(FaultCode code, const char *label, const char *wanted, uint64_t max_size, int error, Fault *f) {
        char buffer[FORMAT_SIZE_MAX];

        switch (error) {
        case -ENOENT:
                return fault_set(f, code, label, 0, "there is no such file or directory");
        case -ELOOP:
                return fault_set(f, code, label, 0, "it is a symbolic link; %s is needed", wanted);
        case -EBADMSG:
        case -ENOTDIR:
        case -ENXIO:
                return fault_set(f, code, label, 0, "it is not %s", wanted);
        case -EMLINK:
                return fault_set(f, code, label, 0, "it has more than one hard link; copy it instead");
        case -EFBIG:
                return fault_set(f, FAULT_TOO_BIG, label, 0, "it is larger than %s", format_size(max_size, buffer));
        case -EACCES:
                return fault_set(f, code, label, 0, "it cannot be read: permission denied");
        default:
                return error;
        }
}

bool drop_is_client_config(const char *name) {
        return endswith(name, ".config") != NULL;
}

bool drop_is_job_file(const char *name) {
        return endswith(name, ".cfg") || drop_is_client_config(name);
}

bool drop_is_archive(const char *name) {
        static const char *const endings[] = { ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz" };

        for (size_t i = 0; i < ELEMENTSOF(endings); i++)
                if (endswith(name, endings[i]))
                        return true;
        return false;
}

typedef struct Listing {
        char **all;
        char **job_files; /* names that end in .cfg or .config */
} Listing;

static void listing_done(Listing *l) {
        strv_free(l->all);
        strv_free(l->job_files);
}

/* Names in a directory, all of them as long as they are few: more than LIMIT_NEEDS + 2 only matters as "many". */
static int list(int fd, Listing *ret) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(fd, ".", &d);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(d))) {
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                if (strv_length(ret->all) <= LIMIT_NEEDS + 2)
                        r = strv_add(&ret->all, de->d_name);
                if (r >= 0 && drop_is_job_file(de->d_name) && strv_length(ret->job_files) < 2)
                        r = strv_add(&ret->job_files, de->d_name);
                if (r < 0)
                        return r;
        }
        return errno > 0 ? -errno : 0;
}

/* Says why the only thing in the drop is not a job. */
static int refuse_form(const char *name, const char *label, Fault *f) {
        if (drop_is_archive(name))
                return fault_set(f, FAULT_JOBFILE, label, 0,
                                 "an archive alone is not a job; a job file (*.cfg or *.config) beside it must name it");
        return fault_set(f, FAULT_JOBFILE, label, 0,
                         "this is not a job: a job file (*.cfg or *.config), a job zip (*.zip) or a directory with a job file is");
}

static int take_directory(int dirfd, const char *name, const char *label, Drop *d, Fault *f) {
        _cleanup_(listing_done) Listing l = {};
        _cleanup_free_ char *shown = NULL;
        int r;

        d->form = DROP_DIRECTORY;
        d->fd = fd_open_dir_at(dirfd, name);
        if (d->fd < 0)
                return drop_refuse_open(FAULT_JOBFILE, d->label, "a directory", 0, d->fd, f);
        r = list(d->fd, &l);
        if (r < 0)
                return r;
        if (strv_length(l.job_files) == 0)
                return fault_set(f, FAULT_JOBFILE, d->label, 0,
                                 "there is no job file (*.cfg or *.config) at the top of the directory");
        if (strv_length(l.job_files) > 1)
                return fault_set(f, FAULT_JOBFILE, d->label, 0,
                                 "there is more than one job file (*.cfg or *.config) at the top of the directory");
        d->main = strdup(l.job_files[0]);
        if (!d->main || asprintf(&d->prefix, "%s/", name) < 0)
                return -ENOMEM;
        if (asprintf(&shown, "%s%s%s", strempty(label), label ? "/" : "", d->main) < 0)
                return -ENOMEM;
        free(d->label);
        d->label = name_escape(shown, strlen(shown), SHOWN_NAME_MAX);
        return d->label ? 0 : -ENOMEM;
}

int drop_take(int dirfd, const char *name, const char *label, Drop *ret, Fault *f) {
        _cleanup_drop_ Drop d = DROP_INIT;
        struct stat st;
        int r;

        d.label = name_escape(label ?: name, strlen(label ?: name), SHOWN_NAME_MAX);
        if (!d.label)
                return -ENOMEM;
        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return drop_refuse_open(FAULT_JOBFILE, d.label, "a file", 0, negative_errno(), f);
        if (S_ISDIR(st.st_mode)) {
                r = take_directory(dirfd, name, label, &d, f);
                if (r < 0)
                        return r;
        } else {
                if (drop_is_job_file(name))
                        d.form = DROP_JOB_FILE;
                else if (endswith(name, ".zip"))
                        d.form = DROP_ZIP;
                else
                        return refuse_form(name, d.label, f);
                d.main = strdup(name);
                d.prefix = strdup("");
                d.fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
                if (!d.main || !d.prefix)
                        return -ENOMEM;
                if (d.fd < 0)
                        return negative_errno();
        }
        *ret = d;
        d = DROP_INIT;
        return 0;
}

int drop_find(int dirfd, Drop *ret, Fault *f) {
        _cleanup_(listing_done) Listing l = {};
        int r;

        r = list(dirfd, &l);
        if (r < 0)
                return r;
        if (strv_length(l.all) == 0)
                return -ENOENT; /* the daemon's doing, not the researcher's */
        if (strv_length(l.job_files) > 1)
                return fault_set(f, FAULT_JOBFILE, NULL, 0, "there is more than one job file (*.cfg or *.config) in the drop");
        if (strv_length(l.job_files) == 1)
                return drop_take(dirfd, l.job_files[0], /* label= */ NULL, ret, f);
        if (strv_length(l.all) > 1)
                return fault_set(f, FAULT_JOBFILE, NULL, 0,
                                 "there is no job file (*.cfg or *.config) in the drop, but more than one other file");
        return drop_take(dirfd, l.all[0], /* label= */ NULL, ret, f);
}
