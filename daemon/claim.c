/* SPDX-License-Identifier: MIT */
#include "daemon/claim.h"

#include <fcntl.h>
#include <pwd.h>

#include "daemon/daemon.h"
#include "daemon/end.h"
#include "daemon/scheduler.h"
#include "spool/base/fault-point.h"
#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/message-id.h"
#include "spool/base/name.h"
#include "spool/base/publish.h"
#include "spool/base/time.h"
#include "spool/limits.h"

/* Bytes at the end of a file in which the mark of its kind must lie: a zip's end record may be followed by a long comment. */
#define TAIL_BYTES (64 * 1024 + 22)

/* After so long a rest a file needs no newline at its end. */
#define UNENDED_REST_USEC (20 * USEC_PER_SEC)

static bool has_ending(const char *name, const char *const *endings, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (endswith(name, endings[i]))
                        return true;
        return false;
}

static bool is_job_file_name(const char *name) {
        static const char *const endings[] = { ".cfg", ".config" };

        return has_ending(name, endings, ELEMENTSOF(endings));
}

/*
 * A directory is a drop when it has a job file at its top; one with a Dockerfile there is an attachment of another drop, unless it is the
 * whole folder of a MORF 2.0 job, whose client.config never names directories.
 */
static bool is_drop_directory(int box, const char *name) {
        _cleanup_(closedirp) DIR *d = NULL;
        bool job_file = false, dockerfile = false;
        struct dirent *de;

        if (fd_open_dirstream_at(box, name, &d) < 0)
                return false;
        while ((de = readdir(d))) {
                if (streq(de->d_name, "client.config"))
                        return true;
                if (streq(de->d_name, "Dockerfile"))
                        dockerfile = true;
                if (de->d_name[0] != '.' && is_job_file_name(de->d_name))
                        job_file = true;
        }
        return job_file && !dockerfile;
}

DropKind claim_kind(int box, const char *name, const struct stat *st) {
        static const char *const temporary[] = { ".part", ".filepart", ".tmp", ".swp", "~" };

        if (name[0] == '.' || has_ending(name, temporary, ELEMENTSOF(temporary)))
                return DROP_KIND_IGNORED;
        if (S_ISDIR(st->st_mode))
                return is_drop_directory(box, name) ? DROP_KIND_DIRECTORY : DROP_KIND_OTHER;
        if (!S_ISREG(st->st_mode))
                return DROP_KIND_IGNORED;
        if (is_job_file_name(name))
                return DROP_KIND_JOB_FILE;
        return endswith(name, ".zip") ? DROP_KIND_ZIP : DROP_KIND_OTHER;
}

/* A read lease is granted only while nobody has the file open for writing. It is given back at once. */
static bool is_open_for_writing(int fd) {
        if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
                return errno == EAGAIN;
        (void) fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
}

static bool has_rested_for(const struct stat *st, uint64_t usec) {
        uint64_t changed = (uint64_t) st->st_ctim.tv_sec * USEC_PER_SEC + (uint64_t) st->st_ctim.tv_nsec / 1000;
        uint64_t now = time_now_realtime();

        /* A time to come means that the clock was set back; it says nothing about the file then. */
        return changed > now || now - changed >= usec;
}

static bool has_rested(const Daemon *d, const struct stat *st) {
        return has_rested_for(st, d->conf.scheduler.quiet_usec);
}

/* Where the last comment of the last line begins, or size when there is none. */
static size_t line_comment_start(const char *text, size_t size) {
        for (size_t i = size; i > 0 && text[i - 1] != '\n'; i--)
                if (text[i - 1] == '#' || (i < size && text[i - 1] == '/' && text[i] == '/'))
                        return i - 1;
        return size;
}

/* Where the block comment begins that ends with the last of size bytes, or size when there is none. */
static size_t comment_start(const char *text, size_t size) {
        for (size_t i = size - 2; i >= 2; i--)
                if (text[i - 2] == '/' && text[i - 1] == '*')
                        return i - 2;
        return size;
}

/* A job file ends with the brace of its group; blanks, a semicolon and comments may follow. */
static bool ends_like_job_file(const char *tail, size_t size) {
        for (;;) {
                size_t start;

                /* A NUL byte is no blank: some clients allocate a file before they fill it. */
                while (size > 0 && tail[size - 1] != '\0' && strchr(" \t\r\n;", tail[size - 1]))
                        size--;
                if (size == 0)
                        return false;
                start = line_comment_start(tail, size);
                if (start == size && tail[size - 1] == '}')
                        return true;
                if (start == size && size >= 4 && tail[size - 2] == '*' && tail[size - 1] == '/')
                        start = comment_start(tail, size);
                if (start == size)
                        return false;
                size = start;
        }
}

