/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/labels.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "tools/evaluate/columns.h"

typedef enum LabelColumn {
        LABEL_COLUMN_COURSE,
        LABEL_COLUMN_USER,
        LABEL_COLUMN_TYPE,
        LABEL_COLUMN_VALUE,
        LABEL_COLUMN_SESSION, /* not of the tables with underscore */
        _LABEL_COLUMN_MAX,
} LabelColumn;

static const char *const label_columns[_LABEL_COLUMN_MAX] = {
        [LABEL_COLUMN_COURSE] = "course",
        [LABEL_COLUMN_USER] = "userID",
        [LABEL_COLUMN_TYPE] = "label_type",
        [LABEL_COLUMN_VALUE] = "label_value",
        [LABEL_COLUMN_SESSION] = "session",
};

/* One table being read. */
typedef struct Table {
        Labels *labels;
        const char *name, *label_type;
        bool joined; /* course and session stand in one column */
        size_t at[_LABEL_COLUMN_MAX], n_cells;
        size_t hint;
        char **reterr;
} Table;

int labels_init(Labels *l, size_t n) {
        *l = (Labels){ .sets = calloc(n > 0 ? n : 1, sizeof(*l->sets)), .n = n };
        return l->sets ? digest_new(&l->digest) : -ENOMEM;
}

void labels_done(Labels *l) {
        for (size_t i = 0; l->sets && i < l->n; i++) {
                free(l->sets[i].labels);
                free(l->sets[i].places);
                free(l->sets[i].texts);
        }
        free(l->sets);
        digest_free(l->digest);
        *l = (Labels){};
}

/* ---- the hash table ---- */

static uint64_t hash(uint32_t session, const CsvCell *cell) {
        uint64_t h = UINT64_C(14695981039346656037) ^ session;

        for (size_t i = 0; i < cell->size; i++)
                h = (h ^ (unsigned char) cell->data[i]) * UINT64_C(1099511628211);
        return h ^ h >> 32;
}

/* The place of a learner, or the free one where it would go. The table is never full. */
static uint32_t *find_place(const LabelSet *s, uint32_t session, const CsvCell *user) {
        size_t h = (size_t) hash(session, user) & (s->n_places - 1);

        for (; s->places[h] > 0; h = (h + 1) & (s->n_places - 1)) {
                const Label *l = &s->labels[s->places[h] - 1];

                if (l->session == session && l->size == user->size && memcmp(s->texts + l->id, user->data, l->size) == 0)
                        break;
        }
        return &s->places[h];
}

Label *label_find(LabelSet *s, size_t session, const CsvCell *user) {
        uint32_t place = s->n_places > 0 ? *find_place(s, s->by_session ? (uint32_t) session : 0, user) : 0;

        return place > 0 ? &s->labels[place - 1] : NULL;
}

static int grow_places(LabelSet *s) {
        size_t n = s->n_places > 0 ? 2 * s->n_places : 64;
        uint32_t *bigger = calloc(n, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        free(s->places);
        s->places = bigger;
        s->n_places = n;
        for (size_t i = 0; i < s->n; i++) {
                CsvCell user = { .data = s->texts + s->labels[i].id, .size = s->labels[i].size };

                *find_place(s, s->labels[i].session, &user) = (uint32_t) (i + 1);
        }
        return 0;
}

static int grow(void **array, size_t *allocated, size_t wanted, size_t size) {
        size_t n = *allocated > 0 ? *allocated : 64;
        void *bigger;

        if (wanted <= *allocated)
                return 0;
        while (n < wanted)
                n *= 2;
        bigger = reallocarray(*array, n, size);
        if (!bigger)
                return -ENOMEM;
        *array = bigger;
        *allocated = n;
        return 0;
}

static int add_label(LabelSet *s, size_t session, const CsvCell *user, bool value) {
        Label *known = label_find(s, session, user);
        Label l = { .id = s->texts_size, .size = (uint32_t) user->size, .session = s->by_session ? (uint32_t) session : 0, .value = value, .expected = true };
        int r = 0;

        if (known) {
                s->contradicted += known->value != value;
                return 0;
        }
        if (s->n >= UINT32_MAX / 4)
                return -EFBIG;
        if (2 * (s->n + 1) > s->n_places)
                r = grow_places(s);
        if (r >= 0)
                r = grow((void **) &s->labels, &s->allocated, s->n + 1, sizeof(*s->labels));
        if (r >= 0)
                r = grow((void **) &s->texts, &s->texts_allocated, s->texts_size + user->size, 1);
        if (r < 0)
                return r;
        memcpy(s->texts + s->texts_size, user->data, user->size);
        s->labels[s->n] = l;
        s->texts_size += user->size;
        *find_place(s, l.session, user) = (uint32_t) ++s->n;
        return 0;
}

/* ---- which rows count ---- */

ssize_t labels_find_course(const Labels *l, const CsvCell *course, size_t *hint) {
        for (size_t i = 0; i < l->n; i++) {
                size_t at = (*hint + i) % l->n;

                if (csv_cell_equals(course, l->sets[at].course)) {
                        *hint = at;
                        return (ssize_t) at;
                }
        }
        return -1;
}

ssize_t labels_find_session(const LabelSet *s, const CsvCell *session) {
        for (char *const *name = s->sessions; name && *name; name++)
                if (csv_cell_equals(session, *name))
                        return name - s->sessions;
        return -1;
}

/* Whether the cell is the course, '_' or '-', and one of its sessions. */
static bool is_joined(const LabelSet *s, const CsvCell *cell, CsvCell *ret_session) {
        size_t n = strlen(s->course);

        if (cell->size < n + 2 || memcmp(cell->data, s->course, n) != 0 || (cell->data[n] != '_' && cell->data[n] != '-'))
                return false;
        *ret_session = (CsvCell){ .data = cell->data + n + 1, .size = cell->size - n - 1 };
        return labels_find_session(s, ret_session) >= 0;
}

/* The set that a row belongs to, or NULL. */
static LabelSet *set_of(Table *t, const CsvRecord *row, CsvCell *ret_session) {
        CsvCell course = csv_cell_trim(row->cells[t->at[LABEL_COLUMN_COURSE]]);
        Labels *l = t->labels;
        ssize_t i;

        if (!t->joined) {
                *ret_session = csv_cell_trim(row->cells[t->at[LABEL_COLUMN_SESSION]]);
                i = labels_find_course(l, &course, &t->hint);
                return i >= 0 && labels_find_session(&l->sets[i], ret_session) >= 0 ? &l->sets[i] : NULL;
        }
        for (size_t n = 0; n < l->n; n++) {
                size_t at = (t->hint + n) % l->n;

                if (is_joined(&l->sets[at], &course, ret_session)) {
                        t->hint = at;
                        return &l->sets[at];
                }
        }
        return NULL;
}

/* ---- reading ---- */

static int _printf_(3, 4) complain(const Table *t, uint64_t line, const char *format, ...) {
        _cleanup_free_ char *what = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&what, format, ap) < 0)
                what = NULL;
        va_end(ap);
        if (what && t->reterr && !*t->reterr && asprintf(t->reterr, "%s:%" PRIu64 ": %s", t->name, line, what) < 0)
                *t->reterr = NULL;
        return -EBADMSG;
}

