/* SPDX-License-Identifier: MIT */
#include "daemon/stage-parts.h"

#include "daemon/daemon.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"

int stage_bind(Job *j, UnitPlan *p, const char *name, const char *seen, bool writable) {
        _cleanup_free_ char *path = job_path(j, "%s", name);

        return path ? unit_plan_add_bind(p, path, seen, writable) : -ENOMEM;
}

int stage_fresh_dir(const Job *j, int dirfd, const char *name, mode_t mode, AccountName owner) {
        const Account *a = &j->daemon->accounts.of[owner];
        int r;

        r = fd_remove_tree_at(dirfd, name);
        return r < 0 ? r : publish_mkdir_at(dirfd, name, mode, a->uid, a->gid);
}

int stage_set_account(UnitPlan *p, AccountName a) {
        return unit_plan_set_user(p, account_name(a), account_name(a));
}

const Engine *stage_engine(const Job *j) {
        return engine_find(j->daemon->conf.engine.name);
}

int stage_set_engine_account(UnitPlan *p, const Engine *e) {
        if (e->root)
                return unit_plan_set_user(p, "root", "root");
        (void) stage_set_account(p, ACCOUNT_ENGINE);
        return unit_plan_add_group(p, e->group);
}

int stage_read_image(const Job *j, ImageRecord *ret) {
        _cleanup_fd_ int dir = -EBADF, image = -EBADF;

        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        image = fd_open_dir_at(dir, JOB_DIR_IMAGE);
        if (image < 0)
                return image;
        return image_record_read_at(image, IMAGE_RECORD_FILE, ret, /* reterr= */ NULL);
}

int stage_add_arguments(const ManifestArguments *args, char ***l) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < args->n; i++) {
                _cleanup_free_ char *option = NULL;

                if (asprintf(&option, "--%s", args->items[i].name) < 0) {
                        option = NULL;
                        return -ENOMEM;
                }
                r = strv_add(l, option);
                if (r >= 0)
                        r = strv_add(l, args->items[i].value);
        }
        return r;
}

int stage_load_courses(const Job *j, const Manifest *m, Courses *ret, Fault *reterr) {
        _cleanup_conf_user_ ConfUser user = {};
        int r;

        r = conf_user_load(j->record.user, &user, /* reterr= */ NULL);
        if (r == -ENOENT)
                return fault_set(reterr, FAULT_USER, NULL, 0, "there is no account '%s' any more", j->record.user);
        if (r < 0)
                return r;
        return courses_for_job(j->daemon->conf.data, &user, m->courses, ret, reterr);
}