/*
 * A client.config has no mark at its end. What it cannot do without must be there, and a newline, without which nobody could tell its last
 * value from half of it but by a longer rest: published ones end without. What else may be missing behind a newline, the time of rest must
 * tell.
 */
static bool ends_like_client_config(const struct stat *st, const char *tail, size_t size) {
        bool ended = size > 0 && (tail[size - 1] == '\n' || has_rested_for(st, UNENDED_REST_USEC));

        return ended && memmem(tail, size, "docker_url", 10) && memmem(tail, size, "controller_url", 14);
}

static bool ends_like_zip(const char *tail, size_t size) {
        return memmem(tail, size, "PK\5\6", 4) != NULL;
}

static bool ends_like_tar(const char *tail, size_t size) {
        for (size_t i = 0; i < 1024; i++)
                if (size < 1024 || tail[size - 1 - i] != '\0')
                        return false;
        return true;
}

/* Whether a file that was put directly ends as its kind must. */
static int is_whole(int fd, const struct stat *st, const char *name, DropKind kind) {
        _cleanup_free_ char *tail = NULL;
        off_t size = st->st_size < TAIL_BYTES ? st->st_size : TAIL_BYTES;
        ssize_t n;

        tail = malloc((size_t) size + 1);
        if (!tail)
                return -ENOMEM;
        n = pread(fd, tail, (size_t) size, st->st_size - size);
        if (n < 0)
                return negative_errno();
        if (kind == DROP_KIND_ZIP)
                return ends_like_zip(tail, (size_t) n);
        if (kind == DROP_KIND_JOB_FILE && endswith(name, ".cfg"))
                return ends_like_job_file(tail, (size_t) n);
        if (kind == DROP_KIND_JOB_FILE)
                return ends_like_client_config(st, tail, (size_t) n);
        if (kind == DROP_KIND_OTHER && endswith(name, ".tar"))
                return ends_like_tar(tail, (size_t) n);
        return true;
}

static int file_is_complete(const Daemon *d, int dirfd, const char *name, DropKind kind, bool renamed) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = fd_open_regular_at(dirfd, name, UINT64_MAX, &st);
        if (fd == -EMLINK)
                return CLAIM_E_INCOMPLETE; /* in the middle of a classic rename: link, then unlink */
        if (fd < 0)
                return fd;
        if (is_open_for_writing(fd))
                return CLAIM_E_INCOMPLETE;
        if (renamed)
                return 0;
        if (!has_rested(d, &st))
                return CLAIM_E_INCOMPLETE;
        r = is_whole(fd, &st, name, kind);
        return r < 0 ? r : r > 0 ? 0 : CLAIM_E_INCOMPLETE;
}

