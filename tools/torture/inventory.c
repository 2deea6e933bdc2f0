/* SPDX-License-Identifier: MIT */
#include "tools/torture/inventory.h"

#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "tools/torture/load.h"

static const SpoolDir places[] = { SPOOL_ACTIVE, SPOOL_DONE, SPOOL_FAILED };

int inventory_count(int dirfd, const char *name, bool hidden_too) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r, n = 0;

        r = fd_open_dirstream_at(dirfd, name, &d);
        if (r < 0)
                return r;
        while ((de = readdir(d)))
                if (!streq(de->d_name, ".") && !streq(de->d_name, "..") && (hidden_too || de->d_name[0] != '.'))
                        n++;
        return n;
}

/* The first entry that does not begin with our prefix, escaped; NULL: none. Return: 0 or a negative errno. */
static int find_foreign(int dirfd, const char *name, const char *prefix, char **ret) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(dirfd, name, &d);
        if (r < 0)
                return r;
        while ((de = readdir(d)))
                if (!streq(de->d_name, ".") && !streq(de->d_name, "..") && (!prefix || !startswith(de->d_name, prefix))) {
                        *ret = name_escape(de->d_name, strlen(de->d_name), 64);
                        return *ret ? 0 : -ENOMEM;
                }
        return 0;
}

static int complain(char **reterr, const char *place, const char *name) {
        if (asprintf(reterr, "%s/%s was not made by morf-torture", place, name) < 0)
                *reterr = NULL;
        return 0;
}

/* Boxes: the shared one and those of all accounts. */
static int boxes_are_ours(const Spool *spool, char **reterr) {
        _cleanup_free_ char *foreign = NULL;
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = find_foreign(spool->fds[SPOOL_INCOMING], ".", LOAD_PREFIX, &foreign);
        if (r < 0)
                return r;
        if (foreign)
                return complain(reterr, "incoming", foreign);
        r = fd_open_dirstream_at(spool->fds[SPOOL_SFTP], ".", &d);
        if (r < 0)
                return r;
        while ((de = readdir(d))) {
                char box[300];

                if (de->d_name[0] == '.')
                        continue;
                snprintf(box, sizeof(box), "%s/incoming", de->d_name);
                r = find_foreign(spool->fds[SPOOL_SFTP], box, LOAD_PREFIX, &foreign);
                if (r < 0 && r != -ENOENT)
                        return r;
                if (foreign)
                        return complain(reterr, box, foreign);
        }
        return 1;
}

int inventory_is_ours(const Spool *spool, const char *user, char **reterr) {
        _cleanup_free_ char *foreign = NULL;
        int r;

        r = find_foreign(spool->fds[SPOOL_CORRUPT], ".", NULL, &foreign);
        if (r < 0)
                return r;
        if (foreign)
                return complain(reterr, "corrupt", foreign);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_(closedirp) DIR *d = NULL;
                struct dirent *de;

                r = fd_open_dirstream_at(spool->fds[places[i]], ".", &d);
                if (r < 0)
                        return r;
                while ((de = readdir(d))) {
                        _cleanup_record_ Record record = {};
                        _cleanup_fd_ int fd = -EBADF;

                        if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                                continue;
                        fd = fd_open_dir_at(dirfd(d), de->d_name);
                        if (fd < 0 || record_read_at(fd, &record, /* reterr= */ NULL) < 0 || !streq_ptr(record.user, user) ||
                            !startswith(strempty(record.drop), LOAD_PREFIX))
                                return complain(reterr, spool_dir_name(places[i]), id_is_valid(de->d_name) ? de->d_name : "…");
                }
        }
        return boxes_are_ours(spool, reterr);
}

/* Takes the record over. */
static int add(Inventory *i, SpoolDir place, Record *record) {
        Found *items = reallocarray(i->items, i->n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        i->items = items;
        items[i->n++] = (Found){ .place = place, .record = *record };
        *record = (Record){};
        return 0;
}

int inventory_take(const Spool *spool, const char *prefix, Inventory *ret) {
        _cleanup_inventory_ Inventory inventory = {};

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_(closedirp) DIR *d = NULL;
                struct dirent *de;
                int r;

                r = fd_open_dirstream_at(spool->fds[places[i]], ".", &d);
                if (r < 0)
                        return r;
                while ((de = readdir(d))) {
                        _cleanup_record_ Record record = {};
                        _cleanup_fd_ int fd = -EBADF;

                        if (!id_is_valid(de->d_name))
                                continue;
                        fd = fd_open_dir_at(dirfd(d), de->d_name);
                        /* A job that moves on just now is found in its next place, or the next time. */
                        if (fd < 0 || record_read_at(fd, &record, /* reterr= */ NULL) < 0 || !startswith(strempty(record.drop), prefix))
                                continue;
                        r = add(&inventory, places[i], &record);
                        if (r < 0)
                                return r;
                }
        }
        *ret = inventory;
        inventory = (Inventory){};
        return 0;
}

void inventory_done(Inventory *i) {
        for (size_t k = 0; k < i->n; k++)
                record_done(&i->items[k].record);
        free(i->items);
        *i = (Inventory){};
}
