/* SPDX-License-Identifier: MIT */
#include "daemon/job-table.h"

void job_table_done(JobTable *t) {
        for (size_t i = 0; i < t->n; i++)
                job_free(t->jobs[i]);
        free(t->jobs);
        *t = (JobTable){};
}

/* The place where id is or would be. */
static size_t lower_bound(const JobTable *t, const char *id) {
        size_t low = 0, high = t->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(t->jobs[middle]->record.id, id) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

Job *job_table_find(const JobTable *t, const char *id) {
        size_t i = lower_bound(t, id);

        return i < t->n && streq(t->jobs[i]->record.id, id) ? t->jobs[i] : NULL;
}

int job_table_add(JobTable *t, Job *j) {
        size_t i = lower_bound(t, j->record.id);

        if (i < t->n && streq(t->jobs[i]->record.id, j->record.id))
                return -EEXIST;
        if (t->n == t->allocated) {
                size_t bigger = t->allocated > 0 ? t->allocated * 2 : 64;
                Job **jobs = reallocarray(t->jobs, bigger, sizeof(*jobs));

                if (!jobs)
                        return -ENOMEM;
                t->jobs = jobs;
                t->allocated = bigger;
        }
        memmove(t->jobs + i + 1, t->jobs + i, (t->n - i) * sizeof(*t->jobs));
        t->jobs[i] = j;
        t->n++;
        return 0;
}

void job_table_remove(JobTable *t, Job *j) {
        size_t i = lower_bound(t, j->record.id);

        if (i >= t->n || t->jobs[i] != j)
                return;
        memmove(t->jobs + i, t->jobs + i + 1, (t->n - i - 1) * sizeof(*t->jobs));
        t->n--;
}
