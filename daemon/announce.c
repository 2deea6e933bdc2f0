/* SPDX-License-Identifier: MIT */
#include "daemon/announce.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/daemon.h"
#include "daemon/workflow-record.h"
#include "spool/base/fault-point.h"
#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/release.h"

/* The mail about the end of phase 3 is "phase.3" in the list of events. */
#define PHASE_PREFIX "phase."
/* So much of the list is kept free for ends and further tries. */
#define EVENTS_RESERVED 16u

bool announce_is_wanted(const Manifest *m, MailEvent event) {
        return strv_contains(m->notify, mail_event_to_string(event));
}

int announce_note(Job *j, MailEvent event) {
        const char *name = mail_event_to_string(event);

        /* These come once in a job's life; an end once for each time it was run, so again after a "retry". */
        if ((event == MAIL_EVENT_ACCEPTED || event == MAIL_EVENT_STARTED) && strv_contains(j->record.events, name))
                return 0;
        /* A record with more could not be read again; who tries a job again that often knows how it ends. */
        if (strv_length(j->record.events) >= RECORD_EVENTS_MAX)
                return 0;
        return strv_add(&j->record.events, name);
}

int announce_note_phase(Job *j, unsigned phase) {
        char name[32];

        snprintf(name, sizeof(name), PHASE_PREFIX "%u", phase);
        if (strv_contains(j->record.events, name) || strv_length(j->record.events) >= RECORD_EVENTS_MAX - EVENTS_RESERVED)
                return 0;
        return strv_add(&j->record.events, name);
}

/* What a name in the record stands for. ret_phase: 0, unless it is the mail of a phase. */
static MailEvent event_of(const char *name, unsigned *ret_phase) {
        const char *number = startswith(name, PHASE_PREFIX);

        *ret_phase = 0;
        if (!number)
                return mail_event_from_string(name);
        return sscanf(number, "%u", ret_phase) == 1 ? MAIL_EVENT_PHASE : _MAIL_EVENT_INVALID;
}

static int open_release(const Job *j) {
        _cleanup_fd_ int dir = job_open_dir(j);

        return dir < 0 ? dir : fd_open_dir_at(dir, JOB_DIR_RELEASE);
}

static int copy_string(char **to, const char *from) {
        if (!from)
                return 0;
        *to = strdup(from);
        return *to ? 0 : -ENOMEM;
}

/* A run job without a result would not be done. */
static bool is_required(const Job *j, const char *name) {
        return j->mode == MANIFEST_MODE_RUN && streq(name, RELEASE_EVAL);
}

/* What the gate let out, and its note. */
static int attach_release(const Job *j, MailRequest *m) {
        _cleanup_free_ char *note = NULL;
        _cleanup_fd_ int release = open_release(j);
        size_t size;
        int r;

        if (release < 0)
                return release;
        for (size_t i = 0; i < RELEASE_FILES; i++) {
                const ReleaseFile *f = &release_files[i];
                _cleanup_free_ char *data = NULL;

                r = fd_read_file_at(release, f->name, f->max, &data, &size);
                if (r == -ENOENT && !is_required(j, f->name))
                        continue;
                if (r >= 0)
                        r = f->text ? mail_request_attach(m, f->name, data, size) : mail_request_attach_picture(m, f->name, data, size);
                if (r < 0)
                        return r;
        }
        r = fd_read_file_at(release, RELEASE_NOTE, RELEASE_NOTE_MAX, &note, &size);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (strlen(note) != size || !name_is_utf8(note, size))
                return -EBADMSG;
        m->why = TAKE_PTR(note);
        return 0;
}

