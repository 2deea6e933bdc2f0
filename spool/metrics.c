/* SPDX-License-Identifier: MIT */
#include "spool/metrics.h"

#include <locale.h>
#include <math.h>

#include "spool/json.h"
#include "spool/limits.h"
#include "spool/base/digest.h"
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

const MetricsColumn metrics_workflow_columns[METRICS_COLUMNS] = {
        COUNT("N", n),
        COUNT("N_n", n_n),
        COUNT("N_p", n_p),
        REAL("accuracy", accuracy),
        REAL("auc", auc),
        REAL("cohen_kappa_score", cohen_kappa),
        REAL("f1_score", f1_score),
        REAL("log_loss", log_loss),
        REAL("precision", precision),
        REAL("recall", recall),
        REAL("specificity", specificity),
        REAL("npv", npv),
        REAL("specificity_morf2", specificity_morf2),
};

/* What stands in metrics.json only. */
static const MetricsColumn hidden_columns[] = {
        COUNT("tp", tp), COUNT("fp", fp), COUNT("tn", tn), COUNT("fn", fn), REAL("auc_se", auc_se),
};

static const char *const metrics_kind_names[_METRICS_KIND_MAX] = {
        [METRICS_KIND_RUN] = "run",
        [METRICS_KIND_COURSE] = "course",
        [METRICS_KIND_ALL] = "all",
        [METRICS_KIND_CV] = "cv",
};

DEFINE_STRING_TABLE(metrics_kind, MetricsKind, METRICS_KIND)

#define VERSION 2

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
        m.auc_se = NAN;
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

