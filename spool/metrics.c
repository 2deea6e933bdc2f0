/* SPDX-License-Identifier: MIT */
#include "spool/metrics.h"

#include <locale.h>
#include <math.h>

#include "spool/json.h"
#include "spool/limits.h"
#include "spool/base/name.h"

#define COUNT(c, field) { .name = c, .offset = offsetof(Metrics, field), .count = true }
#define REAL(c, field) { .name = c, .offset = offsetof(Metrics, field) }

const MetricsColumn metrics_columns[METRICS_COLUMNS] = {
        REAL("accuracy", accuracy),
        REAL("cohen_kappa", cohen_kappa),
        COUNT("N", n),
        COUNT("N_n", n_n),
        COUNT("N_p", n_p),
        REAL("auc", auc),
        REAL("log_loss", log_loss),
        REAL("precision", precision),
        REAL("recall", recall),
        REAL("f1_score", f1_score),
        REAL("specificity", specificity),
        REAL("npv", npv),
        REAL("specificity_morf2", specificity_morf2),
};

/* The confusion counts stand in metrics.json only. */
static const MetricsColumn confusion_columns[] = { COUNT("tp", tp), COUNT("fp", fp), COUNT("tn", tn), COUNT("fn", fn) };

#define VERSION 1

static double ratio(uint64_t a, uint64_t b, double otherwise) {
        return b == 0 ? otherwise : (double) a / (double) b;
}

void metrics_compute(uint64_t tp, uint64_t fp, uint64_t tn, uint64_t fn, double auc, double log_loss, Metrics *ret) {
        Metrics m = { .tp = tp, .fp = fp, .tn = tn, .fn = fn, .n = tp + fp + tn + fn, .n_n = tn + fp, .n_p = tp + fn };
        /* N times the number of disagreements that chance alone would give. */
        double chance = (double) (tp + fp) * (double) m.n_n + (double) (tn + fn) * (double) m.n_p;
        bool one_class = m.n_n == 0 || m.n_p == 0;

        m.accuracy = ratio(tp + tn, m.n, NAN);
        m.cohen_kappa = chance > 0 ? 1 - (double) (fp + fn) * (double) m.n / chance : NAN;
        m.auc = one_class ? NAN : auc;
        m.log_loss = one_class ? NAN : log_loss;
        m.precision = one_class ? NAN : ratio(tp, tp + fp, 0);
        m.recall = one_class ? NAN : ratio(tp, m.n_p, 0);
        m.f1_score = one_class ? NAN : ratio(2 * tp, 2 * tp + fp + fn, 0);
        m.specificity = ratio(tn, m.n_n, NAN);
        m.npv = m.specificity_morf2 = ratio(tn, tn + fn, NAN);
        *ret = m;
}

const char *metrics_format(double v, unsigned digits, char buffer[static METRICS_NUMBER_MAX]) {
        unsigned first = digits > 0 ? digits : 15, last = digits > 0 ? digits : METRICS_DIGITS_MAX;
        locale_t c, before;

        if (isnan(v))
                return strcpy(buffer, "");
        if (v == 0)
                v = 0; /* no "-0" */
        c = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
        before = c ? uselocale(c) : (locale_t) 0;
        for (unsigned i = first; i <= last; i++) {
                snprintf(buffer, METRICS_NUMBER_MAX, "%.*g", (int) i, v);
                if (strtod(buffer, NULL) == v)
                        break;
        }
        if (c) {
                (void) uselocale(before);
                freelocale(c);
        }
        if (buffer[strspn(buffer, "-0123456789")] == '\0')
                strcat(buffer, ".0");
        return buffer;
}

