/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/scores.h"

#include <fcntl.h>
#include <math.h>
#include <sys/random.h>

#include "spool/base/fd.h"
#include "tools/evaluate/sort.h"

/* Scores read of a run at a time while merging. */
#define MERGE_BUFFER 4096u

void score_pool_init(ScorePool *p, int dirfd, uint64_t memory_max) {
        uint64_t max = (memory_max > 0 ? memory_max : SCORES_MEMORY_MAX) / (2 * sizeof(uint64_t));

        *p = (ScorePool){ .dirfd = dirfd, .fd = -EBADF, .max = max > 0 ? max : 1 };
}

void score_pool_done(ScorePool *p) {
        p->fd = fd_close(p->fd);
}

void score_list_done(ScoreList *l) {
        free(l->keys);
        free(l->runs);
        *l = (ScoreList){};
}

int score_list_grow(ScoreList *l) {
        size_t bigger = l->allocated > 0 ? l->allocated * 2 : 256;
        uint64_t *grown = reallocarray(l->keys, bigger, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        l->keys = grown;
        l->allocated = bigger;
        return 0;
}

/* A file without a name below dirfd. Some filesystems lack O_TMPFILE. */
static int open_temporary(int dirfd) {
        _cleanup_fd_ int fd = -EBADF;
        char name[64];
        uint64_t random;

        fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0)
                return TAKE_FD(fd);
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
                return negative_errno();
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return negative_errno();
        snprintf(name, sizeof(name), ".#scores%016llx", (unsigned long long) random);
        fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 || unlinkat(dirfd, name, 0) < 0)
                return negative_errno();
        return TAKE_FD(fd);
}

int score_list_spill(ScorePool *p, ScoreList *l) {
        ScoreRun *grown;
        int r;

        if (l->n == 0)
                return 0;
        if (l->n_runs == SCORES_RUNS_MAX)
                return -EFBIG;
        if (p->fd < 0) {
                p->fd = open_temporary(p->dirfd);
                if (p->fd < 0)
                        return p->fd;
        }
        grown = reallocarray(l->runs, l->n_runs + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        l->runs = grown;

        r = sort_keys(l->keys, l->n);
        if (r < 0)
                return r;
        r = fd_write_all(p->fd, l->keys, l->n * sizeof(*l->keys));
        if (r < 0)
                return r;
        l->runs[l->n_runs++] = (ScoreRun){ .offset = p->size, .n = l->n };
        p->size += (off_t) (l->n * sizeof(*l->keys));
        p->n -= l->n;
        /* Given back, so that the sum of all lists stays below the limit wherever the next scores go. */
        free(l->keys);
        l->keys = NULL;
        l->n = l->allocated = 0;
        return 0;
}

/* ---- the statistic ---- */

/* Fed with keys in ascending order. */
typedef struct Ranks {
        uint64_t n_n, n_p;          /* labels 0 and 1 of all earlier scores */
        uint64_t tied_n, tied_p;    /* of the current score */
        uint64_t score;
        unsigned __int128 twice;    /* pairs won by label 1 count two, ties one */
} Ranks;

static void ranks_close(Ranks *k) {
        k->twice += (unsigned __int128) k->tied_p * (2 * k->n_n + k->tied_n);
        k->n_n += k->tied_n;
        k->n_p += k->tied_p;
        k->tied_n = k->tied_p = 0;
}

static inline void ranks_add(Ranks *k, uint64_t key) {
        if (key >> 1 != k->score) {
                ranks_close(k);
                k->score = key >> 1;
        }
        k->tied_p += key & 1;
        k->tied_n += ~key & 1;
}

static double ranks_auc(Ranks *k) {
        ranks_close(k);
        if (k->n_n == 0 || k->n_p == 0)
                return NAN;
        return (double) k->twice / (2.0 * (double) k->n_n * (double) k->n_p);
}

/* ---- merging ---- */

/* A run being read; the heap orders them by their next key. */
typedef struct Source {
        uint64_t next;
        uint64_t left;      /* not yet read from the file */
        off_t offset;
        uint64_t *buffer;
        size_t at, n;
} Source;

static int source_advance(int fd, Source *s) {
        if (s->at == s->n) {
                size_t want = s->left < MERGE_BUFFER ? (size_t) s->left : MERGE_BUFFER, have = 0;

                if (want == 0)
                        return -ENODATA;
                while (have < want * sizeof(uint64_t)) {
                        ssize_t n = pread(fd, (char *) s->buffer + have, want * sizeof(uint64_t) - have, s->offset + (off_t) have);

                        if (n < 0 && errno == EINTR)
                                continue;
                        if (n <= 0)
                                return n < 0 ? negative_errno() : -EIO;
                        have += (size_t) n;
                }
                s->offset += (off_t) have;
                s->left -= want;
                s->n = want;
                s->at = 0;
        }
        s->next = s->buffer[s->at++];
        return 0;
}

/* Lets the source at i sink to its place in the heap. */
static void sink(Source *heap, size_t n, size_t i) {
        for (;;) {
                size_t least = i, left = 2 * i + 1;
                Source swap;

                if (left < n && heap[left].next < heap[least].next)
                        least = left;
                if (left + 1 < n && heap[left + 1].next < heap[least].next)
                        least = left + 1;
                if (least == i)
                        return;
                swap = heap[i], heap[i] = heap[least], heap[least] = swap;
                i = least;
        }
}

static int merge(int fd, Source *heap, size_t n, Ranks *k) {
        for (size_t i = n; i-- > 0;)
                sink(heap, n, i);
        while (n > 0) {
                int r;

                ranks_add(k, heap[0].next);
                r = source_advance(fd, &heap[0]);
                if (r == -ENODATA)
                        heap[0] = heap[--n];
                else if (r < 0)
                        return r;
                sink(heap, n, 0);
        }
        return 0;
}

static int merge_runs(ScorePool *p, const ScoreList *l, Ranks *k) {
        _cleanup_free_ uint64_t *buffers = NULL;
        _cleanup_free_ Source *heap = NULL;

        buffers = reallocarray(NULL, l->n_runs, MERGE_BUFFER * sizeof(*buffers));
        heap = calloc(l->n_runs, sizeof(*heap));
        if (!buffers || !heap)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_runs; i++) {
                int r;

                heap[i] = (Source){ .left = l->runs[i].n, .offset = l->runs[i].offset, .buffer = buffers + i * MERGE_BUFFER };
                r = source_advance(p->fd, &heap[i]);
                if (r < 0)
                        return r;
        }
        return merge(p->fd, heap, l->n_runs, k);
}

int score_list_auc(ScorePool *p, ScoreList *l, double *ret) {
        Ranks k = {};
        int r;

        if (l->n_runs > 0) {
                r = score_list_spill(p, l);
                if (r < 0)
                        return r;
                r = merge_runs(p, l, &k);
        } else {
                r = sort_keys(l->keys, l->n);
                for (size_t i = 0; r >= 0 && i < l->n; i++)
                        ranks_add(&k, l->keys[i]);
        }
        if (r < 0)
                return r;
        *ret = ranks_auc(&k);
        return 0;
}
