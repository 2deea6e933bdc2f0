/* SPDX-License-Identifier: MIT */
#include "tools/assemble/raw-layer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/sysmacros.h>
#include <zlib.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/csv.h"
#include "spool/limits.h"
#include "tools/assemble/table.h"

#define DATES "coursera_course_dates.csv"
#define DATES_UNDERSCORE "coursera_course_dates_with_underscore.csv"

bool raw_name(const char *name, char *ret) {
        const char *gz = endswith(name, ".sql.gz");
        const char *end = gz ? gz + strlen(".sql") : name + strlen(name);
        char *out = ret;

        if (!gz && !endswith(name, ".sql")) {
                strcpy(ret, name);
                return false;
        }
        for (const char *c = name; c < end; c++)
                if (!strchr("()& ", *c))
                        *out++ = *c;
        *out = '\0';
        return !streq(name, ret);
}

/* The operator's files, which may be links: opened as any file. */
static int open_raw(int dirfd, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (fstat(fd, &st) < 0)
                return negative_errno();
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EBADMSG;
}

/* zlib would read what is not packed as it is. */
static int check_packed(int fd) {
        unsigned char magic[2];
        ssize_t n = pread(fd, magic, sizeof(magic), 0);

        if (n < 0)
                return negative_errno();
        return n == sizeof(magic) && magic[0] == 0x1f && magic[1] == 0x8b ? 0 : -EUCLEAN;
}

/* Return: 0; -EUCLEAN: it is damaged; another negative errno. */
static int unpack(int from, int to_dirfd, const char *name) {
        char buffer[128 * 1024];
        _cleanup_fd_ int to = -EBADF;
        uint64_t total = 0;
        gzFile in;
        int n, r = 0;

        to = openat(to_dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0)
                return errno == EEXIST ? -EUCLEAN : negative_errno(); /* two dumps have the same name for containers */
        in = gzdopen(fcntl(from, F_DUPFD_CLOEXEC, 3), "rb");
        if (!in)
                return -ENOMEM;
        while (r >= 0 && (n = gzread(in, buffer, sizeof(buffer))) != 0) {
                total += n > 0 ? (uint64_t) n : 0;
                if (n < 0)
                        r = -EUCLEAN;
                else if (total > LIMIT_RAW_DUMP_BYTES)
                        r = -EFBIG;
                else
                        r = fd_write_all(to, buffer, (size_t) n);
        }
        if (gzclose(in) != Z_OK && r >= 0)
                r = -EUCLEAN; /* it ends too early */
        if (r >= 0 && (fchmod(to, 0644) < 0 || fsync(to) < 0))
                r = negative_errno();
        return r;
}

static int make_dump(int session, const char *name, int layer) {
        _cleanup_free_ char *ready = strdup(name);
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (!ready)
                return -ENOMEM;
        if (!raw_name(name, ready))
                return 0;
        fd = open_raw(session, name);
        if (fd == -EBADMSG)
                return 0; /* a directory of such a name is no dump */
        if (fd < 0)
                return fd;
        r = endswith(name, ".gz") ? check_packed(fd) : 0;
        if (r >= 0)
                r = unpack(fd, layer, ready);
        if (r < 0)
                return r;
        return mknodat(layer, name, S_IFCHR, makedev(0, 0)) < 0 ? negative_errno() : 0;
}

static int make_dumps(int session, int layer) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        r = fd_open_dirstream_at(session, ".", &d);
        while (r >= 0 && (de = readdir(d))) {
                if (de->d_name[0] == '.')
                        continue;
                r = make_dump(session, de->d_name, layer);
                if (r < 0)
                        log_error_errno(r, "cannot make the dump '%s' ready", de->d_name);
        }
        return r;
}

/* Whether a row's first column is one of the course's sessions: "accounting-001" or "accounting_001". */
static bool is_of_course(const CsvCell *cell, const PlanCourse *c) {
        size_t n = strlen(c->name);

        if (cell->size < n + 2 || memcmp(cell->data, c->name, n) != 0 || (cell->data[n] != '-' && cell->data[n] != '_'))
                return false;
        for (size_t i = 0; i < c->n_sessions; i++)
                if (cell->size == n + 1 + strlen(c->sessions[i].name) && memcmp(cell->data + n + 1, c->sessions[i].name, cell->size - n - 1) == 0)
                        return true;
        return false;
}

/*
 * A row as it stands, but in UTF-8: readers that take the whole table for that fail at one title that is not, while those that take it for
 * ISO-8859-1, which it was, can read anything.
 */
static void put_row(const CsvRecord *record, FILE *f) {
        bool utf8 = name_is_utf8(record->raw, record->raw_size);

        for (size_t i = 0; i < record->raw_size; i++) {
                unsigned char c = (unsigned char) record->raw[i];

                if (utf8 || c < 0x80)
                        (void) putc_unlocked(c, f);
                else {
                        (void) putc_unlocked(0xc0 | c >> 6, f);
                        (void) putc_unlocked(0x80 | (c & 0x3f), f);
                }
        }
        if (record->raw[record->raw_size - 1] != '\n')
                (void) putc_unlocked('\n', f);
}

