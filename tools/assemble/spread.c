/* SPDX-License-Identifier: MIT */
#include "tools/assemble/spread.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"

#define OPEN_MAX_FILES 64u

int spread_add(Spread *s, const char *key, int dirfd, const char *name) {
        SpreadFile f = { .key = strdup(key), .dirfd = dirfd, .name = strdup(name) };
        SpreadFile *bigger = f.key && f.name ? reallocarray(s->files, s->n + 1, sizeof(*bigger)) : NULL;

        if (!bigger) {
                free(f.key);
                free(f.name);
                fd_close(dirfd);
                return -ENOMEM;
        }
        s->files = bigger;
        s->files[s->n++] = f;
        return 0;
}

static bool has_key(const SpreadFile *f, const char *key, size_t size) {
        return strlen(f->key) == size && memcmp(f->key, key, size) == 0;
}

ssize_t spread_find(Spread *s, const char *key, size_t key_size, size_t from) {
        if (from == 0 && s->last < s->n && has_key(&s->files[s->last], key, key_size)) {
                while (s->last > 0 && has_key(&s->files[s->last - 1], key, key_size))
                        s->last--;
                return (ssize_t) s->last;
        }
        for (size_t i = from; i < s->n; i++)
                if (has_key(&s->files[i], key, key_size)) {
                        if (from == 0)
                                s->last = i;
                        return (ssize_t) i;
                }
        return -1;
}

/* Files that wait with their partial name are opened again behind what they hold. */
static int close_all(Spread *s) {
        for (size_t i = 0; i < s->n; i++) {
                FILE *f = TAKE_PTR(s->files[i].file.f);

                if (f) {
                        bool failed = ferror(f); /* an earlier write, which closing does not tell of */

                        if (fclose(f) != 0)
                                return negative_errno();
                        if (failed)
                                return -EIO;
                }
        }
        s->open = 0;
        return 0;
}

static int open_again(TableFile *t) {
        _cleanup_fd_ int fd = openat(t->dirfd, t->partial, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return negative_errno();
        t->f = fdopen(fd, "a");
        if (!t->f)
                return negative_errno();
        TAKE_FD(fd);
        return 0;
}

int spread_stream(Spread *s, size_t index, FILE **ret, bool *ret_new) {
        SpreadFile *f = &s->files[index];
        int r = 0;

        *ret_new = !f->begun;
        if (!f->file.f) {
                if (s->open >= OPEN_MAX_FILES)
                        r = close_all(s);
                if (r >= 0)
                        r = f->begun ? open_again(&f->file) : table_file_open(&f->file, f->dirfd, f->name);
                if (r < 0)
                        return r;
                s->open++;
        }
        f->begun = true;
        *ret = f->file.f;
        return 0;
}

int spread_publish(Spread *s, const char *header) {
        for (size_t i = 0; i < s->n; i++) {
                bool is_new;
                FILE *f;
                int r;

                r = spread_stream(s, i, &f, &is_new);
                if (r < 0)
                        return r;
                if (is_new && header)
                        (void) fprintf(f, "%s\n", header);
                s->open--;
                r = table_file_publish(&s->files[i].file);
                if (r < 0)
                        return r;
        }
        return 0;
}

void spread_done(Spread *s) {
        for (size_t i = 0; i < s->n; i++) {
                table_file_done(&s->files[i].file);
                fd_close(s->files[i].dirfd);
                free(s->files[i].key);
                free(s->files[i].name);
        }
        free(s->files);
        *s = (Spread){};
}
