/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A daemon filled by hand, without bus and without units, on a spool and a configuration in a scratch directory. Whatever it
 * writes belongs to root, so only root can run most of these tests. Include after cmocka.h.
 */

#include "daemon/daemon.h"
#include "spool/base/strv.h"
#include "tests/unit/scratch.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Ids in this order. */
#define ID_A "01jd3k8x2m4qabcdefghjkmnpa"
#define ID_B "01jd3k8x2m4qabcdefghjkmnpb"
#define ID_C "01jd3k8x2m4qabcdefghjkmnpc"
#define ID_D "01jd3k8x2m4qabcdefghjkmnpd"

typedef struct Fixture {
        Scratch s;
        Daemon d;
} Fixture;

#define skip_unless_root() \
        do                 \
                if (geteuid() != 0) skip(); \
        while (false)

static inline void fixture_dir(const Fixture *f, const char *name) {
        fd_close(scratch_dir(&f->s, name));
}

/* settings: the text of morfd.conf, whose "spool" and "data" are set here. */
static inline void fixture_init(Fixture *f, const char *settings) {
        _cleanup_free_ char *path = NULL, *text = NULL, *error = NULL;

        log_open("test", LOG_CRIT, false); /* MORF_LOG_LEVEL=debug shows what happens */
        *f = (Fixture){ .d.spool = SPOOL_EMPTY };
        scratch_init(&f->s);
        assert_true(asprintf(&path, "%s/morfd.conf", f->s.path) > 0);
        assert_true(asprintf(&text, "spool = \"%s/spool\";\ndata = [\"%s/data\", \"%s/more\"];\n%s", f->s.path, f->s.path, f->s.path, settings) > 0);
        scratch_write(&f->s, "morfd.conf", text);
        assert_int_equal(setenv("MORF_CONF", path, 1), 0);
        if (conf_load(&f->d.conf, &error) < 0)
                fail_msg("%s", error);
        fixture_dir(f, "users.d");
        fixture_dir(f, "data");
        fixture_dir(f, "spool");
        for (SpoolDir i = 0; i < _SPOOL_DIR_MAX; i++) {
                char name[64];

                snprintf(name, sizeof(name), "spool/%s", spool_dir_name(i));
                f->d.spool.fds[i] = scratch_dir(&f->s, name);
        }
        f->d.spool.path = strdup(f->d.conf.spool);
        for (AccountName a = 0; a < _ACCOUNT_MAX; a++)
                f->d.accounts.of[a] = (Account){ .uid = geteuid(), .gid = getegid() };
        f->d.accounts.admin = getegid();
        f->d.memory = UINT64_C(8) << 30;
        f->d.cpus_milli = 4000;
        assert_int_equal(sd_event_new(&f->d.event), 0);
}

static inline void fixture_done(Fixture *f) {
        job_table_done(&f->d.jobs);
        sd_event_source_disable_unref(f->d.control);
        sd_event_source_disable_unref(f->d.schedule);
        sd_event_source_disable_unref(f->d.recheck);
        sd_event_source_disable_unref(f->d.reporter);
        sd_event_unref(f->d.event);
        spool_close(&f->d.spool);
        conf_done(&f->d.conf);
        unsetenv("MORF_CONF");
        scratch_done(&f->s);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

static inline void fixture_account(const Fixture *f, const char *name, const char *text) {
        char path[64];

        snprintf(path, sizeof(path), "users.d/%s.conf", name);
        scratch_write(&f->s, path, text);
}

/* A job in the table, with a directory in active/. */
static inline Job *fixture_job(Fixture *f, const char *id, const char *user, JobState state) {
        static const char *const below[] = { "", "/drop", "/intake", "/exits", "/image", "/data", "/release" };
        Job *j = job_new(&f->d);

        assert_non_null(j);
        j->record.id = strdup(id);
        j->record.user = strdup(user);
        j->record.name = strdup("weekly-dropout");
        j->record.drop = strdup("weekly.cfg");
        j->record.box = strdup("sftp");
        j->record.form = strdup("native");
        j->record.created = 1795414642000000;
        j->record.changed = 1795414643000000;
        j->record.attempt = 1;
        j->record.state = state;
        for (size_t i = 0; i < ELEMENTSOF(below); i++) {
                char name[128];

                snprintf(name, sizeof(name), "spool/active/%s%s", id, below[i]);
                fixture_dir(f, name);
        }
        assert_int_equal(job_table_add(&f->d.jobs, j), 0);
        return j;
}

static inline void fixture_file(const Fixture *f, const Job *j, const char *name, const char *text) {
        char path[256];

        snprintf(path, sizeof(path), "spool/active/%s/%s", j->record.id, name);
        scratch_write(&f->s, path, text);
}

/* A manifest that asks for nothing; change it, then fixture_manifest(). */
static inline Manifest fixture_plain_manifest(void) {
        return (Manifest){
                .version = MANIFEST_VERSION,
                .name = strdup("weekly-dropout"),
                .image = { .kind = MANIFEST_IMAGE_ARCHIVE, .file = strdup("image.tar"), .digest = strdup(DIGEST_A) },
                .drop_digest = strdup(DIGEST_B),
        };
}

static inline void fixture_manifest(const Job *j, const Manifest *m) {
        _cleanup_fd_ int dir = job_open_dir(j), intake = -EBADF;

        assert_true(dir >= 0);
        intake = fd_open_dir_at(dir, JOB_DIR_INTAKE);
        assert_true(intake >= 0);
        assert_int_equal(manifest_write_at(intake, m), 0);
}

/* The plain one itself. */
static inline void fixture_write_plain_manifest(const Job *j) {
        _cleanup_manifest_ Manifest m = fixture_plain_manifest();

        fixture_manifest(j, &m);
}
