/* SPDX-License-Identifier: MIT */
#include "daemon/accept.h"

#include <inttypes.h>

#include "daemon/announce.h"
#include "daemon/attachment.h"
#include "spool/courses.h"
#include "daemon/daemon.h"
#include "daemon/engine.h"
#include "daemon/stage-table.h"
#include "spool/base/fault-point.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"

ManifestLimits accept_limits(const Conf *c, const ManifestLimits *wanted) {
        return manifest_limits(wanted, &c->limits.standard);
}

/* A limit above what can ever be given would wait in the queue for ever, so it is refused now. */
static int check_limits(const Daemon *d, const ManifestLimits *l, Fault *reterr) {
        const ManifestLimits *max = &d->conf.limits.maximum;
        uint64_t memory = max->memory < d->memory ? max->memory : d->memory;
        uint64_t cpus = max->cpus_milli < d->cpus_milli ? max->cpus_milli : d->cpus_milli;
        char wanted[TIME_STRING_MAX], allowed[TIME_STRING_MAX];

        if (l->memory > memory)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "limits.memory asks for %s, but at most %s is allowed here",
                                 format_size(l->memory, wanted), format_size(memory, allowed));
        if (l->cpus_milli > cpus)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "limits.cpus asks for %g, but at most %g is allowed here",
                                 (double) l->cpus_milli / 1000, (double) cpus / 1000);
        if (l->time_usec > max->time_usec)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "limits.time asks for %s, but at most %s is allowed here",
                                 time_format_span(l->time_usec, wanted), time_format_span(max->time_usec, allowed));
        if (l->output > max->output)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "limits.output asks for %s, but at most %s is allowed here",
                                 format_size(l->output, wanted), format_size(max->output, allowed));
        if (l->pids > max->pids)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "limits.pids asks for %" PRIu64 ", but at most %" PRIu64 " is allowed here", l->pids,
                                 max->pids);
        return 0;
}

static int check_policy(const Daemon *d, const Manifest *m, const ManifestLimits *l, Fault *reterr) {
        const Engine *e;

        if (m->profile == MANIFEST_PROFILE_COMPAT && !d->conf.limits.compat)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "the profile 'compat' is not allowed here; use profile = \"strict\"");
        if (m->image.kind == MANIFEST_IMAGE_DOCKERFILE && !d->conf.engine.build)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "Dockerfiles are not built here; submit an image made with 'docker save'");
        e = engine_find(d->conf.engine.name);
        if (m->mode == MANIFEST_MODE_WORKFLOW && e && !e->layers)
                return fault_set(reterr, FAULT_POLICY, NULL, 0, "workflows do not run on the container engine in use here, %s",
                                 conf_engine_to_string(e->name));
        return check_limits(d, l, reterr);
}

/* The same file dropped twice under the same name, while the first is on its way, is one job. */
static int check_duplicate(const Job *j, const Manifest *m, Fault *reterr) {
        const JobTable *t = &j->daemon->jobs;

        for (size_t i = 0; i < t->n; i++) {
                const Job *other = t->jobs[i];
                _cleanup_manifest_ Manifest theirs = {};

                if (other == j || other->record.state == JOB_STATE_INTAKE || job_state_is_final(other->record.state) ||
                    !streq(other->record.user, j->record.user) || !streq(other->record.drop, j->record.drop))
                        continue;
                if (job_load_manifest(other, &theirs, /* reterr= */ NULL) < 0)
                        continue;
                if (streq_ptr(theirs.drop_digest, m->drop_digest) && streq_ptr(theirs.image.digest, m->image.digest))
                        return fault_set(reterr, FAULT_DUPLICATE, NULL, 0, "the same file is on its way already as job %.*s", (int) ID_SHORT_LENGTH,
                                         other->record.id);
        }
        return 0;
}

