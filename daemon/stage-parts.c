/* SPDX-License-Identifier: MIT */
#include "daemon/stage-parts.h"

#include <fcntl.h>

#include "daemon/daemon.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/helper.h"
#include "units/name.h"

/* Where a helper finds the file for its exit record. */
#define SEEN_EXIT "/run/morf/exit"

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

Sandbox stage_sandbox(const Job *j, Sandbox wanted) {
        const Engine *e = wanted == SANDBOX_ENGINE ? stage_engine(j) : NULL;

        return e ? e->sandbox : wanted;
}

int stage_hide(const Conf *c, UnitPlan *p) {
        (void) unit_plan_add_hidden(p, c->spool);
        (void) unit_plan_add_hidden(p, "/etc/morf");
        (void) unit_plan_add_hidden(p, "/var/lib/morf");
        STRV_FOREACH(root, c->data)
                (void) unit_plan_add_hidden(p, *root);
        return p->error;
}

/* Behind a container: whoever ran it is no witness of its end. */
static int add_exitmark(const Job *j, UnitPlan *p, const char *mark) {
        _cleanup_free_ char *exits = job_path(j, JOB_DIR_EXITS);

        if (!exits)
                return -ENOMEM;
        (void) unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, 0,
                                  (const char *const[]){ HELPER("exitmark"), "--out", exits, "--name", mark, NULL });
        (void) unit_plan_add_argument(p, "--slice");
        return unit_plan_add_argument(p, p->aux_slice);
}

/* A helper says itself how it ended, in a file that is made for it: empty, it is no record. */
static int add_exit_file(Job *j, UnitPlan *p, const char *mark) {
        const Account *a = accounts_find(&j->daemon->accounts, p->user);
        _cleanup_fd_ int dir = -EBADF, fd = -EBADF;
        _cleanup_free_ char *file = NULL;

        if (asprintf(&file, JOB_DIR_EXITS "/%s.json", mark) < 0) {
                file = NULL;
                return -ENOMEM;
        }
        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (fd < 0 || (a && fchown(fd, a->uid, (gid_t) -1) < 0))
                return negative_errno();
        (void) unit_plan_add_environment(p, HELPER_RECORD_VARIABLE, SEEN_EXIT);
        return stage_bind(j, p, file, SEEN_EXIT, true);
}

int stage_finish_plan(Job *j, UnitPlan *p, const char *name, unsigned attempt) {
        char mark[64], slice[UNIT_NAME_SIZE];
        int r;

        if (unit_name_job_slice(j->record.id, slice) < 0)
                return -ENOMEM;
        snprintf(mark, sizeof(mark), "%s-%u", name, attempt);
        r = p->aux_slice ? add_exitmark(j, p, mark) : add_exit_file(j, p, mark);
        if (r < 0)
                return r;
        (void) unit_plan_set_slice(p, slice);
        (void) unit_plan_add_log_field(p, "MORF_JOB", j->record.id);
        (void) unit_plan_add_log_field(p, "MORF_USER", j->record.user);
        (void) unit_plan_add_log_field(p, "MORF_STAGE", name);
        return stage_hide(&j->daemon->conf, p);
}

int stage_add_data(const Job *j, UnitPlan *p) {
        size_t n = 0;

        STRV_FOREACH(root, j->daemon->conf.data) {
                char seen[64];

                if (access(*root, F_OK) < 0)
                        continue;
                snprintf(seen, sizeof(seen), "/run/morf/data/%zu", n++);
                (void) unit_plan_add_bind(p, *root, seen, false);
                (void) unit_plan_add_argument(p, "--data");
                (void) unit_plan_add_argument(p, seen);
        }
        return p->error;
}

int stage_add_courses(UnitPlan *p, const Courses *courses) {
        for (size_t i = 0; i < courses->n; i++) {
                (void) unit_plan_add_argument(p, "--courses");
                (void) unit_plan_add_argument(p, courses->items[i].name);
        }
        return p->error;
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

