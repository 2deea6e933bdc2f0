/* SPDX-License-Identifier: MIT */
#include "tools/intake/intake.h"

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tools/intake/attachment.h"
#include "tools/intake/client-config.h"
#include "tools/intake/context.h"
#include "tools/intake/drop.h"
#include "tools/intake/job-file.h"
#include "tools/intake/job-zip.h"

static int digest_text(const char *text, size_t size, char **ret) {
        _cleanup_(digest_freep) Digest *d = NULL;
        char digest[DIGEST_LENGTH + 1];
        int r;

        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, text, size);
        if (r >= 0)
                r = digest_finish(d, digest);
        if (r < 0)
                return r;
        *ret = strdup(digest);
        return *ret ? 0 : -ENOMEM;
}

/* A valid name from any file name: its stem with '-' for what a name cannot hold, or "job". */
static char *name_from(const char *file, const char *suffix) {
        const char *end = endswith(file, suffix);
        char *name = strndup(file, end ? (size_t) (end - file) : strlen(file)), *p;
        size_t skip;

        if (!name)
                return NULL;
        for (p = name; *p; p++) {
                char one[2] = { *p };

                if (!name_is_valid(one) && !strchr("._-", *p))
                        *p = '-';
        }
        skip = strspn(name, "._-");
        memmove(name, name + skip, strlen(name + skip) + 1);
        if (strlen(name) > NAME_MAX_LENGTH)
                name[NAME_MAX_LENGTH] = '\0';
        if (name[0] == '\0') {
                free(name);
                return strdup("job");
        }
        return name;
}

/* The job file gives no name: its own serves. */
static int name_after_file(const Drop *drop, Manifest *m, Fault *f) {
        const char *end = endswith(drop->main, ".cfg");

        m->name = strndup(drop->main, (size_t) (end - drop->main));
        if (!m->name)
                return -ENOMEM;
        if (!name_is_valid(m->name))
                return fault_set(f, FAULT_JOBFILE, drop->label, 0, "'name' is not given and the file's own name cannot serve as one");
        return 0;
}

static int run_job_file(const IntakeRequest *request, const Drop *drop, Manifest *m, Fault *f) {
        _cleanup_attachment_ JobAttachment attachment = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = fd_read_file_at(drop->fd, drop->main, LIMIT_JOB_FILE_BYTES, &text, &size);
        if (r < 0)
                return drop_refuse_open(FAULT_JOBFILE, drop->label, "a file", LIMIT_JOB_FILE_BYTES, r, f);
        m->form = MANIFEST_FORM_NATIVE;
        r = m->drop_digest ? 0 : digest_text(text, size, &m->drop_digest);
        if (r < 0)
                return r;
        if (drop_is_client_config(drop->main)) {
                r = client_config_parse(text, size, drop->label, drop->form == DROP_DIRECTORY, m, &attachment, f);
                if (r >= 0 && drop->form == DROP_DIRECTORY)
                        r = attachment_settle(drop, &attachment, f);
        } else
                r = job_file_parse(text, size, drop->label, drop->form == DROP_DIRECTORY ? JOB_FILE_IN_DIRECTORY : JOB_FILE_ALONE, m, &attachment, f);
        if (r >= 0 && !m->name)
                r = name_after_file(drop, m, f);
        if (r < 0)
                return r;
        return attachment_take(request, drop, &attachment, m, f);
}

/* What was in the zip of a MORF 2.0 job is a directory with a job file. */
static int run_unpacked(const IntakeRequest *request, const Drop *zip, Manifest *m, Fault *f) {
        _cleanup_drop_ Drop drop = { .form = DROP_DIRECTORY, .fd = -EBADF };

        drop.fd = fd_open_dir_at(request->out_fd, CONTEXT_UNPACKED_DIRECTORY);
        if (drop.fd < 0)
                return drop.fd;
        drop.main = strdup(JOB_ZIP_CLIENT_CONFIG);
        drop.prefix = strdup("");
        if (!drop.main || !drop.prefix)
                return -ENOMEM;
        if (asprintf(&drop.label, "%s/%s", zip->label, drop.main) < 0) {
                drop.label = NULL;
                return -ENOMEM;
        }
        m->unpacked = true;
        return run_job_file(request, &drop, m, f);
}

static int run_zip(const IntakeRequest *request, const Drop *drop, Manifest *m, Fault *f) {
        char digest[DIGEST_LENGTH + 1];
        _cleanup_free_ char *settings = NULL;
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        bool morf2;
        size_t size;
        int r;

        fd = fd_open_regular_at(drop->fd, drop->main, LIMIT_ZIP_BYTES, &st);
        if (fd < 0)
                return drop_refuse_open(FAULT_ZIP, drop->label, "a file", LIMIT_ZIP_BYTES, fd, f);
        r = digest_fd(fd, digest);
        if (r < 0)
                return r;
        m->form = MANIFEST_FORM_ZIP;
        m->image.kind = MANIFEST_IMAGE_DOCKERFILE;
        m->drop_digest = strdup(digest);
        if (!m->drop_digest)
                return -ENOMEM;
        r = job_zip_unpack(
                fd, (uint64_t) st.st_size, drop->label, request->out_fd, request->durable, &morf2, digest, &settings, &size, f);
        if (r < 0)
                return r;
        if (morf2)
                return run_unpacked(request, drop, m, f);
        m->image.digest = strdup(digest);
        if (!m->image.digest)
                return -ENOMEM;
        if (settings) {
                _cleanup_free_ char *label = NULL;

                if (asprintf(&label, "%s/%s", drop->label, JOB_ZIP_SETTINGS) < 0)
                        return -ENOMEM;
                r = job_file_parse(settings, size, label, JOB_FILE_IN_ZIP, m, /* ret_attachment= */ NULL, f);
                if (r < 0)
                        return r;
        }
        if (!m->name)
                m->name = name_from(drop->main, ".zip");
        return m->name ? 0 : -ENOMEM;
}

int intake_run(const IntakeRequest *request, Manifest *ret, Fault *f) {
        _cleanup_manifest_ Manifest m = { .version = MANIFEST_VERSION };
        _cleanup_drop_ Drop drop = DROP_INIT;
        int r;

        /* Unless the job says otherwise. */
        r = strv_add_many(&m.notify, "accepted", "started", NULL);
        if (r < 0)
                return r;
        if (request->main)
                r = drop_take(request->drop_fd, request->main, request->label, &drop, f);
        else
                r = drop_find(request->drop_fd, &drop, f);
        if (r < 0)
                return r;
        if (drop.form == DROP_ZIP)
                r = run_zip(request, &drop, &m, f);
        else
                r = run_job_file(request, &drop, &m, f);
        if (r < 0)
                return r;
        *ret = m;
        m = (Manifest){};
        return 0;
}