int metrics_file_add(MetricsFile *f, const char *course, const Metrics *metrics) {
        _cleanup_free_ char *copy = NULL;
        MetricsRow *grown;

        if (course) {
                copy = strdup(course);
                if (!copy)
                        return -ENOMEM;
        }
        grown = reallocarray(f->rows, f->n_rows + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        f->rows = grown;
        f->rows[f->n_rows++] = (MetricsRow){ .course = TAKE_PTR(copy), .metrics = *metrics };
        return 0;
}

void metrics_file_done(MetricsFile *f) {
        for (size_t i = 0; i < f->n_rows; i++)
                free(f->rows[i].course);
        free(f->rows);
        *f = (MetricsFile){};
}

static int set_columns(json_t *row, const Metrics *m, const MetricsColumn *columns, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const char *member = (const char *) m + columns[i].offset;
                double real;
                json_t *value;

                if (columns[i].count)
                        value = json_integer((json_int_t) *(const uint64_t *) member);
                else {
                        real = *(const double *) member;
                        value = isnan(real) ? json_null() : json_real(real);
                }
                if (json_object_set_new(row, columns[i].name, value) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static json_t *row_to_value(const MetricsRow *row) {
        _cleanup_json_ json_t *value = json_object();

        if (!value)
                return NULL;
        if (row->course && json_object_set_new(value, "course", json_string(row->course)) < 0)
                return NULL;
        if (set_columns(value, &row->metrics, confusion_columns, ELEMENTSOF(confusion_columns)) < 0 ||
            set_columns(value, &row->metrics, metrics_columns, METRICS_COLUMNS) < 0)
                return NULL;
        return TAKE_PTR(value);
}

int metrics_file_format(const MetricsFile *f, char **ret) {
        _cleanup_json_ json_t *object = NULL, *rows = json_array();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < f->n_rows; i++)
                if (json_array_append_new(rows, row_to_value(&f->rows[i])) < 0)
                        return -ENOMEM;
        object = json_pack("{s:i, s:b, s:O}", "version", VERSION, "by_course", f->by_course, "rows", rows);
        if (!object)
                return -ENOMEM;
        text = json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(METRICS_DIGITS_MAX));
        if (!text || asprintf(ret, "%s\n", text) < 0)
                return -ENOMEM;
        return 0;
}

static int get_columns(const json_t *row, Metrics *m, const MetricsColumn *columns, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const json_t *value = json_object_get(row, columns[i].name);
                char *member = (char *) m + columns[i].offset;

                if (columns[i].count) {
                        if (!json_is_integer(value) || json_integer_value(value) < 0)
                                return -EBADMSG;
                        *(uint64_t *) member = (uint64_t) json_integer_value(value);
                } else if (json_is_null(value))
                        *(double *) member = NAN;
                else if (json_is_real(value))
                        *(double *) member = json_real_value(value);
                else
                        return -EBADMSG;
        }
        return 0;
}

/* What keeps the sums below from wrapping around. */
#define ROWS_MAX (UINT64_C(1) << 60)

static bool counts_add_up(const Metrics *m) {
        return m->tp <= ROWS_MAX && m->fp <= ROWS_MAX && m->tn <= ROWS_MAX && m->fn <= ROWS_MAX && m->n_n == m->tn + m->fp &&
               m->n_p == m->tp + m->fn && m->n == m->n_n + m->n_p && m->n > 0;
}

static int add_value(MetricsFile *f, const json_t *row) {
        const json_t *course = json_object_get(row, "course");
        Metrics m = {};
        int r;

        if (!json_is_object(row) || (course != NULL) != f->by_course)
                return -EBADMSG;
        if (course && (!json_is_string(course) || json_string_length(course) != strlen(json_string_value(course)) ||
                       !name_is_valid(json_string_value(course))))
                return -EBADMSG;
        if (json_object_size(row) != ELEMENTSOF(confusion_columns) + METRICS_COLUMNS + f->by_course)
                return -EBADMSG;
        r = get_columns(row, &m, confusion_columns, ELEMENTSOF(confusion_columns));
        if (r < 0)
                return r;
        r = get_columns(row, &m, metrics_columns, METRICS_COLUMNS);
        if (r < 0)
                return r;
        if (!counts_add_up(&m))
                return -EBADMSG;
        return metrics_file_add(f, course ? json_string_value(course) : NULL, &m);
}

int metrics_file_parse(const char *text, size_t size, MetricsFile *ret) {
        _cleanup_json_ json_t *object = NULL;
        _cleanup_metrics_file_ MetricsFile f = {};
        json_t *rows = NULL, *row;
        int version = 0, by_course = 0, r;
        size_t i;

        object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (!object)
                return -EBADMSG;
        if (json_unpack(object, "{s:i, s:b, s:o!}", "version", &version, "by_course", &by_course, "rows", &rows) < 0)
                return -EBADMSG;
        if (version != VERSION || !json_is_array(rows))
                return -EBADMSG;
        f.by_course = by_course;
        if (json_array_size(rows) == 0 || json_array_size(rows) > (f.by_course ? LIMIT_COURSES : 1))
                return -EBADMSG;
        json_array_foreach (rows, i, row) {
                r = add_value(&f, row);
                if (r < 0)
                        return r;
        }
        *ret = f;
        f = (MetricsFile){};
        return 0;
}
