/* SPDX-License-Identifier: MIT */
#include "tools/image/prepare.h"

#include <fcntl.h>

#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/time.h"
#include "tools/image/build.h"
#include "tools/image/engine.h"
#include "tools/image/inspect.h"
#include "tools/image/normalise.h"

static int fill_record(const PrepareOptions *o, const char *id, bool built, bool reused, ImageRecord *ret) {
        _cleanup_image_record_ ImageRecord record = {
                .version = IMAGE_RECORD_VERSION,
                .id = strdup(id),
                .digest = strdup(o->digest),
                .built = built,
                .reused = reused,
        };

        if (!record.id || !record.digest)
                return -ENOMEM;
        *ret = record;
        record = (ImageRecord){};
        return 0;
}

/*
 * Streams the archive into `docker load` or `podman load`.
 * Return: 0 where the engine says that it loaded it; -EBADMSG with *f set; or another negative errno.
 */
static int load(const PrepareOptions *o, Fault *f) {
        char *const args[] = { (char *) "load", (char *) "--quiet", NULL };
        _cleanup_engine_result_ EngineResult result = {};
        _cleanup_free_ char *complaint = NULL;
        EngineCommand command;
        int pipefd[2], r, w;

        if (lseek(o->archive_fd, 0, SEEK_SET) < 0 || pipe2(pipefd, O_CLOEXEC) < 0)
                return negative_errno();
        r = engine_start(o->engine, args, pipefd[0], -EBADF, &command);
        fd_close(pipefd[0]);
        w = r < 0 ? 0 : normalise_archive(o->archive_fd, pipefd[1]);
        fd_close(pipefd[1]);
        if (r >= 0)
                r = engine_wait(&command, USEC_INFINITY, &result);
        if (r < 0)
                return r;
        if (w == -EBADMSG)
                return fault_set(f, FAULT_IMAGE, NULL, 0, "the image archive is damaged");
        if (w < 0 && w != -EPIPE)
                return w;
        if (result.status == 0)
                return 0;
        complaint = engine_complaint(&result);
        log_notice("%s load ended with status %d: %s", engine_traits(o->engine)->name, result.status, strempty(complaint));
        if (engine_is_to_blame(o->engine, &result))
                return -EIO;
        r = engine_ping(o->engine);
        if (r < 0)
                return r;
        return fault_set(f, FAULT_IMAGE, NULL, 0,
                         "%s could not load the image archive: its layers are damaged or do not fit its configuration",
                         engine_traits(o->engine)->name);
}

static int prepare_archive(const PrepareOptions *o, ImageRecord *ret, Fault *f) {
        char id[IMAGE_ID_LENGTH + 1], wanted[IMAGE_ID_LENGTH + 1];
        int r;

        snprintf(wanted, sizeof(wanted), "sha256:%s", o->digest);
        r = inspect_image(o->engine, o->socket, wanted, id);
        if (r < 0)
                return r;
        if (r > 0 && streq(id, wanted))
                return fill_record(o, id, /* built= */ false, /* reused= */ true, ret);
        r = load(o, f);
        if (r < 0)
                return r;
        r = inspect_image(o->engine, o->socket, wanted, id);
        if (r < 0)
                return r;
        if (r == 0 || !streq(id, wanted))
                return fault_set(f, FAULT_IMAGE, NULL, 0,
                                 "%s loaded the image archive, but not as the image that it states",
                                 engine_traits(o->engine)->name);
        return fill_record(o, id, /* built= */ false, /* reused= */ false, ret);
}

/* Name of a digest's record in the store: a valid file name. */
static void store_name(const PrepareOptions *o, char ret[static DIGEST_LENGTH + 6]) {
        snprintf(ret, DIGEST_LENGTH + 6, "%s.json", o->digest);
}

/*
 * Looks up what was built from this context before. Labels of images could be forged by a Dockerfile, so only our own
 * records are believed.
 * Return: 1 with *ret filled, 0 or a negative errno.
 */
static int find_built(const PrepareOptions *o, ImageRecord *ret) {
        char name[DIGEST_LENGTH + 6], id[IMAGE_ID_LENGTH + 1];
        _cleanup_image_record_ ImageRecord record = {};
        int r;

        if (o->store_fd < 0)
                return 0;
        store_name(o, name);
        r = image_record_read_at(o->store_fd, name, &record, /* reterr= */ NULL);
        if (r == -ENOENT || r == -EBADMSG)
                return 0;
        if (r < 0)
                return r;
        if (!streq(record.digest, o->digest) || !record.built)
                return 0;
        r = inspect_image(o->engine, o->socket, record.id, id);
        if (r <= 0 || !streq(id, record.id))
                return r < 0 ? r : 0;
        r = fill_record(o, id, /* built= */ true, /* reused= */ true, ret);
        return r < 0 ? r : 1;
}

static int prepare_dockerfile(const PrepareOptions *o, ImageRecord *ret, Fault *f) {
        char id[IMAGE_ID_LENGTH + 1];
        int r;

        r = find_built(o, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        r = build_image(o, id, f);
        if (r < 0)
                return r;
        return fill_record(o, id, /* built= */ true, /* reused= */ false, ret);
}

int prepare_image(const PrepareOptions *o, ImageRecord *ret, Fault *f) {
        _cleanup_image_record_ ImageRecord record = {};
        char name[DIGEST_LENGTH + 6];
        int r;

        r = o->kind == MANIFEST_IMAGE_ARCHIVE ? prepare_archive(o, &record, f) : prepare_dockerfile(o, &record, f);
        if (r < 0)
                return r;
        /* The engine does not sync the layers it writes: after a power cut an image that it knows may be full of empty files. */
        if (!record.reused)
                sync();
        if (o->store_fd >= 0 && !record.reused) {
                store_name(o, name);
                r = image_record_write_at(o->store_fd, name, &record);
                if (r < 0)
                        return r;
        }
        *ret = record;
        record = (ImageRecord){};
        return 0;
}