static int remember(Job *j, const Manifest *m, const ManifestLimits *l) {
        char *image = strdup(strempty(m->image.digest));

        if (!image)
                return -ENOMEM;
        free(j->image);
        j->image = image;
        j->mode = m->mode;
        j->has_controller = m->controller != NULL;
        j->tell_phases = m->mode == MANIFEST_MODE_WORKFLOW && strv_contains(m->notify, "phase");
        j->cpus_milli = l->cpus_milli;
        j->memory = l->memory;
        j->tell_started = announce_is_wanted(m, MAIL_EVENT_STARTED);
        return 0;
}

static int adopt_names(Job *j, const Manifest *m) {
        char *name = strdup(m->name), *form = strdup(manifest_form_to_string(m->form));

        if (!name || !form) {
                free(name);
                free(form);
                return -ENOMEM;
        }
        free(j->record.name);
        free(j->record.form);
        j->record.name = name;
        j->record.form = form;
        j->record.steps = m->mode == MANIFEST_MODE_RUN ? 1 : 0; /* those of a workflow are known when it is planned */
        return 0;
}

/* Whether the account may submit at all. */
static int check_user(const Job *j, ConfUser *ret, Fault *reterr) {
        unsigned most, active = 0;
        const Daemon *d = j->daemon;
        int r;

        r = conf_user_load(j->record.user, ret, /* reterr= */ NULL);
        if (r == -ENOENT)
                return fault_set(reterr, FAULT_USER, NULL, 0, "there is no account '%s'", j->record.user);
        if (r < 0)
                return r;
        if (!ret->enabled)
                return fault_set(reterr, FAULT_USER, NULL, 0, "the account '%s' is disabled", j->record.user);
        most = ret->active > 0 ? ret->active : d->conf.scheduler.active_per_user;
        for (size_t i = 0; most > 0 && i < d->jobs.n; i++)
                if (d->jobs.jobs[i] != j && d->jobs.jobs[i]->record.state != JOB_STATE_INTAKE && streq(d->jobs.jobs[i]->record.user, j->record.user))
                        active++;
        if (most > 0 && active >= most)
                return fault_set(reterr, FAULT_USER, NULL, 0, "%u of your jobs are on their way already, and no more than %u may be", active, most);
        return 0;
}

int accept_job(Job *j, Fault *reterr) {
        _cleanup_manifest_ Manifest m = {};
        _cleanup_courses_ Courses courses = {};
        _cleanup_conf_user_ ConfUser user = {};
        _cleanup_free_ char *error = NULL;
        Daemon *d = j->daemon;
        LogJob stamp = job_log(j);
        ManifestLimits limits;
        int r;

        r = job_load_manifest(j, &m, &error);
        if (r == -EBADMSG)
                return log_job(LOG_ERR, -EBADMSG, NULL, &stamp, "the manifest made by morf-intake is not valid: %s", strempty(error));
        if (r < 0)
                return r;
        r = adopt_names(j, &m);
        if (r >= 0)
                r = check_user(j, &user, reterr);
        if (r < 0)
                return r;
        if (strv_length(m.needs) > 0)
                return attachment_wait(j, m.needs);

        limits = accept_limits(&d->conf, &m.limits);
        r = check_policy(d, &m, &limits, reterr);
        if (r >= 0)
                r = courses_for_job(d->conf.data, &user, m.courses, &courses, reterr);
        if (r >= 0)
                r = check_duplicate(j, &m, reterr);
        if (r >= 0)
                r = remember(j, &m, &limits);
        if (r >= 0 && announce_is_wanted(&m, MAIL_EVENT_ACCEPTED))
                r = announce_note(j, MAIL_EVENT_ACCEPTED);
        if (r >= 0)
                r = FAULT_POINT_ERROR("accept-judged", NULL);
        return r;
}

int accept_remember(Job *j) {
        _cleanup_manifest_ Manifest m = {};
        ManifestLimits limits;
        int r;

        r = job_load_manifest(j, &m, /* reterr= */ NULL);
        if (r < 0)
                return r;
        limits = accept_limits(&j->daemon->conf, &m.limits);
        return remember(j, &m, &limits);
}