int metrics_file_leave_out(MetricsFile *f, const char *course, const char *code) {
        _cleanup_free_ char *a = strdup(course), *b = strdup(code);
        MetricsLeftOut *grown;

        if (!a || !b)
                return -ENOMEM;
        grown = reallocarray(f->left_out, f->n_left_out + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        f->left_out = grown;
        f->left_out[f->n_left_out++] = (MetricsLeftOut){ .course = TAKE_PTR(a), .code = TAKE_PTR(b) };
        return 0;
}

void metrics_file_done(MetricsFile *f) {
        for (size_t i = 0; i < f->n_rows; i++) {
                free(f->rows[i].course);
                curve_done(&f->rows[i].curve);
        }
        for (size_t i = 0; i < f->n_left_out; i++) {
                free(f->left_out[i].course);
                free(f->left_out[i].code);
        }
        free(f->rows);
        free(f->left_out);
        free(f->labels);
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
        if (row->fold > 0 && json_object_set_new(value, "fold", json_integer(row->fold)) < 0)
                return NULL;
        if (set_columns(value, &row->metrics, hidden_columns, ELEMENTSOF(hidden_columns)) < 0 ||
            set_columns(value, &row->metrics, metrics_columns, METRICS_COLUMNS) < 0 || curve_to_json(&row->curve, value) < 0)
                return NULL;
        return TAKE_PTR(value);
}

int metrics_file_format(const MetricsFile *f, char **ret) {
        _cleanup_json_ json_t *object = NULL, *rows = json_array(), *left_out = json_array();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < f->n_rows; i++)
                if (json_array_append_new(rows, row_to_value(&f->rows[i])) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < f->n_left_out; i++)
                if (json_array_append_new(left_out, json_pack("{s:s, s:s}", "course", f->left_out[i].course, "code", f->left_out[i].code)) < 0)
                        return -ENOMEM;
        object = json_pack("{s:i, s:s, s:b, s:O, s:O, s:s*}", "version", VERSION, "kind", metrics_kind_to_string(f->kind), "by_course",
                           f->by_course, "rows", rows, "left_out", left_out, "labels", f->labels);
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

/* Members that curve_to_json() sets. */
#define CURVE_MEMBERS 2u

/* What keeps the sums below from wrapping around. */
#define ROWS_MAX (UINT64_C(1) << 60)

static bool counts_add_up(const Metrics *m) {
        return m->tp <= ROWS_MAX && m->fp <= ROWS_MAX && m->tn <= ROWS_MAX && m->fn <= ROWS_MAX && m->n_n == m->tn + m->fp &&
               m->n_p == m->tp + m->fn && m->n == m->n_n + m->n_p && m->n > 0;
}

/* A course name in an object, or NULL. Return: 0 or -EBADMSG. */
static int get_course(const json_t *object, const char **ret) {
        const json_t *course = json_object_get(object, "course");

        *ret = json_string_value(course);
        if (!course)
                return 0;
        return *ret && json_string_length(course) == strlen(*ret) && name_is_valid(*ret) ? 0 : -EBADMSG;
}

static int get_fold(const MetricsFile *f, const json_t *row, unsigned *ret) {
        const json_t *fold = json_object_get(row, "fold");

        *ret = 0;
        if (!fold)
                return 0;
        if (f->kind != METRICS_KIND_CV || !json_is_integer(fold) || json_integer_value(fold) < 1 || json_integer_value(fold) > LIMIT_FOLDS_MAX)
                return -EBADMSG;
        *ret = (unsigned) json_integer_value(fold);
        return 0;
}

static int add_value(MetricsFile *f, const json_t *row) {
        _cleanup_curve_ Curve curve = {};
        const char *course;
        unsigned fold;
        Metrics m = {};
        int r;

        if (!json_is_object(row) || get_course(row, &course) < 0 || (course != NULL) != f->by_course || get_fold(f, row, &fold) < 0)
                return -EBADMSG;
        if (json_object_size(row) != ELEMENTSOF(hidden_columns) + METRICS_COLUMNS + CURVE_MEMBERS + f->by_course + (fold > 0))
                return -EBADMSG;
        r = get_columns(row, &m, hidden_columns, ELEMENTSOF(hidden_columns));
        if (r < 0)
                return r;
        r = get_columns(row, &m, metrics_columns, METRICS_COLUMNS);
        if (r < 0)
                return r;
        if (!counts_add_up(&m))
                return -EBADMSG;
        r = curve_from_json(row, m.n_n, m.n_p, &curve);
        if (r >= 0)
                r = metrics_file_add(f, course, &m);
        if (r < 0)
                return r;
        f->rows[f->n_rows - 1].fold = fold;
        f->rows[f->n_rows - 1].curve = curve;
        curve = (Curve){};
        return 0;
}

static int add_left_out(MetricsFile *f, const json_t *value) {
        const char *course, *code = json_string_value(json_object_get(value, "code"));

        if (json_object_size(value) != 2 || get_course(value, &course) < 0 || !course || !code || !name_is_valid(code))
                return -EBADMSG;
        return metrics_file_leave_out(f, course, code);
}

static size_t rows_max(const MetricsFile *f) {
        return !f->by_course ? 1 : f->kind == METRICS_KIND_CV ? LIMIT_METRICS_ROWS : LIMIT_COURSES;
}

static int parse(const json_t *object, MetricsFile *f) {
        const char *kind = NULL, *labels = NULL;
        json_t *rows = NULL, *left_out = NULL, *value;
        int version = 0, by_course = 0, r;
        size_t i;

        if (json_unpack((json_t *) object, "{s:i, s:s, s:b, s:o, s:o, s?s!}", "version", &version, "kind", &kind, "by_course", &by_course,
                        "rows", &rows, "left_out", &left_out, "labels", &labels) < 0)
                return -EBADMSG;
        f->kind = metrics_kind_from_string(kind);
        f->by_course = by_course;
        if (version != VERSION || (int) f->kind < 0 || !json_is_array(rows) || !json_is_array(left_out) || json_array_size(rows) == 0 ||
            json_array_size(rows) > rows_max(f) || json_array_size(left_out) > LIMIT_COURSES || (labels && !digest_is_valid(labels)))
                return -EBADMSG;
        f->labels = labels ? strdup(labels) : NULL;
        if (labels && !f->labels)
                return -ENOMEM;
        json_array_foreach (rows, i, value) {
                r = add_value(f, value);
                if (r < 0)
                        return r;
        }
        json_array_foreach (left_out, i, value) {
                r = add_left_out(f, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

int metrics_file_parse(const char *text, size_t size, MetricsFile *ret) {
        _cleanup_metrics_file_ MetricsFile f = {};
        _cleanup_json_ json_t *object = NULL;
        int r;

        object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (!object)
                return -EBADMSG;
        r = parse(object, &f);
        if (r < 0)
                return r;
        *ret = f;
        f = (MetricsFile){};
        return 0;
}