static int take_header(Table *t, const CsvRecord *header) {
        unsigned found[_LABEL_COLUMN_MAX] = {};

        for (size_t i = 0; i < header->n_cells; i++) {
                CsvCell cell = csv_cell_trim(header->cells[i]);

                for (LabelColumn c = 0; c < _LABEL_COLUMN_MAX; c++)
                        if (csv_cell_equals(&cell, label_columns[c])) {
                                t->at[c] = i;
                                found[c]++;
                        }
        }
        for (LabelColumn c = 0; c < _LABEL_COLUMN_MAX; c++)
                if (found[c] != 1 && !(c == LABEL_COLUMN_SESSION && t->joined))
                        return complain(t, header->line, "the header must name the column '%s' once", label_columns[c]);
        t->n_cells = header->n_cells;
        return 0;
}

static int add_to_digest(Labels *l, const char *course, const CsvCell *session, const CsvCell *user, bool value) {
        int r;

        r = digest_add(l->digest, course, strlen(course) + 1);
        if (r >= 0)
                r = digest_add(l->digest, session->data, session->size);
        if (r >= 0)
                r = digest_add(l->digest, "", 1);
        if (r >= 0)
                r = digest_add(l->digest, user->data, user->size);
        return r < 0 ? r : digest_add(l->digest, value ? "\0001\n" : "\0000\n", 3);
}

static int take_row(Table *t, const CsvRecord *row) {
        CsvCell type, user, session;
        LabelSet *set;
        bool value;
        int r;

        if (row->n_cells != t->n_cells)
                return complain(t, row->line, "the row has %zu cells, the header has %zu", row->n_cells, t->n_cells);
        type = csv_cell_trim(row->cells[t->at[LABEL_COLUMN_TYPE]]);
        if (!csv_cell_equals(&type, t->label_type))
                return 0;
        set = set_of(t, row, &session);
        if (!set)
                return 0;
        if (column_parse_label(row->cells[t->at[LABEL_COLUMN_VALUE]], &value) < 0)
                return complain(t, row->line, "label_value is neither 0 nor 1");
        user = csv_cell_trim(row->cells[t->at[LABEL_COLUMN_USER]]);
        if (user.size == 0)
                return complain(t, row->line, "userID is empty");
        r = add_label(set, set->by_session ? (size_t) labels_find_session(set, &session) : 0, &user, value);
        return r < 0 ? r : add_to_digest(t->labels, set->course, &session, &user, value);
}

static int read_table(Table *t, int fd) {
        CsvLimits limits = CSV_LIMITS_DEFAULT;
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        bool in_rows = false;
        CsvRecord record;
        int r;

        r = csv_reader_new(fd, &limits, &reader);
        if (r < 0)
                return r;
        while ((r = csv_reader_next(reader, &record)) == 0) {
                if (csv_record_is_blank(&record))
                        continue;
                r = in_rows ? take_row(t, &record) : take_header(t, &record);
                if (r < 0)
                        return r;
                in_rows = true;
        }
        if (r == CSV_E_END)
                return 0;
        return r < 0 ? r : complain(t, csv_reader_line(reader), "the row that begins here has %s", csv_condition_to_string(r));
}

/* The tables are the operator's, who may well have linked them: they are opened as any file. */
static int open_table(int root, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        fd = openat(root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (fstat(fd, &st) < 0)
                return negative_errno();
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

int labels_load(Labels *l, const int *roots, size_t n_roots, const char *kind, const char *label_type, char **reterr) {
        static const char *const suffixes[] = { "", "-with-underscore" };

        for (size_t i = 0; i < n_roots; i++)
                for (size_t generation = 0; generation < ELEMENTSOF(suffixes); generation++) {
                        _cleanup_fd_ int fd = -EBADF;
                        char name[64];
                        Table t = { .labels = l, .name = name, .label_type = label_type, .joined = generation > 0, .reterr = reterr };
                        int r;

                        snprintf(name, sizeof(name), "labels-%s%s.csv", kind, suffixes[generation]);
                        fd = open_table(roots[i], name);
                        if (fd == -ENOENT)
                                continue;
                        if (fd < 0)
                                return fd;
                        r = read_table(&t, fd);
                        if (r < 0)
                                return r;
                        break;
                }
        return 0;
}
