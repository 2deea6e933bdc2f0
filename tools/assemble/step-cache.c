/* SPDX-License-Identifier: MIT */
#include "tools/assemble/step-cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/file.h>
#include <time.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/limits.h"
#include "tools/assemble/tree.h"

/* To be raised when the same input would give another output, or is laid out otherwise. */
#define FORMAT 1

static int _printf_(2, 3) add(Digest *d, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return digest_add(d, text, (size_t) n);
}

static int add_input(const Assemble *a, const PlanStep *s, Digest *d) {
        _cleanup_fd_ int inputs = -EBADF, input = -EBADF;
        PlanStepSessions i = {};
        char name[STEP_DIR_SIZE];
        int r = 0;

        if (a->phase->mode == PLAN_MODE_EXTRACT || a->phase->mode == PLAN_MODE_EXTRACT_HOLDOUT) {
                while (r >= 0 && plan_step_sessions(&a->plan, s, &i))
                        r = add(d, "session %s %s %s\n", i.course->name, i.session->name, i.session->version);
                return r;
        }
        inputs = fd_open_dir_at(a->work_fd, "input");
        input = inputs < 0 ? inputs : fd_open_dir_at(inputs, step_dir(s, name));
        return input < 0 ? input : tree_digest(input, d);
}

int step_cache_key(const Assemble *a, const PlanStep *s, char ret[static DIGEST_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;
        int r;

        r = digest_new(&d);
        if (r >= 0)
                r = add(d, "morf-step %d\nimage %s\nmode %s\nlevel %s\ncourse %s\nsession %s\nfold %u\nlabels %s\n", FORMAT, a->image,
                        plan_mode_to_string(a->phase->mode), plan_level_to_string(a->phase->level), s->course ?: "-", s->session ?: "-", s->fold,
                        a->phase->label_type ?: "-");
        /* Values may hold anything printable, so that their length is said. */
        for (size_t i = 0; r >= 0 && i < a->manifest.args.n; i++)
                r = add(d, "arg %s %zu %s\n", a->manifest.args.items[i].name, strlen(a->manifest.args.items[i].value), a->manifest.args.items[i].value);
        if (r >= 0)
                r = add(d, "profile %d limits %" PRIu64 " %" PRIu64 "\n", (int) a->manifest.profile, a->manifest.limits.memory,
                        a->manifest.limits.cpus_milli);
        if (r >= 0)
                r = add_input(a, s, d);
        return r < 0 ? r : digest_finish(d, ret);
}

int step_cache_take(const Assemble *a, const PlanStep *s, const char *key) {
        _cleanup_fd_ int from = -EBADF, sealed = -EBADF;
        char name[STEP_DIR_SIZE];
        int r;

        from = fd_open_dir_at(a->cache_steps_fd, key);
        if (from == -ENOENT)
                return 0;
        sealed = assemble_open_dir(a->work_fd, "sealed");
        if (from < 0 || sealed < 0)
                return from < 0 ? from : sealed;
        (void) futimens(from, NULL);
        r = tree_copy_own(from, sealed, step_dir(s, name));
        return r < 0 ? r : 1;
}

int cache_lock(int dirfd) {
        _cleanup_fd_ int fd = fd_open_dir_at(dirfd, ".");

        if (fd < 0)
                return fd;
        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return negative_errno();
        return TAKE_FD(fd);
}

int step_cache_store(const Assemble *a, const PlanStep *s, const char *key) {
        _cleanup_fd_ int lock = cache_lock(a->cache_steps_fd), sealed = -EBADF, from = -EBADF;
        char name[STEP_DIR_SIZE];

        if (lock < 0)
                return lock;
        if (faccessat(a->cache_steps_fd, key, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return 0;
        sealed = fd_open_dir_at(a->work_fd, "sealed");
        from = sealed < 0 ? sealed : fd_open_dir_at(sealed, step_dir(s, name));
        return from < 0 ? from : tree_copy_own(from, a->cache_steps_fd, key);
}

typedef struct Entry {
        char *name;
        time_t used;
        uint64_t bytes;
} Entry;

static int compare_used(const void *a, const void *b) {
        const Entry *x = a, *y = b;

        return (x->used > y->used) - (x->used < y->used);
}

static int list_entries(int dirfd, Entry **entries, size_t *n) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(dirfd, ".", &d);
        while (r >= 0 && (de = readdir(d))) {
                _cleanup_fd_ int fd = -EBADF;
                uint64_t count;
                Entry e = {}, *bigger;
                struct stat st;

                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                fd = fd_open_dir_at(dirfd, de->d_name);
                if (fd < 0 || fstat(fd, &st) < 0 || fd_tree_usage(fd, UINT64_MAX, UINT64_MAX, &e.bytes, &count) < 0)
                        continue; /* somebody else removes it just now */
                e.used = st.st_mtime;
                e.name = strdup(de->d_name);
                bigger = e.name ? reallocarray(*entries, *n + 1, sizeof(*bigger)) : NULL;
                if (!bigger) {
                        free(e.name);
                        return -ENOMEM;
                }
                *entries = bigger;
                bigger[(*n)++] = e;
        }
        return r;
}

int cache_trim(int dirfd, uint64_t max_bytes, unsigned idle_sec) {
        time_t now = time(NULL);
        Entry *entries = NULL;
        uint64_t total = 0;
        size_t n = 0;
        int r;

        r = list_entries(dirfd, &entries, &n);
        if (n > 0)
                qsort(entries, n, sizeof(*entries), compare_used);
        for (size_t i = 0; i < n; i++)
                total += entries[i].bytes;
        for (size_t i = 0; i < n; i++) {
                /* Nobody writes one entry for a day. */
                bool half = entries[i].name[0] == '.', idle = entries[i].used < now - (half ? 24 * 60 * 60 : (time_t) idle_sec);

                if (r >= 0 && idle && (half || total > max_bytes)) {
                        r = fd_remove_tree_at(dirfd, entries[i].name);
                        total -= entries[i].bytes;
                        log_debug("removed '%s' from the cache", entries[i].name);
                }
                free(entries[i].name);
        }
        free(entries);
        return r;
}
