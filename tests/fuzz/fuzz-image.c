/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an image archive: the check of the intake must end with an id or a sentence, and what it accepts must be
 * rewritten for docker without a name left in it.
 */

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/mman.h>

#include "spool/base/fd.h"
#include "tools/image/normalise.h"
#include "tools/intake/docker-archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

static bool has_name(const char *text, size_t size) {
        json_t *manifest = json_loadb(text, size, 0, NULL), *image;
        bool found = !json_is_array(manifest);
        size_t i;

        json_array_foreach (manifest, i, image)
                found = found || !json_is_null(json_object_get(image, "RepoTags"));
        json_decref(manifest);
        return found;
}

/* As docker would read it. */
static void check_output(int fd) {
        struct archive *a = archive_read_new();
        unsigned manifests = 0;
        struct archive_entry *e;
        int r;

        check(lseek(fd, 0, SEEK_SET) == 0);
        archive_read_support_format_tar(a);
        check(archive_read_open_fd(a, fd, 10240) == ARCHIVE_OK);
        while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
                const char *name = archive_entry_pathname(e);

                check(name);
                while (name[0] == '.' && name[1] == '/')
                        name += 2;
                check(strcmp(name, "repositories") != 0 && name[0] != '/');
                if (strcmp(name, "manifest.json") == 0) {
                        size_t size = (size_t) archive_entry_size(e);
                        _cleanup_free_ char *text = malloc(size + 1);

                        check(archive_read_data(a, text, size) == (la_ssize_t) size);
                        check(!has_name(text, size));
                        manifests++;
                }
        }
        check(r == ARCHIVE_EOF && manifests == 1);
        archive_read_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_fd_ int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
        _cleanup_fault_ Fault f = {};
        DockerImage image;
        int r;

        check(in >= 0 && out >= 0);
        check(fd_write_all(in, data, size) == 0);
        check(lseek(in, 0, SEEK_SET) == 0);
        r = docker_archive_check(in, "i.tar", &image, &f);
        if (r == 0)
                check(digest_is_valid(image.id) && image.layers > 0);
        else
                check(r == -ENOMEM || (r == -EBADMSG && f.message));
        check(lseek(in, 0, SEEK_SET) == 0);
        if (normalise_archive(in, out) == 0 && r == 0)
                check_output(out);
        return 0;
}
