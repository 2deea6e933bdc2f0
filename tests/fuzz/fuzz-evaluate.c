/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as output.csv: the evaluator must end with metrics in their ranges, the same with much memory for scores and
 * with little, or with a fault whose message is printable ASCII, whatever the table holds.
 */

#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>

#include "spool/base/fd.h"
#include "tools/evaluate/evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

static bool in_range(double v, double min, double max) {
        return isnan(v) || (v >= min && v <= max);
}

static void check_metrics(const MetricsFile *f) {
        _cleanup_metrics_file_ MetricsFile back = {};
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < f->n_rows; i++) {
                const Metrics *m = &f->rows[i].metrics;

                check(m->n > 0 && m->n == m->tp + m->fp + m->tn + m->fn);
                check(in_range(m->accuracy, 0, 1) && in_range(m->auc, 0, 1) && in_range(m->precision, 0, 1) && in_range(m->recall, 0, 1));
                check(in_range(m->f1_score, 0, 1) && in_range(m->specificity, 0, 1) && in_range(m->npv, 0, 1));
                check(in_range(m->cohen_kappa, -1, 1) && in_range(m->log_loss, 0, 34.6));
        }
        /* The gate reads what the evaluator writes. */
        check(metrics_file_format(f, &text) == 0);
        check(metrics_file_parse(text, strlen(text), &back) == 0 && back.n_rows == f->n_rows);
}

static int evaluate(int fd, uint64_t memory_max, MetricsFile *ret) {
        _cleanup_fault_ Fault fault = {};
        int r;

        check(lseek(fd, 0, SEEK_SET) == 0);
        r = evaluate_table(fd, "output.csv", AT_FDCWD, memory_max, ret, &fault);
        if (r == 0) {
                check_metrics(ret);
                return r;
        }
        check(r == -EBADMSG && fault.code != FAULT_NONE);
        for (const char *p = fault.message; *p; p++)
                check(*p >= 0x20 && *p < 0x7f);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_metrics_file_ MetricsFile a = {}, b = {};
        _cleanup_fd_ int fd = memfd_create("table", MFD_CLOEXEC);

        check(fd >= 0 && fd_write_all(fd, data, size) == 0);
        /* A tenth of the inputs take the way over the temporary file, which is slow. */
        if (evaluate(fd, 0, &a) == 0 && size % 10 == 0 && size < 4000) {
                check(evaluate(fd, 16 * 3, &b) == 0 && a.n_rows == b.n_rows);
                for (size_t i = 0; i < a.n_rows; i++)
                        check(isnan(a.rows[i].metrics.auc) ? isnan(b.rows[i].metrics.auc) : a.rows[i].metrics.auc == b.rows[i].metrics.auc);
        }
        return 0;
}