/* One more sentence. */
static int add_why(Job *j, MailEvent event, unsigned phase, MailRequest *m) {
        if (event == MAIL_EVENT_PHASE)
                m->why = workflow_describe_phase(j, phase);
        else if (event == MAIL_EVENT_FINISHED && !m->why && j->record.left_out &&
                 asprintf(&m->why, "These courses failed and were left out: %s.", j->record.left_out) < 0) {
                m->why = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int compose(Job *j, const ConfUser *user, MailEvent event, unsigned phase, MailRequest *m) {
        const Record *record = &j->record;
        int r;

        m->event = event;
        m->created = event == MAIL_EVENT_ACCEPTED || event == MAIL_EVENT_REJECTED ? record->created : record->changed;
        r = copy_string(&m->id, record->id);
        if (r >= 0)
                r = copy_string(&m->user, record->user);
        if (r >= 0 && record->name && name_is_valid(record->name))
                r = copy_string(&m->job, record->name);
        if (r >= 0)
                r = copy_string(&m->drop, record->drop);
        STRV_FOREACH(to, user->mail)
                if (r >= 0 && strv_length(m->to) < OUTBOX_RECIPIENTS_MAX)
                        r = strv_add(&m->to, *to);
        if (r >= 0 && event == MAIL_EVENT_FINISHED)
                r = attach_release(j, m);
        if (r >= 0)
                r = add_why(j, event, phase, m);
        if (r < 0)
                return r;
        if (event >= MAIL_EVENT_FINISHED || event == MAIL_EVENT_REJECTED) {
                m->usage = record->usage;
                if (record->fault.code != FAULT_NONE)
                        r = fault_copy(&record->fault, &m->fault);
        }
        return r;
}

/* Whether a mail is still to be put into the outbox. Return: 1, 0 or a negative errno. */
static int is_missing(const Job *j, unsigned number, MailEvent event) {
        OutboxName name = { .number = number, .event = event };
        OutboxPlace place;
        int r;

        memcpy(name.id, j->record.id, ID_LENGTH + 1);
        r = outbox_find(j->daemon->spool.fds[SPOOL_OUTBOX], &name, &place);
        return r < 0 ? r : place == OUTBOX_PLACE_NONE;
}

static int publish_one(Job *j, const ConfUser *user, unsigned number, MailEvent event, unsigned phase) {
        const Account *account = &j->daemon->accounts.of[ACCOUNT_MAIL];
        int outbox = j->daemon->spool.fds[SPOOL_OUTBOX];
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        int r;

        r = compose(j, user, event, phase, &m);
        if (r < 0)
                return r;
        r = FAULT_POINT_ERROR("announce-composed", mail_event_to_string(event));
        if (r >= 0)
                r = outbox_publish(outbox, &m, number, account->uid, account->gid);
        FAULT_POINT("announce-published", mail_event_to_string(event));
        return r;
}

int announce_publish(Job *j) {
        _cleanup_conf_user_ ConfUser user = {};
        LogJob stamp = job_log(j);
        bool loaded = false;
        unsigned number = 0;
        int r, first = 0;

        STRV_FOREACH(name, j->record.events) {
                unsigned phase;
                MailEvent event = event_of(*name, &phase);

                number++;
                if (event < 0)
                        continue;
                r = is_missing(j, number, event);
                if (r == 0)
                        continue;
                /* Read when it is needed: after a restart that is for few of many jobs. */
                if (r > 0 && !loaded) {
                        r = conf_user_load(j->record.user, &user, /* reterr= */ NULL);
                        if (r < 0) {
                                log_job(LOG_WARNING, r, NULL, &stamp, "cannot read the account '%s', no mail is sent about this job, ignoring",
                                        j->record.user);
                                return first;
                        }
                        loaded = true;
                }
                if (r >= 0 && strv_length(user.mail) == 0)
                        return first;
                if (r >= 0)
                        r = publish_one(j, &user, number, event, phase);
                if (r < 0) {
                        log_job(LOG_ERR, r, NULL, &stamp, "cannot put the mail '%s' into the outbox", *name);
                        if (first == 0)
                                first = r;
                }
        }
        return first;
}

static bool has_result(const Job *j) {
        _cleanup_fd_ int release = open_release(j);

        return release >= 0 && faccessat(release, RELEASE_EVAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void print_status(const Job *j, FILE *f) {
        const Record *r = &j->record;
        char time[TIME_STRING_MAX], span[TIME_STRING_MAX], size[FORMAT_SIZE_MAX];

        fprintf(f, "Job:      %s (%s)\n", r->name, r->id);
        fprintf(f, "State:    %s\n", job_state_to_string(r->state));
        if (r->why && *r->why)
                fprintf(f, "Reason:   %s\n", r->why);
        if (r->fault.code != FAULT_NONE) {
                fprintf(f, "Error:    %s: %s\n", fault_to_string(r->fault.code), strempty(r->fault.message));
                if (r->fault.hint && *r->fault.hint)
                        fprintf(f, "To do:    %s\n", r->fault.hint);
        }
        fprintf(f, "Received: %s\n", time_format_utc(r->created, time));
        fprintf(f, "Changed:  %s\n", time_format_utc(r->changed, time));
        if (r->usage.wall_usec > 0)
                fprintf(f, "Ran for:  %s\n", time_format_span(r->usage.wall_usec, span));
        if (r->usage.memory_peak > 0)
                fprintf(f, "Memory:   %s at most\n", format_size(r->usage.memory_peak, size));
        if (r->steps > 1)
                fprintf(f, "Steps:    %u of %u\n", r->step, r->steps);
        if (r->left_out)
                fprintf(f, "Without:  %s\n", r->left_out);
        if (r->state == JOB_STATE_DONE)
                fprintf(f, "Result:   %s in this directory\n", has_result(j) ? RELEASE_EVAL : RELEASE_RECEIPT);
}

/* Opens sftp/USER/jobs/ID/, making it when needed. */
static int open_status_dir(const Job *j, gid_t *ret_gid) {
        _cleanup_fd_ int user = -EBADF, jobs = -EBADF, dir = -EBADF;
        struct stat st;
        int r;

        user = fd_open_dir_at(j->daemon->spool.fds[SPOOL_SFTP], j->record.user);
        if (user < 0)
                return user;
        jobs = fd_open_dir_at(user, "jobs");
        if (jobs < 0)
                return jobs;
        if (fstat(jobs, &st) < 0)
                return negative_errno();
        r = publish_mkdir_at(jobs, j->record.id, 0750, 0, st.st_gid);
        if (r < 0 && r != -EEXIST)
                return r;
        *ret_gid = st.st_gid;
        dir = fd_open_dir_at(jobs, j->record.id);
        if (dir < 0)
                return dir;
        /* Killed in the middle of making it, or of writing into it: a reader must find nothing of that. */
        if (r == -EEXIST && (fchown(dir, 0, st.st_gid) < 0 || fchmod(dir, 0750) < 0))
                return negative_errno();
        if (job_state_is_final(j->record.state))
                (void) publish_sweep(dir, 0);
        return TAKE_FD(dir);
}

/*
 * Nobody comes back to these files once the job has ended, so that then they must be durable; before, they are written
 * again and again, and after a crash anew.
 */
static int write_status_file(const Job *j, int dirfd, const char *name, const char *data, size_t size, gid_t gid) {
        if (job_state_is_final(j->record.state))
                return publish_unnamed_file_at(dirfd, name, data, size, 0640, 0, gid);
        return publish_volatile_file_at(dirfd, name, data, size, 0640, 0, gid);
}

static int write_release(const Job *j, int dirfd, gid_t gid) {
        _cleanup_fd_ int release = open_release(j);
        int r;

        if (release < 0)
                return release;
        for (size_t i = 0; i < RELEASE_FILES; i++) {
                const ReleaseFile *f = &release_files[i];
                _cleanup_free_ char *data = NULL;
                size_t size;

                r = fd_read_file_at(release, f->name, f->max, &data, &size);
                if (r == -ENOENT && !is_required(j, f->name))
                        continue;
                if (r >= 0)
                        r = write_status_file(j, dirfd, f->name, data, size, gid);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_status(const Job *j) {
        _cleanup_free_ char *json = NULL, *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t size;
        gid_t gid;
        FILE *f;
        int r;

        fd = open_status_dir(j, &gid);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd; /* an account without an SFTP home */

        if (j->record.state == JOB_STATE_DONE) {
                r = write_release(j, fd, gid);
                if (r < 0)
                        return r;
        }
        r = json_record_format(&status_table, &j->record, &json);
        if (r < 0)
                return r;
        r = write_status_file(j, fd, "status.json", json, strlen(json), gid);
        if (r < 0)
                return r;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        print_status(j, f);
        if (fclose(f) != 0)
                return -ENOMEM;
        r = write_status_file(j, fd, "STATUS.txt", text, size, gid);
        return r >= 0 && job_state_is_final(j->record.state) ? publish_sync_dir(fd) : r;
}

int announce_status(Job *j) {
        LogJob stamp = job_log(j);
        int r;

        r = write_status(j);
        if (r < 0)
                log_job(LOG_WARNING, r, NULL, &stamp, "cannot write the status files of user '%s'", j->record.user);
        return r;
}
