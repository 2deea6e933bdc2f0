/* SPDX-License-Identifier: MIT */

#include "spool/base/fd.h"
#include "tools/synth/clickstream.h"
#include "tools/synth/demographics.h"
#include "tools/synth/dump.h"
#include "tools/synth/repository.h"
#include "tools/synth/truth.h"

/* Days after the end when the export was made: after the last late visitor. */
#define EXPORT_DELAY_DAYS 150
#define FILE_NAME_MAX 256u

/* Opens a directory below dirfd, which is made if need be (mode 0755 whatever the umask). */
static int open_directory(int dirfd, const char *name) {
        int fd;

        if (mkdirat(dirfd, name, 0755) < 0 && errno != EEXIST)
                return negative_errno();
        fd = fd_open_dir_at(dirfd, name);
        if (fd >= 0 && fchmod(fd, 0755) < 0) {
                int r = negative_errno();

                (void) fd_close(fd);
                return r;
        }
        return fd;
}

static int fill_hash_mapping(Sqldump *d, const Export *e) {
        dump_hash_mapping(d, e);
        return 0;
}

static int fill_forum(Sqldump *d, const Export *e) {
        int r;

        dump_forum(d, e);
        r = dump_forum_marks(d, e);
        return r < 0 ? r : dump_forum_reading(d, e);
}

static int fill_general(Sqldump *d, const Export *e) {
        typedef int (*Part)(Sqldump *d, const Export *e);
        static const Part parts[] = { dump_lectures, dump_quizzes, dump_assignments, dump_peer, dump_general_values };

        dump_people(d, e);
        dump_grades(d, e);
        dump_course_pages(d, e);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                int r = parts[i](d, e);

                if (r < 0)
                        return r;
        }
        return 0;
}

static const struct {
        const char *suffix;
        int (*fill)(Sqldump *d, const Export *e);
} dumps[] = {
        { "SQL_anonymized_forum.sql.gz",   fill_forum },
        { "SQL_anonymized_general.sql.gz", fill_general },
        { "SQL_hash_mapping.sql.gz",       fill_hash_mapping },
        { "SQL_unanonymizable.sql.gz",     dump_unanonymizable },
};

/* "<title> (<slug>-<session>)_<suffix>" */
static const char *file_name(const Session *s, const char *suffix, char ret[static FILE_NAME_MAX]) {
        char title[NAMES_TITLE_MAX], key[SESSION_KEY_MAX];

        names_file_title(s->course, title);
        (void) snprintf(ret, FILE_NAME_MAX, "%s (%s)_%s", title, session_key(s, '-', key), suffix);
        return ret;
}

static int write_dumps(int dirfd, const Export *e) {
        char name[FILE_NAME_MAX], database[SESSION_KEY_MAX];

        (void) session_key(e->session, '_', database);
        for (size_t i = 0; i < ELEMENTSOF(dumps); i++) {
                _cleanup_(sqldump_freep) Sqldump *d = NULL;
                int r;

                r = sqldump_open(
                                dirfd, file_name(e->session, dumps[i].suffix, name), database,
                                session_end(e->session) + EXPORT_DELAY_DAYS * CALENDAR_DAY, &d);
                if (r < 0)
                        return r;
                r = dumps[i].fill(d, e);
                if (r < 0)
                        return r;
                r = sqldump_close(TAKE_PTR(d));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Writes the seven files of a session and its labels. */
static int write_session(int dirfd, const Session *s, Truth *truth, ClickstreamStats *ret_stats) {
        _cleanup_free_ Syllabus *syllabus = malloc(sizeof(*syllabus));
        _cleanup_free_ uint8_t *last_week = malloc(s->learners);
        _cleanup_(forum_freep) Forum *forum = NULL;
        char name[FILE_NAME_MAX], key[SESSION_KEY_MAX];
        int r;

        if (!syllabus || !last_week)
                return -ENOMEM;
        syllabus_init(s, syllabus);
        r = forum_new(s, syllabus, &forum);
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof(name), "%s_clickstream_export.gz", session_key(s, '-', key));
        r = clickstream_write(dirfd, name, s, syllabus, forum, last_week, ret_stats);
        if (r < 0)
                return r;
        r = write_dumps(dirfd, &(Export) { .session = s, .syllabus = syllabus, .forum = forum });
        if (r < 0)
                return r;
        r = demographics_write_answers(dirfd, file_name(s, "Demographics_individual_responses.csv", name), s);
        if (r < 0)
                return r;
        r = demographics_write_summary(dirfd, file_name(s, "Demographics_summary.html", name), s);
        if (r < 0)
                return r;
        truth_add(truth, s, last_week);
        return 0;
}

static int write_session_below(int dirfd, const Session *s, Truth *truth, RepositoryStats *stats) {
        _cleanup_fd_ int course_fd = -EBADF, session_fd = -EBADF;
        ClickstreamStats clicks;
        int r;

        course_fd = open_directory(dirfd, s->slug);
        if (course_fd < 0)
                return course_fd;
        session_fd = open_directory(course_fd, s->name);
        if (session_fd < 0)
                return session_fd;
        r = write_session(session_fd, s, truth, &clicks);
        if (r < 0)
                return r;
        stats->sessions++;
        stats->learners += s->learners;
        stats->lines += clicks.lines;
        stats->log_bytes += clicks.bytes;
        return 0;
}

int repository_write(
        int dirfd, const CampusPlan *plan, RepositoryProgress progress, void *userdata, RepositoryStats *ret_stats) {

        _cleanup_(campus_freep) Campus *campus = NULL;
        _cleanup_(truth_done) Truth truth = {};
        RepositoryStats stats = {};
        int r;

        r = campus_new(plan, &campus);
        if (r < 0)
                return r;
        r = truth_open(dirfd, &truth);
        if (r < 0)
                return r;
        for (unsigned course = 0; course < plan->courses; course++)
                for (unsigned number = 1; number <= plan->sessions; number++) {
                        Session s;

                        campus_session(campus, course, number, &s);
                        r = write_session_below(dirfd, &s, &truth, &stats);
                        if (r < 0)
                                return r;
                        if (progress)
                                progress(userdata, &s, &stats);
                }
        r = truth_close(&truth);
        if (r < 0)
                return r;
        *ret_stats = stats;
        return 0;
}
