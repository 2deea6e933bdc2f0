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

typedef unsigned __int128 Wide;

/*
 * Fed with keys in ascending order. For each score, let `below` be twice the number of scores of the other label below it, and once that
 * of those equal to it. The sum over label 1 is the statistic; sums and sums of squares over both labels give its variance. With up to
 * 2^40 scores nothing of it wraps around.
 */
typedef struct Ranks {
        const ScoreList *list;
        uint64_t n[2];     /* labels 0 and 1 of all earlier scores */
        uint64_t tied[2];  /* of the current score */
        uint64_t score;
        Wide sum[2], square[2]; /* of below, over either label */
        Curve curve;
        int error;
} Ranks;

static void ranks_close(Ranks *k) {
        double score;

        if (k->tied[0] + k->tied[1] == 0)
                return;
        for (unsigned label = 0; label < 2; label++) {
                Wide below = 2 * (Wide) k->n[!label] + k->tied[!label];

                k->sum[label] += k->tied[label] * below;
                k->square[label] += k->tied[label] * below * below;
        }
        memcpy(&score, &k->score, sizeof(score));
        if (k->error >= 0)
                k->error = curve_add(&k->curve, k->list->labels[0], k->list->labels[1], score, k->tied[0], k->tied[1]);
        for (unsigned label = 0; label < 2; label++) {
                k->n[label] += k->tied[label];
                k->tied[label] = 0;
        }
}

static inline void ranks_add(Ranks *k, uint64_t key) {
        if (key >> 1 != k->score) {
                ranks_close(k);
                k->score = key >> 1;
        }
        k->tied[key & 1]++;
}

/* Sample variance of the shares of the other label that lie below, for n >= 2 values out of twice n_other. */
static long double variance(Wide sum, Wide square, uint64_t n, uint64_t n_other) {
        long double scale = 2.0L * (long double) n_other, spread;

        /* Exact as long as it fits, since equal values must give nothing at all. */
        if (n < UINT64_C(1) << 30 && n_other < UINT64_C(1) << 30)
                spread = (long double) (square * n - sum * sum) / (long double) n;
        else
                spread = (long double) square - (long double) sum / (long double) n * (long double) sum;
        return spread > 0 ? spread / (long double) (n - 1) / (scale * scale) : 0;
}

static double standard_error(const Ranks *k) {
        long double v = 0;

        if (k->n[0] < 2 || k->n[1] < 2)
                return NAN;
        for (unsigned label = 0; label < 2; label++)
                v += variance(k->sum[label], k->square[label], k->n[label], k->n[!label]) / (long double) k->n[label];
        return (double) sqrtl(v);
}

static int ranks_finish(Ranks *k, ScoreSummary *ret) {
        ranks_close(k);
        if (k->error < 0) {
                curve_done(&k->curve);
                return k->error;
        }
        *ret = (ScoreSummary){ .auc = NAN, .auc_se = standard_error(k), .curve = k->curve };
        if (k->n[0] > 0 && k->n[1] > 0)
                ret->auc = (double) k->sum[1] / (2.0 * (double) k->n[0] * (double) k->n[1]);
        return 0;
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

int score_list_summarise(ScorePool *p, ScoreList *l, ScoreSummary *ret) {
        Ranks k = { .list = l };
        int r;

        if (l->n_runs > 0) {
                r = score_list_spill(p, l);
                if (r >= 0)
                        r = merge_runs(p, l, &k);
        } else {
                r = sort_keys(l->keys, l->n);
                for (size_t i = 0; r >= 0 && i < l->n; i++)
                        ranks_add(&k, l->keys[i]);
        }
        if (r < 0) {
                curve_done(&k.curve);
                return r;
        }
        return ranks_finish(&k, ret);
}
