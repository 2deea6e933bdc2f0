/* SPDX-License-Identifier: MIT */
#include "spool/courses.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"

void courses_done(Courses *c) {
        for (size_t i = 0; i < c->n; i++)
                free(c->items[i].name);
        free(c->items);
        *c = (Courses){};
}

static bool has_course(const Courses *c, const char *name) {
        for (size_t i = 0; i < c->n; i++)
                if (streq(c->items[i].name, name))
                        return true;
        return false;
}

static int add_course(Courses *c, const char *root, const char *name) {
        Course *bigger;

        if (c->n >= LIMIT_COURSES)
                return -E2BIG;
        bigger = reallocarray(c->items, c->n + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        c->items = bigger;
        c->items[c->n] = (Course){ .root = root, .name = strdup(name) };
        if (!c->items[c->n].name)
                return -ENOMEM;
        c->n++;
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const Course *) a)->name, ((const Course *) b)->name);
}

/* Adds the courses below a root that are granted and, unless wanted is empty, wanted. */
static int add_root(const char *root, const ConfUser *user, char *const *wanted, Courses *c) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_free_ char *path = NULL;
        struct dirent *de;
        int r;

        /* The operator's own path: it may be a symbolic link. */
        if (asprintf(&path, "%s/.", root) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = fd_open_dirstream_at(AT_FDCWD, path, &d);
        if (r == -ENOENT) {
                log_debug("there is no data in %s, ignoring", root);
                return 0;
        }
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                struct stat st;

                if (!name_is_valid(de->d_name) || !conf_user_may_see(user, de->d_name) || has_course(c, de->d_name))
                        continue;
                if (strv_length(wanted) > 0 && !strv_contains(wanted, de->d_name))
                        continue;
                if (fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
                        continue;
                r = add_course(c, root, de->d_name);
                if (r < 0)
                        return r;
        }
        return 0;
}

int courses_for_job(char *const *roots, const ConfUser *user, char *const *wanted, Courses *ret, Fault *reterr) {
        _cleanup_courses_ Courses c = {};
        int r;

        STRV_FOREACH(root, roots) {
                r = add_root(*root, user, wanted, &c);
                if (r < 0)
                        return r;
        }
        /* A course that was not granted is told apart from one that does not exist only to the operator, in the journal. */
        STRV_FOREACH(name, wanted)
                if (!has_course(&c, *name))
                        return fault_set(reterr, FAULT_GRANT, NULL, 0, "course '%s' does not exist here or was not granted to you", *name);
        if (c.n == 0)
                return fault_set(reterr, FAULT_GRANT, NULL, 0, "no course was granted to you");

        qsort(c.items, c.n, sizeof(*c.items), compare);
        *ret = c;
        c = (Courses){};
        return 0;
}
