/* SPDX-License-Identifier: MIT */
#include "tools/assemble/step-output.h"

#include "spool/base/fd.h"

/* Counts the files, and keeps the name of one CSV file. Hidden ones do not count. */
static int look(int dirfd, unsigned *ret_files, unsigned *ret_tables, char **ret_name) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        *ret_files = *ret_tables = 0;
        r = fd_open_dirstream_at(dirfd, ".", &d);
        while (r >= 0 && (de = readdir(d))) {
                if (de->d_name[0] == '.')
                        continue;
                (*ret_files)++;
                if (de->d_type == DT_DIR || !endswith(de->d_name, ".csv"))
                        continue;
                (*ret_tables)++;
                free(*ret_name);
                *ret_name = strdup(de->d_name);
                if (!*ret_name)
                        return -ENOMEM;
        }
        return r;
}

static int open_fold(const PlanStep *s, int dirfd, int *ret_fd, Fault *reterr) {
        char name[256], title[STEP_TITLE_SIZE];

        snprintf(name, sizeof(name), "%s_%u_test.csv", s->course, s->fold);
        *ret_fd = fd_open_regular_at(dirfd, name, UINT64_MAX, /* ret_st= */ NULL);
        if (*ret_fd == -ENOENT)
                return fault_set(reterr, FAULT_OUTPUT_MISSING, NULL, 0, "%s: the container left no file %s in /output", step_title(s, title), name);
        return *ret_fd < 0 ? *ret_fd : 0;
}

int step_output_open(const Assemble *a, const PlanStep *s, int sealed_dirfd, int *ret_fd, Fault *reterr) {
        _cleanup_fd_ int sealed = -EBADF;
        _cleanup_free_ char *name = NULL;
        char dir[STEP_DIR_SIZE], title[STEP_TITLE_SIZE];
        unsigned files, tables;
        int r;

        *ret_fd = -EBADF;
        sealed = fd_open_dir_at(sealed_dirfd, step_dir(s, dir));
        r = sealed < 0 ? sealed : look(sealed, &files, &tables, &name);
        if (r < 0)
                return r;
        (void) step_title(s, title);
        if (a->phase->mode == PLAN_MODE_CV)
                return open_fold(s, sealed, ret_fd, reterr);
        if (a->phase->mode == PLAN_MODE_TRAIN)
                return files > 0 ? 0 : fault_set(reterr, FAULT_OUTPUT_MISSING, NULL, 0, "%s: the container left no model in /output", title);
        if (tables == 0)
                return fault_set(reterr, FAULT_OUTPUT_MISSING, NULL, 0, "%s: the container left no CSV file in /output", title);
        if (tables > 1)
                return fault_set(reterr, FAULT_OUTPUT_KIND, NULL, 0, "%s: the container left %u CSV files in /output instead of one", title, tables);
        *ret_fd = fd_open_regular_at(sealed, name, UINT64_MAX, /* ret_st= */ NULL);
        return *ret_fd < 0 ? *ret_fd : 0;
}
