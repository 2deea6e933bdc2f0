/* SPDX-License-Identifier: MIT */
#include "daemon/box-scan.h"

#include <fcntl.h>

#include "spool/base/fd.h"

/* Names kept of renames between two scans; more are found by their rest instead. */
#define MOVED_MAX 65536u
/* Most entries of one box that are looked at in a scan; the rest wait for the next. */
#define ENTRIES_MAX 200000u

/* FNV-1a, 64 bits (Fowler, Noll, Vo): names only need to be told apart from one scan to the next. */
static uint64_t hash_name(const char *s) {
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        for (; *s; s++)
                h = (h ^ (unsigned char) *s) * UINT64_C(0x100000001b3);
        return h;
}

void box_scan_drop_rest(BoxScan *s) {
        for (size_t i = 0; i < s->n_entries; i++)
                free(s->entries[i].name);
        free(s->entries);
        s->entries = NULL;
        s->n_entries = s->next = 0;
}

void box_scan_note_moved(BoxScan *s, const char *name) {
        uint64_t *bigger;

        if (s->n_moved >= MOVED_MAX)
                return;
        if ((s->n_moved & (s->n_moved - 1)) == 0) {
                bigger = reallocarray(s->moved, s->n_moved > 0 ? s->n_moved * 2 : 1, sizeof(*bigger));
                if (!bigger)
                        return;
                s->moved = bigger;
        }
        s->moved[s->n_moved++] = hash_name(name);
}

static int compare_seen(const void *a, const void *b) {
        const BoxSeen *x = a, *y = b;

        return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int compare_hashes(const void *a, const void *b) {
        const uint64_t *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

static int compare_entries(const void *a, const void *b) {
        const struct timespec *x = &((const BoxEntry *) a)->st.st_mtim, *y = &((const BoxEntry *) b)->st.st_mtim;

        if (x->tv_sec != y->tv_sec)
                return x->tv_sec < y->tv_sec ? -1 : 1;
        if (x->tv_nsec != y->tv_nsec)
                return x->tv_nsec < y->tv_nsec ? -1 : 1;
        return strcmp(((const BoxEntry *) a)->name, ((const BoxEntry *) b)->name);
}

/* Renamed: an event said so, or the inode was seen under another name (a rename by link and unlink makes no such event). */
static bool was_renamed(const BoxScan *s, const BoxEntry *e) {
        uint64_t hash = hash_name(e->name);
        const BoxSeen key = { .inode = e->st.st_ino };
        const BoxSeen *before;

        if (s->n_moved > 0 && bsearch(&hash, s->moved, s->n_moved, sizeof(*s->moved), compare_hashes))
                return true;
        before = s->n_seen > 0 ? bsearch(&key, s->seen, s->n_seen, sizeof(*s->seen), compare_seen) : NULL;
        return before && (before->name != hash || before->renamed);
}

static int remember_seen(BoxScan *s) {
        BoxSeen *seen = calloc(s->n_entries + 1, sizeof(*seen));

        if (!seen)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_entries; i++)
                seen[i] = (BoxSeen){ .inode = s->entries[i].st.st_ino, .name = hash_name(s->entries[i].name), .renamed = s->entries[i].renamed };
        qsort(seen, s->n_entries, sizeof(*seen), compare_seen);
        free(s->seen);
        s->seen = seen;
        s->n_seen = s->n_entries;
        s->n_moved = 0;
        return 0;
}

static int read_entries(BoxScan *s, int fd) {
        _cleanup_(closedirp) DIR *d = NULL;
        size_t allocated = 0;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(fd, ".", &d);
        if (r < 0)
                return r;
        while ((de = readdir(d)) && s->n_entries < ENTRIES_MAX) {
                BoxEntry e = {};

                if (streq(de->d_name, ".") || streq(de->d_name, "..") || fstatat(fd, de->d_name, &e.st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (s->n_entries == allocated) {
                        size_t bigger = allocated > 0 ? allocated * 2 : 32;
                        BoxEntry *entries = reallocarray(s->entries, bigger, sizeof(*entries));

                        if (!entries)
                                return -ENOMEM;
                        s->entries = entries;
                        allocated = bigger;
                }
                e.name = strdup(de->d_name);
                if (!e.name)
                        return -ENOMEM;
                s->entries[s->n_entries++] = e;
        }
        return 0;
}

int box_scan_look(BoxScan *s, int fd) {
        int r;

        box_scan_drop_rest(s);
        if (s->n_moved > 0)
                qsort(s->moved, s->n_moved, sizeof(*s->moved), compare_hashes);
        r = read_entries(s, fd);
        if (r >= 0) {
                for (size_t i = 0; i < s->n_entries; i++)
                        s->entries[i].renamed = was_renamed(s, &s->entries[i]);
                r = remember_seen(s);
        }
        if (s->n_entries > 0)
                qsort(s->entries, s->n_entries, sizeof(*s->entries), compare_entries);
        return r;
}

const BoxEntry *box_scan_next(BoxScan *s) {
        return box_scan_has_more(s) ? &s->entries[s->next++] : NULL;
}

bool box_scan_has_more(const BoxScan *s) {
        return s->next < s->n_entries;
}

void box_scan_done(BoxScan *s) {
        box_scan_drop_rest(s);
        free(s->seen);
        free(s->moved);
        *s = (BoxScan){};
}
