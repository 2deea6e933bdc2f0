/* SPDX-License-Identifier: MIT */
#include "tools/cli/jobs.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/time.h"
#include "spool/limits.h"

#define STATUS_FILE "status.json"
/* Digits of an id that hold its time: 48 bits in the first ten. */
#define ID_TIME_DIGITS 10u

void id_list_done(IdList *l) {
        free(l->items);
        *l = (IdList){};
}

static int id_list_add(IdList *l, const char *id) {
        if (l->n == l->allocated) {
                size_t n = l->allocated > 0 ? 2 * l->allocated : 256;
                Id *items = reallocarray(l->items, n, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->allocated = n;
        }
        memcpy(l->items[l->n++].text, id, ID_LENGTH + 1);
        return 0;
}

static int newest_first(const void *a, const void *b) {
        return strcmp(((const Id *) b)->text, ((const Id *) a)->text);
}

int jobs_open(const Spool *spool, const char *user, Jobs *ret) {
        static const SpoolDir operator_dirs[JOBS_PLACES_MAX] = { SPOOL_ACTIVE, SPOOL_DONE, SPOOL_FAILED };
        _cleanup_jobs_ Jobs j = JOBS_EMPTY;
        _cleanup_fd_ int account = -EBADF;

        if (!user) {
                for (size_t i = 0; i < JOBS_PLACES_MAX; i++) {
                        j.fds[i] = spool->fds[operator_dirs[i]];
                        j.paths[i] = spool_dir_name(operator_dirs[i]);
                }
                j.n = JOBS_PLACES_MAX;
        } else {
                if (!name_is_user(user) || spool->fds[SPOOL_SFTP] < 0)
                        return -ENOENT;
                account = fd_open_dir_at(spool->fds[SPOOL_SFTP], user);
                if (account < 0)
                        return account;
                j.researcher = true;
                j.n = 1;
                if (asprintf(&j.path, "sftp/%s/jobs", user) < 0) {
                        j.path = NULL;
                        return -ENOMEM;
                }
                j.paths[0] = j.path;
                j.fds[0] = fd_open_dir_at(account, "jobs");
                if (j.fds[0] < 0)
                        return j.fds[0];
        }
        *ret = j;
        j = (Jobs) JOBS_EMPTY;
        return 0;
}

void jobs_close(Jobs *j) {
        if (j->researcher)
                fd_close(j->fds[0]);
        free(j->path);
        *j = (Jobs) JOBS_EMPTY;
}

bool jobs_place_is_ended(const Jobs *j, size_t place) {
        return !j->researcher && place > 0;
}

/* Appends unsorted. */
static int scan(const Jobs *j, size_t place, const char *floor, const char *prefix, IdList *ret) {
        _cleanup_(closedirp) DIR *dir = NULL;
        const struct dirent *de;
        int r;

        r = fd_open_dirstream_at(j->fds[place], ".", &dir);
        if (r < 0)
                return r;
        while (errno = 0, de = readdir(dir)) {
                if (!id_is_valid(de->d_name) || strcmp(de->d_name, floor) < 0 || !startswith(de->d_name, prefix))
                        continue;
                r = id_list_add(ret, de->d_name);
                if (r < 0)
                        return r;
        }
        return errno != 0 ? negative_errno() : 0;
}

int jobs_list(const Jobs *j, size_t place, const char *floor, IdList *ret) {
        size_t before = ret->n;
        int r;

        r = scan(j, place, floor, "", ret);
        if (ret->n > before)
                qsort(ret->items + before, ret->n - before, sizeof(Id), newest_first);
        return r;
}

int jobs_find(const Jobs *j, const char *prefix, IdList *ret) {
        size_t n = 0;
        int fd, r;

        /* A whole id needs no search. */
        if (id_is_valid(prefix)) {
                fd = jobs_open_dir(j, prefix, NULL);
                if (fd < 0)
                        return fd == -ENOENT ? 0 : fd;
                fd_close(fd);
                return id_list_add(ret, prefix);
        }
        for (size_t place = 0; place < j->n; place++) {
                r = scan(j, place, "", prefix, ret);
                if (r < 0)
                        return r;
        }
        if (ret->n > 0)
                qsort(ret->items, ret->n, sizeof(Id), newest_first);
        /* A job that moved while we looked was met twice. */
        for (size_t i = 0; i < ret->n; i++)
                if (n == 0 || !streq(ret->items[n - 1].text, ret->items[i].text))
                        ret->items[n++] = ret->items[i];
        ret->n = n;
        return 0;
}

int jobs_open_dir(const Jobs *j, const char *id, size_t *ret_place) {
        int fd;

        /* Twice: a retried job moves back to a place that was looked at before. */
        for (unsigned pass = 0; pass < 2; pass++)
                for (size_t place = 0; place < j->n; place++) {
                        fd = fd_open_dir_at(j->fds[place], id);
                        if (fd == -ENOENT)
                                continue;
                        if (fd >= 0 && ret_place)
                                *ret_place = place;
                        return fd;
                }
        return -ENOENT;
}

static int read_dir(const Jobs *j, int fd, Record *ret, char **reterr) {
        _cleanup_record_ Record r = {};
        int k;

        if (!j->researcher)
                return record_read_at(fd, ret, reterr);
        k = json_record_read_at(&status_table, fd, STATUS_FILE, JOBS_STATUS_MAX, &r, reterr);
        if (k < 0)
                return k;
        *ret = r;
        r = (Record){};
        return 0;
}

int jobs_read_in(const Jobs *j, size_t place, const char *id, Record *ret, char **reterr) {
        _cleanup_fd_ int fd = fd_open_dir_at(j->fds[place], id);

        return fd < 0 ? fd : read_dir(j, fd, ret, reterr);
}

int jobs_read(const Jobs *j, const char *id, Record *ret, size_t *ret_place, char **reterr) {
        _cleanup_fd_ int fd = jobs_open_dir(j, id, ret_place);

        return fd < 0 ? fd : read_dir(j, fd, ret, reterr);
}

const char *jobs_id_floor(uint64_t usec, char buffer[static ID_LENGTH + 1]) {
        static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
        uint64_t ms = (usec / USEC_PER_MSEC) & ((UINT64_C(1) << 48) - 1);

        for (size_t i = ID_TIME_DIGITS; i-- > 0; ms >>= 5)
                buffer[i] = digits[ms & 31];
        buffer[ID_TIME_DIGITS] = '\0';
        return buffer;
}

json_t *jobs_to_json(const Jobs *j, const Record *r) {
        _cleanup_json_ json_t *object = NULL;
        char short_id[ID_SHORT_LENGTH + 1];

        object = json_record_to_value(j->researcher ? &status_table : &record_table, r);
        if (!object)
                return NULL;
        snprintf(short_id, sizeof(short_id), "%.*s", (int) ID_SHORT_LENGTH, r->id);
        if (json_object_set_new(object, "short", json_string(short_id)) < 0)
                return NULL;
        if (r->fault.code == FAULT_NONE)
                json_object_del(object, "fault");
        return TAKE_PTR(object);
}
