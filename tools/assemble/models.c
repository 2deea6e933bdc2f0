/* SPDX-License-Identifier: MIT */
#include "tools/assemble/models.h"

#include <limits.h>

#include "spool/base/fd.h"
#include "tools/assemble/tree.h"

/* While its files are on their way to the root. */
#define MODEL_DIR ".model"

/* The phase that trained last before this one; 0: none. */
static unsigned training_phase(const Assemble *a) {
        for (unsigned p = a->phase_number - 1; p > 0; p--)
                if (a->plan.phases[p - 1].mode == PLAN_MODE_TRAIN)
                        return p;
        return 0;
}

static int move_file(int from, const char *name, int input, const PlanStep *model) {
        _cleanup_free_ char *other = strdup(name);

        while (other && strlen(other) < NAME_MAX) {
                char *longer;

                if (renameat2(from, name, input, other, RENAME_NOREPLACE) >= 0)
                        return 0;
                if (errno != EEXIST)
                        return negative_errno();
                if (asprintf(&longer, "%s%s%s_%s", model->course ?: "all", model->session ? "_" : "", strempty(model->session), other) < 0)
                        longer = NULL;
                free(other);
                other = longer;
        }
        return other ? -ENAMETOOLONG : -ENOMEM;
}

/* Moves what one container left to the root. */
static int merge_model(int input, const PlanStep *model) {
        struct dirent **entries = NULL;
        _cleanup_fd_ int from = fd_open_dir_at(input, MODEL_DIR);
        int n, r = from < 0 ? from : 0;

        /* Sorted: the same model has the same names each time. */
        n = r < 0 ? 0 : scandirat(input, MODEL_DIR, &entries, NULL, alphasort);
        if (n < 0)
                return negative_errno();
        for (int i = 0; i < n; i++) {
                if (r >= 0 && !streq(entries[i]->d_name, ".") && !streq(entries[i]->d_name, ".."))
                        r = move_file(from, entries[i]->d_name, input, model);
                free(entries[i]);
        }
        free(entries);
        return r < 0 ? r : fd_remove_tree_at(input, MODEL_DIR);
}

int models_lay_out(const Assemble *a, const PlanStep *s, int input_fd) {
        _cleanup_fd_ int sealed = assemble_open_dir(a->work_fd, "sealed");
        unsigned phase = training_phase(a);
        int found = 0;

        if (sealed < 0)
                return sealed;
        for (size_t i = 0; i < a->plan.n_steps; i++) {
                const PlanStep *model = &a->plan.steps[i];
                _cleanup_fd_ int from = -EBADF;
                char dir[STEP_DIR_SIZE];
                int r;

                if (model->phase != phase || model->kind != PLAN_STEP_CONTAINER || assemble_is_lost(a, model->course))
                        continue;
                if (model->course && s->course && !streq(model->course, s->course))
                        continue;
                from = fd_open_dir_at(sealed, step_dir(model, dir));
                if (from == -ENOENT)
                        continue;
                r = from < 0 ? from : tree_copy_own(from, input_fd, MODEL_DIR);
                if (r >= 0)
                        r = merge_model(input_fd, model);
                if (r < 0)
                        return r;
                found++;
        }
        return found;
}