/* Titles of courses hold quotes that nobody doubled: rows are copied, not made anew. */
static int copy_dates(int fd, const PlanCourse *c, TableFile *out) {
        static const CsvLimits limits = { .record_max = CSV_RECORD_MAX, .cell_max = CSV_CELL_MAX, .cells_max = CSV_CELLS_MAX, .lenient = true };
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        bool in_rows = false;
        CsvRecord record;
        size_t at = 0;
        int r;

        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        while ((r = csv_reader_next(reader, &record)) == 0) {
                CsvCell cell;

                if (csv_record_is_blank(&record))
                        continue;
                for (size_t i = 0; !in_rows && i < record.n_cells; i++) {
                        cell = csv_cell_trim(record.cells[i]);
                        if (csv_cell_equals(&cell, "course"))
                                at = i;
                }
                cell = at < record.n_cells ? csv_cell_trim(record.cells[at]) : (CsvCell){};
                if (in_rows && !is_of_course(&cell, c))
                        continue;
                in_rows = true;
                put_row(&record, out->f);
        }
        return r < 0 ? r : r == CSV_E_END ? 0 : -EBADMSG;
}

static int make_dates(const Assemble *a, int root, const PlanCourse *c, int layer) {
        static const char *const names[] = { DATES, DATES_UNDERSCORE };
        _cleanup_table_file_ TableFile out = {};
        _cleanup_fd_ int fd = -ENOENT; /* until one is found */
        int r;

        for (size_t i = 0; fd == -ENOENT && i < ELEMENTSOF(names); i++)
                fd = open_raw(root, names[i]);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        (void) a;
        r = table_file_open(&out, layer, DATES);
        if (r >= 0)
                r = copy_dates(fd, c, &out);
        if (r < 0)
                return log_error_errno(r, "cannot read the table of dates");
        return table_file_publish(&out);
}

static int make_layer(const Assemble *a, int root, int session, const PlanCourse *c, const PlanSession *s) {
        _cleanup_free_ char *partial = NULL;
        _cleanup_fd_ int layer = -EBADF;
        int r;

        if (asprintf(&partial, ".#%s-%d", s->version, getpid()) < 0) {
                partial = NULL;
                return -ENOMEM;
        }
        r = fd_remove_tree_at(a->cache_raw_fd, partial);
        if (r >= 0)
                r = publish_mkdir_at(a->cache_raw_fd, partial, 0755, (uid_t) -1, (gid_t) -1);
        if (r < 0)
                return r;
        layer = fd_open_dir_at(a->cache_raw_fd, partial);
        if (layer < 0)
                return layer;
        r = make_dumps(session, layer);
        if (r >= 0)
                r = make_dates(a, root, c, layer);
        if (r >= 0)
                r = publish_sync_dir(layer);
        if (r >= 0) {
                r = publish_rename(a->cache_raw_fd, partial, a->cache_raw_fd, s->version);
                if (r == -EEXIST || r == -ENOTEMPTY)
                        r = fd_remove_tree_at(a->cache_raw_fd, partial); /* another job was faster */
        }
        if (r < 0)
                (void) fd_remove_tree_at(a->cache_raw_fd, partial);
        return r;
}

static int ensure_layer(const Assemble *a, const PlanCourse *c, const PlanSession *s) {
        if (utimensat(a->cache_raw_fd, s->version, NULL, AT_SYMLINK_NOFOLLOW) >= 0)
                return 0; /* it is there, and was used now */
        for (size_t i = 0; i < a->n_roots; i++) {
                _cleanup_fd_ int course = -EBADF, session = -EBADF;

                course = openat(a->roots[i], c->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (course < 0)
                        continue;
                session = openat(course, s->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                return session < 0 ? negative_errno() : make_layer(a, a->roots[i], session, c, s);
        }
        return -ENOENT;
}

/* What is wrong with the operator's data is in the journal; the researcher is told whose it is. */
static int refuse(const PlanCourse *c, const PlanSession *s, int r, Fault *reterr) {
        log_error_errno(r, "cannot make session '%s' of course '%s' ready", s->name, c->name);
        if (r != -EUCLEAN)
                return r;
        return fault_set(reterr, FAULT_PLATFORM, NULL, 0, "the platform's data of course '%s', session '%s' is damaged", c->name, s->name);
}

int raw_layers_make(const Assemble *a, Fault *reterr) {
        const PlanStep *step;
        size_t i = 0;

        while ((step = assemble_next_live_step(a, &i))) {
                PlanStepSessions sessions = {};

                while (plan_step_sessions(&a->plan, step, &sessions)) {
                        int r = ensure_layer(a, sessions.course, sessions.session);

                        if (r < 0)
                                return refuse(sessions.course, sessions.session, r, reterr);
                }
        }
        return 0;
}
