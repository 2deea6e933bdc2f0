/* SPDX-License-Identifier: MIT */
#include "tools/image/normalise.h"

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>

#include "spool/json.h"
#include "spool/limits.h"

typedef struct Copy {
        struct archive *from;
        struct archive *to;
} Copy;

static void copy_done(Copy *c) {
        archive_read_free(c->from);
        archive_write_free(c->to);
}

static int dump(const json_t *value, char **ret) {
        *ret = json_dumps(value, JSON_COMPACT);
        return *ret ? 0 : -ENOMEM;
}

int normalise_manifest(const char *text, size_t size, char **ret) {
        _cleanup_json_ json_t *manifest = json_loadb(text, size, JSON_REJECT_DUPLICATES, /* error= */ NULL);
        json_t *image;
        size_t i;

        if (!json_is_array(manifest))
                return -EBADMSG;
        json_array_foreach (manifest, i, image)
                if (!json_is_object(image) || json_object_set_new(image, "RepoTags", json_null()) < 0)
                        return -EBADMSG;
        return dump(manifest, ret);
}

int normalise_index(const char *text, size_t size, char **ret) {
        static const char *const names[] = { "io.containerd.image.name", "org.opencontainers.image.ref.name" };
        _cleanup_json_ json_t *index = json_loadb(text, size, JSON_REJECT_DUPLICATES, /* error= */ NULL);
        json_t *manifest;
        size_t i;

        if (!json_is_object(index))
                return -EBADMSG;
        json_array_foreach (json_object_get(index, "manifests"), i, manifest)
                for (size_t k = 0; k < ELEMENTSOF(names); k++)
                        (void) json_object_del(json_object_get(manifest, "annotations"), names[k]);
        return dump(index, ret);
}

/* Trouble of the machine is passed on; everything else means that the archive is damaged. */
static int read_error(const Copy *c) {
        int e = archive_errno(c->from);

        return e == ENOMEM || e == EIO ? -e : -EBADMSG;
}

static int write_error(const Copy *c) {
        int e = archive_errno(c->to);

        return e > 0 ? -e : -EIO;
}

/* The content of a member, holes as zeros. */
static int copy_stream(Copy *c, la_int64_t size) {
        const size_t chunk = 256 * LIMIT_KIB;
        _cleanup_free_ char *buffer = malloc(chunk);

        if (!buffer)
                return -ENOMEM;
        while (size > 0) {
                la_ssize_t n = archive_read_data(c->from, buffer, chunk);

                if (n < 0)
                        return read_error(c);
                if (n == 0)
                        return -EBADMSG;
                if (archive_write_data(c->to, buffer, (size_t) n) != n)
                        return write_error(c);
                size -= n;
        }
        return 0;
}

static int copy_text(Copy *c, struct archive_entry *e, int (*normalise)(const char *, size_t, char **)) {
        size_t size = (size_t) archive_entry_size(e), done = 0;
        _cleanup_free_ char *text = NULL, *changed = NULL;
        int r;

        if (archive_entry_size(e) < 0 || size > LIMIT_IMAGE_MANIFEST_BYTES)
                return -EBADMSG;
        text = malloc(size + 1);
        if (!text)
                return -ENOMEM;
        while (done < size) {
                la_ssize_t n = archive_read_data(c->from, text + done, size - done);

                if (n <= 0)
                        return n < 0 ? read_error(c) : -EBADMSG;
                done += (size_t) n;
        }
        r = normalise(text, size, &changed);
        if (r < 0)
                return r;
        size = strlen(changed);
        archive_entry_set_size(e, (la_int64_t) size);
        if (archive_write_header(c->to, e) < ARCHIVE_WARN ||
            archive_write_data(c->to, changed, size) != (la_ssize_t) size)
                return write_error(c);
        return 0;
}

/* The intake refused these already; docker unpacks as root, so they are refused once more. */
static bool is_safe(struct archive_entry *e, const char *name) {
        if (name[0] == '/' || streq(name, "..") || startswith(name, "../") || strstr(name, "/../") ||
            endswith(name, "/.."))
                return false;
        if (archive_entry_hardlink(e))
                return false;
        return archive_entry_filetype(e) == AE_IFREG || archive_entry_filetype(e) == AE_IFDIR ||
               archive_entry_filetype(e) == AE_IFLNK;
}

static int copy_member(Copy *c, struct archive_entry *e) {
        const char *name = archive_entry_pathname(e);

        if (!name || !is_safe(e, name))
                return -EBADMSG;
        while (startswith(name, "./"))
                name += 2;
        if (streq(name, "repositories"))
                return 0;
        if (archive_entry_filetype(e) == AE_IFREG && streq(name, "manifest.json"))
                return copy_text(c, e, normalise_manifest);
        if (archive_entry_filetype(e) == AE_IFREG && streq(name, "index.json"))
                return copy_text(c, e, normalise_index);
        archive_entry_sparse_clear(e);
        if (archive_write_header(c->to, e) < ARCHIVE_WARN)
                return write_error(c);
        return archive_entry_filetype(e) == AE_IFREG ? copy_stream(c, archive_entry_size(e)) : 0;
}

int normalise_archive(int in_fd, int out_fd) {
        _cleanup_(copy_done) Copy c = {};
        struct archive_entry *e;
        int r;

        c.from = archive_read_new();
        c.to = archive_write_new();
        if (!c.from || !c.to)
                return -ENOMEM;
        archive_read_support_filter_gzip(c.from);
        archive_read_support_filter_xz(c.from);
        archive_read_support_filter_zstd(c.from);
        archive_read_support_format_tar(c.from);
        archive_write_set_format_pax_restricted(c.to);
        archive_write_set_bytes_in_last_block(c.to, 1);
        if (archive_read_open_fd(c.from, in_fd, 256 * LIMIT_KIB) != ARCHIVE_OK)
                return read_error(&c);
        if (archive_write_open_fd(c.to, out_fd) != ARCHIVE_OK)
                return write_error(&c);
        while ((r = archive_read_next_header(c.from, &e)) != ARCHIVE_EOF) {
                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return read_error(&c);
                r = copy_member(&c, e);
                if (r < 0)
                        return r;
        }
        return archive_write_close(c.to) == ARCHIVE_OK ? 0 : write_error(&c);
}
