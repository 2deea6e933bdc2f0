/* SPDX-License-Identifier: MIT */
#include "tools/plan/campus.h"

#include <fcntl.h>
#include <inttypes.h>

#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"

/* Of both generations. */
static const char *const dates[] = { "coursera_course_dates.csv", "coursera_course_dates_with_underscore.csv" };

/* Changes when sessions are laid out for containers in another way: what was laid out before is not used then. */
#define LAYOUT_VERSION "morf raw session 2"

static const char *last_three(const char *s) {
        size_t n = strlen(s);

        return n > 3 ? s + n - 3 : s;
}

size_t campus_holdout(const PlanSession *sessions, size_t n) {
        size_t best = 0;

        for (size_t i = 1; i < n; i++) {
                int c = strcmp(last_three(sessions[i].name), last_three(sessions[best].name));

                if (c > 0 || (c == 0 && strcmp(sessions[i].name, sessions[best].name) > 0))
                        best = i;
        }
        return best;
}

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The names in a directory, sorted. */
static int list_names(int dirfd, char ***ret) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_strv_ char **names = NULL;
        struct dirent *de;
        size_t n = 0;
        int r;

        r = fd_open_dirstream_at(dirfd, ".", &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                if (++n > CAMPUS_ENTRIES)
                        return -E2BIG;
                r = strv_add(&names, de->d_name);
                if (r < 0)
                        return r;
        }
        if (n > 0)
                qsort(names, n, sizeof(*names), compare_strings);
        *ret = TAKE_PTR(names);
        return 0;
}

static int add_entry(Digest *d, const char *path, const struct stat *st) {
        char line[128];
        int r;

        /* NUL ends what a name holds, so that no name looks like two. */
        r = digest_add(d, path, strlen(path) + 1);
        if (r < 0)
                return r;
        snprintf(line, sizeof(line), "%o %" PRIu64 " %" PRIi64 ".%09ld\n", (unsigned) (st->st_mode & S_IFMT),
                 S_ISDIR(st->st_mode) ? UINT64_C(0) : (uint64_t) st->st_size, (int64_t) st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
        return digest_add(d, line, strlen(line));
}

/* left: how many more entries there may be. */
static int add_tree(Digest *d, int dirfd, const char *prefix, unsigned depth, size_t *left) {
        _cleanup_strv_ char **names = NULL;
        int r;

        if (depth > CAMPUS_DEPTH)
                return -E2BIG;
        r = list_names(dirfd, &names);
        if (r < 0)
                return r;
        STRV_FOREACH(name, names) {
                _cleanup_free_ char *path = NULL;
                _cleanup_fd_ int child = -EBADF;
                struct stat st;

                if ((*left)-- == 0)
                        return -E2BIG;
                if (fstatat(dirfd, *name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                if (asprintf(&path, "%s/%s", prefix, *name) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                r = add_entry(d, path, &st);
                if (r >= 0 && S_ISDIR(st.st_mode)) {
                        child = fd_open_dir_at(dirfd, *name);
                        r = child < 0 ? child : add_tree(d, child, path, depth + 1, left);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int version_of(int root, int dirfd, const char *course, const char *session, char ret[static DIGEST_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;
        _cleanup_free_ char *prefix = NULL;
        size_t left = CAMPUS_ENTRIES;
        struct stat st;
        int r;

        if (asprintf(&prefix, "%s/%s", course, session) < 0) {
                prefix = NULL;
                return -ENOMEM;
        }
        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, LAYOUT_VERSION, sizeof(LAYOUT_VERSION));
        if (r >= 0)
                r = digest_add(d, prefix, strlen(prefix) + 1);
        if (r < 0)
                return r;
        /* The tables are the operator's, who may have linked them. */
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(dates); i++)
                if (fstatat(root, dates[i], &st, 0) == 0)
                        r = add_entry(d, dates[i], &st);
                else
                        r = errno == ENOENT ? 0 : -errno;
        if (r >= 0)
                r = add_tree(d, dirfd, prefix, 1, &left);
        return r < 0 ? r : digest_finish(d, ret);
}

static int add_session(int root, int course_fd, PlanCourse *c, const char *name) {
        char version[DIGEST_LENGTH + 1];
        _cleanup_fd_ int dir = -EBADF;
        PlanSession s;
        int r;

        if (!name_is_valid(name))
                return 0;
        dir = fd_open_dir_at(course_fd, name);
        if (dir < 0)
                return dir == -ENOTDIR || dir == -ELOOP ? 0 : dir;
        if (c->n_sessions >= LIMIT_SESSIONS)
                return -E2BIG;
        r = version_of(root, dir, c->name, name, version);
        if (r < 0)
                return r;
        s = (PlanSession){ .name = strdup(name), .version = strdup(version) };
        if (!s.name || !s.version) {
                free(s.name);
                free(s.version);
                return -ENOMEM;
        }
        return plan_add_session(c, &s);
}

static int add_course(int root, int dirfd, const char *name, Plan *p) {
        _cleanup_plan_course_ PlanCourse c = { .name = strdup(name) };
        _cleanup_strv_ char **names = NULL;
        int r;

        if (!c.name)
                return -ENOMEM;
        r = list_names(dirfd, &names);
        if (r < 0)
                return r;
        STRV_FOREACH(session, names) {
                r = add_session(root, dirfd, &c, *session);
                if (r < 0)
                        return r;
        }
        if (c.n_sessions == 0)
                return 0;
        c.sessions[campus_holdout(c.sessions, c.n_sessions)].holdout = true;
        c.complete = c.n_sessions > 1;
        return plan_add_course(p, &c);
}

int campus_list(const int *roots, size_t n, char *const *courses, Plan *p) {
        _cleanup_strv_ char **sorted = NULL;
        int r;

        r = strv_copy(courses, &sorted);
        if (r < 0)
                return r;
        if (sorted)
                qsort(sorted, strv_length(sorted), sizeof(*sorted), compare_strings);
        STRV_FOREACH(name, sorted) {
                _cleanup_fd_ int dir = -ENOENT;
                size_t i;

                if (name != sorted && streq(name[-1], *name))
                        continue;
                for (i = 0; i < n; i++) {
                        dir = fd_open_dir_at(roots[i], *name);
                        if (dir >= 0 || dir != -ENOENT)
                                break;
                }
                if (dir == -ENOENT || dir == -ENOTDIR || dir == -ELOOP)
                        continue;
                r = dir < 0 ? dir : add_course(roots[i], dir, *name, p);
                if (r < 0)
                        return r;
        }
        return 0;
}
