/* SPDX-License-Identifier: MIT */
#include "tools/assemble/division.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"

int division_add(Division *d, const char *course, const char *session, char *path, unsigned step) {
        size_t wanted = d->allocated > 0 ? 2 * d->allocated : 64;
        DivisionPart *bigger;

        if (path && d->n == d->allocated) {
                bigger = reallocarray(d->parts, wanted, sizeof(*bigger));
                if (bigger) {
                        d->parts = bigger;
                        d->allocated = wanted;
                }
        }
        if (!path || d->n == d->allocated) {
                free(path);
                return -ENOMEM;
        }
        d->parts[d->n++] = (DivisionPart){ .course = course, .session = session, .path = path, .step = step };
        return 0;
}

static int compare_cell(const CsvCell *cell, const char *s) {
        size_t n = strlen(s), m = cell->size < n ? cell->size : n;
        int c = memcmp(cell->data, s, m);

        return c != 0 ? c : (cell->size > n) - (cell->size < n);
}

static int compare_parts(const void *a, const void *b) {
        const DivisionPart *x = a, *y = b;
        int c = strcmp(x->course, y->course);

        return c != 0 ? c : strcmp(x->session, y->session);
}

void division_sort(Division *d) {
        if (d->n > 0)
                qsort(d->parts, d->n, sizeof(*d->parts), compare_parts);
}

static int compare_key(const CsvCell *course, const CsvCell *session, const DivisionPart *p) {
        int c = compare_cell(course, p->course);

        return c != 0 ? c : compare_cell(session, p->session);
}

DivisionPart *division_find(Division *d, const CsvCell *course, const CsvCell *session) {
        size_t low = 0, high = d->n;

        if (d->last < d->n && compare_key(course, session, &d->parts[d->last]) == 0)
                return &d->parts[d->last];
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int c = compare_key(course, session, &d->parts[middle]);

                if (c == 0) {
                        d->last = middle;
                        return &d->parts[middle];
                }
                if (c < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

DivisionPart *division_find_joined(Division *d, const CsvCell *cell) {
        for (size_t i = 1; i + 1 < cell->size; i++) {
                CsvCell course = { .data = cell->data, .size = i }, session = { .data = cell->data + i + 1, .size = cell->size - i - 1 };
                DivisionPart *p = cell->data[i] == '_' || cell->data[i] == '-' ? division_find(d, &course, &session) : NULL;

                if (p)
                        return p;
        }
        return NULL;
}

static int close_part(DivisionPart *p) {
        FILE *f = TAKE_PTR(p->f);
        int r = ferror(f) ? -EIO : 0;

        return fclose(f) != 0 && r == 0 ? negative_errno() : r;
}

static int make_parents(int dirfd, const char *path) {
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_free_ char *parent = strndup(path, (size_t) (slash - path));

                if (!parent)
                        return -ENOMEM;
                if (mkdirat(dirfd, parent, 0755) < 0 && errno != EEXIST)
                        return negative_errno();
        }
        return 0;
}

static int open_part(Division *d, DivisionPart *p) {
        _cleanup_fd_ int fd = -EBADF;
        int r = 0;

        if (p->rows == 0)
                r = make_parents(d->dirfd, p->path);
        if (r < 0)
                return r;
        fd = openat(d->dirfd, p->path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return negative_errno();
        p->f = fdopen(fd, "a");
        if (!p->f)
                return negative_errno();
        TAKE_FD(fd);
        if (p->rows == 0)
                (void) fprintf(p->f, "%s\n", d->header);
        return 0;
}

int division_row(Division *d, DivisionPart *p, FILE **ret) {
        int r = 0;

        if (!p->f) {
                size_t place = d->n_open;

                if (d->n_open == DIVISION_OPEN_MAX) {
                        place = d->turn++ % DIVISION_OPEN_MAX;
                        r = close_part(&d->parts[d->open[place]]);
                }
                if (r >= 0)
                        r = open_part(d, p);
                if (r < 0)
                        return r;
                d->open[place] = (size_t) (p - d->parts);
                d->n_open += place == d->n_open;
        }
        p->rows++;
        *ret = p->f;
        return 0;
}

int division_finish(Division *d) {
        int r = 0;

        for (size_t i = 0; i < d->n; i++)
                if (d->parts[i].f) {
                        int k = close_part(&d->parts[i]);

                        r = r < 0 ? r : k;
                }
        d->n_open = 0;
        return r;
}

void division_done(Division *d) {
        (void) division_finish(d);
        for (size_t i = 0; i < d->n; i++)
                free(d->parts[i].path);
        free(d->parts);
        free(d->header);
        *d = (Division){};
}