static int directory_is_complete(const Daemon *d, int parent, const char *name, bool renamed, unsigned depth, unsigned *entries) {
        _cleanup_(closedirp) DIR *stream = NULL;
        struct dirent *de;
        int r;

        if (depth > LIMIT_DROP_DEPTH)
                return 0; /* intake will say what is wrong with it */
        r = fd_open_dirstream_at(parent, name, &stream);
        if (r < 0)
                return r;
        while ((de = readdir(stream))) {
                int fd = dirfd(stream);
                struct stat st;

                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                if (++*entries > LIMIT_DROP_ENTRIES)
                        return 0;
                if (fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return CLAIM_E_INCOMPLETE;
                if (!renamed && !has_rested(d, &st))
                        return CLAIM_E_INCOMPLETE;
                if (S_ISDIR(st.st_mode))
                        r = directory_is_complete(d, fd, de->d_name, renamed, depth + 1, entries);
                else if (S_ISREG(st.st_mode))
                        r = file_is_complete(d, fd, de->d_name, depth == 0 && is_job_file_name(de->d_name) ? DROP_KIND_JOB_FILE : DROP_KIND_OTHER,
                                             renamed);
                if (r != 0)
                        return r;
        }
        return 0;
}

int claim_is_complete(const Daemon *d, int box, const char *name, const struct stat *st, DropKind kind, bool renamed) {
        unsigned entries = 0;

        if (!S_ISDIR(st->st_mode))
                return file_is_complete(d, box, name, kind, renamed);
        if (!renamed && !has_rested(d, st))
                return CLAIM_E_INCOMPLETE;
        return directory_is_complete(d, box, name, renamed, 0, &entries);
}

/* Makes a file root's. Of its mode only what intake asks of a file of a Dockerfile's directory is kept: whether it is a program. */
static int make_ours(int fd, mode_t mode, gid_t gid) {
        return fchown(fd, 0, gid) < 0 || fchmod(fd, mode & S_IXUSR ? 0550 : 0440) < 0 ? negative_errno() : 0;
}

/* Replaces a file by a copy that nobody else has open. */
static int replace_by_copy(int dirfd, const char *name, int fd, mode_t mode, gid_t gid) {
        _cleanup_fd_ int copy = -EBADF;
        char temporary[ID_LENGTH + 8];
        Id id;
        int r;

        /* Whatever the directory holds came from outside: a fixed name might be there. */
        r = id_new(&id);
        if (r < 0)
                return r;
        snprintf(temporary, sizeof(temporary), ".#copy-%s", id.text);
        copy = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (copy < 0)
                return negative_errno();
        r = fd_copy(fd, copy, LIMIT_IMAGE_BYTES, /* ret_copied= */ NULL);
        if (r >= 0)
                r = make_ours(copy, mode, gid);
        if (r >= 0 && (fsync(copy) < 0 || renameat(dirfd, temporary, dirfd, name) < 0))
                r = negative_errno();
        if (r < 0)
                (void) unlinkat(dirfd, temporary, 0);
        return r;
}

/*
 * Makes what was taken root's, readable for morf-intake, from the top down: once a directory is ours nobody else can put anything
 * into it. Links and special files stay as they are; intake refuses them without opening them.
 */
static int take_over(int parent, const char *name, gid_t gid, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_fd_ int fd = -EBADF;
        struct dirent *de;
        struct stat st;
        int r;

        if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        if (S_ISREG(st.st_mode)) {
                fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
                if (fd < 0 || fstat(fd, &st) < 0)
                        return negative_errno();
                if (!S_ISREG(st.st_mode))
                        return -EBADMSG;
                if (st.st_nlink > 1)
                        return replace_by_copy(parent, name, fd, st.st_mode, gid); /* its other names are not ours to change */
                r = make_ours(fd, st.st_mode, gid);
                if (r < 0)
                        return r;
                /* Somebody opened it between the check and the rename: that descriptor keeps its right to write. */
                return is_open_for_writing(fd) ? replace_by_copy(parent, name, fd, st.st_mode, gid) : 0;
        }
        if (!S_ISDIR(st.st_mode) || depth > LIMIT_DROP_DEPTH)
                return 0;
        r = fd_open_dirstream_at(parent, name, &d);
        if (r < 0)
                return r;
        if (fchown(dirfd(d), 0, gid) < 0 || fchmod(dirfd(d), 0750) < 0)
                return negative_errno();
        while ((de = readdir(d))) {
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                r = take_over(dirfd(d), de->d_name, gid, depth + 1);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The name that a drop gets below drop/: its own, unless that holds what messages and records cannot. */
static const char *safe_name(const char *name) {
        size_t n = strlen(name);

        if (n <= LIMIT_DROP_NAME_BYTES && name_is_utf8(name, n)) {
                bool plain = true;

                for (const char *p = name; *p; p++)
                        plain = plain && (unsigned char) *p >= 0x20 && *p != 0x7f;
                if (plain)
                        return name;
        }
        return endswith(name, ".zip") ? "drop.zip" : endswith(name, ".config") ? "drop.config" : is_job_file_name(name) ? "drop.cfg" : "drop";
}

static int fill_record(Job *j, const char *id, const char *user, const char *box_name, const char *name) {
        Record *r = &j->record;

        r->id = strdup(id);
        r->user = strdup(user);
        r->box = strdup(box_name);
        r->name = name_escape(name, strlen(name), LIMIT_DROP_NAME_BYTES / 4);
        /* A byte may become four, and "..." may follow. */
        r->drop = name_escape(name, strlen(name), (RECORD_NAME_MAX - 3) / 4);
        r->why = strdup("received, waiting to be checked");
        r->created = r->changed = time_now_realtime();
        r->state = JOB_STATE_INTAKE;
        return r->id && r->user && r->box && r->name && r->drop && r->why ? 0 : -ENOMEM;
}

/* Makes active/<id>/ with what every job has, its record last. */
static int make_job_dir(Job *j) {
        const Accounts *a = &j->daemon->accounts;
        _cleanup_fd_ int dir = -EBADF;
        int r;

        r = publish_mkdir_at(j->daemon->spool.fds[SPOOL_ACTIVE], j->record.id, 0750, 0, a->admin);
        if (r >= 0)
                r = FAULT_POINT_ERROR("claim-directory", NULL);
        if (r < 0)
                return r;
        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        r = publish_mkdir_at(dir, JOB_DIR_DROP, 0750, 0, a->of[ACCOUNT_INTAKE].gid);
        if (r >= 0)
                r = publish_mkdir_at(dir, JOB_DIR_EXITS, 0750, 0, a->admin);
        if (r >= 0)
                r = json_record_publish_at(&record_table, &j->record, dir, RECORD_FILE, 0640, 0, a->admin);
        if (r >= 0)
                r = FAULT_POINT_ERROR("claim-recorded", NULL);
        return r >= 0 ? publish_sync_dir(j->daemon->spool.fds[SPOOL_ACTIVE]) : r;
}

static int take_drop(Job *j, int box, const char *name) {
        _cleanup_fd_ int dir = -EBADF, drop = -EBADF;
        const char *target = safe_name(name);
        int r;

        dir = job_open_dir(j);
        drop = dir < 0 ? dir : fd_open_dir_at(dir, JOB_DIR_DROP);
        if (drop < 0)
                return drop;
        r = publish_rename(box, name, drop, target);
        if (r >= 0)
                r = FAULT_POINT_ERROR("claim-renamed", NULL);
        if (r < 0)
                return r;
        return take_over(drop, target, j->daemon->accounts.of[ACCOUNT_INTAKE].gid, 0);
}

/* Whether nothing was taken into the job's directory yet, or it cannot be seen. */
static bool took_nothing(const Job *j) {
        _cleanup_fd_ int dir = job_open_dir(j), drop = dir < 0 ? dir : fd_open_dir_at(dir, JOB_DIR_DROP);
        uint64_t bytes, entries = 1;

        return drop < 0 || (fd_tree_usage(drop, 0, 1, &bytes, &entries) >= 0 && entries == 0);
}

int claim_finish(Job *j) {
        _cleanup_(closedirp) DIR *stream = NULL;
        _cleanup_fd_ int dir = -EBADF;
        struct dirent *de;
        int r;

        dir = job_open_dir(j);
        r = dir < 0 ? dir : fd_open_dirstream_at(dir, JOB_DIR_DROP, &stream);
        while (r >= 0 && (de = readdir(stream)))
                if (!streq(de->d_name, ".") && !streq(de->d_name, ".."))
                        r = take_over(dirfd(stream), de->d_name, j->daemon->accounts.of[ACCOUNT_INTAKE].gid, 0);
        return r;
}

int claim_drop(Daemon *d, int box, const char *box_name, const char *name, const char *user, bool given_up) {
        _cleanup_(job_freep) Job *j = NULL;
        _cleanup_free_ char *shown = NULL;
        _cleanup_fault_ Fault fault = {};
        LogJob stamp;
        Job *owned;
        Id id;
        int r;

        r = id_new(&id);
        if (r < 0)
                return r;
        j = job_new(d);
        if (!j)
                return -ENOMEM;
        r = fill_record(j, id.text, user, box_name, name);
        if (r >= 0)
                r = make_job_dir(j);
        if (r >= 0)
                r = take_drop(j, box, name);
        if (r < 0 && took_nothing(j)) {
                (void) fd_remove_tree_at(d->spool.fds[SPOOL_ACTIVE], id.text);
                return r;
        }
        if (r < 0) {
                /* It has left its box, so it is a job: the stage "intake" begins with what is missing, and is tried again. */
                log_warning_errno(r, "cannot take the drop of job %s over, trying again", id.text);
                j->unfinished = true;
        }
        r = job_table_add(&d->jobs, j);
        if (r < 0)
                return r; /* the next start finds it */
        FAULT_POINT("claim-taken", NULL);
        owned = TAKE_PTR(j);
        stamp = job_log(owned);
        log_job(LOG_INFO, 0, MESSAGE_ID_JOB_CLAIMED, &stamp, "'%s' of %s was received", owned->record.drop, user);
        if (!given_up) {
                scheduler_kick(d);
                return 0;
        }
        log_job(LOG_NOTICE, 0, MESSAGE_ID_DROP_INCOMPLETE, &stamp, "the upload was never completed");
        shown = strdup(owned->record.drop);
        (void) fault_set(&fault, FAULT_UPLOAD, shown, 0, "the upload was not completed%s",
                         endswith(name, ".config") ? ": it must have docker_url and controller_url" : "");
        job_end(owned, JOB_STATE_REJECTED, &fault);
        return 0;
}

int claim_attachment(Job *j, int box, const char *name) {
        _cleanup_fd_ int dir = -EBADF, drop = -EBADF;
        struct stat st;
        int r;

        dir = job_open_dir(j);
        drop = dir < 0 ? dir : fd_open_dir_at(dir, JOB_DIR_DROP);
        if (drop < 0)
                return drop;
        if (faccessat(drop, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return -EEXIST;
        if (fstatat(box, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
                return -ENOENT;
        if (streq(j->record.box, "incoming")) {
                /* The box is shared: nobody's job takes another's file. */
                const struct passwd *pw = getpwnam(j->record.user);

                if (!pw || pw->pw_uid != st.st_uid)
                        return -ENOENT;
        }
        r = claim_is_complete(j->daemon, box, name, &st, DROP_KIND_OTHER, false);
        if (r != 0)
                return r;
        r = publish_rename(box, name, drop, name);
        if (r < 0)
                return r;
        return take_over(drop, name, j->daemon->accounts.of[ACCOUNT_INTAKE].gid, 0);
}
